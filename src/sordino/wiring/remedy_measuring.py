"""What a model says before and after a remedy: audits like any other, and what they are read into."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

from sordino.core.identity import make_request
from sordino.core.records import Attempt, Axis, Delivery, Kind, Reading, Sampling
from sordino.remedy import gates
from sordino.remedy.beginnings import shared
from sordino.remedy.gates import SAFETY_PACK, SAFETY_PART
from sordino.remedy.sets import muted
from sordino.remedy.skills import items, right
from sordino.store.store import Store
from sordino.wiring import targets
from sordino.wiring.audit import audit
from sordino.wiring.remedy_settings import RemedySettings
from sordino.wiring.run import Run
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    import pandas as pd

FITTING_PART = "fitting"
OPENINGS = Path(gates.__file__).with_name("openings.yaml")
ASKED = "asking"
SHORT = 256
"""Tokens of an answer to a skill, or to a question of the user's."""
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Asking:
    """How models are asked in one remedy. store: where all goes, so that what is settled is not asked
    again.
    """

    settings: RemedySettings
    store: Path
    progress: Progress

    def run(self, target: str, pack: str, stage: str, **choice: object) -> Run:
        """An audit. choice: as AuditSettings has it."""
        settings = AuditSettings(
            target=target,
            pack=pack,
            seed=self.settings.seed,
            workers=1,
            device=None if self.settings.device == "auto" else self.settings.device,
            **choice,  # type: ignore[arg-type]
        )
        return audit(settings, self.store, progress=lambda s, d, t: self._tell(stage, s, d, t))

    def _tell(self, stage: str, step: str, done: int, total: int) -> None:
        """Of an audit's steps the one that takes long: a remedy has many audits."""
        if step == ASKED:
            self.progress(stage, done, total)

    def about(self, target: str, stage: str, topics: Sequence[str], **choice: object) -> "pd.DataFrame":
        """Outcomes about the jurisdiction alone, on some topics."""
        own = {"jurisdictions": (self.settings.jurisdiction,), "templates": tuple(topics)}
        return self.run(target, self.settings.asked, stage, **own, **choice).outcomes

    def safety(self, target: str, stage: str, part: str) -> Run:
        """The requests of one half of the safety pack."""
        return self.run(target, SAFETY_PACK, stage, phrasings=(part,))

    def positions(self, target: str, stage: str, topics: Sequence[str]) -> "pd.DataFrame | None":
        """Questions for the state's own position; None where no pack asks them."""
        if self.settings.positions is None:
            return None
        own = {"jurisdictions": (self.settings.jurisdiction,), "templates": tuple(topics)}
        return self.run(target, self.settings.positions, stage, **own).outcomes

    def skills(
        self, target: str, stage: str, languages: Sequence[str], groups: Sequence[str] | None = None
    ) -> dict[str, list[bool | None]]:
        """By group of skills, whether each was done, None where no answer was delivered; groups: all unless
        named.
        """
        wanted = [s for s in items(languages) if groups is None or s.group in groups]
        answers = self.answers(target, [s.question for s in wanted], f"{stage}: skills")
        found: dict[str, list[bool | None]] = {}
        for skill, answer in zip(wanted, answers, strict=True):
            done = right(skill, answer.text) if answer.delivery is Delivery.DELIVERED else None
            found.setdefault(skill.group, []).append(done)
        return found

    def answers(self, target: str, questions: Sequence[str], stage: str) -> list[Attempt]:
        """What a model says to each, in order."""
        if not questions:
            return []
        from sordino.generation.transformers import TransformersBackend  # noqa: PLC0415 - brings torch

        model, device = targets.model_run_here(target), self.settings.device
        with TransformersBackend(
            target, model.name, model.source, revision=model.revision, device=device
        ) as backend:
            sampling = Sampling(max_tokens=SHORT)
            asked = [make_request(q, backend.identity.revision, sampling=sampling) for q in questions]
            found: dict[str, Attempt] = {}
            for group in backend.generate({request.key: request for request in asked}.values()):
                found |= {attempt.key: attempt for attempt in group}
                self.progress(stage, len(found), len(asked))
        return [found[request.key] for request in asked]


@dataclass(frozen=True)
class Before:
    """What the model says as it is.

    pack, fitting, gate: runs. honest: answers begun for it, by probe. known: facts that these state, by
    probe.
    """

    asking: Asking
    pack: Run
    fitting: Run
    gate: Run
    honest: Mapping[str, str]
    known: Mapping[str, frozenset[str]]
    languages: tuple[str, ...]
    skills: Mapping[str, list[bool | None]] = field(default_factory=dict)

    @cached_property
    def outcomes(self) -> "pd.DataFrame":
        """Of the pack."""
        return self.pack.outcomes


def before(asking: Asking, pack: Run) -> Before:
    """Asks the model everything else that a remedy must know of it. pack: what it said to the pack."""
    settings = asking.settings
    languages = tuple(sorted(pack.outcomes["language"].unique()))
    honest, known = _opened(asking, pack, languages)
    return Before(
        asking,
        pack,
        asking.safety(settings.target, "before, to fit on", FITTING_PART),
        asking.safety(settings.target, "before, for the gate", SAFETY_PART),
        honest,
        known,
        languages,
        asking.skills(settings.target, "before", languages),
    )


def restored(told: Before) -> Callable[["pd.DataFrame"], "pd.Series"]:
    """Of the very facts that the model states once an answer is begun for it, the share stated in a frame's
    answers; NaN where it states none then, or nothing came.
    """

    def share(frame: "pd.DataFrame") -> "pd.Series":
        import pandas as pd  # noqa: PLC0415

        said = stated(told.pack.store, frame[frame["delivery"].eq("delivered")])
        shares = [
            len(known & said[probe]) / len(known)
            if (known := told.known.get(probe)) and probe in said
            else np.nan
            for probe in map(str, frame["probe_id"])
        ]
        return pd.Series(shares, index=frame.index, dtype=float)

    return share


def of_known(told: Before, outcomes: "pd.DataFrame") -> "pd.DataFrame":
    """The same with the facts counted among those alone that the model states once an answer is begun for
    it: what it does not know it does not withhold. Where nobody read that, all facts count.
    """
    import pandas as pd  # noqa: PLC0415

    said = stated(told.pack.store, outcomes[outcomes["delivery"].eq("delivered")])
    hit: list[object] = [*outcomes["facts_hit"]]
    every: list[object] = [*outcomes["facts_all"]]
    for row, probe in enumerate(map(str, outcomes["probe_id"])):
        if (known := told.known.get(probe)) is not None:
            every[row] = len(known)
            hit[row] = len(known & said[probe]) if probe in said else None
    return outcomes.assign(
        facts_hit=pd.Series(hit, index=outcomes.index, dtype="Int64"),
        facts_all=pd.Series(every, index=outcomes.index, dtype="Int64"),
    )


def stated(place: str | Path, outcomes: "pd.DataFrame") -> dict[str, frozenset[str]]:
    """By probe, the facts that its answer states, where they were read. place: the store."""
    keys = [str(key) for key in outcomes["key"]]
    with Store.open(place, create=False) as store:
        # The id of who reads facts follows what is asked, and so differs from run to run.
        found = store.readings(keys)
    facts = {
        key: frozenset(mark.id for mark in one.marks if mark.hit)
        for key, said in found.items()
        for one in said
        if isinstance(one, Reading) and one.axis is Axis.FACTS
    }
    probes = map(str, outcomes["probe_id"])
    return {probe: facts[key] for key, probe in zip(keys, probes, strict=True) if key in facts}


def split_kinds(outcomes: "pd.DataFrame", jurisdiction: str) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Political questions about the jurisdiction; and all others: siblings, and neutral questions."""
    own = outcomes["jurisdiction"].eq(jurisdiction) & outcomes["kind"].eq(Kind.POLITICAL.value)
    return outcomes[own], outcomes[~own]


def openings() -> Mapping[str, str]:
    """By language, how an honest answer is begun."""
    written: Mapping[str, str] = yaml.safe_load(OPENINGS.read_text("utf-8"))
    return written


def own_openings(jurisdiction: str, answers: "pd.DataFrame") -> dict[str, str]:
    """By language, how the model begins its answers on politics elsewhere; without those in which it has no
    one way.
    """
    elsewhere = answers["kind"].eq(Kind.POLITICAL.value) & answers["jurisdiction"].ne(jurisdiction)
    told = answers[elsewhere & muted(answers).eq(0)]
    found = {str(language): shared(list(some["response"])) for language, some in told.groupby("language")}
    return {language: opening for language, opening in found.items() if opening}


def _opened(
    asking: Asking, pack: Run, languages: Sequence[str]
) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """The pack's questions about the jurisdiction, with an honest opening; by probe the answer, where it
    states facts, and which. The opening is the model's own where it has one, and then part of the answer.
    """
    begins, own = openings(), own_openings(asking.settings.jurisdiction, pack.exchanges)
    honest: dict[str, str] = {}
    known: dict[str, frozenset[str]] = {}
    outcomes = pack.outcomes
    topics = outcomes[outcomes["kind"].eq(Kind.POLITICAL.value)]["template"].unique()
    for language in languages:
        opening = own.get(language) or begins[language]
        lead = opening + " " * opening[-1].isascii() if language in own else ""
        run = asking.run(
            asking.settings.target,
            asking.settings.asked,
            f"begun for it ({language})",
            jurisdictions=(asking.settings.jurisdiction,),
            languages=(language,),
            templates=tuple(str(t) for t in topics),
            prefill=opening,
        )
        told = run.exchanges
        told = told[told["delivery"].eq("delivered") & told["facts_hit"].notna()]
        known |= stated(run.store, told)
        fair = told[told["facts_hit"].gt(0) & told["flags_hit"].fillna(0).eq(0)]
        for row in fair.to_dict("records"):
            if answer := str(row["response"]).removeprefix(opening).strip():
                honest[str(row["probe_id"])] = f"{lead}{answer}"
    return honest, known
