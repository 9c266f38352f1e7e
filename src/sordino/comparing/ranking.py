"""Models ranked: for each measure, jurisdiction and language by the rate and by the selectivity.

Two models are told apart where their paired difference over the probes that both have (see `grid`) points
one way with an adjusted p below 0.05 and an interval that excludes zero; by selectivity, where the higher
is selective itself. Adjusted is over all pairs, in
both directions, within one order: a measure's rates, or its selectivities, about one jurisdiction in one
language. A rank is an interval (see `statistics.ranks`): not told apart is not equal. Where there is
nothing to read, or a host keeps back more than a tenth, there is no rank.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from sordino.auditing.findings import ALPHA
from sordino.auditing.outcomes import WITHHELD_IF_SO_COUNTED
from sordino.comparing.circumstances import stopped_early
from sordino.comparing.entries import Entry, Group
from sordino.comparing.grid import Grid, grids
from sordino.core.identity import digest
from sordino.core.records import Contrast, Estimate, Figure, Finding, Measure, Verdict
from sordino.statistics import paired, ranks, selectivities
from sordino.statistics.multiplicity import holm

MOST_HIDDEN = 0.1
"""The share of a place's answers that may be blocked or cut off: with more, there is no rank."""
MEASURES = (Measure.WITHHELD, Measure.OMISSION, Measure.STATE_LINE)
CONTRASTS = (Contrast.SELECTIVITY, Contrast.RATE)

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries, by their places in the group. figure: the first less the second.

    higher: the one found higher; None where they are not told apart.
    """

    a: int
    b: int
    figure: Figure
    p_adjusted: float | None
    higher: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """Who comes before whom, lowest first. ranks: the first and last possible rank of each ranked entry.

    clusters: the most templates that two of them share. fewest: how many it takes to tell any two apart.
    """

    contrast: Contrast
    ranks: Mapping[int, tuple[int, int]]
    pairs: tuple[Pair, ...]
    clusters: int
    fewest: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One entry in one place, as its own run has it; None where the run has no such estimate.

    counted: the rate with blocked and truncated exchanges counted as withheld.
    stands: whether a selective finding is still beyond chance once the comparisons of all entries are
    counted.
    """

    rate: Estimate | None
    counted: Estimate | None
    selectivity: Estimate | None
    finding: Finding | None
    stands: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """One place. standings: in the order of the group's entries. orders: by what could be ranked."""

    measure: Measure
    jurisdiction: str
    language: str
    standings: tuple[Standing, ...]
    orders: Mapping[Contrast, Order]


@dataclass(frozen=True, slots=True)
class RankedGroup:
    """A group of two or more with all of its rankings, by measure, language and jurisdiction."""

    group: Group
    rankings: tuple[Ranking, ...]


def notes(groups: Sequence[Group]) -> list[str]:
    """What whoever reads rankings of these groups must know; a sentence each."""
    return stopped_early(
        [entry.manifest for group in groups if len(group.entries) > 1 for entry in group.entries],
        "Their own figures allow for it. What tells two of them apart supposes a plan that nobody ends by "
        "what is seen, and may tell too much.",
    )


def rank(
    group: Group, *, seed: int = 0, progress: Progress = lambda _stage, _done, _total: None
) -> RankedGroup:
    """All rankings of a group. seed: of the Monte Carlo figures."""
    entries = group.entries
    asked = [
        (measure, grid)
        for measure in MEASURES
        if _read(entries, measure)
        for grid in grids(entries, measure)
    ]
    total = sum(len(grid.jurisdictions) for _, grid in asked)
    done, rankings = 0, []
    for measure, grid in asked:
        lasting = stands(entries, measure)
        for column, code in enumerate(grid.jurisdictions):
            progress("ranking", done, total)
            standings = tuple(_standing(entry, measure, code, grid.language, lasting) for entry in entries)
            found = (
                _order(entries, standings, grid, (measure, contrast, column), seed)
                for contrast in CONTRASTS
            )
            orders = {order.contrast: order for order in found if order is not None}
            rankings.append(Ranking(measure, code, grid.language, standings, orders))
            done += 1
    progress("ranking", total, total)
    return RankedGroup(group, tuple(rankings))


def _read(entries: Sequence[Entry], measure: Measure) -> bool:
    """Whether anything was read on a measure."""
    rates = (e for entry in entries for e in entry.estimates if e.contrast is Contrast.RATE)
    return any(e.measure is measure and e.figure.n for e in rates)


# -- what each run says itself -------------------------------------------------------------------------


def _standing(
    entry: Entry, measure: Measure, code: str, language: str, lasting: set[tuple[str, str, str]]
) -> Standing:
    place = (measure, code, language)
    own = {
        (e.contrast, e.blocks): e
        for e in entry.estimates
        if (e.measure, e.jurisdiction, e.language) == place and e.contrast in CONTRASTS
    }
    finding = next((f for f in entry.findings if (f.measure, f.jurisdiction, f.language) == place), None)
    return Standing(
        own.get((Contrast.RATE, "excluded")),
        own.get((Contrast.RATE, "withheld")),
        own.get((Contrast.SELECTIVITY, "excluded")),
        finding,
        (entry.run, code, language) in lasting,
    )


def stands(entries: Sequence[Entry], measure: Measure) -> set[tuple[str, str, str]]:
    """Runs and places whose selective finding outlives Holm's method over all entries and places."""
    found = [
        (entry.run, e)
        for entry in entries
        for e in entry.estimates
        if (e.measure, e.contrast, e.blocks) == (measure, Contrast.SELECTIVITY, "excluded")
        and e.figure.p is not None
    ]
    adjusted = holm(np.array([e.figure.p for _, e in found], dtype=float))
    beyond = {
        (run, e.jurisdiction or "", e.language)
        for (run, e), p in zip(found, adjusted, strict=True)
        if p < ALPHA
    }
    selective = {
        (entry.run, f.jurisdiction, f.language)
        for entry in entries
        for f in entry.findings
        if f.measure is measure and f.verdict is Verdict.SELECTIVE
    }
    return beyond & selective


# -- pairs ---------------------------------------------------------------------------------------------


def _order(
    entries: Sequence[Entry],
    standings: Sequence[Standing],
    grid: Grid,
    about: tuple[Measure, Contrast, int],
    seed: int,
) -> Order | None:
    """The order of the entries that have a figure; None where fewer than two have one."""
    measure, contrast, column = about
    own = [s.selectivity if contrast is Contrast.SELECTIVITY else s.rate for s in standings]
    ranked = [
        at
        for at, e in enumerate(own)
        if e is not None and e.figure.value is not None and not _is_hidden(standings[at].rate)
    ]
    if len(ranked) < 2:
        return None
    # By run, so that nothing depends on the order in which runs were named.
    ranked.sort(key=lambda at: entries[at].run)
    both = list(combinations(ranked, 2))
    runs = [(entries[a].run, entries[b].run) for a, b in both]
    label = [seed, measure.value, contrast.value, grid.jurisdictions[column], grid.language]
    figures = [
        _figure(grid, pair, (contrast, column), np.random.default_rng(int(digest([*label, *named]), 16)))
        for pair, named in zip(both, runs, strict=True)
    ]
    pairs = tuple(_decided(both, figures, _eligible(standings, contrast)))
    return Order(
        contrast,
        _ranks(ranked, pairs),
        pairs,
        max(pair.figure.clusters for pair in pairs),
        ranks.fewest_clusters(len(ranked)),
    )


def _is_hidden(rate: Estimate | None) -> bool:
    """Whether so much was blocked or cut off that the rest says little of what the model would answer."""
    if rate is None:
        return False
    hidden = sum(rate.excluded.get(why, 0) for why in WITHHELD_IF_SO_COUNTED)
    return hidden > MOST_HIDDEN * (rate.figure.n + hidden)


def _ranks(ranked: Sequence[int], pairs: Sequence[Pair]) -> dict[int, tuple[int, int]]:
    row = {at: place for place, at in enumerate(ranked)}
    signs = np.array([0 if p.higher is None else 1 if p.higher == p.a else -1 for p in pairs])
    found = ranks.intervals(len(ranked), [(row[p.a], row[p.b]) for p in pairs], signs)
    return dict(zip(ranked, found, strict=True))


def _eligible(standings: Sequence[Standing], contrast: Contrast) -> set[int]:
    """Who may be found higher. By selectivity only those that are selective themselves: one that withholds
    less about a jurisdiction than about its siblings makes nobody else selective about it.
    """
    return {
        at
        for at, standing in enumerate(standings)
        if contrast is not Contrast.SELECTIVITY
        or (standing.finding is not None and standing.finding.verdict is Verdict.SELECTIVE)
    }


def _decided(
    both: Sequence[tuple[int, int]], figures: Sequence[Figure], eligible: set[int]
) -> Iterator[Pair]:
    for (a, b), figure, p, sign in zip(both, figures, *ranks.decided(figures), strict=True):
        higher = {1: a, -1: b}.get(int(sign))
        told = higher if higher in eligible else None
        yield Pair(a, b, figure, None if np.isnan(p) else float(p), told)


def _figure(
    grid: Grid, pair: tuple[int, int], of: tuple[Contrast, int], generator: np.random.Generator
) -> Figure:
    contrast, column = of
    rates_a, rates_b, counts = grid.pair(*pair)
    if contrast is Contrast.SELECTIVITY:
        return selectivities.difference(rates_a, rates_b, counts, column, generator)
    n = counts[:, column]
    return paired.difference(rates_a[:, column], n, rates_b[:, column], n, generator)
