"""A permutation test that treats templates as the units: exact where the cases can be counted.

Two-sided on the statistic itself. A Monte Carlo p is (b + 1) / (m + 1) (Phipson & Smyth 2010,
Stat. Appl. Genet. Mol. Biol. 9), so it is never zero. Where none of the first draws is as extreme as what
was seen, there are 25 times as many: a family of thousands of pairs asks for that tail.
"""

import numpy as np

from sordino.statistics.intervals import Floats, Integers

PERMUTATIONS = 10_000
MOST = 250_000
"""Draws, where hardly any is as extreme. Any two of 158 models can be told apart with so many."""

_TOGETHER = 20_000
"""Draws that are in memory at once: few enough for a processor's cache."""
_BYTE = 8
_TIE = 1e-9


def sign_flip(
    differences: Floats, generator: np.random.Generator, permutations: int = PERMUTATIONS
) -> float:
    """p of the sum of differences when, in each template, either arm could have been the other.

    differences: (templates,), weighted, a - b. Equal sizes flip binomially, which makes most cases exact.
    The smallest p by Monte Carlo is 1 / (`MOST` + 1). Whether there are more draws depends on the first
    ones alone, and on their count being zero: the rule stays valid at every level.
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
    extreme, drawn = int((np.abs(signs @ each) >= seen - _TIE).sum()), permutations
    if not extreme and drawn < MOST:
        extreme, drawn = _extreme(each, seen, MOST - drawn, generator), MOST
    return (extreme + 1) / (drawn + 1)


def _extreme(each: Floats, seen: float, draws: int, generator: np.random.Generator) -> int:
    """How many of so many draws are as extreme as what was seen. Eight signs at once, by table."""
    rows = -(-len(each) // _BYTE)
    signs = 2.0 * np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1) - 1
    tables = np.pad(each, (0, _BYTE * rows - len(each))).reshape(rows, _BYTE) @ signs.T
    found = 0
    for start in range(0, draws, _TOGETHER):
        bits = generator.integers(0, 256, (rows, min(_TOGETHER, draws - start)), dtype=np.uint8)
        sums = np.zeros(bits.shape[1])
        for table, row in zip(tables, bits, strict=True):
            sums += table.take(row)
        found += int(np.count_nonzero(np.abs(sums) >= seen - _TIE))
    return found


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
