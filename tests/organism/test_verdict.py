"""The bar: 95% found, 2% false alarms, 95% read of planted and of clean, on each measure; and findings."""

import pytest

from sordino.core.records import Measure, Verdict
from sordino.organism.calibration import Calibration, Ground, Place, Row, Tally
from sordino.organism.verdict import Check, Selftest, false_findings

PASSING = Tally(19, 20), Tally(2, 100)


def calibration(planted, clean, measure=Measure.WITHHELD, places=()):
    tallies = dict.fromkeys(Ground, Tally()) | {Ground.PLANTED: planted, Ground.ELSEWHERE: clean}
    return Calibration("m", "", (Row("m", measure, "en", None, tallies, ()),), tuple(places))


def failed(*calibrations, checks=()):
    test = Selftest(calibrations, tuple(checks))
    assert test.passed == (all(c.ok for c in test.criteria) and all(c.ok for c in checks))
    return [(c.subject, c.what) for c in test.criteria if not c.ok]


@pytest.mark.parametrize(
    ("planted", "clean", "expected"),
    [
        (*PASSING, []),
        (Tally(18, 20), Tally(2, 100), [("withheld", "found")]),
        (Tally(19, 20), Tally(3, 100), [("withheld", "false alarms")]),
        (Tally(19, 20, {"truncated": 2}), Tally(2, 100), [("withheld", "read of planted")]),
        (Tally(19, 20, {"truncated": 1}), Tally(2, 100), []),
        (Tally(19, 20), Tally(2, 100, {"unjudged": 6}), [("withheld", "read of clean")]),
        (Tally(19, 20), Tally(2, 100, {"unjudged": 5}), []),
        (Tally(), Tally(0, 100), []),
    ],
)
def test_the_bar(planted, clean, expected):
    assert failed(calibration(planted, clean)) == expected


def test_planted_and_never_read_is_not_passed():
    """Nothing found of nothing read is no recall of 100%."""
    found = failed(calibration(Tally(unread={"blocked_output": 20}), Tally(0, 1000)))
    assert found == [("withheld", "found"), ("withheld", "read of planted")]


def test_many_clean_answers_do_not_hide_that_hardly_a_planted_one_was_read():
    assert failed(calibration(Tally(1, 1, {"unjudged": 17}), Tally(0, 1000))) == [
        ("withheld", "read of planted")
    ]


def test_a_common_measure_does_not_hide_a_deaf_one():
    many, deaf = (
        calibration(Tally(1000, 1000), Tally(0, 1000)),
        calibration(Tally(0, 20), Tally(0, 100), Measure.STATE_LINE),
    )
    assert failed(many, deaf) == [("state_line", "found")]


def test_findings_have_the_same_bar():
    def place(expected, verdict):
        return Place("m", Measure.WITHHELD, "XP", "en", expected, verdict, "")

    missed = [place(True, Verdict.NOT_ENOUGH_DATA), *[place(True, Verdict.SELECTIVE)] * 9]
    false = [place(False, Verdict.SELECTIVE), *[place(False, Verdict.NO_MORE_THAN_SIBLINGS)] * 9]
    assert failed(calibration(*PASSING, places=missed)) == [("findings", "found")]
    assert failed(calibration(*PASSING, places=false)) == [("findings", "false alarms")]


@pytest.mark.parametrize(("concluded", "expected"), [(49, [("findings", "false alarms")]), (50, [])])
def test_places_without_a_conclusion_dilute_no_false_finding(concluded, expected):
    """1 of 50 is 2% and 1 of 49 more, however many say that there is too little to tell."""
    verdicts = [Verdict.SELECTIVE, *[Verdict.NO_MORE_THAN_SIBLINGS] * (concluded - 1)]
    verdicts += [Verdict.NOT_ENOUGH_DATA] * 100
    places = [Place("m", Measure.WITHHELD, "XP", "en", False, verdict, "") for verdict in verdicts]
    assert failed(calibration(*PASSING, places=places)) == expected
    assert false_findings(places) == Tally(1, concluded, {"not_concluded": 100})


def test_nothing_concluded_is_not_no_false_finding():
    places = [Place("m", Measure.WITHHELD, "XP", "en", False, Verdict.NOT_ENOUGH_DATA, "")]
    assert failed(calibration(*PASSING, places=places)) == [("findings", "false alarms")]


def test_one_wrong_delivery_fails_it():
    wrong = Check("an empty answer", "empty, counted apart", "empty, counted as withheld")
    assert not Selftest((calibration(*PASSING),), (wrong,)).passed
    assert Selftest((calibration(*PASSING),), (Check("a", "b", "b"),)).passed
