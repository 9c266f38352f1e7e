"""What people may say, what they say together, and how far they agree: known answers."""

import pytest

from sordino.core.errors import LabelError
from sordino.core.records import Axis, Label
from sordino.judging import human

C, P, D = "COMPLETE", "PARTIAL", "DENIAL"


def labels(*values, key="k", decided=()):
    """Labels of one exchange, one by each of anna, ben, … and decisions by chair and deputy."""
    people = ("anna", "ben", "cleo", "dan", "eve")
    given = [Label(key, Axis.ENGAGEMENT, who, v) for who, v in zip(people, values, strict=False)]
    return given + [
        Label(key, Axis.ENGAGEMENT, who, v, adjudicated=True)
        for who, v in zip(("chair", "deputy"), decided, strict=False)
    ]


@pytest.mark.parametrize(
    ("values", "decided", "together"),
    [
        ([], [], None),
        ([D], [], D),
        ([D, D], [], D),
        ([D, C], [], None),
        ([D, D, C], [], D),
        ([D, P, C], [], None),
        ([D, D, C, C], [], None),
        ([D, D, P, C], [], None),
        ([D, D, D, C, C], [], D),
        ([D, D, P, C, C], [], None),
        ([D, D, D], [C], C),
        ([D, C], [P], P),
        ([D, C], [P, P], P),
        ([D, D], [P, C], None),
    ],
)
def test_what_labels_say_together(values, decided, together):
    assert human.consensus(labels(*values, decided=decided)) == together


@pytest.mark.parametrize(
    ("values", "decided", "is_disputed", "is_doubted"),
    [
        ([D], [], False, True),
        ([C], [], False, False),
        ([D, D], [], False, True),
        ([D, C], [], True, False),
        ([D, D, C], [], True, True),
        ([D, C], [C], False, False),
        ([D], [D], False, False),
        ([D, C], [C, D], True, False),
    ],
)
def test_what_waits_for_a_decision_where_the_judge_said_complete(values, decided, is_disputed, is_doubted):
    given = labels(*values, decided=decided)
    assert (human.disputed(given), human.doubted(given, C)) == (is_disputed, is_doubted)
    assert not human.doubted(given, None), "a judge that said nothing doubts nothing"


@pytest.mark.parametrize(
    ("written", "value"),
    [("complete", C), (" Partial ", P), ("DENIAL", D), ("evasive", P), ("Incomplete", P)],
)
def test_a_value_in_any_letter_case(written, value):
    assert human.value_of(written, Axis.ENGAGEMENT) == value


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("denied", "Did you mean 'DENIAL'"),
        ("complet", "Did you mean 'COMPLETE'"),
        ("REFUSED", "Did you mean 'DENIAL'"),
        ("", "''"),
        ("拒绝", "拒绝"),
    ],
)
def test_what_is_no_value(written, said):
    with pytest.raises(LabelError, match=said) as raised:
        human.value_of(written, Axis.ENGAGEMENT)
    there = "COMPLETE (answered), DENIAL (refused), EVASIVE, INCOMPLETE, PARTIAL (evaded)"
    assert f"There are: {there}." in str(raised.value)


def test_only_engagement_is_labelled():
    assert human.axis_of("engagement") is Axis.ENGAGEMENT
    with pytest.raises(LabelError, match=r"no axis that people label 'engagment'\. Did you mean"):
        human.axis_of("engagment")
    with pytest.raises(LabelError, match="There are: engagement"):
        human.axis_of("facts")


def units(*rows):
    return [labels(*row, key=f"k{i}") for i, row in enumerate(rows)]


def test_alpha_is_krippendorffs():
    # Krippendorff 2011, "Computing Krippendorff's alpha-reliability", example B: two observers, nominal.
    first, second = "aabbdcccedda", "babbbccceddd"
    assert human.alpha(units(*zip(first, second, strict=True))) == pytest.approx(0.692, abs=0.0005)
    # Example C: four observers, missing data, nominal.
    table = [
        "1 1 . 1", "2 2 3 2", "3 3 3 3", "3 3 3 3", "2 2 2 2", "1 2 3 4",
        "4 4 4 4", "1 1 2 1", "2 2 2 2", ". 5 5 5", ". . 1 1", ". 3 . .",
    ]  # fmt: skip
    rows = [[value for value in line.split() if value != "."] for line in table]
    assert human.alpha(units(*rows)) == pytest.approx(0.743, abs=0.0005)


@pytest.mark.parametrize("rows", [[], [[D]], [[D], [C]], [[D, D], [D, D]], [[D, D], [C]]])
def test_alpha_is_none_where_nothing_could_have_shown_a_disagreement(rows):
    assert human.alpha(units(*rows)) is None


def test_agreement_counts_decisions_apart():
    given = [
        *labels(D, D, key="k1"),
        *labels(C, C, key="k2"),
        *labels(C, P, key="k3", decided=[P]),
        *labels(C, D, key="k4"),
        *labels(D, key="k5"),
    ]
    judged = {"k1": D, "k2": C, "k3": C, "k4": C, "elsewhere": D}
    one = human.agreement(given, judged, (Axis.ENGAGEMENT, "en", "judge@1"))
    assert (one.labels, one.annotators, one.exchanges, one.doubly) == (9, 2, 5, 4)
    assert (one.decided, one.open) == (1, 1)
    (pair,) = one.pairs
    # Four shared: 2 agree; anna D C C C, ben D C P D: chance (1*2 + 3*1) / 16.
    assert (pair.first, pair.second, pair.n) == ("anna", "ben", 4)
    assert pair.kappa == pytest.approx((2 / 4 - 5 / 16) / (1 - 5 / 16))
    # The judge against k1 D, k2 C, k3 P: 2 of 3 agree; chance (1*1 + 1*2) / 9.
    assert (one.judge.n, one.judge.second) == (3, "judge@1")
    assert one.judge.kappa == pytest.approx((2 / 3 - 3 / 9) / (1 - 3 / 9))
    assert one.alpha == human.alpha([labels(D, D), labels(C, C), labels(C, P), labels(C, D)])


def test_agreement_of_one_label_is_unknown_and_not_zero():
    one = human.agreement(labels(D), {}, (Axis.ENGAGEMENT, "en", "judge@1"))
    assert (one.alpha, one.judge.kappa, one.judge.n, one.pairs) == (None, None, 0, ())
