import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from sordino.statistics.agreement import accuracy, calibration_error, kappa, macro_f1

labels = st.sampled_from(["COMPLETE", "PARTIAL", "DENIAL"])
judged = st.lists(st.tuples(labels, labels), min_size=1, max_size=40)


def test_kappa_of_cohens_textbook_table():
    """Two readers, 50 items: 20 both yes, 5 only the first, 10 only the second, 15 both no: 0.40."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(first, second) == pytest.approx(0.4)
    assert accuracy(first, second) == pytest.approx(0.7)


@given(judged)
def test_scores_are_those_of_scikit_learn(pairs):
    truth, said = (list(side) for side in zip(*pairs, strict=True))
    assert accuracy(truth, said) == pytest.approx(metrics.accuracy_score(truth, said))
    assert macro_f1(truth, said) == pytest.approx(metrics.f1_score(truth, said, average="macro"))
    if len(set(truth) | set(said)) > 1:
        assert kappa(truth, said) == pytest.approx(metrics.cohen_kappa_score(truth, said))


def test_a_label_that_nobody_uses_scores_zero_only_when_asked_for():
    assert macro_f1(["a", "a"], ["a", "a"]) == 1.0
    assert macro_f1(["a", "a"], ["a", "a"], labels=["a", "b"]) == 0.5


def test_what_cannot_be_said_is_none():
    assert (accuracy([], []), kappa([], []), macro_f1([], [])) == (None, None, None)
    assert calibration_error([], []) is None
    assert kappa(["a", "a"], ["a", "a"]) is None


def test_calibration_error_by_hand():
    confidence, correct = [0.95, 0.95, 0.55, 0.55, 1.0], [True, False, True, True, True]
    top, middle = abs((0.95 + 0.95 + 1.0) - 2), abs(1.1 - 2)
    assert calibration_error(confidence, correct) == pytest.approx((top + middle) / 5)
    assert calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0.0


def test_what_does_not_pair_is_refused():
    with pytest.raises(ValueError, match="paired"):
        accuracy(["a"], [])
    with pytest.raises(ValueError, match="item by item"):
        calibration_error([0.5, 0.5], [True])
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        calibration_error([1.5], [True])
