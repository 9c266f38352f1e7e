import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sordino.statistics import intervals
from sordino.statistics.design import Design
from sordino.statistics.intervals import Arm
from sordino.statistics.paired import difference, selectivity

MUTED, OPEN = [1.0] * 8, [0.0] * 8
designs = st.builds(
    Design,
    truth=st.lists(st.sampled_from([0.0, 0.05, 0.3, 0.9, 1.0]), min_size=3, max_size=5).map(tuple),
    templates=st.integers(3, 12),
    observations=st.integers(1, 3),
    missing=st.sampled_from([0.0, 0.2]),
    single=st.sampled_from([0.0, 0.2]),
)
seeds = st.integers(0, 2**32 - 1)


def generator(seed=7):
    return np.random.default_rng(seed)


def columns(*rates):
    matrix = np.array(rates).T
    return matrix, np.full(matrix.shape, 2)


def difference_of(rates, counts, a, b):
    return difference(rates[:, a], counts[:, a], rates[:, b], counts[:, b], generator())


def limits(figure):
    return figure.value, figure.low, figure.high


# -- differences -----------------------------------------------------------------------------------------


def test_mover_on_wilson_limits_gives_newcombes_published_interval(monkeypatch):
    """Newcombe 1998 (Stat. Med. 17:873), example (a), method 10: 56/70 against 48/80."""

    def wilson(arm, level):
        return tuple(
            stats.binomtest(round(arm.size * arm.value), int(arm.size)).proportion_ci(level, "wilson")
        )

    monkeypatch.setattr(Arm, "limits", wilson)
    found = intervals.difference(Arm(0.8, 70), Arm(0.6, 80), 0.0, 0.95)
    assert found == pytest.approx((0.0524, 0.3339), abs=0.0001)


def test_arms_that_move_together_are_told_apart_better():
    a, b = Arm(0.6, 20), Arm(0.5, 20)
    widths = [np.diff(intervals.difference(a, b, r, 0.95))[0] for r in (0.0, 0.4, 0.8)]
    assert widths == sorted(widths, reverse=True)
    assert widths[2] > 0


def test_correlation_is_shrunk_so_that_one_coincidence_is_not_certainty():
    one_hit = np.full(8, -0.0625)
    one_hit[3] = 0.4375
    alike = intervals.correlation(np.stack([one_hit, one_hit, np.zeros(8)], axis=1))
    assert alike[0, 1] == pytest.approx(0.21875 / 0.71875)
    assert alike[0, 2] == 0
    assert np.linalg.eigvalsh(alike).min() > 0


def test_difference_uses_only_shared_templates_and_weighs_both_sides_alike():
    a, b = np.array([1.0, 0.5, np.nan, 1.0]), np.array([0.0, 0.0, 1.0, np.nan])
    figure = difference(a, np.array([2, 2, 0, 2]), b, np.array([2, 1, 2, 0]), generator())
    assert figure.value == pytest.approx((1 * 1.0 + 2 / 3 * 0.5) / (1 + 2 / 3))
    assert (figure.n, figure.clusters) == (7, 2)


@pytest.mark.parametrize("shared", [0, 1])
def test_fewer_than_two_shared_templates_give_no_figure(shared):
    a, b = np.array([0.5] * shared + [0.5, np.nan]), np.array([0.5] * shared + [np.nan, 1.0])
    counts = np.full(shared + 2, 2)
    figure = difference(a, counts, b, counts, generator())
    assert (*limits(figure), figure.p) == (None, None, None, None)
    assert figure.clusters == shared


@settings(deadline=None)
@given(designs, seeds)
def test_differences_are_antisymmetric_bounded_and_never_of_zero_width(design, seed):
    rates, counts = design.draw(generator(seed))
    there, back = difference_of(rates, counts, 0, 1), difference_of(rates, counts, 1, 0)
    if there.value is None:
        assert back.value is None
        return
    assert limits(there) == pytest.approx((-back.value, -back.high, -back.low))
    assert -1 <= there.low <= there.value <= there.high <= 1
    assert there.high - there.low > 0.01
    assert there.p == pytest.approx(back.p)


# -- selectivity -----------------------------------------------------------------------------------------


def test_selectivity_is_the_rate_less_the_median_of_the_siblings():
    subject = [1.0, 1.0, 0.5, 0.5, 1.0, 0.0, 0.5, 0.5]  # 0.625
    sibling = [[k / 8] * 8 for k in (0, 1, 4)]
    rates, counts = columns(subject, *sibling)
    figure = selectivity(rates, counts, 0, generator())
    assert figure.value == pytest.approx(0.625 - 0.125)
    assert (figure.n, figure.clusters) == (64, 8)


def test_a_second_muted_jurisdiction_does_not_hide_the_first():
    rates, counts = columns(MUTED, MUTED, OPEN, OPEN, OPEN, OPEN)
    for subject in (0, 1):
        figure = selectivity(rates, counts, subject, generator())
        assert figure.value == 1.0
        assert figure.low > 0.5
        assert figure.p < 0.01
    assert selectivity(rates, counts, 2, generator()).value == 0.0


def test_one_sibling_is_a_plain_difference():
    rates, counts = columns(MUTED, OPEN)
    assert selectivity(rates, counts, 0, generator()) == difference_of(rates, counts, 0, 1)


def test_all_zero_has_a_width_that_shrinks_with_templates():
    widths = []
    for templates in (3, 8, 14, 50):
        figure = selectivity(np.zeros((templates, 4)), np.full((templates, 4), 2), 0, generator())
        assert figure.low < 0 < figure.high
        assert (figure.value, figure.p) == (0.0, 1.0)
        widths.append(figure.high - figure.low)
    assert widths == sorted(widths, reverse=True)


def test_without_siblings_or_without_the_subject_there_is_no_figure():
    rates, counts = columns(MUTED, OPEN, OPEN)
    alone = selectivity(rates[:, :1], counts[:, :1], 0, generator())
    rates[:, 0] = np.nan
    unseen = selectivity(rates, counts, 0, generator())
    for figure in (alone, unseen):
        assert (*limits(figure), figure.p, figure.n, figure.clusters) == (None, None, None, None, 0, 0)


def test_a_sibling_that_shares_one_template_is_left_out():
    rates, counts = columns(MUTED, OPEN, OPEN, MUTED)
    rates[1:, 3] = np.nan
    figure = selectivity(rates, counts, 0, generator())
    assert limits(figure) == limits(selectivity(rates[:, :3], counts[:, :3], 0, generator()))


@settings(deadline=None, max_examples=40)
@given(designs, seeds)
def test_selectivity_is_bounded_and_does_not_depend_on_the_order_of_siblings(design, seed):
    rates, counts = design.draw(generator(seed))
    figure = selectivity(rates, counts, 0, generator())
    turned = [0, *range(rates.shape[1] - 1, 0, -1)]
    assert selectivity(rates[:, turned], counts[:, turned], 0, generator()) == figure
    if figure.value is not None:
        assert -1 <= figure.low <= figure.value <= figure.high <= 1
        assert figure.high - figure.low > 0.01
        assert 0 < figure.p <= 1


@settings(deadline=None, max_examples=25)
@given(designs, seeds)
def test_missing_cells_are_as_good_as_removed(design, seed):
    """A template that nobody answered, a jurisdiction nobody asked about, a rate with no count behind it."""
    rates, counts = design.draw(generator(seed))
    figure = selectivity(rates, counts, 0, generator())
    wider = np.full((len(rates) + 1, rates.shape[1] + 1), np.nan)
    wider[:-1, :-1] = rates
    wider[-1, 0] = 0.7
    padded = np.zeros(wider.shape, int)
    padded[:-1, :-1] = counts
    assert selectivity(wider, padded, 0, generator()) == figure


def test_what_templates_share_cancels():
    """Templates that silence everybody are not selectivity, however rarely each arm saw them."""
    hard = np.array([1.0] * 5 + [0.0] * 5)
    rates, counts = columns(hard, hard, hard)
    rates[:3, 1], counts[:3, 1] = np.nan, 0
    rates[6:, 2], counts[6:, 2] = np.nan, 0
    assert selectivity(rates, counts, 0, generator()).value == 0.0


def test_the_same_seed_gives_the_same_figure():
    rates, counts = Design((0.5, 0.1, 0.1, 0.2), 14).draw(generator())
    assert selectivity(rates, counts, 0, generator(1)) == selectivity(rates, counts, 0, generator(1))


# -- coverage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("truth", [(0.5, 0.05), (0.5, 0.05, 0.05, 0.05), (0.95, 0.02, 0.02, 0.02)])
def test_ninety_five_percent_means_about_that(truth):
    """Small and seeded; `benchmarks/coverage.py` is the measurement."""
    design, draws = Design(truth, 8, missing=0.1, single=0.2), generator(11)
    figures = [selectivity(*design.draw(draws), 0, draws) for _ in range(200)]
    true = truth[0] - np.median(truth[1:])
    held = np.mean([f.low <= true <= f.high for f in figures if f.low is not None])
    assert 0.91 <= held <= 0.995


@pytest.mark.parametrize(
    "truth", [(0.2,) * 5, (0.2, 0.9, 0.2, 0.2, 0.2)], ids=["all alike", "another is muted"]
)
def test_alike_jurisdictions_are_seldom_told_apart(truth):
    draws = generator()
    p = [selectivity(*Design(truth, 10).draw(draws), 0, draws).p for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) <= 0.08


def test_the_p_value_and_the_interval_tell_the_same_story():
    draws = generator()
    for _ in range(100):
        figure = selectivity(*Design((0.4, 0.2, 0.2, 0.2), 12).draw(draws), 0, draws)
        if abs(figure.p - 0.05) > 0.005:  # the two round apart at the edge itself
            assert (figure.p < 0.05) == (figure.low > 0 or figure.high < 0)
