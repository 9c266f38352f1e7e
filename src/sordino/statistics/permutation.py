"""A permutation test that treats templates as the units: exact where the cases can be counted.

Two-sided on the statistic itself. A Monte Carlo p is (b + 1) / (m + 1) (Phipson & Smyth 2010,
Stat. Appl. Genet. Mol. Biol. 9), so it is never zero.
"""

import numpy as np

from sordino.statistics.intervals import Floats, Integers

PERMUTATIONS = 10_000
_TIE = 1e-9


def sign_flip(
    differences: Floats, generator: np.random.Generator, permutations: int = PERMUTATIONS
) -> float:
    """p of the sum of differences when, in each template, either arm could have been the other.

    differences: (templates,), weighted, a - b. Equal sizes flip binomially, which makes most cases exact.
    """
    sizes, times = np.unique(np.round(np.abs(differences[differences != 0]), 12), return_counts=True)
    seen = abs(float(differences.sum()))
    if np.prod(times + 1.0) <= permutations:
        sums, chances = np.zeros(1), np.ones(1)
        for size, many in zip(sizes, times, strict=True):
            sums = np.add.outer(sums, size * (2 * np.arange(many + 1) - many)).ravel()
            chances = np.outer(chances, _binomial(int(many))).ravel()
        return min(float(chances[np.abs(sums) >= seen - _TIE].sum()), 1.0)
    each = np.repeat(sizes, times)
    signs = 2.0 * generator.integers(0, 2, (permutations, len(each)), dtype=np.int8) - 1
    extreme = np.abs(signs @ each) >= seen - _TIE
    return float((extreme.sum() + 1) / (extreme.size + 1))


def _binomial(many: int) -> Floats:
    """Chances of 0 .. many heads of a fair coin."""
    row = np.ones(1)
    for _ in range(many):
        row = (np.append(row, 0.0) + np.append(0.0, row)) / 2
    return row


def pair_weights(a: Integers, b: Integers) -> Floats:
    """What a template weighs in a paired difference: n_a n_b / (n_a + n_b), 0 where either is missing.

    The same weight on both sides, so that what a template does to both arms cancels.
    """
    weights: Floats = a * b / np.maximum(a + b, 1)
    return weights
