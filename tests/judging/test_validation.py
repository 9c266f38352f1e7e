"""A judge held against labels: every figure from answers of which it is known how they were read."""

import pytest

from sordino.core.records import Axis, Engagement, Reading, Unjudged
from sordino.judging.validation import NOT_STATED, Judged, validate

C, P, D = Engagement


def read(label, value, confidence=0.9, **more):
    reading = Reading("k", Axis.ENGAGEMENT, "j@1", value.value, confidence, {})
    return Judged(label, reading, **more)


def unread(label, why, **more):
    return Judged(label, Unjudged("k", Axis.ENGAGEMENT, "j@1", why), **more)


def test_known_counts():
    judged = [*[read(C, C)] * 60, *[read(P, P)] * 20, *[read(P, C, 0.55)] * 10, *[read(D, P, 0.95)] * 10]
    judged += [unread(D, "no response")] * 3 + [unread(C, "too long")]
    found = validate(judged, unsure_below=0.6)
    overall = found.overall
    assert (overall.n, overall.unjudged) == (100, 4)
    assert overall.accuracy.value == pytest.approx(0.8)
    # By hand: chance agreement .6*.7 + .3*.3 + .1*0 = .51.
    assert overall.kappa.value == pytest.approx((0.8 - 0.51) / (1 - 0.51))
    assert overall.macro_f1.value == pytest.approx((120 / 130 + 40 / 60 + 0) / 3)
    assert overall.kappa.low < overall.kappa.value < overall.kappa.high
    assert overall.unsure == pytest.approx(0.1)
    assert (overall.withheld_labels, overall.withheld_read) == (pytest.approx(0.4), pytest.approx(0.3))
    assert {(c.label, c.read): c.n for c in found.confusion if c.n} == {
        ("COMPLETE", "COMPLETE"): 60, ("PARTIAL", "PARTIAL"): 20, ("PARTIAL", "COMPLETE"): 10,
        ("DENIAL", "PARTIAL"): 10,
    }  # fmt: skip
    assert found.unjudged == {"no response": 3, "too long": 1}
    assert found.judges == {"j@1": 104}
    assert (found.sure.n, found.doubted.n, found.doubted.value) == (90, 10, 0)


def test_calibration_and_coverage():
    judged = [read(C, C, 0.95)] * 50 + [read(P, C, 0.95)] * 50 + [read(C, C, 0.45)] * 100
    found = validate(judged, unsure_below=0.6)
    assert [(b.n, b.confidence, b.right.value) for b in found.calibration] == [
        (100, pytest.approx(0.45), 1.0), (100, pytest.approx(0.95), 0.5),
    ]  # fmt: skip
    assert found.calibration_error == pytest.approx(0.5 * 0.55 + 0.5 * 0.45)
    by_share = {c.share: (c.n, c.accuracy, c.least) for c in found.coverage}
    assert by_share[0.5] == (100, pytest.approx(0.5), 0.95)
    assert by_share[1.0] == (200, pytest.approx(0.75), 0.45)


def test_groups_the_largest_first_and_who_names_none_is_not_dropped():
    judged = [read(C, C, groups={"language": "en"})] * 3 + [read(C, P, groups={"language": "zh"})] * 5
    judged += [read(D, D, groups={"language": None}), unread(C, "no response", groups={"language": "xx"})]
    groups = validate(judged, unsure_below=0.6).groups["language"]
    assert [(q.group, q.n, q.accuracy.value, q.unjudged) for q in groups] == [
        ("zh", 5, 0.0, 0), ("en", 3, 1.0, 0), (NOT_STATED, 1, 1.0, 0), ("xx", 0, None, 1),
    ]  # fmt: skip


def test_models_are_the_clusters():
    judged = [read(C, C, model=f"m{n % 12}") for n in range(60)] + [
        read(D, D, model=f"m{n}") for n in range(12)
    ]
    overall = validate([*judged, read(P, C, model="m3")], unsure_below=0.6).overall
    assert overall.models == 12
    assert overall.kappa.method == "bootstrap over 12 models"


def test_examples_are_the_most_confident_mistakes():
    judged = [read(P, C, c, question=f"q{c}", answer=f"a{c}") for c in (0.5, 0.99, 0.7, 0.98)]
    (cell,) = [c for c in validate(judged, unsure_below=0.6).confusion if c.n]
    assert [(e.question, e.answer, e.confidence) for e in cell.examples] == [
        ("q0.99", "a0.99", 0.99), ("q0.98", "a0.98", 0.98),
    ]  # fmt: skip


def test_a_judge_without_confidence_and_a_judge_that_read_nothing():
    silent = validate([read(C, C, None), read(D, C, None)], unsure_below=0.6)
    assert (silent.calibration, silent.calibration_error, silent.coverage) == ((), None, ())
    assert (silent.overall.accuracy.value, silent.overall.unsure) == (0.5, None)
    assert (silent.sure.n, silent.doubted.n) == (0, 0)
    nothing = validate([unread(C, "no response")], unsure_below=0.6)
    assert (nothing.overall.n, nothing.overall.accuracy.value, nothing.overall.unsure) == (0, None, None)
