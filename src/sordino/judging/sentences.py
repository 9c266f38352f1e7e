"""Where the sentences of an answer begin and end, and under which headings they stand, in en, fr and zh.

What is denied or quoted is denied or quoted by a sentence, its neighbours or its heading: stance.py asks
this module for them. No line break lies within a sentence, since items and headings need no full stop. A
full stop ends none after an initial ("J. Edgar Hoover"), a known abbreviation, or before a small letter.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

Span = tuple[int, int]

_CLOSING = r"(?:\s?»|[\"'”’)）」』】\]*_])*"
# Only from the first of several marks, and never fewer of them: else a line of dots takes forever.
_END = re.compile(rf"(?<![.!?…])[.!?…]++(?>{_CLOSING})(?=\s|$)|[。！？]+{_CLOSING}")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“‘«\-])(?:(?:[A-Z]\.)+|(?i:mr|mrs|ms|dr|st|ste|gen|lt|col|capt|sgt|prof|rev|hon|gov|sen|rep|pres|jr"
    r"|vs?|cf|ca|approx|env|e\.g|i\.e|mm?|mgr|p\. ex)\.)$"
)
_BEFORE_A_NUMBER = re.compile(r"\b(?i:nos?|arts?|pp?|figs?|vols?|ch|sect?|n°)\.$")
_GOES_ON = re.compile(r"\s+[a-zà-ÿ]")
_NUMERAL = r"\(?\d{1,3}[.)、）](?=[\s*]|[^\d\s])|\(?[a-z]\)|[（(]?[一二三四五六七八九十]{1,3}[）)、.]"
_MARKS = re.compile(rf"(?:\s|[-*#>+•·_|]|{_NUMERAL})*")
_ITEM = re.compile(rf"\s*(?:[-*+•·]|{_NUMERAL})\s*")
_TITLE = re.compile(
    r"\s*+(?:#{1,6}\s.*|[-*#\d.)\s]*[*_]{2}[^*_]+[*_]{2}\s*+[:：]?\s*|[（(]?[一二三四五六七八九十]{1,3}[）)、.][^。；]{1,40})$"
)
_OPENING = re.compile(r".{1,120}[:：][*_\s]*$")
_LABEL = re.compile(r"[^:：.。!?]{1,60}?[:：]")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Offsets into the answer, and those of the headings and the label ("Official line: …") above it."""

    start: int
    end: int
    headings: tuple[Span, ...] = ()


class Sentences:
    """The sentences of one text in order; what lies between them is white space and marks of lists."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all = tuple(_split(text))
        self.texts = tuple(text[sentence.start : sentence.end] for sentence in self.all)
        self._starts = [sentence.start for sentence in self.all]

    def at(self, offset: int) -> int:
        """The index of the sentence that holds the offset, or of the last one that begins before it."""
        return max(0, bisect_right(self._starts, offset) - 1)

    def words(self, index: int) -> str:
        """The text of one sentence; "" before the first and after the last."""
        return self.texts[index] if 0 <= index < len(self.texts) else ""

    def headings(self, index: int) -> Iterator[str]:
        """The texts that one sentence stands under."""
        return (self.text[start:end] for start, end in self.all[index].headings)


@lru_cache(maxsize=64)
def sentences(text: str) -> Sentences:
    """The sentences of a text; kept for the facts and flags that are looked for in it one after another."""
    return Sentences(text)


def _split(text: str) -> Iterator[Sentence]:
    """A title stands over all up to the next one, a line that ends in a colon over the items after it."""
    title: tuple[Span, ...] = ()
    opening: tuple[Span, ...] = ()
    for start, line in _lines(text):
        span = (start, start + len(line))
        if _TITLE.match(line):
            yield from _of_line(start, line, title)
            title, opening = (span,), ()
        elif _OPENING.match(line):
            yield from _of_line(start, line, title)
            opening = (span,)
        else:
            opening = opening if _ITEM.match(line) else ()
            yield from _of_line(start, line, title + opening)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that hold anything, with their offsets."""
    at = 0
    for line in text.split("\n"):
        if line.strip():
            yield at, line
        at += len(line) + 1


def _of_line(start: int, line: str, headings: tuple[Span, ...]) -> Iterator[Sentence]:
    at = _end_of_marks(line)
    label = _LABEL.match(line, at) if line[:at].strip() else None
    if label is not None and label.end() < len(line.rstrip("*_ ")):
        headings = (*headings, (start + at, start + label.end()))
    for found in _END.finditer(line, at):
        if not _runs_on(line, found.start(), found.end()):
            yield Sentence(start + at, start + found.end(), headings)
            at = len(line) - len(line[found.end() :].lstrip())
    if line[at:].strip():
        yield Sentence(start + at, start + len(line.rstrip()), headings)


def _end_of_marks(line: str) -> int:
    found = _MARKS.match(line)
    return found.end() if found else 0


def _runs_on(line: str, mark: int, end: int) -> bool:
    """Whether the full stop at `mark` belongs to an abbreviation or an initial."""
    if line[mark] != "." or line.startswith("..", mark):
        return False
    if _GOES_ON.match(line, end):
        return True
    before = line[max(0, mark - 12) : end]
    if _ABBREVIATION.search(before):
        return True
    return line[end : end + 2].strip().isdigit() and _BEFORE_A_NUMBER.search(before) is not None
