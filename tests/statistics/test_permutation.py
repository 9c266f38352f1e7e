from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from sordino.statistics import ranks
from sordino.statistics.design import Design
from sordino.statistics.paired import difference
from sordino.statistics.permutation import MOST, PERMUTATIONS, sign_flip


def generator():
    return np.random.default_rng(5)


def test_sign_flip_of_equal_differences_is_a_sign_test():
    assert sign_flip(np.full(8, 0.5), generator()) == pytest.approx(2 / 2**8)
    mixed = np.array([1.0] * 7 + [-1.0] * 2 + [0.0] * 5)
    assert sign_flip(mixed, generator()) == pytest.approx(stats.binomtest(7, 9).pvalue)


def test_sign_flip_is_exact_where_all_cases_can_be_tried():
    differences = np.array([0.5, -0.25, 1.0, 0.75, 0.1, 0.5, 0.0])
    sums = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=len(differences))]
    by_hand = np.mean(np.array(sums) >= abs(differences.sum()) - 1e-9)
    assert sign_flip(differences, generator()) == pytest.approx(by_hand)


def test_sign_flip_by_monte_carlo_agrees_with_the_exact_one():
    differences = np.array([1.0, 0.8, -0.3, 0.55, 0.21, -0.6, 0.47, 0.9, -0.1, 0.33])
    exact = sign_flip(differences, generator())
    assert sign_flip(differences, generator(), permutations=1000) == pytest.approx(exact, abs=0.03)


def test_a_monte_carlo_p_is_never_zero():
    differences = np.linspace(0.5, 1.0, 40)
    assert sign_flip(differences, generator()) == pytest.approx(1 / (MOST + 1))


def test_where_none_of_the_first_draws_is_as_extreme_more_of_them_see_the_tail():
    """Seventeen unequal steps, all one way: 2 of 2 ** 17 cases, which 10,000 draws seldom meet."""
    steps = np.linspace(0.5, 1.0, 17)
    found = [sign_flip(steps, np.random.default_rng(seed)) for seed in range(20)]
    beyond = [p for p in found if p < 1 / (PERMUTATIONS + 1)]
    assert len(beyond) > 10
    assert np.mean(beyond) == pytest.approx(2 / 2**17, rel=0.5)


def test_a_p_that_the_first_draws_can_tell_is_theirs_alone():
    differences = np.array(
        [1.0, 0.8, -0.3, 0.55, 0.21, -0.6, 0.47, 0.9, -0.1, 0.33, 0.77, 0.62, 0.41, 0.87]
    )
    sums = (2.0 * generator().integers(0, 2, (PERMUTATIONS, 14), dtype=np.int8) - 1) @ np.sort(
        np.abs(differences)
    )
    extreme = np.count_nonzero(np.abs(sums) >= differences.sum() - 1e-9)
    assert extreme > 0
    assert sign_flip(differences, generator()) == (extreme + 1) / (PERMUTATIONS + 1)


def test_a_model_that_withholds_far_more_is_told_from_each_of_many():
    """With six answers a template the flips of 50 templates are not exact, and 33 models are 1,056 tests."""
    truth = (*[0.05] * 32, 0.66)
    rates, counts = Design(truth, 50, observations=6, correlation=0.3).draw(generator())
    last = len(truth) - 1
    pairs = list(combinations(range(len(truth)), 2))
    figures = [
        difference(rates[:, a], counts[:, a], rates[:, b], counts[:, b], generator()) for a, b in pairs
    ]
    _, signs = ranks.decided(figures)
    assert {pair for pair, sign in zip(pairs, signs, strict=True) if sign} == {
        (a, last) for a in range(last)
    }


def test_no_difference_at_all_is_no_evidence():
    assert sign_flip(np.zeros(8), generator()) == 1.0
