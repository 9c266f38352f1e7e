import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sordino.statistics.multiplicity import bonferroni, holm

chances = st.lists(st.floats(0, 1), max_size=20).map(np.array)


def test_known_answer():
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])


def test_a_test_that_was_not_made_counts_for_nothing():
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04])), [0.02, np.nan, 0.04])
    assert holm(np.array([])).size == 0


@given(chances)
def test_adjusting_only_raises_and_keeps_the_order(p):
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(p * len(p), 1) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_a_family_that_was_planned_counts_in_full():
    np.testing.assert_allclose(bonferroni(np.array([0.01, np.nan, 0.4]), 4), [0.04, np.nan, 1.0])
