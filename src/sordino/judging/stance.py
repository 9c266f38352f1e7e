"""What an answer does with words that were found in it: states, attributes, denies or asks them.

The judges of facts and of flags ask the same of a span and its surroundings, and answer it here, from cues
in phrases.yaml: in the sentence, in the next one ("This is false."), in the headings above ("Official
line"), and in quotation marks. Cues are words and not grammar; what no cue tells is the answer's own claim.
A cue inside the span that the pattern itself spells out belongs to the claim ("enemy propaganda").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from sordino.judging import phrasing
from sordino.judging.sentences import Sentences, Span

CUES = (
    "attribution", "attribution_after", "quoted_before", "no_source", "heading", "rejection", "accusation",
    "negative", "negation", "no_negation", "denied_before", "clause", "false_before", "false_after",
    "false_next",
)  # fmt: skip

_ESCAPE = re.compile(r"\\.")
_OPTIONAL = re.compile(r"\w\?")
_QUOTED = re.compile(r"“[^“”\n]*”|«[^«»\n]*»|「[^「」\n]*」|『[^『』\n]*』|\"[^\"\n]*\"")
_QUESTION = re.compile(r"[?？][*_]*$")


class Stance(Enum):
    """ATTRIBUTED: another's claim. REJECTED: one with a word of doubt beside it. DENIED: it was not so."""

    ASSERTED = auto()
    ATTRIBUTED = auto()
    REJECTED = auto()
    DENIED = auto()
    ASKED = auto()


@dataclass(frozen=True, slots=True)
class Place:
    """Words found in a sentence.

    span: offsets within that sentence. pattern: what found them, in small letters.
    negative: whether the claim is itself that something was not so, or not true.
    """

    text: Sentences
    index: int
    span: Span
    pattern: str
    language: str
    negative: bool = False

    @property
    def sentence(self) -> str:
        return self.text.words(self.index)

    @property
    def before(self) -> str:
        return self.sentence[: self.span[0]]

    @property
    def after(self) -> str:
        return self.sentence[self.span[1] :]

    def first(self, cue: str, text: str) -> Span | None:
        return phrasing.matcher(cue, self.language).first(text)

    def said(self, cue: str) -> Iterator[Span]:
        """The cues of a kind in the sentence that the pattern does not spell out."""
        for found in _all(cue, self.language, self.sentence):
            if not (_overlap(found, self.span) and _spells(self.pattern, self.sentence[slice(*found)])):
                yield found


def of_claim(place: Place) -> Stance:
    """Whether a contested claim is the answer's own: any doubt, quotation or rejection makes it another's.

    What calls an accusation untrue rejects no claim: that is how a state's own voice speaks.
    """
    if _QUESTION.search(place.sentence):
        return Stance.ASKED
    accuses = place.first("accusation", place.sentence) is not None
    if negated(place) or _negated_around(place) or (called_untrue(place) and not accuses):
        return Stance.DENIED
    if not accuses and next(place.said("rejection"), None) is not None:
        return Stance.REJECTED
    return Stance.ATTRIBUTED if _quoted(place) or _attributed(place) else Stance.ASSERTED


def of_fact(place: Place) -> Stance:
    """Whether a fact is stated: whoever is named as its source, it is, unless it is denied or asked."""
    if _QUESTION.search(place.sentence):
        return Stance.ASKED
    denied = _called_untrue_next(place) if place.negative else negated(place) or called_untrue(place)
    return Stance.DENIED if denied else Stance.ASSERTED


def is_negative(text: str, language: str) -> bool:
    """Whether a fact says of itself that something was not so, or not true: then no such word denies it."""
    return phrasing.matcher("negative", language).first(text) is not None


def negated(place: Place) -> bool:
    """A negation right before the words, or among them in the clause in which they end."""
    if place.first("denied_before", place.before):
        return True
    start, end = place.span
    ends = [at for at, _ in _all("clause", place.language, place.sentence) if start < at < end]
    return any(max([start, *ends]) < cue[0] < end for cue in _negations(place))


def called_untrue(place: Place) -> bool:
    """By a word before them ("it is false that"), after them ("are lies"), or by the next sentence."""
    if place.first("false_before", place.before) or place.first("false_after", place.after):
        return True
    return _called_untrue_next(place)


def _called_untrue_next(place: Place) -> bool:
    return place.first("false_next", place.text.words(place.index + 1)) is not None


def _negations(place: Place) -> Iterator[Span]:
    """Those that deny something: "not only" and "did not stop" do not."""
    none = list(_all("no_negation", place.language, place.sentence))
    return (cue for cue in place.said("negation") if not any(_overlap(cue, other) for other in none))


def _negated_around(place: Place) -> bool:
    """A negation anywhere among the words, or before them in their clause unless they hold one."""
    start, end = place.span
    negations = list(_negations(place))
    if any(start < cue[0] < end for cue in negations):
        return True
    if any(_overlap(cue, place.span) for cue in _all("negation", place.language, place.sentence)):
        return False
    clause = max((at for _, at in _all("clause", place.language, place.before)), default=0)
    return any(clause <= cue[0] < start for cue in negations)


def _attributed(place: Place) -> bool:
    """Somebody is said to say so, in the sentence or over it; a law and "we" are nobody else."""
    if place.first("quoted_before", place.before):
        return True
    law = list(_all("no_source", place.language, place.sentence))
    spoken = [cue for cue in place.said("attribution") if cue[0] < place.span[1]]
    later = place.first("attribution_after", place.after)
    if later is not None:
        spoken.append((place.span[1] + later[0], place.span[1] + later[1]))
    if any(not any(_overlap(cue, other) for other in law) for cue in spoken):
        return True
    return any(place.first("heading", heading) for heading in place.text.headings(place.index))


def _quoted(place: Place) -> bool:
    """Whether the words stand in quotation marks, and not the answer as a whole does."""
    whole = place.text.text
    start, end = (place.text.all[place.index].start + offset for offset in place.span)
    line = whole.rfind("\n", 0, start) + 1
    until = whole.find("\n", end)
    quotations = _QUOTED.finditer(whole[line:until] if until >= 0 else whole[line:])
    return any(
        line + found.start() < start and end < line + found.end()
        for found in quotations
        if 2 * len(found[0]) < len(whole)
    )


def _spells(pattern: str, words: str) -> bool:
    """Whether a pattern holds the words literally, with or without its optional letters."""
    bare = _ESCAPE.sub(" ", pattern)
    literal = re.compile(rf"(?<![a-zà-ÿ]){re.escape(words.casefold())}(?![a-zà-ÿ])")
    return any(literal.search(text) for text in (bare.replace("?", ""), _OPTIONAL.sub(" ", bare)))


def _all(cue: str, language: str, text: str) -> Iterator[Span]:
    """Every match, from left to right."""
    matcher = phrasing.matcher(cue, language)
    at = 0
    while (found := matcher.first(text[at:])) is not None:
        yield at + found[0], at + found[1]
        at += max(found[1], 1)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
