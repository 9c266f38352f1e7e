"""Ranks with intervals, from tests of every pair: what is not told apart shares its place.

The interval of a rank counts who was found lower and who was found higher (Mogstad, Romano, Shaikh &
Wilhelm 2024, Rev. Econ. Stud. 91, "Inference for Ranks"): it covers all true ranks at once with the
confidence with which no pair is put the wrong way round. Pairs are tested in both directions and Holm's
method goes over all of those one-sided tests, as Bazylik et al. 2021 (cemmap CWP40/21) do for shares: a
wrong direction is an error like any other, and nothing is assumed on how the pairs depend on each other.
`benchmarks/ranking.py` measures it at the designs that audits have.
"""

import math
from collections.abc import Sequence

import numpy as np

from sordino.core.records import Figure
from sordino.statistics.intervals import Floats, Integers
from sordino.statistics.multiplicity import holm

ALPHA = 0.05


def decided(figures: Sequence[Figure]) -> tuple[Floats, Integers]:
    """The adjusted p of each pair, and what is decided: 1 the first is higher, -1 the second, 0 neither.

    figures: a - b for each pair, with the p of a test whose null distribution is symmetric (a sign flip):
    in the direction seen its one-sided p is half of that. Decided is a pair whose adjusted p is below
    `ALPHA` and whose interval excludes zero. Both (pairs,); p is NaN where there was no test.
    """
    half = np.array([np.nan if f.p is None else f.p for f in figures], dtype=float) / 2
    adjusted = holm(np.concatenate([half, 1 - half]))[: len(figures)]
    signs = [_sign(figure) if p < ALPHA else 0 for figure, p in zip(figures, adjusted, strict=True)]
    return adjusted, np.array(signs, dtype=int)


def _sign(figure: Figure) -> int:
    if figure.low is None or figure.high is None:
        return 0
    return int(figure.low > 0) - int(figure.high < 0)


def intervals(
    things: int, pairs: Sequence[tuple[int, int]], signs: Integers
) -> tuple[tuple[int, int], ...]:
    """The first and the last rank that each may have; rank 1 is the lowest.

    pairs: which two of the things; signs: as `decided` gives them.
    """
    lower, higher = np.zeros(things, int), np.zeros(things, int)
    for (a, b), sign in zip(pairs, signs, strict=True):
        if sign:
            above, below = (a, b) if sign > 0 else (b, a)
            lower[above] += 1
            higher[below] += 1
    return tuple((1 + int(m), things - int(n)) for m, n in zip(lower, higher, strict=True))


def fewest_clusters(things: int) -> int:
    """With how many clusters a sign flip can tell any pair of so many apart at all."""
    return math.ceil(math.log2(max(things * (things - 1), 1) / ALPHA))
