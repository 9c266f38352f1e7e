"""An edited model put to the gates, cheapest first: it is read back from its files and asked like any
other.
"""

import shutil
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sordino.core.errors import TargetError
from sordino.core.records import Kind
from sordino.remedy import gates
from sordino.remedy.gates import SAFETY_PART
from sordino.remedy.record import Gate, Verdict
from sordino.remedy.sets import Item, Split, item_of, muted
from sordino.wiring import remedy_measuring as measuring
from sordino.wiring import targets
from sordino.wiring.remedy_measuring import Before
from sordino.wiring.run import Run

if TYPE_CHECKING:
    from sordino.remedy.subject import Subject

RELOAD, WHOLE = "reload", "written, read back, and all numbers"
PROMPTS = 100
"""Of each group, on which divergence is measured."""


class Gating:
    """Gates of one candidate. `run` is the id of the audit after, once it was asked."""

    def __init__(self, told: Before, split: Split, place: Path) -> None:
        self._told, self._split, self._place = told, split, place
        self._settings, self._asking = told.asking.settings, told.asking
        self._target = f"hf:{place}"
        self.run: str | None = None

    def gates(self) -> Iterator[Gate]:
        """Each is measured when it is asked for, so that whoever stops at a failure pays for no more."""
        yield self._reload()
        yield self._divergence()
        yield gates.freed(*self._held_out, self._settings.limits)
        yield gates.facts(*self._held_out, measuring.restored(self._told), self._settings.limits)
        yield gates.unchanged(*self._others, self._settings.limits, self._open)
        yield from gates.refusals(self._told.gate.outcomes, self._safety)
        yield self._position()
        yield self._skill()
        yield self._rounding()

    @cached_property
    def _after(self) -> Run:
        """Held-out topics, neutral ones too, about all jurisdictions."""
        topics = (*self._split.held_out, *self._split.neutral_held_out)
        made = self._asking.run(self._target, self._settings.asked, "after", templates=topics)
        self.run = made.id
        return made

    @property
    def _held_out(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        before = measuring.split_kinds(self._told.outcomes, self._settings.jurisdiction)[0]
        after = measuring.split_kinds(self._after.outcomes, self._settings.jurisdiction)[0]
        return self.planted(before), self.planted(after)

    @property
    def _others(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return (
            measuring.split_kinds(self._told.outcomes, self._settings.jurisdiction)[1],
            measuring.split_kinds(self._after.outcomes, self._settings.jurisdiction)[1],
        )

    @property
    def _open(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Of questions about the jurisdiction on held-out topics, those that are not `planted`."""
        before, after = (
            measuring.split_kinds(outcomes, self._settings.jurisdiction)[0]
            for outcomes in (self._told.outcomes, self._after.outcomes)
        )
        before = before[before["template"].isin(self._split.held_out)]
        return before.drop(self.planted(before).index), after.drop(self.planted(after).index)

    @cached_property
    def _safety(self) -> pd.DataFrame:
        return self._asking.safety(self._target, "after", SAFETY_PART).outcomes

    def planted(self, outcomes: pd.DataFrame) -> pd.DataFrame:
        """Of questions about the jurisdiction, those on held-out topics that were muted before in that
        language.
        """
        return held_out(self._told, self._split, outcomes)

    def _reload(self) -> Gate:
        """What was written can be read, and holds numbers."""
        try:
            self._edited  # noqa: B018 - reading it is the gate: it raises
        except TargetError as error:
            return unusable(self._place, error)
        return Gate(RELOAD, Verdict.PASSED, WHOLE, "Read back.")

    @cached_property
    def _edited(self) -> "Subject":
        from sordino.remedy.subject import Subject  # noqa: PLC0415 - brings torch

        return Subject.open(str(self._place), None, self._settings.device)

    def _divergence(self) -> Gate:
        from sordino.remedy.diverging import diverging  # noqa: PLC0415 - brings torch
        from sordino.remedy.subject import Subject  # noqa: PLC0415

        model = targets.model_run_here(self._settings.target)
        original = Subject.open(model.source, model.revision, self._settings.device)
        self._asking.progress("divergence", 0, 1)
        first, longer = diverging(original, self._edited.model, self._guarded())
        self._asking.progress("divergence", 1, 1)
        del self.__dict__["_edited"]
        return gates.divergences(first, longer, self._settings.limits, self._owed())

    def _owed(self) -> list[str]:
        """Of what must not diverge, what the pack asks about."""
        asked = self._told.outcomes
        kind, here = asked["kind"], asked["jurisdiction"].eq(self._settings.jurisdiction)
        there = {"siblings": kind.eq(Kind.POLITICAL.value) & ~here, "neutral": kind.eq(Kind.NEUTRAL.value)}
        return [name for name in gates.HELD if there[name].any()]

    def _guarded(self) -> dict[str, tuple[Item, ...]]:
        """Prompts that no edit was fitted on, but for a neutral topic that is the only one: siblings and
        neutral questions on held-out topics, look-alikes.
        """
        answers = self._told.pack.exchanges
        answers = answers[answers["delivery"].eq("delivered")]
        held = answers["template"].isin(self._split.held_out)
        sibling = answers[held & answers["jurisdiction"].ne(self._settings.jurisdiction)]
        neutral = answers[answers["template"].isin(self._split.neutral_held_out)]
        asked = self._told.gate.exchanges
        benign = asked[asked["kind"].eq("benign") & asked["engagement"].eq("COMPLETE")]
        return {
            name: _items(frame, self._settings.seed)
            for name, frame in (("siblings", sibling), ("neutral", neutral), ("look-alikes", benign))
        }

    def _position(self) -> Gate:
        before = self._asking.positions(self._settings.target, "before", self._split.held_out)
        if before is None:
            why = f"No pack asks for the state's own position on the matters of {self._settings.asked}."
            return Gate("position", Verdict.NOT_MEASURED, "who asks for it is still answered", why)
        after = self._asking.positions(self._target, "after", self._split.held_out)
        assert after is not None
        return gates.position(before, after, self._settings.limits)

    def _skill(self) -> Gate:
        limits, had = self._settings.limits, self._told.skills
        able = gates.able(had, limits)
        has = self._asking.skills(self._target, "after", self._told.languages, able) if able else {}
        return gates.skill(had, has, limits)

    def _rounding(self) -> Gate:
        from sordino.remedy import rounding, saving  # noqa: PLC0415 - brings torch

        place = self._place.with_name(f"{self._place.name}-rounded")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        edited = self._edited
        with saving.on_disk(place), rounding.rounded_to_8_bits(edited.model):
            saving.write_model(edited.model, edited.located, place)
        after = self._asking.about(f"hf:{place}", "rounded", self._split.held_out)
        shutil.rmtree(place)
        return gates.rounded(self._held_out[0], self.planted(after), self._settings.limits)


def unusable(place: Path, error: TargetError) -> Gate:
    """The gate of an edited model that cannot be written, or not be read back."""
    # Where it lay is of no use to a reader, and names folders of this machine.
    return Gate(RELOAD, Verdict.FAILED, WHOLE, str(error).replace(str(place), place.name))


def held_out(told: Before, split: Split, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Rows on held-out topics on which the model was muted before, in the language of the row, with facts
    counted among those that it has.
    """
    own = measuring.split_kinds(told.outcomes, told.asking.settings.jurisdiction)[0]
    own = measuring.of_known(told, own[own["template"].isin(split.held_out)])
    return measuring.of_known(told, mostly_muted(own, outcomes))


def mostly_muted(own: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Rows on a topic, in a language, of which most of `own` was muted."""
    silent = own.assign(muted=muted(own)).groupby(["template", "language"])["muted"].mean()
    planted = {place for place, share in silent.items() if share > MOSTLY}
    at = pd.Series(list(zip(outcomes["template"], outcomes["language"], strict=True)), index=outcomes.index)
    return outcomes[at.isin(planted)]


MOSTLY = 0.5
"""A topic counts as muted in a language where more than half of its questions are."""


def _items(frame: pd.DataFrame, seed: int) -> tuple[Item, ...]:
    drawn = frame[frame["response"].astype(bool)]
    drawn = drawn.sample(min(PROMPTS, len(drawn)), random_state=seed)
    return tuple(item_of(row) for row in drawn.to_dict("records"))
