from itertools import product

import numpy as np
import pytest
from scipy import stats

from sordino.statistics.design import Design
from sordino.statistics.permutation import exchanged_subject, sign_flip


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


def test_exchanging_the_subject_tries_every_jurisdiction_in_every_template():
    """Four templates, three jurisdictions: 3^4 cases by hand."""
    rates = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.5], [1.0, 0.5, 0.0], [0.5, 0.0, 0.0]])
    counts = np.full(rates.shape, 2)

    def statistic(table):
        means = table.mean(0)
        return means[0] - np.median(means[1:])

    cases = []
    for places in product(range(3), repeat=4):
        table = rates.copy()
        for t, k in enumerate(places):
            table[t, [0, k]] = rates[t, [k, 0]]
        cases.append(abs(statistic(table)))
    by_hand = np.mean(np.array(cases) >= abs(statistic(rates)) - 1e-9)
    assert exchanged_subject(rates, counts, generator()) == pytest.approx(by_hand)
    drawn = exchanged_subject(rates, counts, generator(), permutations=80)
    assert drawn == pytest.approx(by_hand, abs=0.1)


def test_missing_siblings_never_take_the_subjects_place():
    rates = np.array([[1.0, 0.0, 0.9], [1.0, 0.0, 0.9], [1.0, 0.0, 0.9]])
    counts = np.array([[2, 2, 0]] * 2 + [[2, 2, 2]])
    assert exchanged_subject(rates, counts, generator()) >= 2 / (2 * 2 * 3)


def test_one_sibling_is_the_sign_flip():
    rates, counts = Design((0.6, 0.2), 8).draw(generator())
    flipped = sign_flip(rates[:, 0] - rates[:, 1], generator())
    assert exchanged_subject(rates, counts, generator()) == pytest.approx(flipped)


def test_alike_jurisdictions_are_seldom_told_apart():
    design, draws = Design((0.3,) * 4, 10), generator()
    p = [exchanged_subject(*design.draw(draws), draws, permutations=400) for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) <= 0.08
    assert np.mean(p) == pytest.approx(0.53, abs=0.1)
