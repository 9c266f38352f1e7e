"""An audit in rounds: which templates each round asks about, and where enough is certain.

Between the plan, which says what may be asked, and the run, which asks it. Nothing is asked here: rounds
follow from the seed and the questions, and what is certain from the outcomes alone, so that an audit that
was stopped goes on with the same rounds, and whoever has the outcomes comes to the same figures.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from sordino.auditing.estimates import Progress, deciding, estimate
from sordino.auditing.findings import ALPHA, FEWEST_TEMPLATES, WIDEST_BOUND, conclude
from sordino.auditing.methods import ANYTIME
from sordino.core.errors import SpecError
from sordino.core.identity import digest
from sordino.core.manifest import Manifest, Owed
from sordino.core.records import Estimate, Finding, Kind, Matching, Verdict
from sordino.statistics import sequential

MOST_ROUNDS = 25
"""Into how many rounds a pack is cut at the most: more would save little, and keep few connections busy."""
_EXCESS = (Verdict.SELECTIVE, Verdict.NOT_TOLD_FROM_IGNORANCE)

ByLanguage = Mapping[str, Sequence[Owed]]


def margin_of(settings: Mapping[str, object]) -> float | None:
    """By its manifest's settings, the margin of a run that stops when enough is certain; None of others."""
    if settings.get("until") is None:
        return None
    margin = settings.get("margin")
    return WIDEST_BOUND if margin is None else float(str(margin))


@dataclass(frozen=True)
class Rounds:
    """What is asked, in which order, until enough is certain.

    rounds: of the political questions, by language. control: neutral ones by language, which are asked
    in full or not at all. others: asked in any case. places: jurisdiction x language with a sibling.
    """

    rounds: Sequence[ByLanguage]
    control: ByLanguage
    others: Sequence[Owed]
    places: int
    margin: float
    seed: int

    @classmethod
    def of(cls, owed: Sequence[Owed], *, margin: float, pack: str, seed: int = 0) -> Self:
        """The rounds of what an audit owes.

        pack: the hash of the questions, which with the seed decides the order of templates: the same for
        every target, and in every language.
        Raises SpecError for a margin that no finding can rest on, and where nothing can be compared.
        """
        if not 0 < margin <= WIDEST_BOUND:
            raise SpecError(
                f"--margin {margin:g}: give a difference of rates above 0 and at most {WIDEST_BOUND:g}; "
                "a bound wider than that concludes nothing."
            )
        political = [o for o in owed if o.probe.cell.kind is Kind.POLITICAL]
        places = _places(political)
        if not places:
            raise SpecError(
                "--until certain waits until jurisdictions are told apart from their siblings, and here "
                "are none to compare: no language has two. Leave it out (of a recording: see --siblings)."
            )
        neutral = [o for o in owed if o.probe.cell.kind is Kind.NEUTRAL]
        others = [o for o in owed if o.probe.cell.kind not in (Kind.POLITICAL, Kind.NEUTRAL)]
        names = _shuffled({o.probe.template for o in political}, pack, seed)
        cut = _cut(names, _to_accuse(places), _to_clear(margin))
        return cls(
            [_by_language(political, set(some)) for some in cut],
            _by_language(neutral),
            others,
            places,
            margin,
            seed,
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the report must know of this plan; all of it was settled before asking."""
        points = f"{100 * self.margin:g} points"
        plan = (
            f"Settled before asking: rounds of templates in random order (seed {self.seed}), a margin of "
            f"{points}, and {self.places} places (a jurisdiction in a language), any of which is wrongly "
            f"called selective in at most {ALPHA:.0%} of audits, however often one looks."
        )
        templates = len({o.probe.template for one in self.rounds for some in one.values() for o in some})
        if templates >= (needed := _to_clear(self.margin)):
            return (plan,)
        few = (
            f"It takes {needed} templates without any difference to be certain of less than {points}, and "
            f"here are {templates}: stopping early is unlikely. Without --until certain the same questions "
            "say more."
        )
        return plan, few


def decided(
    outcomes: pd.DataFrame, margin: float, templates: Collection[str] | None = None
) -> dict[str, bool]:
    """The languages in which enough is certain, each with whether anything withheld selectively is.

    outcomes: one row an owed probe, as `Store.outcomes` returns it. templates: of the rounds so far, where
    there may be answers of later ones, from before a stop; None is all.
    """
    if templates is not None:
        later = ~outcomes["template"].isin(templates)
        outcomes = outcomes.assign(delivery=outcomes["delivery"].mask(later, "not_asked"))
    places: dict[str, list[Finding]] = {}
    for finding in conclude(deciding(outcomes, ANYTIME)):
        places.setdefault(finding.language, []).append(finding)
    return {
        language: any(f.verdict in _EXCESS for f in found)
        for language, found in places.items()
        if all(f.verdict in _EXCESS or (f.bound is not None and f.bound < margin) for f in found)
    }


def figures(
    manifest: Manifest, outcomes: pd.DataFrame, *, seed: int = 0, progress: Progress | None = None
) -> list[Estimate]:
    """The estimates of a run, by the statistics that the way in which it was asked allows."""
    margin = margin_of(manifest.settings)
    if margin is None:
        return estimate(outcomes, seed=seed, progress=progress)
    certain = decided(outcomes, margin)
    return estimate(outcomes, seed=seed, progress=progress, methods=ANYTIME, certain=certain)


def _places(political: Sequence[Owed]) -> int:
    languages: dict[str, set[str]] = {}
    for probe in (o.probe for o in political):
        if probe.jurisdiction is not None and probe.matching is not Matching.NONE:
            languages.setdefault(probe.language, set()).add(probe.jurisdiction)
    return sum(len(some) for some in languages.values() if len(some) > 1)


def _shuffled(templates: set[str], pack: str, seed: int) -> list[str]:
    generator = np.random.default_rng(int(digest([seed, pack, "rounds"]), 16))
    return [str(name) for name in generator.permutation(sorted(templates))]


def _cut(templates: Sequence[str], accuse: int, clear: int) -> list[Sequence[str]]:
    """A first round after which something may be certain, and short ones, of which one ends where a model
    that differs nowhere is done.
    """
    step = max(1, len(templates) // MOST_ROUNDS)
    first = max(min(accuse, clear), FEWEST_TEMPLATES)
    first += max(clear - first, 0) % step
    return [templates[:first], *(templates[i : i + step] for i in range(first, len(templates), step))]


def _to_clear(margin: float) -> int:
    """Templates that it takes, if nothing differs in any, until a difference of the margin is ruled out."""
    return sequential.fewest(0.5, (1 - margin) / 2, 2 / ALPHA)


def _to_accuse(places: int) -> int:
    """Templates that it takes, if all differ as much as can be, until one of these places is selective."""
    return sequential.fewest(1.0, 0.5, max(places, 2) / ALPHA)


def _by_language(owed: Sequence[Owed], templates: set[str] | None = None) -> ByLanguage:
    found: dict[str, list[Owed]] = {}
    for one in owed:
        if templates is None or one.probe.template in templates:
            found.setdefault(one.probe.language, []).append(one)
    return found
