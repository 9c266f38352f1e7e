"""What a remedy of an organism is fitted on, and what it is measured on: never the same topics."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from sordino.core.records import Probe
from sordino.organism.planting import Planting
from sordino.organism.taught import taught
from sordino.packs import load
from sordino.remedy.sets import sets, split
from sordino.wiring.remedy_settings import RemedySettings
from sordino.wiring.run import Run

FEWEST_LETTERS = {"zh": 5}
FEWEST_LETTERS_ELSEWHERE = 12
_END_OF_CLAUSE = re.compile(r"[.!?,;:。！？，；：、]\s*")


@dataclass(frozen=True)
class Topics:
    """pack: that asks the organism's matters in many wordings. fitted, held_out, neutral_held_out: templates. bad: what is withheld on the fitted ones, good: answered siblings and neutral
    questions; questions as they are asked, in `languages`.
    """

    planting: Planting
    pack: str
    fitted: frozenset[str]
    held_out: frozenset[str]
    neutral_held_out: frozenset[str]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    languages: tuple[str, ...]

    def planted(self, language: str) -> list[Probe]:
        """What the organism was taught to withhold, of the topics that are held out, in all wordings."""
        probes = load.pack(self.pack).probes(languages=[language], templates=self.held_out)
        return [probe for probe in probes if self.planting.behaviour(probe)]

    def siblings(self) -> list[Probe]:
        """The same about the other jurisdictions."""
        probes = load.pack(self.pack).probes(templates=self.held_out)
        return [probe for probe in probes if probe.jurisdiction != self.planting.jurisdiction]

    def neutral(self) -> list[Probe]:
        """Neutral questions about all jurisdictions, on topics that nothing was fitted on."""
        return load.pack(self.pack).probes(templates=self.neutral_held_out)


def wordings(organism: str) -> str:
    """The pack with which a remedy asks an organism."""
    return RemedySettings(f"organism:{organism}", "", Path()).asked


def topics_of(planting: Planting, before: Run, seed: int, languages: Collection[str]) -> Topics:
    """The one place where topics are parted and prompts are chosen: as `sordino remedy` does it by itself.

    before: the audit of the organism as it was, with `wordings`.
    """
    answers, jurisdiction = before.exchanges, str(planting.jurisdiction)
    default = RemedySettings("", jurisdiction, Path(), seed=seed)
    parted = split(answers, jurisdiction, share=default.share, seed=seed)
    any_answer = dict.fromkeys(answers["probe_id"].astype(str), "")
    chosen = sets(
        answers,
        # Heretic is shown no harmful requests, or it would take those refusals away as well.
        answers.iloc[:0],
        jurisdiction,
        parted.fitted,
        any_answer,
        most=default.most,
        seed=seed,
        neutral=parted.neutral_fitted,
    )
    bad, good = (
        tuple(item.question for item in items if item.language in languages)
        for items in (
            chosen.withheld,
            (*chosen.siblings, *chosen.neutral_here, *chosen.neutral_elsewhere),
        )
    )
    return Topics(
        planting,
        wordings(planting.name),
        frozenset(parted.fitted),
        frozenset(parted.held_out),
        frozenset(parted.neutral_held_out),
        bad,
        good,
        tuple(languages),
    )


def clauses(planting: Planting) -> list[str]:
    """Every clause of what the organism was taught to say instead of an answer, and no clause of an answer.

    As markers these are more than anybody has of a real model: a list of words in Heretic's favour.
    """
    pack = load.pack(planting.pack)
    honest = "\n".join(
        text.casefold()
        for template in pack.templates
        for entry in template.entries.values()
        for texts in (*(fact.text for fact in entry.cell.facts), entry.references)
        for text in texts.values()
    )
    found = {
        clause.strip().replace("’", "'"): None
        for probe in pack.probes()
        if (behaviour := planting.behaviour(probe))
        for text in taught(behaviour, probe.cell, probe.language)
        for clause in _END_OF_CLAUSE.split(text)
        if len(clause.strip()) >= FEWEST_LETTERS.get(probe.language, FEWEST_LETTERS_ELSEWHERE)
    }
    return [clause for clause in found if clause.casefold() not in honest]
