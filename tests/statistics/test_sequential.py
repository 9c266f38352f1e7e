"""Confidence sequences: known answers, and that looking at every template costs no more than is promised."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sordino.statistics import sequential
from sordino.statistics.design import Design
from sordino.statistics.sequential import BETS, WEIGHTS, difference, fewest, rate, selectivity

designs = st.builds(
    Design,
    truth=st.lists(st.sampled_from([0.0, 0.05, 0.3, 0.9, 1.0]), min_size=2, max_size=8).map(tuple),
    templates=st.integers(3, 12),
    observations=st.integers(1, 3),
    missing=st.sampled_from([0.0, 0.2]),
    single=st.sampled_from([0.0, 0.2]),
)
seeds = st.integers(0, 2**32 - 1)


def columns(*values):
    matrix = np.array(values, float).T
    return matrix, np.full(matrix.shape, 2)


def capital(outcomes, mean):
    """By hand: one gambler for each bet, each with a share of the capital."""
    total = 0.0
    for bet, weight in zip(BETS, WEIGHTS, strict=True):
        money = weight
        for x in outcomes:
            money *= 1 - bet + bet * x / mean
        total += money
    return total


# -- the capital -----------------------------------------------------------------------------------------


def test_the_capital_of_a_sequence_by_hand():
    x = np.array([1.0, 0.5, 0.0, 1.0, 0.75])
    found = sequential._Bets.of(x[:, None]).evidence(0.4)
    assert np.exp(found) == pytest.approx(capital(x, 0.4))
    assert WEIGHTS.sum() == pytest.approx(1)


def test_three_certain_hits_at_even_odds():
    """Each doubles what is staked: the sum over bets of w (1 + c)^3."""
    p = selectivity(*columns([1, 1, 1], [0, 0, 0]), 0).p
    assert 1 / p == pytest.approx((WEIGHTS * (1 + BETS) ** 3).sum())


def test_the_ends_of_the_interval_are_where_the_capital_reaches_forty():
    values = np.array([1.0, 0.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.5])
    found = rate(values, np.full(8, 2))
    assert capital(values, found.low) == pytest.approx(40, rel=1e-4)
    assert capital(1 - values, 1 - found.high) == pytest.approx(40, rel=1e-4)


def test_what_never_happens_has_a_bound_that_shrinks():
    """No less than what a single gambler who stakes all could rule out."""
    bounds = [rate(np.zeros(n), np.ones(n, int)).high for n in (5, 14, 50)]
    assert bounds == sorted(bounds, reverse=True)
    for n, high in zip((5, 14, 50), bounds, strict=True):
        assert 1 - (1 / 40) ** (1 / n) < high < 1
        assert capital(np.ones(n), 1 - high) == pytest.approx(40, rel=1e-4)


def test_fewest_is_the_first_count_at_which_it_is_certain():
    """Fourteen templates without a difference rule out 25 points; seven that differ accuse one of four."""
    assert (fewest(0.5, 0.375, 40), fewest(1.0, 0.5, 80)) == (14, 7)
    for n, certain in ((13, False), (14, True)):
        found = selectivity(*columns(*[[0.0] * n] * 4), 0)
        assert (found.high < 0.25) is certain
    for n, certain in ((6, False), (7, True)):
        found = selectivity(*columns([1] * n, [0] * n, [0] * n, [0] * n), 0)
        assert (4 * found.p < 0.05) is certain


# -- figures ---------------------------------------------------------------------------------------------


def test_a_difference_is_two_sided_and_changes_sign():
    a, b = columns([1, 1, 0, 1, 1, 1], [0, 0, 0, 0, 1, 0])[0].T
    counts = np.full(6, 2)
    found, turned = difference(a, counts, b, counts), difference(b, counts, a, counts)
    assert found.value == pytest.approx(4 / 6)
    assert (turned.value, turned.low, turned.high) == pytest.approx((-found.value, -found.high, -found.low))
    assert found.p == turned.p
    assert found.p == pytest.approx(min(1, 2 * selectivity(*columns(a, b), 0).p))


def test_one_sibling_is_the_plain_pair():
    rates, counts = Design((0.6, 0.2), 12, missing=0.1).draw(np.random.default_rng(3))
    alone = selectivity(rates, counts, 0)
    pair = difference(rates[:, 0], counts[:, 0], rates[:, 1], counts[:, 1])
    assert (alone.value, alone.low, alone.high, alone.n, alone.clusters) == (
        pair.value, pair.low, pair.high, pair.n, pair.clusters,
    )  # fmt: skip


@pytest.mark.parametrize("siblings", [1, 2, 3, 7])
def test_the_evidence_is_that_of_the_group_which_gives_least(siblings):
    rates, counts = Design((0.7,) + (0.2,) * siblings, 10).draw(np.random.default_rng(siblings))
    half = (siblings + 1) // 2
    x = (1 + rates[:, [0]] - rates) / 2
    least = min(
        (capital(x[:, group].mean(1), 0.5) + np.mean([capital(x[:, j], 0.5) for j in group])) / 2
        for group in map(list, combinations(range(1, siblings + 1), half))
    )
    assert selectivity(rates, counts, 0).p == pytest.approx(min(1, 1 / least))


def test_many_siblings_are_grouped_into_less_than_could_be():
    bets = sequential._Bets.of(np.zeros((3, 20)))
    assert bets.shares.shape == (20, comb(20, 2))
    assert bets.least == comb(10, 2)
    rates, counts = Design((0.9,) + (0.05,) * 20, 20).draw(np.random.default_rng(1))
    found = selectivity(rates, counts, 0)
    assert 0 < found.low < found.value < found.high
    assert found.p < 0.001
    crowd, _ = columns(*[[0.0] * 20] * 21)
    assert selectivity(crowd, np.ones(crowd.shape, int), 0).p == pytest.approx(1)


def test_a_second_muted_jurisdiction_neither_hides_the_first_nor_is_made_from_it():
    muted, spoken = [1.0] * 9, [0.0] * 9
    table = columns(muted, muted, spoken, spoken, spoken)
    first, second, third = (selectivity(*table, j) for j in (0, 1, 2))
    assert first == second
    assert first.p < 0.05 / 5
    assert (third.value, third.p) == (-0.5, pytest.approx(1))
    # Against two muted siblings of three there is no being above the median.
    assert selectivity(*columns(muted, muted, muted, spoken), 0).p == pytest.approx(1)


@given(designs, seeds, st.randoms())
def test_the_order_of_templates_and_siblings_is_nothing(design, seed, random):
    rates, counts = design.draw(np.random.default_rng(seed))
    found = selectivity(rates, counts, 0)
    turned = random.sample(range(len(rates)), len(rates))
    siblings = [0, *random.sample(range(1, rates.shape[1]), rates.shape[1] - 1)]
    again = selectivity(rates[turned][:, siblings], counts[turned][:, siblings], 0)
    for name in ("value", "low", "high", "p"):
        assert getattr(again, name) == pytest.approx(getattr(found, name), abs=1e-6)


@settings(max_examples=40)
@given(designs, seeds)
def test_missing_cells_are_as_good_as_removed(design, seed):
    rates, counts = design.draw(np.random.default_rng(seed))
    wider, padded = np.full((len(rates) + 1, rates.shape[1] + 1), np.nan), None
    wider[:-1, :-1] = rates
    wider[-1, 0] = 0.7
    padded = np.zeros(wider.shape, int)
    padded[:-1, :-1] = counts
    assert selectivity(wider, padded, 0) == selectivity(rates, counts, 0)


@settings(max_examples=40)
@given(designs, seeds)
def test_the_value_lies_inside_and_more_confidence_is_wider(design, seed):
    rates, counts = design.draw(np.random.default_rng(seed))
    for made in (
        lambda level: rate(rates[:, 0], counts[:, 0], level),
        lambda level: selectivity(rates, counts, 0, level=level),
    ):
        narrow, wide = made(0.95), made(0.99)
        if narrow.value is None:
            assert narrow.low is narrow.high is None
            continue
        assert -1 <= wide.low <= narrow.low <= narrow.value <= narrow.high <= wide.high <= 1
        assert narrow.high - narrow.low > 0.01


def test_too_little_gives_no_figure_and_what_is_no_rate_is_refused():
    one = np.array([0.5, np.nan]), np.array([2, 0])
    assert rate(*one).value is None
    assert difference(*one, *one).value is None
    alone = selectivity(*columns([1, 0, 1]), 0)
    assert (alone.value, alone.low, alone.p, alone.clusters) == (None, None, None, 0)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        rate(np.array([1.2, 0.0]), np.array([1, 1]))


# -- whenever one looks ----------------------------------------------------------------------------------


def bets(rates, subject=0):
    """The bets behind selectivity, without the search for the ends of its interval."""
    siblings = [j for j in range(rates.shape[1]) if j != subject]
    return sequential._Bets.of((1 + rates[:, [subject]] - rates[:, siblings]) / 2)


@pytest.mark.parametrize("truth", [(0.5, 0.05), (0.3, 0.3, 0.3, 0.3)])
def test_the_truth_is_inside_at_every_template(truth):
    """Small and seeded; `benchmarks/until_certain.py` is the measurement."""
    draws, mean, missed = np.random.default_rng(11), (1 + truth[0] - truth[1]) / 2, 0
    for _ in range(100):
        rates, _ = Design(truth, 20, correlation=0.5).draw(draws)
        looks = [bets(rates[:n]) for n in range(2, 21)]
        capital = max(max(b.evidence(mean), b.turned.evidence(1 - mean)) for b in looks)
        missed += capital > np.log(40)
    assert missed <= 8


def test_peeking_at_every_template_raises_few_false_alarms():
    draws, alarms = np.random.default_rng(5), 0
    for _ in range(100):
        rates, _ = Design((0.4, 0.4), 20, 1, shared=0).draw(draws)
        seen = max(bets(rates[:n], j).evidence(0.5) for n in range(5, 21) for j in (0, 1))
        alarms += seen > np.log(2 / 0.05)
    assert 0 < alarms <= 8
