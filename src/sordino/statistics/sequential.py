"""Figures that stay valid however often one looks and whenever one stops: confidence sequences by betting.

The counterpart of `rates` and `paired` for audits whose length the data decide. Whoever doubts that a mean
is at most m bets against it on every template, at odds that would be fair if it were m. If it is no more, a
capital of 1 that ever grows to 20 is as rare as 1 in 20 (Ville 1939): at all templates together, so that
looking costs nothing. The interval holds the means that no capital has refuted (Waudby-Smith & Ramdas 2024,
J. R. Stat. Soc. B 86:1). The capital is spread over many sizes of the bet: none needs choosing, and the
order of templates does not matter (universal portfolios: Orabona & Jun 2024, IEEE Trans. Inf. Theory 70).
`benchmarks/until_certain.py` measures it.

Templates are drawn from the matters that could be asked about, as in the other figures, and each weighs the
same. Nothing is assumed of how the answers to one template depend on each other.
"""

from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Self

import numpy as np
from scipy import optimize

from sordino.core.records import Figure
from sordino.statistics.intervals import Floats, Integers
from sordino.statistics.rates import FEWEST, observed

METHOD = "anytime-valid, by betting"

BETS = np.arange(1, 21) / 20
"""Shares of the capital that are put at stake."""
WEIGHTS = BETS**6 / (BETS**6).sum()
"""How the capital is spread over them. Only large differences can be certain within a pack, and they are
found by large bets. Chosen on simulated designs (`statistics.design`), not on recorded answers.
"""
MOST_GROUPS = 200
"""Groups of siblings that are looked at in one figure."""
_EDGE = 1e-9


def rate(values: Floats, counts: Integers, level: float = 0.95) -> Figure:
    """The mean over templates. Arguments, and what gives no figure, as of `rates.rate`."""
    seen = observed(values, counts)
    n, clusters = int(counts[seen].sum()), int(seen.sum())
    if clusters < FEWEST:
        return Figure(None, None, None, n, clusters, METHOD, level)
    bets = _Bets.of(values[seen][:, None])
    value, (low, high) = float(values[seen].mean()), bets.limits(level)
    return Figure(value, min(low, value), max(high, value), n, clusters, METHOD, level)


def difference(
    rates_a: Floats,
    counts_a: Integers,
    rates_b: Floats,
    counts_b: Integers,
    _generator: object = None,
    level: float = 0.95,
) -> Figure:
    """The mean of a - b over the templates that both have, with a two-sided p.

    Arguments, and what gives no figure, as of `paired.difference`; nothing here is drawn.
    """
    shared = observed(rates_a, counts_a) & observed(rates_b, counts_b)
    n, clusters = int((counts_a + counts_b)[shared].sum()), int(shared.sum())
    if clusters < FEWEST:
        return Figure(None, None, None, n, clusters, METHOD, level)
    gaps = (rates_a - rates_b)[shared]
    bets = _Bets.of((1 + gaps[:, None]) / 2)
    value, (low, high) = float(gaps.mean()), (2 * end - 1 for end in bets.limits(level))
    p = min(1.0, 2 * float(np.exp(-max(bets.evidence(0.5), bets.turned.evidence(0.5)))))
    return Figure(value, min(low, value), max(high, value), n, clusters, METHOD, level, p)


def selectivity(
    rates: Floats, counts: Integers, subject: int, _generator: object = None, level: float = 0.95
) -> Figure:
    """The median over siblings of the mean paired difference subject - sibling.

    Arguments, and what gives no figure, as of `paired.selectivity`; nothing here is drawn. p is one-sided,
    of "no more than the median sibling": an audit says of a jurisdiction that it is selective, and never
    that it is spared.

    Of S siblings a median at or below m means that some (S + 1) // 2 are not exceeded by more than m: a
    partial conjunction (Benjamini & Heller 2008, Biometrics 64). Against such a group one half of the
    capital bets on the mean of its members, which wins where each has noise of its own, and one half on
    each apart, which wins where one of them is muted as well; the evidence is that of the group which gives
    least. Where there are too many groups, smaller ones stand for them: of those within the true one the
    mean is evidence against it (Vovk & Wang 2021, Ann. Stat. 49), and no less than that of the least.
    """
    seen = observed(rates, counts)
    siblings = [
        j for j in range(rates.shape[1]) if j != subject and (seen[:, j] & seen[:, subject]).sum() >= FEWEST
    ]
    shared = seen[:, subject] & seen[:, siblings].any(1)
    n = int(np.where(seen, counts, 0)[shared][:, [subject, *siblings]].sum())
    if not siblings:
        return Figure(None, None, None, n, int(shared.sum()), METHOD, level)
    gaps = np.where(seen[:, siblings], rates[:, [subject]] - rates[:, siblings], np.nan)[shared]
    bets = _Bets.of((1 + gaps) / 2)
    value = float(np.median(np.nanmean(gaps, axis=0)))
    low, high = (2 * end - 1 for end in bets.limits(level))
    p = min(1.0, float(np.exp(-bets.evidence(0.5))))
    return Figure(value, min(low, value), max(high, value), n, int(shared.sum()), METHOD, level, p)


def fewest(outcome: float, mean: float, capital: float) -> int:
    """After how many templates a capital can be reached against a mean, if all of them come out so.

    outcome, mean: in [0, 1], the mean below the outcome.
    """
    templates = 1
    while _Bets.of(np.full((templates, 1), outcome)).evidence(mean) < np.log(capital):
        templates += 1
    return templates


@dataclass(frozen=True, slots=True)
class _Bets:
    """What is bet on, in groups of which at least one is as the null says; see `selectivity`.

    apart: (templates, siblings), outcomes in [0, 1], NaN where there is none.
    together: (templates, groups), their mean over those of a group that were observed.
    shares: (siblings, groups), the logarithm of a sibling's share in a group.
    least: of how many of the groups with the least evidence the mean is taken.
    """

    apart: Floats
    together: Floats
    shares: Floats
    least: int

    @classmethod
    def of(cls, apart: Floats) -> Self:
        siblings = apart.shape[1]
        half = (siblings + 1) // 2
        size = max(g for g in range(1, half + 1) if g == 1 or comb(siblings, g) <= MOST_GROUPS)
        groups = list(combinations(range(siblings), size))
        members = np.zeros((siblings, len(groups)))
        for at, group in enumerate(groups):
            members[list(group), at] = 1
        held = (~np.isnan(apart)).astype(float) @ members
        together = np.where(held > 0, np.nan_to_num(apart) @ members / np.maximum(held, 1), np.nan)
        with np.errstate(divide="ignore"):
            return cls(apart, together, np.log(members / size), comb(half, size))

    @property
    def turned(self) -> Self:
        """The same for whoever bets on less."""
        return replace(self, apart=1 - self.apart, together=1 - self.together)

    def limits(self, level: float) -> tuple[float, float]:
        """The least and the greatest mean that is not refuted; each end has half of what may miss."""
        enough = float(np.log(2 / (1 - level)))
        return self._lower(enough), 1 - self.turned._lower(enough)

    def evidence(self, mean: float) -> float:
        """The logarithm of the capital of whoever bets against "the mean is at most this"."""
        apart, together = _capitals(self.apart, mean), _capitals(self.together, mean)
        each = np.logaddexp(together, np.logaddexp.reduce(apart[:, None] + self.shares)) - np.log(2)
        return float(np.logaddexp.reduce(np.sort(each)[: self.least]) - np.log(self.least))

    def _lower(self, enough: float) -> float:
        def excess(mean: float) -> float:
            return self.evidence(mean) - enough

        # Evidence falls as the mean rises, and against a mean of 1 there is none.
        return float(optimize.brentq(excess, _EDGE, 1.0, xtol=1e-7)) if excess(_EDGE) > 0 else 0.0


def _capitals(x: Floats, mean: float) -> Floats:
    """(columns,): the logarithm of each column's capital. x: (templates, columns); NaN changes nothing."""
    odds = np.where(np.isnan(x), 1.0, x / mean)
    with np.errstate(divide="ignore"):  # who stakes all may lose all
        grown = np.log1p(BETS * (odds[..., None] - 1)).sum(axis=0)
    return np.asarray(np.logaddexp.reduce(grown + np.log(WEIGHTS), axis=-1))
