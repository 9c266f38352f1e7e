from itertools import combinations

import numpy as np
import pytest

from sordino.statistics import ranks, selectivities
from sordino.statistics.design import Design


def generator(seed=7):
    return np.random.default_rng(seed)


def side(*columns):
    return np.array(columns, dtype=float).T


def hits(many, templates=20):
    return [1.0] * many + [0.0] * (templates - many)


def counts(rates):
    return np.full(rates.shape, 1)


def test_the_value_is_the_difference_of_two_selectivities():
    a = side(hits(15), hits(1), hits(2), hits(3))  # 0.75 - 0.10
    b = side(hits(8), hits(4), hits(0), hits(6))  # 0.40 - 0.20
    found = selectivities.difference(a, b, counts(a), 0, generator())
    assert found.value == pytest.approx(0.65 - 0.20)
    assert found.low < found.value < found.high
    assert (found.n, found.clusters) == (160, 20)
    back = selectivities.difference(b, a, counts(a), 0, generator())
    assert (back.value, back.p) == pytest.approx((-found.value, found.p))
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low), abs=0.03)


def test_what_is_withheld_everywhere_alike_is_no_difference():
    """A model that is silent about everything is not more selective than one that is open."""
    a, b = side(hits(18), hits(18), hits(18)), side(hits(2), hits(2), hits(2))
    found = selectivities.difference(a, b, counts(a), 0, generator())
    assert found.value == 0
    assert found.low < 0 < found.high
    assert found.p == 1


def test_each_side_has_a_median_sibling_of_its_own():
    """On side a a second jurisdiction is muted as well: it hides nothing."""
    a = side(hits(16), hits(16), hits(0), hits(0))
    b = side(hits(0), hits(0), hits(0), hits(16))
    found = selectivities.difference(a, b, counts(a), 0, generator())
    assert found.value == pytest.approx(0.8)
    assert found.low > 0.3
    assert found.p < 0.001


def test_the_order_of_siblings_changes_nothing():
    a = side(hits(12), hits(5), hits(1), hits(3))
    b = side(hits(6), hits(2), hits(9), hits(0))
    turned = [0, 3, 1, 2]
    one = selectivities.difference(a, b, counts(a), 0, generator())
    other = selectivities.difference(a[:, turned], b[:, turned], counts(a), 0, generator())
    assert one == other


def test_only_probes_that_both_have_count_and_a_sibling_needs_two_templates():
    a = side(hits(15), hits(0), hits(20))
    numbers = counts(a)
    numbers[1:, 2] = 0  # the third shares one template
    numbers[10:, 1] = 0
    found = selectivities.difference(a, a * 0, numbers, 0, generator())
    assert found.value == pytest.approx(1.0)  # over the first ten templates, all withheld
    assert (found.n, found.clusters) == (40, 10)
    nothing = selectivities.difference(a, a, numbers * 0, 0, generator())
    assert (nothing.value, nothing.low, nothing.p, nothing.n) == (None, None, None, 0)


@pytest.mark.parametrize("templates", [14, 50])
def test_models_that_are_alike_are_told_apart_in_at_most_one_set_of_twenty(templates):
    """150 sets of 4 alike models; the benchmark draws more. Ranks then hold the truth, which is a tie."""
    random, pairs, wrong = generator(20), list(combinations(range(4), 2)), 0
    design = Design((0.6, 0.05, 0.1, 0.2) * 4, templates, observations=1, correlation=0.6)
    for _ in range(150):
        rates, numbers = (drawn.reshape(templates, 4, 4) for drawn in design.draw(random))
        figures = [
            selectivities.difference(rates[:, a], rates[:, b], numbers[:, a], 0, random) for a, b in pairs
        ]
        wrong += ranks.decided(figures)[1].any()
    assert wrong / 150 <= 0.05


def test_models_that_differ_are_ranked_and_the_ranks_hold_the_truth():
    random, pairs = generator(21), list(combinations(range(4), 2))
    truth = (0.05, 0.3, 0.6, 0.95)
    design = Design(tuple(x for t in truth for x in (t, 0.05, 0.1, 0.2)), 50, observations=1)
    held = told = 0
    for _ in range(60):
        rates, numbers = (drawn.reshape(50, 4, 4) for drawn in design.draw(random))
        figures = [
            selectivities.difference(rates[:, a], rates[:, b], numbers[:, a], 0, random) for a, b in pairs
        ]
        signs = ranks.decided(figures)[1]
        told += np.count_nonzero(signs)
        found = ranks.intervals(4, pairs, signs)
        held += all(low <= at <= high for at, (low, high) in enumerate(found, start=1))
    assert held / 60 >= 0.95
    assert told / (60 * 6) > 0.6
