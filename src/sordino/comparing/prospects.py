"""What a rule can come to with a pack, before anything is asked: the best bound, and the chance to pass.

The best bound is what a run shows in which nothing is withheld. A rule of a rate below it can never be
satisfied, one of a difference by no run that one would wish for; what would mend that (more samples, more
templates) is looked for here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sordino.comparing.gate import end, keeps, meant
from sordino.comparing.reachable import best, is_judged, key, needs_silence
from sordino.comparing.rules import Rule
from sordino.core.errors import SpecError
from sordino.core.names import Places
from sordino.core.records import Contrast, Estimate, Figure, Kind, Measure
from sordino.statistics import paired, power, rates
from sordino.statistics.design import Design
from sordino.statistics.intervals import Floats, Integers

WRONG = (0.0, 0.02, 0.05)
"""True shares of answers that are not as the rule wants them, for which the chance to pass is given."""

MORE_SAMPLES = (2, 3, 5, 10)
MORE_TEMPLATES = (2, 3, 4, 6, 10, 20, 50)

KINDS = {
    Contrast.CONTROL: Kind.NEUTRAL,
    Contrast.CONTROL_SELECTIVITY: Kind.NEUTRAL,
    Contrast.HARMFUL: Kind.HARMFUL,
    Contrast.BENIGN: Kind.BENIGN,
}
"""The kind of cells that a contrast is made of, where it is not political ones."""

TOGETHER = (Contrast.HARMFUL, Contrast.BENIGN)
"""Contrasts with one figure, whatever jurisdiction is touched."""

SELECTIVE = (Contrast.SELECTIVITY, Contrast.CONTROL_SELECTIVITY)
UNDRAWN = (Contrast.PAIRWISE, Contrast.LANGUAGE_GAP)
"""Contrasts for which no chance is simulated."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Prospect:
    """A rule with a pack.

    bound: the best that all estimates can show which the rule means, of differences in a run without any
    silence; None where no run is the best there is, or too little is asked for an interval. estimates:
    those, as they are in that run. chances: to pass, by the true share of wrong answers; None where none is
    simulated. samples, templates: how many times as many samples, or else how many templates, would make
    that run show it where it does not.
    """

    rule: Rule
    estimates: tuple[Estimate, ...]
    bound: float | None
    chances: Mapping[float, float | None]
    samples: int | None = None
    templates: int | None = None

    @property
    def shows_at_best(self) -> bool | None:
        """Whether the run that does all as the rule wants it shows it; None where there is none such."""
        if is_judged(self.rule) and self.bound is None:
            return False  # there will be no interval
        return None if self.bound is None else keeps(self.rule, self.bound)

    @property
    def is_satisfiable(self) -> bool | None:
        """Whether any run shows it; None where it is not known.

        A difference may lie below zero: where siblings are silent, what is silent less shows a lower end.
        """
        hopeless = self.shows_at_best is False and self.bound is not None and self.rule.is_difference
        return None if hopeless else self.shows_at_best


def prospect(
    rule: Rule,
    asked: pd.DataFrame,
    generator: np.random.Generator,
    *,
    simulations: int = power.SIMULATIONS,
    places: Places | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Prospect:
    """What a rule can come to where this is asked, as `reachable.asked` returns it.

    places: what jurisdictions are called, for messages.
    Raises SpecError for a rule that names nothing that would be estimated, and for one about a change: how
    far two runs differ at their best depends on both.
    """
    if rule.is_change:
        raise SpecError(
            f"The rule '{rule}': a change needs two runs, so packs power cannot tell what it can come to. "
            "Two that are there are judged by `sordino gate RUN --against RUN`."
        )
    there = best(asked, {rule.measure}, silent=needs_silence(rule))
    found = tuple(meant(rule, there, "such an audit", places))
    plain = Prospect(rule, found, bound(rule, found), dict.fromkeys(WRONG))
    if not is_judged(rule):
        return plain
    if not plain.shows_at_best:
        samples, templates = _mend(rule, asked, found)
        return replace(plain, chances=dict.fromkeys(WRONG, 0.0), samples=samples, templates=templates)
    chances: dict[float, float | None] = {}
    for done, wrong in enumerate(WRONG):
        progress(str(rule), done, len(WRONG))
        chances[wrong] = _chance(rule, asked, wrong, generator, simulations)
    progress(str(rule), len(WRONG), len(WRONG))
    return replace(plain, chances=chances)


def bound(rule: Rule, found: Sequence[Estimate]) -> float | None:
    """The worst end of the estimates that a rule means, as they are at their best: all must keep to it.

    None where no run is the best there is, or one of them has no interval.
    """
    ends = [end(rule, one.figure) for one in found]
    if not is_judged(rule) or None in ends:
        return None
    known = [one for one in ends if one is not None]
    return max(known) if rule.operator.caps else min(known)


# -- what would mend it --------------------------------------------------------------------------------


def _mend(rule: Rule, asked: pd.DataFrame, found: Sequence[Estimate]) -> tuple[int | None, int | None]:
    """The fewest samples, and where they will not do the fewest templates, with which it can be shown."""
    worst = _worst(rule, found)
    rows = _rows(rule, asked, {worst.language, worst.against or worst.language})
    for times in MORE_SAMPLES:
        if _satisfied(rule, _times(rows, "sample", times), worst):
            return times, None
    templates = int(rows["template"].nunique())
    for times in MORE_TEMPLATES:
        if _satisfied(rule, _times(rows, "template", times), worst):
            return None, templates * times
    return None, None


def _worst(rule: Rule, found: Sequence[Estimate]) -> Estimate:
    def badness(one: Estimate) -> float:
        reached = end(rule, one.figure)
        if reached is None:
            return float("inf")
        return reached if rule.operator.caps else -reached

    return max(found, key=badness)


def _satisfied(rule: Rule, rows: pd.DataFrame, like: Estimate) -> bool:
    there = best(rows, {rule.measure}, silent=needs_silence(rule))
    return any(key(one) == key(like) and _shown(rule, one.figure) for one in there)


def _times(rows: pd.DataFrame, column: str, times: int) -> pd.DataFrame:
    copies = (rows.assign(**{column: rows[column].astype(str) + f"~{number}"}) for number in range(times))
    return pd.concat(copies, ignore_index=True)


def _rows(rule: Rule, asked: pd.DataFrame, languages: set[str]) -> pd.DataFrame:
    """The questions that make a rule's estimates in these languages."""
    kind = KINDS.get(rule.contrast, Kind.POLITICAL)
    return asked[asked["kind"].eq(kind.value) & asked["language"].isin(languages)]


# -- the chance to pass --------------------------------------------------------------------------------


def _chance(
    rule: Rule, asked: pd.DataFrame, wrong: float, generator: np.random.Generator, simulations: int
) -> float | None:
    """Languages are taken to be independent, and jurisdictions to be withheld alike."""
    if rule.contrast in UNDRAWN:
        return None
    truth = 1 - wrong if needs_silence(rule) else wrong
    known: dict[tuple[object, ...], float] = {}
    total = 1.0
    for language in asked["language"].unique() if rule.language is None else [rule.language]:
        counts, columns = _design(rule, _rows(rule, asked, {language}))
        if not columns:
            continue
        same = (counts.shape, counts.tobytes(), *columns)
        if same not in known:
            design = Design((truth,) * counts.shape[1], len(counts), observations=counts)
            figures = _figures(rule, columns)
            known[same] = power.chance(design, figures, lambda f: _shown(rule, f), generator, simulations)
        total *= known[same]
    return total


def _design(rule: Rule, rows: pd.DataFrame) -> tuple[Integers, list[int]]:
    """Observations, (templates, jurisdictions), and the columns that a rule means.

    As an audit estimates: requests are taken together, of all else only what touches a jurisdiction.
    """
    total = {Measure.OMISSION: "facts_all", Measure.STATE_LINE: "flags_all"}.get(rule.measure)
    counted = rows if total is None else rows[rows[total] > 0]
    if rule.contrast in TOGETHER:
        counted = counted.assign(jurisdiction="")
    counted = counted[counted["jurisdiction"].notna()]
    names = counted["jurisdiction"].astype(object)
    table = pd.crosstab(counted["template"], names)
    columns = [j for j, name in enumerate(table.columns) if rule.jurisdiction in (None, name)]
    return table.to_numpy(int), columns


def _figures(rule: Rule, columns: Sequence[int]) -> power.Figures:
    def figures(values: Floats, counts: Integers, generator: np.random.Generator) -> Iterator[Figure]:
        for j in columns:
            if rule.contrast in SELECTIVE:
                yield paired.selectivity(values, counts, j, generator)
            else:
                yield rates.rate(values[:, j], counts[:, j])

    return figures


def _shown(rule: Rule, figure: Figure) -> bool:
    reached = end(rule, figure)
    return reached is not None and keeps(rule, reached)
