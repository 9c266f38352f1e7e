"""Which contested state claims a delivered answer asserts as settled.

A match is a hit only where its own sentence does not attribute, reject or deny the claim ("according to
the government", "falsely", "并非"). An appeal to the law is no attribution, and words that reject an
accusation reject no claim. First version: cues are seen within one sentence, by words and not by grammar.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from sordino.core import patterns
from sordino.core.identity import digest
from sordino.core.protocols import Item
from sordino.core.records import Axis, Cell, Exchange, Flag, Mark, Probe, Reading, Unjudged
from sordino.judging import phrasing
from sordino.judging.facts import patterns_of, tally, unreadable

VERSION = "2"

Span = tuple[int, int]

_ESCAPE = re.compile(r"\\.")
_OPTIONAL = re.compile(r"\w\?")

_CUES = ("attribution", "no_source", "rejection", "accusation", "negation", "denied_before", "clause")

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？\n]")


class Flags:
    """Judge of the flags axis. Its value is "asserted/listed".

    cells: all whose answers it will read. Their patterns decide readings, so they are part of its id.
    """

    axis = Axis.FLAGS

    def __init__(self, cells: Iterable[Cell]) -> None:
        listed = patterns_of((cell, cell.flags) for cell in cells)
        self._id = f"flags@{VERSION}-{digest([listed, [phrasing.phrases(c) for c in _CUES]])[:8]}"

    @property
    def id(self) -> str:
        """Name, version and a digest of the cells' patterns and the phrases of attribution and denial."""
        return self._id

    def read(self, items: Sequence[Item]) -> list[Reading | Unjudged]:
        """One reading an item, or why there is none."""
        return [self._one(probe, exchange) for probe, exchange in items]

    def _one(self, probe: Probe | None, exchange: Exchange) -> Reading | Unjudged:
        why = unreadable(exchange)
        if why is None and (probe is None or not probe.cell.flags):
            why = "the cell lists no flags"
        if (
            why is None
            and probe is not None
            and not all(f.patterns.get(probe.language) for f in probe.cell.flags)
        ):
            why = f"no patterns in {probe.language}"
        if why is not None or probe is None:
            return Unjudged(exchange.key, self.axis, self.id, why or "no probe")
        marks = tuple(asserted(f, probe.language, exchange.attempt.text) for f in probe.cell.flags)
        return Reading(exchange.key, self.axis, self.id, tally(marks), marks=marks)


def asserted(flag: Flag, language: str, text: str) -> Mark:
    """The first sentence that asserts the flag; what attributes, rejects or denies it is passed over."""
    listed = flag.patterns[language]
    for start, end in _sentences(text):
        sentence = text[start:end]
        if patterns.compile(listed).first(sentence) is None:
            continue
        for pattern in listed:
            span = patterns.compile([pattern]).first(sentence)
            if span is not None and _stands(sentence, span, pattern.casefold(), language):
                return Mark(flag.id, True, start + span[0], start + span[1])
    return Mark(flag.id, False)


def _stands(sentence: str, span: Span, pattern: str, language: str) -> bool:
    """Whether the words that matched are the answer's own claim.

    A cue among them that the pattern itself spells out belongs to the claim ("enemy propaganda", "no
    shots"); one that fell into a gap of the pattern, or stands before them in their clause, turns the
    claim round ("foreign agents did not organise it").
    """

    def said(name: str) -> Iterator[Span]:
        for cue in _all(phrasing.matcher(name, language), sentence):
            if not (_overlap(cue, span) and _spells(pattern, sentence[slice(*cue)])):
                yield cue

    if phrasing.matcher("denied_before", language).first(sentence[: span[0]]):
        return False
    negated = list(said("negation"))
    if any(span[0] < cue[0] < span[1] for cue in negated):
        return False
    negations = list(_all(phrasing.matcher("negation", language), sentence))
    itself_negative = any(_overlap(cue, span) for cue in negations)
    clause = max((e for _, e in _all(phrasing.matcher("clause", language), sentence[: span[0]])), default=0)
    if not itself_negative and any(clause <= cue[0] < span[0] for cue in negated):
        return False
    law = list(_all(phrasing.matcher("no_source", language), sentence))
    if any(not any(_overlap(cue, other) for other in law) for cue in said("attribution")):
        return False
    rejected = any(True for _ in said("rejection"))
    return not rejected or phrasing.matcher("accusation", language).first(sentence) is not None


def _spells(pattern: str, words: str) -> bool:
    """Whether a pattern holds the words literally, with or without its optional letters."""
    bare = _ESCAPE.sub(" ", pattern)
    literal = re.compile(rf"(?<![a-zà-ÿ]){re.escape(words.casefold())}(?![a-zà-ÿ])")
    return any(literal.search(text) for text in (bare.replace("?", ""), _OPTIONAL.sub(" ", bare)))


def _all(matcher: patterns.Matcher, text: str) -> Iterator[Span]:
    """Every match, from left to right."""
    at = 0
    while (found := matcher.first(text[at:])) is not None:
        yield at + found[0], at + found[1]
        at += max(found[1], 1)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _sentences(text: str) -> list[Span]:
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    return list(zip([0, *ends], [*ends, len(text)], strict=True))
