import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sordino.statistics.intervals import Arm, arm
from sordino.statistics.rates import rate

cells = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 4)).map(lambda c: (c[0], min(c[1], c[0]) / c[0])),
    min_size=2,
    max_size=14,
)


def arrays(drawn):
    return np.array([value for _, value in drawn]), np.array([count for count, _ in drawn])


def test_jeffreys_limits_are_those_published():
    """Brown, Cai & DasGupta 2001, table 5: Jeffreys limits for n = 10."""
    published = {1: (0.011, 0.381), 2: (0.044, 0.503), 5: (0.224, 0.776)}
    for hits, limits in published.items():
        assert Arm(hits / 10, 10.0).limits(0.95) == pytest.approx(limits, abs=0.001)


def test_templates_that_all_agree_within_count_once_each():
    """Phrasings that always agree add nothing: the design effect is the number of phrasings."""
    values = np.array([1.0, 0.0] * 4)
    four, one = (arm(values, np.full(8, k), np.full(8, float(k))) for k in (4, 1))
    assert four.size == pytest.approx(7.0)  # 32 / (4 x 8/7)
    assert one.size == pytest.approx(7.0)


def test_phrasings_within_templates_are_never_taken_for_independent():
    values, counts = np.full(8, 0.5), np.full(8, 2)
    assert arm(values, counts, counts.astype(float)).size == pytest.approx(16 / 1.2)


def test_rate_is_the_mean_over_observations():
    figure = rate(np.array([1.0, 0.25, np.nan, 0.0]), np.array([1, 4, 0, 3]))
    assert figure.value == pytest.approx(2 / 8)
    assert (figure.n, figure.clusters, figure.level, figure.p) == (8, 3, 0.95, None)


def test_all_zero_reaches_zero_and_its_width_shrinks_with_templates():
    highs = []
    for templates in (2, 8, 14, 50):
        figure = rate(np.zeros(templates), np.full(templates, 2))
        size = 2 * templates / 1.2
        assert (figure.value, figure.low) == (0.0, 0.0)
        assert figure.high == pytest.approx(stats.beta.ppf(0.975, 0.5, size + 0.5))
        highs.append(figure.high)
    assert highs == sorted(highs, reverse=True)


@pytest.mark.parametrize("templates", [0, 1])
def test_too_few_templates_give_no_figure(templates):
    figure = rate(np.array([1.0] * templates + [np.nan]), np.array([2] * templates + [0]))
    assert (figure.value, figure.low, figure.high) == (None, None, None)
    assert (figure.n, figure.clusters) == (2 * templates, templates)


@given(cells)
def test_the_interval_holds_the_rate_within_zero_and_one_and_has_width(drawn):
    figure = rate(*arrays(drawn))
    assert 0 <= figure.low <= figure.value <= figure.high <= 1
    assert figure.high - figure.low > 0.01


@given(cells)
def test_the_rate_of_the_opposite_is_the_mirror(drawn):
    values, counts = arrays(drawn)
    figure, mirror = rate(values, counts), rate(1 - values, counts)
    assert figure.value == pytest.approx(1 - mirror.value)
    assert (figure.low, figure.high) == pytest.approx((1 - mirror.high, 1 - mirror.low))


@given(cells, st.permutations(range(16)))
def test_missing_cells_are_as_good_as_removed(drawn, order):
    values, counts = arrays([*drawn, (0, np.nan), (0, np.nan)])
    order = [i for i in order if i < len(values)]
    assert rate(values[order], counts[order]).n == rate(*arrays(drawn)).n
    assert rate(values[order], counts[order]).low == pytest.approx(rate(*arrays(drawn)).low)


def test_a_higher_level_is_wider():
    values, counts = np.array([0.5, 0, 1, 0, 0.5, 0]), np.full(6, 2)
    narrow, wide = rate(values, counts, 0.8), rate(values, counts, 0.99)
    assert wide.low < narrow.low < narrow.high < wide.high
    assert wide.level == 0.99


def test_what_is_no_rate_is_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        rate(np.array([0.5, 1.5]), np.array([2, 2]))
    with pytest.raises(ValueError, match="one shape"):
        rate(np.array([0.5, 1.0]), np.array([2]))
