"""The climb: each rung is fitted, written, read back and put to the gates; the first that passes is
taken.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from sordino.core.errors import TargetError
from sordino.remedy.record import Gate, Rung, Tried, Verdict
from sordino.remedy.sets import Sets, Split
from sordino.wiring import targets
from sordino.wiring.remedy_gating import Gating, unusable
from sordino.wiring.remedy_measuring import Before

if TYPE_CHECKING:
    from sordino.remedy.rungs import Fitted
    from sordino.remedy.subject import Subject


@dataclass(frozen=True)
class Ladder:
    """told: what the model said before. split, sets: of topics, and what edits are fitted on. notes: on
    `sets`, for whoever reads of the remedy.
    """

    told: Before
    split: Split
    sets: Sets
    notes: tuple[str, ...] = ()

    def climb(self) -> list[Tried]:
        """What was tried, lowest rung first; the last one is accepted, or none is."""
        tried: list[Tried] = []
        for rung in self.told.asking.settings.rungs:
            tried.append(self._try(rung))
            if tried[-1].is_accepted:
                break
        return tried

    def candidate(self, name: str) -> Path:
        """Where an edited model lies until the gates have spoken."""
        settings = self.told.asking.settings
        return settings.work / f"{targets.model_run_here(settings.target).name.rpartition('/')[2]}-{name}"

    def fitted(self, rung: Rung, sets: Sets, place: Path) -> tuple["Fitted", tuple[Gate, ...]]:
        """An edit, fitted on the model loaded anew, and its gates so far. Where none failed, the edited
        model is at `place`, and a LoRA adapter by itself at `place` with ".adapter". Raises TargetError
        where the disk is full.
        """
        from sordino.remedy import saving  # noqa: PLC0415 - brings torch
        from sordino.remedy.rungs import Fitting, fit  # noqa: PLC0415 - brings torch
        from sordino.remedy.subject import Subject  # noqa: PLC0415

        asking = self.told.asking
        model = targets.model_run_here(asking.settings.target)
        subject = Subject.open(model.source, model.revision, asking.settings.device)
        storage = asking.settings.work / f"search-{place.name}.sqlite"
        made = fit(
            rung,
            Fitting(subject, sets, asking.settings.trials, asking.settings.seed, storage, asking.progress),
        )
        if not made.is_made:
            return made, (made.gate,)
        # What was fitted holds the model: two more are loaded for the gates.
        done = replace(made, adapted=None)
        with saving.on_disk(place):
            try:
                _write(subject, made, place, asking.settings.out)
            except TargetError as error:
                remove(place)
                return done, (made.gate, unusable(place, error))
        return done, (made.gate,)

    def _try(self, rung: Rung) -> Tried:
        began = monotonic()
        place = self.candidate(rung.value)
        made, begun = self.fitted(rung, self.sets, place)
        gates, run = [*begun], None
        if gates[-1].verdict is Verdict.PASSED:
            gating = Gating(self.told, self.split, place)
            for gate in gating.gates():
                gates.append(gate)
                if gate.verdict is Verdict.FAILED:
                    break
            run = gating.run
        tried = Tried(rung, made.settings, tuple(gates), made.changed, monotonic() - began, run)
        if not tried.is_accepted:
            remove(place)
        return tried


def adapter_beside(place: Path) -> Path:
    """Where the adapter of a candidate lies by itself."""
    return place.with_name(f"{place.name}.adapter")


def remove(place: Path) -> None:
    """A candidate, and its adapter."""
    for folder in (place, adapter_beside(place)):
        shutil.rmtree(folder, ignore_errors=True)


def _write(subject: "Subject", made: "Fitted", place: Path, out: Path) -> None:
    """out: the folder that an adapter is to become, from which its base is seen."""
    from sordino.remedy import saving  # noqa: PLC0415 - brings torch

    remove(place)
    place.mkdir(parents=True)
    model = subject.model
    if made.adapted is not None:
        from sordino.remedy import lora  # noqa: PLC0415

        if subject.located.base is None:
            beside = adapter_beside(place)
            beside.mkdir()
            saving.write_adapter(made.adapted, subject.located, beside, out)
        model = lora.merged(made.adapted)
    saving.write_model(model, subject.located, place)
