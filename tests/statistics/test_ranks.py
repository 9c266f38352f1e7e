from itertools import combinations, permutations

import numpy as np
import pytest

from sordino.core.records import Figure
from sordino.statistics import ranks


def figure(value, p, low=None, high=None):
    low, high = (value - 0.01, value + 0.01) if low is None else (low, high)
    return Figure(value, low, high, 40, 20, "test", p=p)


def test_two_that_are_told_apart_have_ranks_of_their_own_and_the_undecided_share_theirs():
    """0 < 1 and 0 < 2 are known, 1 and 2 are not told apart; 3 is told apart from nobody."""
    pairs = list(combinations(range(4), 2))
    signs = np.array([{(0, 1): -1, (0, 2): -1}.get(pair, 0) for pair in pairs])
    assert ranks.intervals(4, pairs, signs) == ((1, 2), (2, 4), (2, 4), (1, 4))


def test_all_told_apart_is_a_ranking_and_none_is_no_ranking():
    values = [0.3, 0.1, 0.9]
    pairs = list(combinations(range(3), 2))
    signs = np.array([int(np.sign(values[a] - values[b])) for a, b in pairs])
    assert ranks.intervals(3, pairs, signs) == ((2, 2), (1, 1), (3, 3))
    assert ranks.intervals(3, pairs, np.zeros(3, int)) == ((1, 3),) * 3


def test_the_adjusted_p_is_holms_over_both_directions_of_every_pair():
    """By hand: one-sided 0.001, 0.01, 0.2, and 1 minus each; six hypotheses."""
    figures = [figure(0.5, 0.002), figure(-0.3, 0.02), figure(0.1, 0.4)]
    adjusted, signs = ranks.decided(figures)
    assert adjusted == pytest.approx([6 * 0.001, 5 * 0.01, 4 * 0.2])
    assert signs.tolist() == [1, 0, 0]
    assert ranks.decided(figures[:2])[1].tolist() == [1, -1]


def test_an_interval_that_holds_zero_or_is_missing_decides_nothing():
    wide, none = figure(0.5, 1e-6, -0.1, 0.9), Figure(None, None, None, 3, 1, "test")
    adjusted, signs = ranks.decided([wide, none, figure(0.4, 1e-6)])
    assert signs.tolist() == [0, 0, 1]
    assert np.isnan(adjusted[1])
    # What could not be tested counts for nothing: two pairs, four hypotheses.
    assert adjusted[0] == pytest.approx(4 * 0.5e-6)


@pytest.mark.parametrize(("things", "fewest"), [(2, 6), (7, 10), (26, 14), (30, 15)])
def test_with_fewer_clusters_no_pair_of_so_many_can_be_told_apart(things, fewest):
    assert ranks.fewest_clusters(things) == fewest
    pairs = things * (things - 1) // 2
    for clusters, can in ((fewest, True), (fewest - 1, False)):
        figures = [figure(0.9, 2 / 2**clusters)] + [figure(0.0, 1.0, -0.1, 0.1)] * (pairs - 1)
        assert bool(ranks.decided(figures)[1][0] == 1) is can


def test_who_is_named_first_changes_no_rank():
    values = {"a": 0.9, "b": 0.1, "c": 0.12}
    said = []
    for names in permutations(values):
        pairs = list(combinations(range(3), 2))
        gaps = [values[names[a]] - values[names[b]] for a, b in pairs]
        signs = ranks.decided([figure(gap, 0.001 if abs(gap) > 0.5 else 0.6) for gap in gaps])[1]
        said.append(dict(zip(names, ranks.intervals(3, pairs, signs), strict=True)))
    assert said == [{"a": (3, 3), "b": (1, 2), "c": (1, 2)}] * 6
