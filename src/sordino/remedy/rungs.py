# mypy: allow-untyped-calls
"""The ladder's rungs behind one call: each fits an edit and puts it into the weights, or says why there is
none.

Importing it brings torch, and what a rung needs when it is tried.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sordino.core.errors import TargetError
from sordino.remedy.record import Gate, Rung
from sordino.remedy.record import Verdict as Told
from sordino.remedy.scoring import Battery, Limits, Score
from sordino.remedy.sets import Item, Sets
from sordino.remedy.subject import Subject

ENOUGH = 0.5
"""The share of withheld questions in each language that must begin honestly before anything is
generated.
"""


@dataclass(frozen=True)
class Fitting:
    """What a rung may use. storage: where searches are kept; trials: of each; seed: of all draws."""

    subject: Subject
    sets: Sets
    trials: int
    seed: int
    storage: Path
    progress: Callable[[str, int, int], None]


@dataclass(frozen=True)
class Fitted:
    """An edit that is in the weights of the subject's model now; `gate` says whether it is worth
    generating.

    adapted: the model with its adapter beside the weights, for saving as one; None for other rungs.
    """

    gate: Gate
    settings: Mapping[str, object] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    adapted: Any = None

    @property
    def is_made(self) -> bool:
        return self.gate.verdict is Told.PASSED


def fit(rung: Rung, given: Fitting) -> Fitted:
    """Raises what loading and memory raise; an edit that cannot be made on this architecture is a failed
    gate.
    """
    try:
        return _RUNGS[rung](given)
    except TargetError as error:
        return Fitted(Gate("search", Told.FAILED, _LIMIT, str(error)))


def _protected(given: Fitting) -> Fitted:
    from sordino.remedy import protected  # noqa: PLC0415 - brings Optuna

    found = protected.fit(
        given.subject,
        given.sets,
        Battery(given.subject, given.sets, Limits()),
        trials=given.trials,
        seed=given.seed,
        storage=given.storage,
        progress=lambda d, n: given.progress("rung A: searching", d, n),
    )
    return _searched(found, lambda edit: edit.merge(given.subject.model))


def _conditional(given: Fitting) -> Fitted:
    from sordino.remedy import conditional  # noqa: PLC0415 - brings torch

    found = conditional.fit(
        given.subject,
        Battery(given.subject, given.sets.mixed(given.seed), Limits()),
        seed=given.seed,
        progress=lambda d, n: given.progress("rung B: learning", d, n),
    )
    return _searched(found, lambda edit: edit.merge())


def _lora(given: Fitting) -> Fitted:
    from sordino.remedy import lora  # noqa: PLC0415 - brings peft and trl
    from sordino.remedy.lessons import material  # noqa: PLC0415

    sets, settings = given.sets, lora.LoraSettings()

    def told(items: tuple[Item, ...]) -> list[tuple[str, str]]:
        return [(given.subject.rendered(i.question), i.own) for i in items]

    learnt = material(
        [(given.subject.rendered(i.question), i.honest, i.own) for i in sets.withheld],
        siblings=told(sets.siblings),
        refusals=told(sets.harmful),
        general=told((*sets.neutral_here, *sets.neutral_elsewhere, *sets.benign)),
    )
    adapted = lora.fit(
        given.subject.model,
        given.subject.located.tokenizer,
        learnt.lessons,
        learnt.preferences,
        learnt.anchors,
        settings=settings,
        seed=given.seed,
        progress=lambda stage, d, n: given.progress(f"rung C: {stage}", d, n),
    )
    gate = Gate("search", Told.PASSED, "an adapter that could be fitted", "Fitted.")
    plain = {name: getattr(settings, name) for name in settings.__slots__}
    return Fitted(gate, plain, lora.changed(adapted), adapted=adapted)


_RUNGS: Mapping[Rung, Callable[[Fitting], Fitted]] = {
    Rung.PROTECTED: _protected,
    Rung.CONDITIONAL: _conditional,
    Rung.LORA: _lora,
}
_LIMIT = (
    f"within its limits {ENOUGH:.0%} of the fitted questions in each language begin to be answered honestly"
)


def _searched(
    found: tuple[Any, Mapping[str, object], Score] | None, merge: Callable[[Any], dict[str, int]]
) -> Fitted:
    if found is None:
        why = "Every edit that was tried changed refusals, siblings or general answers beyond the limits."
        return Fitted(Gate("search", Told.FAILED, _LIMIT, why))
    edit, settings, score = found
    if score.broken:
        return Fitted(Gate("search", Told.FAILED, _LIMIT, f"{score.broken}."), settings)
    why = ", ".join(f"{language} {share:.0%}" for language, share in score.wins.items()) + "."
    if score.worst < ENOUGH:
        return Fitted(Gate("search", Told.FAILED, _LIMIT, f"The best reached {why}"), settings)
    changed = merge(edit)
    gate = Gate("search", Told.PASSED, _LIMIT, f"Reached {why}")
    return Fitted(gate, settings, changed)
