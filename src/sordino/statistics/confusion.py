"""Agreement from tables of counts, with intervals: what a judge's evaluation states.

Answers of one model are alike, so the model is what varies: the bootstrap draws whole models where there
are enough of them, and the interval of a share is widened by their design effect. With few models it draws
answers, and its interval is then narrower than the truth; the method says which it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import special

from sordino.core.records import Figure
from sordino.statistics.intervals import Floats, Integers

LEVEL = 0.95
DRAWS = 2_000
ENOUGH = 10
"""Models from which on they are drawn instead of answers: a bootstrap over fewer covers far too little."""

FEWEST = 5
"""With fewer answers outside the commonest label a bootstrap has nothing to vary, and says nothing."""

_NOTHING = 1e-12
_Measure: TypeAlias = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of truth x reading, apart by cluster. tables: (clusters, labels, labels), none all zero."""

    tables: Integers

    @property
    def total(self) -> Integers:
        """(labels, labels), rows are the truth."""
        return np.asarray(self.tables.sum(axis=0))

    @property
    def n(self) -> int:
        """Observations."""
        return int(self.tables.sum())


def accuracy(counts: Counts, level: float = LEVEL) -> Figure:
    """The share of equal labels, with Wilson's interval (1927, JASA 22) of the effective sample size.

    The design effect is the between-cluster variance over the binomial one, at least 1 (Kish 1965).
    """
    n, clusters = counts.n, len(counts.tables)
    if not n:
        return Figure(None, None, None, 0, 0, "Wilson", level)
    sizes = counts.tables.sum(axis=(1, 2)).astype(float)
    right = np.trace(counts.tables, axis1=1, axis2=2).astype(float)
    value = float(right.sum() / n)
    effect, method = 1.0, "Wilson, over answers"
    if clusters >= ENOUGH:
        between = float(((right - sizes * value) ** 2).sum()) / n**2 * clusters / (clusters - 1)
        binomial = value * (1 - value) / n
        effect = max(between / binomial, 1.0) if binomial > _NOTHING else 1.0
        method = f"Wilson, design effect of {clusters} models"
    freedom = clusters - 1 if clusters >= ENOUGH else None
    return Figure(value, *wilson(value, n / effect, level, freedom), n, clusters, method, level)


def wilson(share: float, n: float, level: float = LEVEL, freedom: int | None = None) -> tuple[float, float]:
    """Wilson's score interval of a share of n observations; n need not be whole.

    freedom: degrees of freedom behind an n that was itself estimated (Korn & Graubard 1998).
    """
    upper = (1 + level) / 2
    z = float(special.ndtri(upper) if freedom is None else special.stdtrit(freedom, upper))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def kappa(counts: Counts, generator: np.random.Generator, level: float = LEVEL) -> Figure:
    """Cohen's kappa with an expanded percentile bootstrap; no value where chance would always agree."""
    return _bootstrapped(counts, generator, level, _kappa)


def macro_f1(counts: Counts, generator: np.random.Generator, level: float = LEVEL) -> Figure:
    """The mean F1 of those labels that occur on either side, with the same bootstrap."""
    return _bootstrapped(counts, generator, level, _macro_f1)


def _bootstrapped(
    counts: Counts, generator: np.random.Generator, level: float, measure: _Measure
) -> Figure:
    n, clusters = counts.n, len(counts.tables)
    if not n:
        return Figure(None, None, None, 0, 0, "bootstrap", level)
    whole = counts.total.astype(float)
    by_model = clusters >= ENOUGH
    method = f"bootstrap over {clusters} models" if by_model else "bootstrap over answers"
    value = float(measure(whole[np.newaxis])[0])
    if np.isnan(value):
        return Figure(None, None, None, n, clusters, method, level)
    if n - whole.sum(axis=1).max() < FEWEST:
        return Figure(value, None, None, n, clusters, "too few answers outside one label", level)
    if by_model:
        often = generator.multinomial(clusters, np.full(clusters, 1 / clusters), DRAWS)
        drawn = np.tensordot(often, counts.tables, axes=1)
    else:
        drawn = generator.multinomial(n, whole.ravel() / n, DRAWS).reshape(DRAWS, *whole.shape)
    known = measure(drawn.astype(float))
    known = known[~np.isnan(known)]
    if len(known) < DRAWS / 2:
        return Figure(value, None, None, n, clusters, method, level)
    tail = _expanded(clusters if by_model else n, level)
    low, high = np.quantile(known, [tail, 1 - tail])
    if low == high:
        return Figure(value, None, None, n, clusters, "every draw is the same", level)
    return Figure(value, float(low), float(high), n, clusters, method, level)


def _expanded(drawn: int, level: float) -> float:
    """Below which quantile the interval begins, so that few units do not make it too narrow.

    The expanded percentile interval (Hesterberg 2015, The American Statistician 69:371).
    """
    t = float(special.stdtrit(drawn - 1, (1 - level) / 2))
    return float(special.ndtr(t * np.sqrt(drawn / (drawn - 1))))


def _kappa(tables: Floats) -> Floats:
    """(tables,) from (tables, labels, labels); NaN where chance alone would agree always."""
    n = tables.sum(axis=(1, 2))
    agreed = np.trace(tables, axis1=1, axis2=2)
    by_chance = (tables.sum(axis=2) * tables.sum(axis=1)).sum(axis=1)
    beyond = n * n - by_chance
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(beyond > 0, (agreed * n - by_chance) / beyond, np.nan))


def _macro_f1(tables: Floats) -> Floats:
    """(tables,) from (tables, labels, labels), over the labels that occur in each."""
    hits = np.diagonal(tables, axis1=1, axis2=2)
    used = tables.sum(axis=2) + tables.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        scores = np.where(used > 0, 2 * hits / used, 0.0)
        return np.asarray(scores.sum(axis=1) / (used > 0).sum(axis=1))
