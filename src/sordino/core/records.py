"""The records that flow through an audit, in the order in which they are made.

probe -> request -> attempt -> exchange -> reading | unjudged | label -> estimate -> finding

Frozen, small, and free of behaviour beyond what follows from their own fields. The words are those of
the design; nothing here knows a backend, a judge or a store.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Delivery(StrEnum):
    """What happened on the way, from metadata alone."""

    DELIVERED = "delivered"
    TRUNCATED = "truncated"
    BLOCKED_INPUT = "blocked_input"
    BLOCKED_OUTPUT = "blocked_output"
    EMPTY = "empty"
    ERROR = "error"

    @property
    def is_terminal(self) -> bool:
        """Whether it settles a request. An error does not: the request stays owed."""
        return self is not Delivery.ERROR

    @property
    def is_blocked(self) -> bool:
        return self in (Delivery.BLOCKED_INPUT, Delivery.BLOCKED_OUTPUT)


class Engagement(StrEnum):
    """How a delivered answer met the request."""

    COMPLETE = "COMPLETE"
    PARTIAL = "PARTIAL"
    DENIAL = "DENIAL"


class Axis(StrEnum):
    """What a judge reads. Delivery is not among them: it is metadata, not judgement."""

    ENGAGEMENT = "engagement"
    FACTS = "facts"
    FLAGS = "flags"
    REASONING = "reasoning"


class Kind(StrEnum):
    """Whether a cell touches politics, is the control for ignorance, or asks whether harm is refused."""

    POLITICAL = "political"
    NEUTRAL = "neutral"
    HARMFUL = "harmful"
    BENIGN = "benign"


class Matching(StrEnum):
    """How alike siblings are: the same matter, only the same form of request, or no siblings known."""

    ITEM = "item"
    FORM = "form"
    NONE = "none"


# -- probes --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """A required fact of a cell. `text` and `patterns` by language; patterns are RE2, any one suffices.

    source: title, publisher and year of a work. verified: whether a writer of the pack has read a page that
    says so, which is at `address`; None where the pack does not say.
    """

    id: str
    text: Mapping[str, str]
    patterns: Mapping[str, tuple[str, ...]]
    source: str | None = None
    verified: bool | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A contested state claim. Hit when an answer asserts it as settled; attribution is no hit."""

    id: str
    text: Mapping[str, str]
    patterns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Cell:
    """Template x jurisdiction: the matter and what an honest answer contains.

    `jurisdiction` is None for matter that touches no jurisdiction. A recording's cells have no facts.
    """

    template: str
    jurisdiction: str | None
    kind: Kind = Kind.POLITICAL
    matter: str = ""
    gravity: int | None = None
    facts: tuple[Fact, ...] = ()
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """One question: cell x language x phrasing. `id` is unique within its pack."""

    id: str
    pack: str
    cell: Cell
    language: str
    phrasing: str
    question: str
    matching: Matching = Matching.ITEM

    @property
    def template(self) -> str:
        return self.cell.template

    @property
    def jurisdiction(self) -> str | None:
        return self.cell.jurisdiction


# -- exchanges -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an answer is drawn. Greedy by default; None is left to the target, or was not recorded."""

    temperature: float | None = 0.0
    top_p: float | None = 1.0
    max_tokens: int | None = 1024


NOT_RECORDED = Sampling(temperature=None, top_p=None, max_tokens=None)
"""The sampling of a recorded answer, of which nobody wrote down how it was drawn."""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that decides an answer. `key` is its identity (see core.identity.request_key)."""

    key: str
    messages: tuple[Message, ...]
    target: str
    sampling: Sampling = Sampling()
    prefill: str | None = None
    sample: int = 0
    epoch: str = ""

    @property
    def question(self) -> str:
        """The last user message."""
        return next((m.content for m in reversed(self.messages) if m.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sending of a request and all that came back.

    reasoning: None when no trace came back, "" when an empty one did.
    seconds: wall time from sending to the last byte; None where not recorded.
    route: the host that answered, as far as it is known; behind a router, the provider.
    served_model: what the server says has answered, with its fingerprint where it gives one.
    log_probabilities: the answer's tokens, each with its natural logarithm; None where not asked for or
      not offered.
    """

    key: str
    delivery: Delivery
    text: str = ""
    reasoning: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float | None = None
    route: str | None = None
    error: str | None = None
    served_model: str | None = None
    log_probabilities: tuple[tuple[str, float], ...] | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with the attempt that settled it."""

    request: Request
    attempt: Attempt

    @property
    def key(self) -> str:
        return self.request.key


# -- readings ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mark:
    """One fact or flag in one answer: found or not, and where (character offsets into the text)."""

    id: str
    hit: bool
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one judge says of one exchange on one axis.

    value: an Engagement for `engagement`; "hits/all" for `facts` and `flags`; for `reasoning` one of
      "none", "planned_then_withheld", "trace_suppressed", "trace_contradicts_answer".
    confidence: the judge's probability that `value` is right, in [0, 1]; None where it states none.
    probabilities: by value, summing to 1, where the judge has them.
    marks: one for each fact or flag of the cell, in the cell's order.
    """

    key: str
    axis: Axis
    judge: str
    value: str
    confidence: float | None = None
    probabilities: Mapping[str, float] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A judge that could not read an exchange, and why. Never a reading of the model."""

    key: str
    axis: Axis
    judge: str
    why: str


@dataclass(frozen=True, slots=True)
class Label:
    """What one person says of one exchange on one axis.

    value: as a reading's on that axis. created: when it was stored, ISO 8601 in UTC.
    adjudicated: whether it decides what others disagreed on.
    run: the run from whose answers it was drawn, whose strata are then the design of the sample; None
      where it was not drawn. The label belongs to the exchange, and to every run that asks the same.
    """

    key: str
    axis: Axis
    annotator: str
    value: str
    note: str | None = None
    created: str = ""
    adjudicated: bool = False
    run: str | None = None


# -- estimates and findings ----------------------------------------------------------------------------


class Measure(StrEnum):
    """What is counted, each with its axis in `MEASURE_AXIS`."""

    BLOCKED = "blocked"
    WITHHELD = "withheld"
    OMISSION = "omission"
    STATE_LINE = "state_line"
    THOUGHT_SUPPRESSION = "thought_suppression"


MEASURE_AXIS: Mapping[Measure, str] = {
    Measure.BLOCKED: "delivery",
    Measure.WITHHELD: "engagement",
    Measure.OMISSION: "content",
    Measure.STATE_LINE: "content",
    Measure.THOUGHT_SUPPRESSION: "reasoning",
}


class Contrast(StrEnum):
    """What an estimate compares."""

    RATE = "rate"
    SELECTIVITY = "selectivity"
    PAIRWISE = "pairwise"
    LANGUAGE_GAP = "language_gap"
    CONTROL = "control"
    CONTROL_SELECTIVITY = "control_selectivity"
    HARMFUL = "harmful"
    BENIGN = "benign"
    CHANGE = "change"
    CHANGE_OF_SELECTIVITY = "change_of_selectivity"
    CHANGE_OF_CONTROL = "change_of_control"
    CHANGE_OF_HARMFUL = "change_of_harmful"
    CHANGE_OF_BENIGN = "change_of_benign"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its uncertainty, as the statistics room returns it.

    value, low, high: in the unit of the measure (a rate or a difference of rates); None when it cannot
      be estimated, which is not zero.
    n: observations that went in; clusters: templates that went in.
    p: two-sided unless the method says otherwise, unadjusted; None for plain rates.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int
    method: str
    level: float = 0.95
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, what it is about, and what was left out.

    against: the sibling jurisdiction, "median sibling", or the other language; None for a rate.
    blocks: whether blocked and truncated exchanges are "excluded" or counted as "withheld".
    excluded: how many exchanges of the slice are not in n, by why ("blocked_input", "truncated",
      "error", "not_asked", "unjudged", "no_sibling", ...).
    p_adjusted: over jurisdiction x language within the measure; Holm, or Bonferroni where a run stops when
      it is certain.
    """

    measure: Measure
    contrast: Contrast
    jurisdiction: str | None
    language: str
    figure: Figure
    against: str | None = None
    blocks: str = "excluded"
    matching: Matching = Matching.ITEM
    excluded: Mapping[str, int] = field(default_factory=dict)
    p_adjusted: float | None = None


class Verdict(StrEnum):
    SELECTIVE = "selective"
    NO_MORE_THAN_SIBLINGS = "no_more_than_siblings"
    NOT_TOLD_FROM_IGNORANCE = "not_told_from_ignorance"
    NOT_ENOUGH_DATA = "not_enough_data"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a report concludes on one measure about one jurisdiction in one language.

    bound: for "no more than siblings", the largest difference that the data do not exclude.
    estimate: the selectivity it stands on; None when there was nothing to estimate.
    why: one sentence.
    """

    measure: Measure
    jurisdiction: str
    language: str
    verdict: Verdict
    why: str
    estimate: Estimate | None = None
    bound: float | None = None
