from itertools import product

import numpy as np
import pytest
from scipy import stats

from sordino.statistics.permutation import sign_flip


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
    assert sign_flip(differences, generator()) == pytest.approx(1 / 10_001)


def test_no_difference_at_all_is_no_evidence():
    assert sign_flip(np.zeros(8), generator()) == 1.0
