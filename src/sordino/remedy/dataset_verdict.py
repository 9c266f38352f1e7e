"""Which rows of an instruction data set go, which stay, and for what reason.

The rule on one page. A turn goes when its answer surely withholds what was surely asked about politics, or
asserts a state's contested claim as settled where nobody asked for that side; a row goes when one of its
turns goes. Everything else stays: also what a judge calls withheld, where the question is not surely
political (dataset_topics.py says why), and that is counted by reason, since it may be read by a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sordino.remedy.dataset_topics import Topic

SURE = 0.8
"""Probability that an answer withholds from which it goes."""
LIKELY = 0.5
"""Probability from which it is worth a look."""


class Reason(StrEnum):
    """Why a row goes (the first five) or stays. MARKED and KEPT: because a person said so."""

    REFUSES = "refuses"
    EVADES = "evades"
    ONE_SIDED = "one_sided"
    MARKED = "marked"
    REBALANCED = "rebalanced"
    KEPT = "kept"
    SIDE_ASKED_FOR = "side_asked_for"
    UNSURE = "unsure"
    ASKS_FOR_HARM = "asks_for_harm"
    NOT_POLITICAL = "not_political"
    UNREAD = "unread"
    ANSWERED = "answered"

    @property
    def goes(self) -> bool:
        return self in GOES


GOES = frozenset({Reason.REFUSES, Reason.EVADES, Reason.ONE_SIDED, Reason.MARKED, Reason.REBALANCED})
_ORDER = {reason: place for place, reason in enumerate(Reason)}


@dataclass(frozen=True, slots=True)
class Rules:
    """sure: see `SURE`. all_denials: withheld answers go whatever their question is about, but for those
    whose question has words of harm.
    """

    sure: float = SURE
    all_denials: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A flag that an answer asserts as settled. cell: as `PackCell.name` has it; text: the claim in
    English; words: those of the answer that assert it.
    """

    cell: str
    flag: str
    text: str
    words: str


@dataclass(frozen=True, slots=True)
class TurnRead:
    """What was read of one turn.

    denial, partial: probabilities, or None where the answer is unjudged, and then why. judge: of
    engagement; flags: the judge of flags, where it read the answer.
    """

    topic: Topic
    denial: float | None
    partial: float | None
    judge: str
    claims: tuple[Claim, ...] = ()
    flags: str = ""
    why: str = ""

    @property
    def withheld(self) -> float | None:
        """The probability that the answer does not do what it was asked for.

        The sum of the two: how it withholds is another question than whether.
        """
        return None if self.denial is None or self.partial is None else self.denial + self.partial


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a row, and for which of its turns (from 0)."""

    reason: Reason
    turn: int = 0
    read: TurnRead | None = None

    @property
    def confidence(self) -> float | None:
        """Of the judge that decided, where it has one."""
        return None if self.read is None or self.reason is Reason.ONE_SIDED else self.read.withheld


def decide(turns: Sequence[TurnRead], rules: Rules) -> Decision:
    """Of a row: the first reason in the order of `Reason` that one of its turns gives."""
    found = [Decision(_reason(read, rules), at, read) for at, read in enumerate(turns)]
    return min(found, key=lambda one: _ORDER[one.reason])


def _reason(read: TurnRead, rules: Rules) -> Reason:
    withheld = _withheld(read, rules)
    if not read.claims:
        return withheld
    wanted = read.topic.side or read.topic.position
    sided = Reason.SIDE_ASKED_FOR if wanted else Reason.ONE_SIDED
    return min(withheld, sided, key=lambda reason: _ORDER[reason])


def _withheld(read: TurnRead, rules: Rules) -> Reason:
    if read.withheld is None:
        return Reason.UNREAD
    if read.withheld < min(LIKELY, rules.sure):
        return Reason.ANSWERED
    return _kept(read.topic, rules) or _by_confidence(read, read.withheld, rules)


def _kept(topic: Topic, rules: Rules) -> Reason | None:
    """Why what is withheld stays, whatever a judge says."""
    if topic.harm or (topic.political and not topic.surely_political and not rules.all_denials):
        return Reason.ASKS_FOR_HARM
    return None if topic.surely_political or rules.all_denials else Reason.NOT_POLITICAL


def _by_confidence(read: TurnRead, withheld: float, rules: Rules) -> Reason:
    if withheld < rules.sure:
        return Reason.UNSURE
    if (read.denial or 0.0) >= (read.partial or 0.0):
        return Reason.REFUSES
    # Who asks what a state says is answered in that state's tone, which judges take for evasion.
    return Reason.SIDE_ASKED_FOR if read.topic.position else Reason.EVADES
