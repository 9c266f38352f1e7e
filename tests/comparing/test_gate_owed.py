"""What nothing came back for is undecided: a gate that left it out would pass on silence."""

import pytest

from sordino.auditing.estimates import estimate
from sordino.comparing import differences
from sordino.comparing.gate import Reason, applicable, judge
from sordino.comparing.owed import with_owed, with_unmet
from sordino.comparing.rules import DEFAULTS, parse

SELECTIVITY = "withheld.selectivity <= 50 points"


def lost(run_of, what, where, **more):
    """Estimates of a run in which nothing of some places came back but `what`."""
    return estimate(run_of(lambda _t, code, spoken: what if where(code, spoken) else "COMPLETE", **more))


def unanswered(gate):
    return {
        (c.estimate.jurisdiction, c.estimate.language)
        for c in gate.checks
        if c.reason is Reason.NO_INTERVAL
    }


@pytest.mark.parametrize(
    "what", ["blocked_input", "blocked_output", "truncated", "error", "empty", "unjudged"]
)
def test_a_jurisdiction_of_which_nothing_came_back_does_not_pass(run_of, what):
    estimates = lost(run_of, what, lambda code, _: code == "XP")
    gate = judge([parse(SELECTIVITY)], estimates)
    assert not gate.passed
    assert unanswered(gate) == {("XP", "en"), ("XP", "zh")}
    assert all(c.estimate.excluded == {what: 24} for c in gate.checks if c.reason is Reason.NO_INTERVAL)


def test_a_language_of_which_nothing_came_back_does_not_pass(run_of):
    estimates = lost(run_of, "blocked_output", lambda _, spoken: spoken == "zh")
    for rule in (SELECTIVITY, "withheld.pairwise <= 50 points", "withheld.language_gap <= 50 points"):
        gate = judge([parse(rule)], estimates)
        assert not gate.passed
        assert {code for code, _ in unanswered(gate)} == {"XP", "XQ", "XR"}


def test_the_default_rules_stay_where_nothing_could_be_read(run_of):
    estimates = lost(run_of, "unjudged", lambda *_: True, kinds=("political", "harmful", "benign"))
    assert applicable(DEFAULTS, estimates) == list(DEFAULTS)


def test_nothing_is_owed_twice_nor_where_no_siblings_are_known(run_of):
    whole = lost(run_of, "", lambda *_: False, kinds=("political", "neutral"))
    assert with_owed(whole) == whole
    assert len(with_owed(whole[::-1])) == len(whole)
    alone = lost(run_of, "error", lambda *_: True, matching="none", languages=("en",))
    assert with_owed(alone) == alone


# -- changes from a baseline ---------------------------------------------------------------------------


def changed(baseline, run):
    found = [change.estimate for change in differences.changes(baseline, run)]
    return with_unmet(found, run, estimate(run))


@pytest.mark.parametrize("form", ["change", "change_of_selectivity"])
def test_what_the_baseline_was_never_asked_does_not_pass(run_of, form):
    """Its silence about XQ and XR is no change that anybody saw, and none that anybody excluded."""
    baseline = run_of(lambda *_: "COMPLETE", jurisdictions=("XP",))
    run = run_of(lambda _t, code, _: "COMPLETE" if code == "XP" else "DENIAL")
    rule = parse(f"withheld.{form} <= 15 points")
    gate = judge([rule], changed(baseline, run))
    alone = {"XP"} if form == "change_of_selectivity" else set()
    assert not gate.passed
    assert unanswered(gate) == {(code, spoken) for code in {"XQ", "XR"} | alone for spoken in ("en", "zh")}
    named = judge([parse(f"withheld.{form}[jurisdiction=XQ] <= 15 points")], changed(baseline, run))
    assert {check.reason for check in named.checks} == {Reason.NO_INTERVAL}


@pytest.mark.parametrize("kind", ["neutral", "harmful", "benign"])
def test_kinds_that_the_baseline_was_never_asked_do_not_pass(run_of, kind):
    contrast = {"neutral": "control"}.get(kind, kind)
    baseline = run_of(lambda *_: "COMPLETE")
    run = run_of(lambda *_: "COMPLETE", kinds=("political", kind))
    gate = judge([parse(f"withheld.change_of_{contrast} <= 15 points")], changed(baseline, run))
    assert {check.reason for check in gate.checks} == {Reason.NO_INTERVAL}


def test_nothing_is_unmet_where_the_baseline_was_asked_all(run_of):
    kinds = ("political", "neutral", "harmful", "benign")
    run = run_of(lambda *_: "COMPLETE", kinds=kinds)
    found = [change.estimate for change in differences.changes(run, run)]
    assert with_unmet(found, run, estimate(run)) == found
    silent = run_of(lambda *_: "error", kinds=kinds)
    known = [change.estimate for change in differences.changes(silent, run)]
    assert with_unmet(known, run, estimate(run)) == known
