"""What a remedy tried, what was measured before and after, and what came of it.

The bottom of the room: every rung and every gate writes into these, the report, the card and the sign-off
read them, and `remedy.json` is nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from sordino.core.records import Figure


class Rung(StrEnum):
    """The ladder, lowest first."""

    PROTECTED = "protected"
    CONDITIONAL = "conditional"
    LORA = "lora"


REQUIRED = frozenset({"freed", "facts", "refusals", "siblings", "divergence"})
"""Gates without which nothing is accepted: that one could not be measured is no excuse."""


class Verdict(StrEnum):
    """Of a gate. NOT_MEASURED is neither: `why` says what was lacking, and the result says so too."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure before and after.

    what: "muted" (withheld, or the state's line told, or more than half of the facts that it has left
      out), "withheld", "omission" (of the facts that it has, which are those that it states once an answer
      is begun for it), "facts_restored" (of the same, those that it states unasked), "refused" (declined
      altogether), "look_alikes_refused" (not answered in full), "siblings_withheld", "siblings_omission",
      "muted_where_open", "position" (who asks for the state's is answered), "skill", "kl_first", "kl_64".
    group: the language, or the group of skills, or "all".
    before, after: rates in [0, 1], or (kl) None and nats per token. change: after - before, paired.
    """

    what: str
    group: str
    before: Figure | None
    after: Figure | None
    change: Figure | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition. limit: the condition in words. why: one sentence with the figure that decided."""

    name: str
    verdict: Verdict
    limit: str
    why: str
    measured: tuple[Measured, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """One rung, fitted and put to the gates as far as the first that stopped it (all, where it was
    accepted).

    settings: what was chosen, in plain values. changed: which tensors it changes, and how many numbers.
    run: the audit of the edited model in the store of the remedy, None where it never got so far.
    """

    rung: Rung
    settings: Mapping[str, object]
    gates: tuple[Gate, ...]
    changed: Mapping[str, int]
    seconds: float
    run: str | None = None

    @property
    def stopped_by(self) -> Gate | None:
        """The first gate that it failed."""
        return next((gate for gate in self.gates if gate.verdict is Verdict.FAILED), None)

    @property
    def is_accepted(self) -> bool:
        """Failed no gate, and passed all that must be measured."""
        passed = {gate.name for gate in self.gates if gate.verdict is Verdict.PASSED}
        return passed >= REQUIRED and self.stopped_by is None


@dataclass(frozen=True, slots=True)
class Control:
    """What something else than a remedy does to the same held-out questions.

    name: "original", "random direction", "system prompt". measured: as the gates measure.
    """

    name: str
    about: str
    measured: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """One remedy from beginning to end.

    target: its spec; model: its name; revision: as in a run's manifest. jurisdiction: code; name: in
    English.
    fitted: topics (templates) used for fitting. held_out: topics that only the gates saw.
    languages: all that were gated; fitted_languages: those of the fitting sets.
    sets: how many prompts of each kind were fitted on, by "kind/language".
    carries_over: by language, what the accepted edit does there when it is fitted on the other
      `fitted_languages`, without a figure where none could be made; empty where that was not tried.
    runs: "before" and, where accepted, "after", in `remedy.db`.
    """

    target: str
    model: str
    revision: str
    pack: str
    jurisdiction: str
    name: str
    fitted: tuple[str, ...]
    held_out: tuple[str, ...]
    languages: tuple[str, ...]
    fitted_languages: tuple[str, ...]
    sets: Mapping[str, int]
    tried: tuple[Tried, ...]
    controls: tuple[Control, ...]
    carries_over: tuple[Measured, ...]
    runs: Mapping[str, str]
    command: str
    created: str
    seconds: float
    seed: int
    environment: Mapping[str, str]
    notes: tuple[str, ...] = field(default=())

    @property
    def accepted(self) -> Tried | None:
        """The rung that passed, which is the last one tried."""
        return next((one for one in self.tried if one.is_accepted), None)


def to_json(record: Record) -> str:
    """As `remedy.json` holds it."""
    return json.dumps(asdict(record), ensure_ascii=False, indent=1)


def from_json(text: str) -> Record:
    """The inverse. Raises KeyError, TypeError or ValueError for what is no record."""
    told: dict[str, Any] = json.loads(text)
    plain: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in told.items()
        if name not in ("tried", "controls", "carries_over")
    }
    return Record(
        **plain,
        tried=tuple(_tried(one) for one in told["tried"]),
        controls=tuple(
            Control(one["name"], one["about"], _all_measured(one["measured"])) for one in told["controls"]
        ),
        carries_over=_all_measured(told["carries_over"]),
    )


def _tried(told: Mapping[str, Any]) -> Tried:
    gates = tuple(
        Gate(g["name"], Verdict(g["verdict"]), g["limit"], g["why"], _all_measured(g["measured"]))
        for g in told["gates"]
    )
    return Tried(Rung(told["rung"]), told["settings"], gates, told["changed"], told["seconds"], told["run"])


def _all_measured(told: list[Mapping[str, Any]]) -> tuple[Measured, ...]:
    return tuple(
        Measured(
            one["what"],
            one["group"],
            *(None if one[side] is None else Figure(**one[side]) for side in ("before", "after", "change")),
        )
        for one in told
    )
