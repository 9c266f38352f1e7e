import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sordino.statistics.prediction_powered import allocation, corrected_rate, difference
from sordino.statistics.rogan_gladen import Share, true_rate

unlabelled = math.nan
answers = st.lists(
    st.tuples(
        st.sampled_from([0.0, 1.0, unlabelled, unlabelled]),
        st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.9, 1.0]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=40,
)


def arrays(drawn):
    labels, predictions, strata = zip(*drawn, strict=True)
    return np.array(labels), np.array(predictions), np.array(strata)


def one_stratum(labels, unseen, predictions=None, unseen_predictions=None):
    """Labels that came from one stratum with `unseen` further answers."""
    labels = np.asarray(labels, dtype=float)
    if predictions is None:
        predictions, unseen_predictions = np.full(len(labels), 0.5), np.full(unseen, 0.5)
    everything = np.concatenate([labels, np.full(unseen, unlabelled)])
    said = np.concatenate([predictions, unseen_predictions])
    return corrected_rate(everything, said, np.zeros(len(everything), dtype=int))


def limits(figure):
    return figure.low, figure.value, figure.high


def width(figure):
    return figure.high - figure.low


# -- known answers ---------------------------------------------------------------------------------------


def test_the_stratified_mean_by_hand():
    """6 answers of which 3 read 0, 0, 1; 4 of which 2 read 1, 1: 0.6 / 3 + 0.4."""
    labels = np.array([0, 0, 1, *[unlabelled] * 3, 1, 1, *[unlabelled] * 2])
    strata = np.array([7] * 6 + [-2] * 4)
    found = corrected_rate(labels, np.full(10, 0.25), strata)
    assert found.labels_alone.value == pytest.approx(0.6)
    assert limits(found.corrected) == pytest.approx(limits(found.labels_alone))
    assert (found.raw.value, found.raw.low, found.raw.high, found.raw.n) == (0.0, None, None, 10)
    assert (found.labelled, found.total, found.tuning) == (5, 10, 0.0)
    assert found.corrected.low >= 0.3, "three labels are already hits"
    assert found.corrected.high <= 0.8, "two labels are already misses"


def test_the_point_is_labels_plus_what_the_labelled_predictions_are_off():
    labels = np.array([0, 0, 1, 1, *[unlabelled] * 6, 0, 1, 1, 1, 0, 0, *[unlabelled] * 4])
    predictions = np.array([0.1, 0.3, 0.6, 0.5, *[0.2] * 6, 0.5, 0.7, 0.9, 0.8, 0.6, 0.2, *[0.9] * 4])
    strata = np.repeat([0, 1], 10)
    found = corrected_rate(labels, predictions, strata)
    by_hand = 0.0
    for h in (0, 1):
        mine, seen = strata == h, (strata == h) & ~np.isnan(labels)
        gap = predictions[mine].mean() - predictions[seen].mean()
        by_hand += 0.5 * (labels[seen].mean() + found.tuning * gap)
    assert 0 < found.tuning <= 1
    assert found.corrected.value == pytest.approx(by_hand)


def test_one_stratum_of_a_huge_run_is_ppi_python():
    """ppi-python 0.2.3 on the same arrays: ppi_mean_pointestimate, ppi_mean_ci(alpha=0.05)."""
    labels = np.repeat([1.0, 0, 1, 0], [56, 24, 18, 102])
    predictions, unseen = np.repeat([0.9, 0.1], [80, 120]), np.repeat([0.9, 0.1], [60_000, 40_000])
    found = one_stratum(labels, len(unseen), predictions, unseen)
    assert found.tuning == pytest.approx(0.6875)
    assert found.corrected.value == pytest.approx(0.47974291, abs=0.0005)
    assert (found.corrected.low, found.corrected.high) == pytest.approx((0.42419514, 0.53529067), abs=0.005)


def test_labels_alone_in_one_stratum_are_close_to_jeffreys():
    for hits, n in ((0, 200), (9, 200), (100, 200), (60, 60)):
        figure = one_stratum(np.arange(n) < hits, 2 * 10**5).labels_alone
        low, high = stats.beta.ppf([0.025, 0.975], hits + 0.5, n - hits + 0.5)
        low, high = 0.0 if hits == 0 else low, 1.0 if hits == n else high
        assert (figure.low, figure.high) == pytest.approx((low, high), abs=0.04 * (high - low) + 0.0001)
        assert figure.low <= low + 1e-4
        assert figure.high >= high - 4e-4


def test_a_judge_that_is_always_right():
    truth = np.arange(2000) % 10 == 0
    labels = np.where(np.arange(2000) < 200, truth, unlabelled)
    found = corrected_rate(labels, truth.astype(float), np.zeros(2000, dtype=int))
    assert found.tuning == pytest.approx(1.0)
    assert found.corrected.value == found.raw.value == pytest.approx(0.1)
    assert 0 < width(found.corrected) < width(found.labels_alone) / 2
    assert found.rogan_gladen.value == pytest.approx(0.1)


@pytest.mark.parametrize("useless", ["constant", "the opposite"])
def test_a_useless_judge_changes_nothing(useless):
    truth = np.arange(1000) % 5 == 0
    labels = np.where(np.arange(1000) < 100, truth, unlabelled)
    predictions = np.full(1000, 0.3) if useless == "constant" else 0.9 - 0.8 * truth
    found = corrected_rate(labels, predictions, np.zeros(1000, dtype=int))
    assert found.tuning == 0.0
    assert limits(found.corrected) == limits(found.labels_alone)
    assert (found.rogan_gladen.value, found.rogan_gladen.low) == (None, None)


@given(answers)
def test_everything_labelled_is_the_mean_and_certain(drawn):
    labels, predictions, strata = arrays(drawn)
    labels = np.nan_to_num(labels, nan=1.0)
    found = corrected_rate(labels, predictions, strata)
    for figure in (found.corrected, found.labels_alone):
        assert limits(figure) == pytest.approx((labels.mean(),) * 3)
    assert found.labels_to_halve is None
    if found.rogan_gladen.value is not None:
        assert limits(found.rogan_gladen) == pytest.approx((labels.mean(),) * 3)


def test_labels_that_all_agree_still_leave_doubt():
    found = one_stratum(np.zeros(200), 4800)
    assert (found.corrected.low, found.corrected.value) == (0.0, 0.0)
    assert found.corrected.high == pytest.approx(0.96 * stats.beta.ppf(0.975, 0.5, 200.5), rel=0.02)
    assert one_stratum(np.zeros(200), 200).corrected.high < 0.6 * found.corrected.high


def test_a_stratum_labelled_to_the_end_adds_no_width():
    labels = np.array([*[1.0, 0.0] * 20, *[0.0] * 50, *[unlabelled] * 450])
    strata = np.repeat([1, 0], [40, 500])
    predictions = np.repeat([0.5, 0.0], [40, 500])
    found = corrected_rate(labels, predictions, strata).corrected
    alone = one_stratum(np.zeros(50), 450).corrected
    assert found.value == found.low == pytest.approx(20 / 540)
    assert width(found) == pytest.approx(width(alone) * 500 / 540)


# -- few labels ------------------------------------------------------------------------------------------


def test_a_stratum_without_labels_joins_the_nearest_in_prediction():
    labels = np.array([0.0, 0, 1, 0, unlabelled, unlabelled, 1, 1, 1, 0, unlabelled, unlabelled])
    predictions = np.repeat([0.1, 0.7, 0.9], [4, 2, 6])
    found = corrected_rate(labels, predictions, np.repeat([5, 1, 0], [4, 2, 6]))
    joined = corrected_rate(labels, predictions, np.repeat([5, 0, 0], [4, 2, 6]))
    assert found == joined
    assert found.total == 12


@pytest.mark.parametrize("few", [1, 2])
def test_a_stratum_with_few_labels_keeps_its_mean_and_borrows_its_variance(few):
    labels = np.full(300, unlabelled)
    labels[:40] = np.arange(40) % 4 == 0
    labels[200 : 200 + few] = 1
    found = corrected_rate(labels, np.repeat([0.2, 0.8], [200, 100]), np.repeat([0, 1], [200, 100]))
    assert found.labels_alone.value == pytest.approx(2 / 3 * 0.25 + 1 / 3)
    assert found.labels_alone.low < 0.5, "one or two hits say little about a third of the answers"


@pytest.mark.parametrize("labels", [[], [unlabelled] * 3, [1.0, unlabelled]])
def test_too_few_labels_give_no_figure(labels):
    found = corrected_rate(np.array(labels), np.full(len(labels), 0.9), np.zeros(len(labels), dtype=int))
    for figure in (found.corrected, found.labels_alone, found.rogan_gladen, difference(found, found)):
        assert limits(figure) == (None, None, None)
    assert (found.tuning, found.labels_to_halve) == (None, None)
    assert found.raw.value == (1.0 if labels else None)


# -- Rogan & Gladen --------------------------------------------------------------------------------------


def test_rogan_gladen_on_a_published_survey():
    """Bendavid et al. 2021 (Int. J. Epidemiol. 50:410): 50 of 3330 positive, sensitivity 130/157,
    specificity 3308/3324: 1.2% (0.7 to 1.8%, by the delta method). Limits of Lang & Reiczigel: as R's
    asht::prevSeSp computes them.
    """
    shares = Share(50 / 3330, 3330), Share(130 / 157, 157), Share(3308 / 3324, 3324)
    value, low, high = true_rate(*shares, 0.95)
    assert value == pytest.approx(0.012, abs=0.0005)
    assert (low, high) == pytest.approx((0.007, 0.018), abs=0.001)
    assert (low, high) == pytest.approx((0.00687766, 0.01883462), abs=1e-8)


def test_rogan_gladen_on_a_herd():
    """The example of epiR::epi.prev: 23 of 150 cows, sensitivity 0.96, specificity 0.89: 5.1 (0 to 13)."""
    known = Share(0.96, math.inf), Share(0.89, math.inf)
    assert true_rate(Share(23 / 150, 150), *known, 0.95) == pytest.approx((0.051, 0.0, 0.13), abs=0.0005)


def test_rogan_gladen_weighs_labels_by_stratum():
    """Of 90 answers read as misses 30 are labelled, 3 hits; of 10 read as hits 5 are labelled, 4 hits.

    Weighted: 9 missed and 8 found of 17 hits, 2 false alarms among 83 misses. It gives back 17%.
    """
    labels = np.concatenate(
        [np.arange(30) < 3, np.full(60, unlabelled), np.arange(5) < 4, np.full(5, unlabelled)]
    )
    said = np.repeat([False, True], [90, 10])
    found = corrected_rate(labels, np.full(100, 0.5), said.astype(int), said)
    assert found.raw.value == pytest.approx(0.1)
    assert found.rogan_gladen.value == pytest.approx((0.1 + 81 / 83 - 1) / (8 / 17 + 81 / 83 - 1))
    assert found.rogan_gladen.value == pytest.approx(0.17)
    assert found.rogan_gladen.low < 0.17 < found.rogan_gladen.high


def test_what_the_judge_said_need_not_be_its_probability():
    said = np.array([True, False, False, False])
    found = corrected_rate(np.array([1.0, 0, 0, unlabelled]), np.full(4, 0.4), np.zeros(4, dtype=int), said)
    assert found.raw.value == 0.25


# -- properties ------------------------------------------------------------------------------------------


@given(answers)
def test_the_interval_holds_the_value_within_zero_and_one(drawn):
    labels, predictions, strata = arrays(drawn)
    found = corrected_rate(labels, predictions, strata)
    complete = not np.isnan(labels).any()
    for figure in (found.corrected, found.labels_alone, found.rogan_gladen):
        if figure.value is not None:
            assert 0 <= figure.low <= figure.value <= figure.high <= 1
            assert complete or width(figure) > 0
    assert (found.corrected.value is None) == (found.labelled < 2 and not complete)
    assert found.tuning is None or 0 <= found.tuning <= 1


@given(answers, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(drawn, random):
    shuffled = list(drawn)
    random.shuffle(shuffled)
    one, other = corrected_rate(*arrays(drawn)), corrected_rate(*arrays(shuffled))
    assert (one.labelled, one.total) == (other.labelled, other.total)
    for name in ("raw", "corrected", "labels_alone", "rogan_gladen"):
        ours, theirs = limits(getattr(one, name)), limits(getattr(other, name))
        assert ours == theirs or ours == pytest.approx(theirs)


@given(answers)
def test_the_rate_of_the_opposite_is_the_mirror(drawn):
    labels, predictions, strata = arrays(drawn)
    found, mirror = (
        corrected_rate(labels, predictions, strata),
        corrected_rate(1 - labels, 1 - predictions, strata),
    )
    if found.corrected.value is not None:
        low, value, high = limits(mirror.corrected)
        assert limits(found.corrected) == pytest.approx((1 - high, 1 - value, 1 - low))


def test_a_higher_level_is_wider():
    labels, strata = np.where(np.arange(900) < 90, np.arange(900) % 7 == 0, unlabelled), np.arange(900) % 3
    figures = [
        corrected_rate(labels, np.full(900, 0.2), strata, level=level).corrected for level in (0.8, 0.99)
    ]
    assert figures[1].low < figures[0].low < figures[0].high < figures[1].high
    assert figures[1].level == 0.99


def test_that_many_more_labels_halve_the_interval():
    labels, predictions = np.repeat([1.0, 0, 1, 0], [16, 4, 8, 72]), np.repeat([0.8, 0.1], [20, 80])
    unseen = np.repeat([0.8, 0.1], [4000, 16000])
    found = one_stratum(labels, len(unseen), predictions, unseen)
    times = 1 + found.labels_to_halve / 100
    assert 3 < times < 5
    more = one_stratum(np.tile(labels, round(times)), 20_000, np.tile(predictions, round(times)), unseen)
    assert width(more.corrected) == pytest.approx(width(found.corrected) / 2, rel=0.06)


def test_a_finite_run_needs_fewer_labels_to_halve():
    labels = np.arange(100) % 4 == 0
    few, many = (one_stratum(labels, unseen).labels_to_halve for unseen in (200, 10**6))
    assert 0 < few < 150
    assert 270 < many < 320


def test_labels_cover_the_truth():
    """A small seeded check; `benchmarks/prediction_powered.py` is the real one."""
    generator = np.random.default_rng(5)
    truth = generator.random(1500) < 0.06
    predictions = np.where(truth, generator.beta(3, 2, 1500), generator.beta(1, 9, 1500))
    strata = np.digitize(predictions, [0.1, 0.4])
    sizes = np.bincount(strata)
    drawn = allocation(sizes, np.array([0.15, 0.4, 0.5]), 150)
    held, widths = [], []
    for _ in range(400):
        labels = np.full(1500, unlabelled)
        for h, n in enumerate(drawn):
            picked = generator.choice(np.flatnonzero(strata == h), n, replace=False)
            labels[picked] = truth[picked]
        figure = corrected_rate(labels, predictions, strata).corrected
        held.append(figure.low <= truth.mean() <= figure.high)
        widths.append(width(figure))
    assert np.mean(held) > 0.93
    assert np.mean(widths) < 0.075


# -- differences -----------------------------------------------------------------------------------------


def test_the_difference_recombines_the_arms():
    a = one_stratum(np.arange(100) < 40, 900)
    b = one_stratum(np.arange(50) < 5, 450)
    found, back = difference(a, b), difference(b, a)
    ours, theirs = a.corrected, b.corrected
    assert found.value == pytest.approx(0.3)
    assert found.value - found.low == pytest.approx(
        math.hypot(ours.value - ours.low, theirs.high - theirs.value)
    )
    assert found.high - found.value == pytest.approx(
        math.hypot(ours.high - ours.value, theirs.value - theirs.low)
    )
    assert limits(back) == pytest.approx(tuple(-x for x in reversed(limits(found))))
    assert (found.n, found.level, found.p) == (150, 0.95, None)


def test_a_difference_of_two_levels_is_refused():
    labels, strata = np.array([1.0, 0, unlabelled]), np.zeros(3, dtype=int)
    a, b = (corrected_rate(labels, np.full(3, 0.5), strata, level=level) for level in (0.9, 0.95))
    with pytest.raises(ValueError, match="level"):
        difference(a, b)


# -- allocation ------------------------------------------------------------------------------------------


def test_allocation_by_hand():
    """Least five each; 100 x 0.4 against 900 x 0.1 shares the rest 4 to 9."""
    assert allocation(np.array([100, 900]), np.array([0.4, 0.1]), 130).tolist() == [40, 90]
    assert allocation(np.array([100, 900, 4]), np.array([0.0, 0.1, 0.5]), 100).tolist() == [5, 91, 4]
    assert allocation(np.array([10, 900]), np.array([0.5, 0.001]), 100).tolist() == [10, 90]
    assert allocation(np.array([3, 0, 100]), np.zeros(3), 7).tolist() == [3, 0, 4]
    assert allocation(np.array([50, 50, 50]), np.array([0.1, 0.9, 0.1]), 7).tolist() == [2, 3, 2]


@given(
    st.lists(st.tuples(st.integers(0, 200), st.floats(0, 0.5)), min_size=1, max_size=8), st.integers(0, 900)
)
def test_allocation_sums_up_and_stays_within(strata, total):
    sizes, spread = (np.array(column) for column in zip(*strata, strict=True))
    drawn = allocation(sizes, spread, total)
    assert drawn.sum() == min(total, sizes.sum())
    assert (drawn >= 0).all()
    assert (drawn <= sizes).all()
    if total >= np.minimum(sizes, 5).sum():
        assert (drawn >= np.minimum(sizes, 5)).all()
    assert (allocation(sizes, spread, total) == drawn).all()


@pytest.mark.parametrize(
    ("sizes", "spread", "total"),
    [([1, 2], [0.1], 1), ([-1, 2], [0.1, 0.1], 1), ([1, 2], [0.1, -0.1], 1), ([1, 2], [0.1, np.nan], 1), ([1], [0.1], -1)],
)  # fmt: skip
def test_what_is_no_design_is_refused(sizes, spread, total):
    with pytest.raises(ValueError, match=r"stratum|0 or more"):
        allocation(np.array(sizes), np.array(spread), total)


# -- refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "predictions", "strata", "match"),
    [
        ([1.0, 0.0], [0.5], [0, 0], "pair"),
        ([1.0, 0.0], [0.5, 0.5], [0], "pair"),
        ([[1.0]], [[0.5]], [[0]], "pair"),
        ([1.0, 2.0], [0.5, 0.5], [0, 0], "labels"),
        ([1.0, -0.1], [0.5, 0.5], [0, 0], "labels"),
        ([1.0, 0.0], [0.5, 1.5], [0, 0], "predictions"),
        ([1.0, 0.0], [0.5, np.nan], [0, 0], "predictions"),
        ([1.0, 0.0], [0.5, 0.5], [0.0, 0.0], "integers"),
    ],
)
def test_what_is_no_sample_is_refused(labels, predictions, strata, match):
    with pytest.raises(ValueError, match=match):
        corrected_rate(np.array(labels), np.array(predictions), np.array(strata))
