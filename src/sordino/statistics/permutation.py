"""Permutation tests that treat templates as the units: exact where the cases can be counted.

All are two-sided on the statistic itself. A Monte Carlo p is (b + 1) / (m + 1) (Phipson & Smyth 2010,
Stat. Appl. Genet. Mol. Biol. 9), so it is never zero.
"""

import numpy as np

from sordino.statistics.intervals import Floats, Integers, median_of_columns

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
    return _share(np.abs(signs @ each) >= seen - _TIE)


def _binomial(many: int) -> Floats:
    """Chances of 0 .. many heads of a fair coin."""
    row = np.ones(1)
    for _ in range(many):
        row = (np.append(row, 0.0) + np.append(0.0, row)) / 2
    return row


def exchanged_subject(
    rates: Floats, counts: Integers, generator: np.random.Generator, permutations: int = PERMUTATIONS
) -> float:
    """p of the median sibling difference when any jurisdiction of a template could be the subject.

    rates, counts: (templates, 1 + siblings), the subject first and observed everywhere; siblings may be
    missing (count 0). In each template the subject changes places with an observed jurisdiction, or stays.
    """
    sums, weights, options = _cases(rates, counts)
    moves = [t for t, k in enumerate(options) if np.ptp(np.hstack([sums[t, :k], weights[t, :k]]), 0).any()]
    still = np.setdiff1d(np.arange(len(rates)), moves)
    seen = abs(_median(sums[:, 0].sum(0)[None], weights[:, 0].sum(0)[None])[0])
    many = np.array([options[t] for t in moves], dtype=float)
    exact = bool(many.prod() <= permutations)
    drawn = _all_places(many) if exact else _random_places(many, permutations, generator)
    size = drawn.shape[1]
    top = np.tile(sums[still, 0].sum(0), (size, 1))
    bottom = np.tile(weights[still, 0].sum(0), (size, 1))
    for t, place in zip(moves, drawn, strict=True):
        top += sums[t].take(place, axis=0)
        bottom += weights[t].take(place, axis=0)
    extreme = np.abs(_median(top, bottom)) >= seen - _TIE
    return float(extreme.mean()) if exact else _share(extreme)


def _cases(rates: Floats, counts: Integers) -> tuple[Floats, Floats, list[int]]:
    """For each template, each jurisdiction in the subject's place and each sibling: the weighted
    difference and its weight (both (templates, jurisdictions, siblings), observed jurisdictions first),
    and how many are observed.
    """
    templates, jurisdictions = rates.shape
    known = np.where(counts > 0, rates, 0.0)
    sums = np.zeros((templates, jurisdictions, jurisdictions - 1))
    weights = np.zeros_like(sums)
    for k in range(jurisdictions):
        order = np.arange(jurisdictions)
        order[[0, k]] = k, 0
        value, count = known[:, order], counts[:, order]
        weights[:, k] = pair_weights(count[:, :1], count[:, 1:])
        sums[:, k] = weights[:, k] * (value[:, :1] - value[:, 1:])
    front = np.argsort(counts == 0, axis=1, kind="stable")[:, :, None]
    options = (counts > 0).sum(1).tolist()
    return np.take_along_axis(sums, front, 1), np.take_along_axis(weights, front, 1), options


def pair_weights(a: Integers, b: Integers) -> Floats:
    """What a template weighs in a paired difference: n_a n_b / (n_a + n_b), 0 where either is missing.

    The same weight on both sides, so that what a template does to both arms cancels.
    """
    weights: Floats = a * b / np.maximum(a + b, 1)
    return weights


def _median(sums: Floats, weights: Floats) -> Floats:
    return median_of_columns(sums / weights)


def _all_places(many: Floats) -> Integers:
    """Every combination of places: (templates, combinations)."""
    steps = np.concatenate([[1], np.cumprod(many)]).astype(np.int64)
    places: Integers = np.arange(steps[-1]) // steps[:-1, None] % many.astype(np.int64)[:, None]
    return places


def _random_places(many: Floats, permutations: int, generator: np.random.Generator) -> Integers:
    return np.stack([generator.integers(0, int(k), permutations, dtype=np.int8) for k in many])


def _share(extreme: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    return float((extreme.sum() + 1) / (extreme.size + 1))
