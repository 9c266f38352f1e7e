"""What changed between two sides that answered the same probes: a rate, or a difference from siblings.

Beside `paired`, which compares two jurisdictions of one side. Here every observation has its own partner,
so a change is told from its discordant pairs: how much went up, less how much went down. Where the sides
mostly agree that is far surer than two rates can be; where they have nothing to do with each other it is no
less sure than those. `benchmarks/changes.py` measures size and power.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from sordino.core.records import Figure
from sordino.statistics import intervals, multiplicity, permutation
from sordino.statistics.intervals import Arm, Floats, Integers
from sordino.statistics.rates import FEWEST, observed

CHANGE = "discordant pairs, cluster-adjusted Jeffreys by MOVER or Student's t over templates, the wider"
SELECTIVITY = (
    "discordant pairs, cluster-adjusted Jeffreys, difference of differences, median sibling by Monte Carlo"
)
SMALLEST_P = 1e-6


def change(
    up: Floats, down: Floats, counts: Integers, generator: np.random.Generator, level: float = 0.95
) -> tuple[Figure, float | None]:
    """The mean of b minus the mean of a over the same pairs, templates as clusters; and its interval's p.

    up, down: (templates,), means over a template's pairs of max(b - a, 0) and of max(a - b, 0), each in
    [0, 1], NaN where there were no pairs. counts: (templates,), those pairs.
    Interval: the wider, at either end, of two. MOVER on the cluster-adjusted arms of both (see `intervals`)
    never has zero width; their correlation is the one seen, and at most that of two shares of one whole,
    which cannot both be large. Student's t on the templates' own changes knows how little a few templates
    say of their spread. The interval's p is one less the level at which it ends at zero, at least
    `SMALLEST_P`. The figure's p is no smaller than that, nor than that of a sign flip over templates, which
    assumes no more than that either side could have been the other: McNemar's exact test where a template
    has one pair. For families see `adjusted`.
    With fewer than two templates there is no figure (value None), and no p.
    """
    seen = observed(up, counts) & observed(down, counts)
    pairs = counts[seen]
    n, clusters = int(pairs.sum()), int(seen.sum())
    if clusters < FEWEST:
        return Figure(None, None, None, n, clusters, CHANGE, level), None
    gained, lost = (intervals.arm(side[seen], pairs, pairs.astype(float)) for side in (up, down))
    apart = np.stack([up[seen] - gained.value, down[seen] - lost.value], axis=1)
    alike = min(float(intervals.correlation(apart)[0, 1]), _of_one_whole(gained.value, lost.value))
    value, moved = gained.value - lost.value, up[seen] - down[seen]
    error = float(np.sqrt(((pairs / n * (moved - value)) ** 2).sum() * clusters / (clusters - 1)))

    def limits(at: float) -> tuple[float, float]:
        low, high = intervals.difference(gained, lost, alike, at)
        width = error * float(special.stdtrit(clusters - 1, (1 + at) / 2))
        return max(min(low, value - width), -1.0), min(max(high, value + width), 1.0)

    p = _p(value, limits)
    exact = permutation.sign_flip(pairs * moved, generator)
    return Figure(value, *limits(level), n, clusters, CHANGE, level, max(p, exact)), p


def adjusted(figures: Sequence[Figure], of_intervals: Sequence[float | None]) -> list[float | None]:
    """p of a family of changes: Holm's method over the intervals' p, and no smaller than each figure's own.

    figures, of_intervals: as `change` makes them. Few templates have no small p by sign flips, so that a
    family of them would never be told anything; intervals have, and one place alone is held to both.
    """
    raw = np.array([np.nan if p is None else p for p in of_intervals], dtype=float)
    return [
        None if figure.p is None else max(float(p), figure.p)
        for figure, p in zip(figures, multiplicity.holm(raw), strict=True)
    ]


def _of_one_whole(a: float, b: float) -> float:
    """The correlation of two shares of a multinomial."""
    rest = (1 - a) * (1 - b)
    return -float(np.sqrt(a * b / rest)) if rest > a * b else -1.0


def _p(value: float, limits: Callable[[float], tuple[float, float]]) -> float:
    """One less the level at which the limits of a value reach zero."""

    def beyond(level: float) -> float:
        low, high = limits(level)
        return low if value > 0 else -high

    if abs(value) < SMALLEST_P or beyond(SMALLEST_P) <= 0:
        return 1.0
    if beyond(1 - SMALLEST_P) >= 0:
        return SMALLEST_P
    return float(1 - optimize.brentq(beyond, SMALLEST_P, 1 - SMALLEST_P))


@dataclass(frozen=True)
class _Against:
    """What went up and down of the subject and of one sibling, over the templates that they share."""

    subject: tuple[Arm, Arm]
    sibling: tuple[Arm, Arm]

    @property
    def value(self) -> float:
        (up, down), (sibling_up, sibling_down) = self.subject, self.sibling
        return (up.value - down.value) - (sibling_up.value - sibling_down.value)


def selectivity_change(
    up: Floats,
    down: Floats,
    counts: Integers,
    subject: int,
    generator: np.random.Generator,
    level: float = 0.95,
) -> Figure:
    """The subject's change from a to b against the change of its median sibling, paired by template.

    up, down, counts: (templates, jurisdictions) as in `change`; subject: a column.
    The value is the median over siblings of the difference of differences; where every cell is observed
    that is the subject's change less the median of the siblings' changes. A second jurisdiction that
    changed therefore does not hide the first, and what changed everywhere alike is no change of
    selectivity. A sibling that shares fewer than two templates with the subject is left out; with none
    left there is no figure (value None).
    Interval and p: Monte Carlo from the cluster-adjusted arms, joined by a Gaussian copula over templates
    (see `intervals.drawn`). n: pairs of the subject and of those siblings.
    """
    seen = observed(up, counts) & observed(down, counts)
    siblings = [
        j
        for j in range(counts.shape[1])
        if j != subject and (seen[:, j] & seen[:, subject]).sum() >= FEWEST
    ]
    siblings.sort(key=lambda j: _content((up, down, counts), seen, j))
    shared = seen[:, subject] & seen[:, siblings].any(1)
    chosen = [subject, *siblings]
    held = seen[shared][:, chosen]
    numbers = np.where(held, counts[shared][:, chosen], 0)
    n, clusters = int(numbers.sum()) if siblings else 0, int(shared.sum())
    if not siblings:
        return Figure(None, None, None, n, clusters, SELECTIVITY, level)
    both = [np.where(held, side[shared][:, chosen], 0.0) for side in (up, down)]
    against = [_against(both, numbers, j) for j in range(1, len(chosen))]
    apart = [np.where(held, side - (numbers * side).sum(0) / numbers.sum(0), 0.0) for side in both]
    alike = intervals.correlation(np.concatenate(apart, axis=1))
    low, high, p = intervals.monte_carlo(lambda draws: _medians(against, alike, draws, generator), level)
    value = float(np.median([one.value for one in against]))
    return Figure(value, min(low, value), max(high, value), n, clusters, SELECTIVITY, level, p)


def _content(
    columns: Sequence[NDArray[np.floating] | Integers], seen: NDArray[np.bool_], j: int
) -> tuple[list[float], ...]:
    """What a sibling's data say: draws go by column, and must not depend on how columns are arranged."""
    return tuple(np.where(seen[:, j], column[:, j], -1.0).tolist() for column in columns)


def _against(both: Sequence[Floats], counts: Integers, j: int) -> _Against:
    shared = (counts[:, 0] > 0) & (counts[:, j] > 0)
    weights = permutation.pair_weights(counts[shared, 0], counts[shared, j])

    def arms(column: int) -> tuple[Arm, Arm]:
        number, (up, down) = counts[shared, column], (side[shared, column] for side in both)
        return intervals.arm(up, number, weights), intervals.arm(down, number, weights)

    return _Against(arms(0), arms(j))


def _medians(
    against: Sequence[_Against], alike: Floats, draws: int, generator: np.random.Generator
) -> Floats:
    """Draws of the median over siblings. Columns of `alike`: all that went up, then all that went down."""
    width = len(against) + 1
    arms = [arm for one in against for arm in (*one.subject, *one.sibling)]
    columns = [at for j in range(1, width) for at in (0, width, j, width + j)]
    found = intervals.drawn(arms, columns, alike, draws, generator).reshape(draws, len(against), 4)
    up, down, sibling_up, sibling_down = np.moveaxis(found, 2, 0)
    return intervals.median_of_columns((up - down) - (sibling_up - sibling_down))
