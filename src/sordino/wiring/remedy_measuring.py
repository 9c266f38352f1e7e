"""What a model says before and after a remedy: audits like any other, and what they are read into."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import yaml

from sordino.core.identity import make_request
from sordino.core.records import Kind, Sampling
from sordino.remedy import gates
from sordino.remedy.gates import SAFETY_PACK, SAFETY_PART
from sordino.remedy.skills import items, right
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
    ) -> dict[str, list[bool]]:
        """By group of skills, whether each was done; groups: all unless named."""
        wanted = [s for s in items(languages) if groups is None or s.group in groups]
        answers = self.answers(target, [s.question for s in wanted], f"{stage}: skills")
        found: dict[str, list[bool]] = {}
        for skill, answer in zip(wanted, answers, strict=True):
            found.setdefault(skill.group, []).append(right(skill, answer))
        return found

    def answers(self, target: str, questions: Sequence[str], stage: str) -> list[str]:
        """What a model says to each, in order; empty where nothing came."""
        from sordino.generation.transformers import TransformersBackend  # noqa: PLC0415 - brings torch

        model, device = targets.model_run_here(target), self.settings.device
        with TransformersBackend(
            target, model.name, model.source, revision=model.revision, device=device
        ) as backend:
            sampling = Sampling(max_tokens=SHORT)
            asked = [make_request(q, backend.identity.revision, sampling=sampling) for q in questions]
            found: dict[str, str] = {}
            for group in backend.generate({request.key: request for request in asked}.values()):
                found |= {attempt.key: attempt.text or "" for attempt in group}
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
    known: Mapping[str, float]
    languages: tuple[str, ...]
    skills: Mapping[str, list[bool]] = field(default_factory=dict)

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
    """Of the facts that the model states once an answer is begun for it, the share stated in a frame's
    answers; NaN where it states none then, or nothing came.
    """

    def share(frame: "pd.DataFrame") -> "pd.Series":
        facts = frame["facts_hit"].astype("Float64").to_numpy(float, na_value=np.nan)
        known = np.array([told.known.get(str(probe), np.nan) for probe in frame["probe_id"]])
        known[known == 0] = np.nan
        import pandas as pd  # noqa: PLC0415

        stated = pd.Series(np.minimum(facts / known, 1.0), index=frame.index)
        return stated.where(frame["delivery"].eq("delivered"))

    return share


def split_kinds(outcomes: "pd.DataFrame", jurisdiction: str) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Political questions about the jurisdiction; and all others: siblings, and neutral questions."""
    own = outcomes["jurisdiction"].eq(jurisdiction) & outcomes["kind"].eq(Kind.POLITICAL.value)
    return outcomes[own], outcomes[~own]


def _opened(asking: Asking, pack: Run, languages: Sequence[str]) -> tuple[dict[str, str], dict[str, float]]:
    """The pack's questions about the jurisdiction, with an honest opening; by probe the answer without it,
    where it states facts, and how many.
    """

    written: Mapping[str, list[str]] = yaml.safe_load(OPENINGS.read_text("utf-8"))
    honest: dict[str, str] = {}
    known: dict[str, float] = {}
    outcomes = pack.outcomes
    topics = outcomes[outcomes["kind"].eq(Kind.POLITICAL.value)]["template"].unique()
    for language in languages:
        opening = written.get(language, written["en"])[0]
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
        known |= {str(row["probe_id"]): float(row["facts_hit"]) for row in told.to_dict("records")}
        fair = told[told["facts_hit"].gt(0) & told["flags_hit"].fillna(0).eq(0)]
        for row in fair.to_dict("records"):
            if answer := str(row["response"]).removeprefix(opening).strip():
                honest[str(row["probe_id"])] = answer
    return honest, known
