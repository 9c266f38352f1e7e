import pytest

from sordino.comparing.align import BETWEEN_LANGUAGES
from sordino.comparing.differences import changes
from sordino.core.records import Contrast, Measure


def find(found, measure, contrast, jurisdiction, language="en", blocks="excluded"):
    place = (measure, contrast, jurisdiction, language, blocks)
    (one,) = [
        c
        for c in found
        if (e := c.estimate) and (e.measure, e.contrast, e.jurisdiction, e.language, e.blocks) == place
    ]
    return one


def withheld(found, jurisdiction, language="en", **more):
    return find(found, Measure.WITHHELD, Contrast.CHANGE, jurisdiction, language, **more)


@pytest.fixture(scope="module")
def muted():
    """XQ is withheld in Chinese in nine of twelve templates."""
    return lambda t, j, language: "DENIAL" if (j, language) == ("XQ", "zh") and t < 9 else "COMPLETE"


@pytest.fixture
def everything(run_of, muted):
    kinds = ("political", "neutral", "harmful", "benign")
    a, b = run_of(lambda *_: "COMPLETE", kinds=kinds), run_of(muted, kinds=kinds)
    return changes(a, b)


def test_the_place_that_changed_is_shown_and_no_other(everything):
    one = withheld(everything, "XQ", "zh")
    assert one.estimate.figure.value == pytest.approx(9 / 12)
    assert (one.a.value, one.b.value) == (0.0, pytest.approx(9 / 12))
    assert (one.estimate.figure.n, one.estimate.figure.clusters, one.pairs) == (24, 12, 24)
    assert one.is_shown
    plain = [c.estimate for c in everything if c.is_shown and c.estimate.contrast is Contrast.CHANGE]
    assert {(e.jurisdiction, e.language) for e in plain} == {("XQ", "zh")}
    assert 0 < withheld(everything, "XP", "zh").bound < 0.2


def test_the_jurisdiction_changed_against_its_siblings(everything):
    one = find(everything, Measure.WITHHELD, Contrast.CHANGE_OF_SELECTIVITY, "XQ", "zh")
    assert one.estimate.against == "median sibling"
    assert one.estimate.figure.value == pytest.approx(9 / 12)
    assert one.is_shown
    assert (one.a, one.b) == (None, None)


def test_a_jurisdiction_that_one_side_lost_keeps_its_place_among_siblings(run_of):
    """Left out, a gate on changes of selectivity would pass on what nobody saw."""
    a = run_of(lambda *_: "COMPLETE")
    b = run_of(lambda _t, j, _l: "blocked_output" if j == "XQ" else "COMPLETE")
    found = changes(a, b)
    lost, kept = (
        find(found, Measure.WITHHELD, Contrast.CHANGE_OF_SELECTIVITY, code) for code in ("XQ", "XP")
    )
    assert (lost.estimate.figure.value, lost.estimate.figure.n, lost.pairs) == (None, 0, 72)
    assert lost.estimate.excluded == {"blocked_output": 24, "no_sibling": 48}
    assert kept.estimate.excluded == {"blocked_output": 24}
    assert kept.estimate.figure.value == 0.0
    nothing = changes(run_of(lambda *_: "error"), b)
    assert find(nothing, Measure.WITHHELD, Contrast.CHANGE_OF_SELECTIVITY, "XP").estimate.figure.n == 0


def test_control_and_requests_have_contrasts_of_their_own(everything):
    assert (
        find(everything, Measure.WITHHELD, Contrast.CHANGE_OF_CONTROL, "XQ", "zh").estimate.figure.value
        == 0.0
    )
    for contrast in (Contrast.CHANGE_OF_HARMFUL, Contrast.CHANGE_OF_BENIGN):
        assert find(everything, Measure.WITHHELD, contrast, None).pairs == 24


def test_holm_counts_the_places_of_a_measure_and_no_p_is_below_a_sign_flip(everything, run_of):
    """Nine of twelve templates are surer by the interval than by a sign flip, six among six places are not."""
    nine = withheld(everything, "XQ", "zh")
    assert 6 * nine.interval_p < nine.estimate.p_adjusted
    assert nine.estimate.p_adjusted == nine.estimate.figure.p == pytest.approx(2 / 2**9)
    few = run_of(lambda t, j, lang: "DENIAL" if (j, lang) == ("XQ", "zh") and t < 6 else "COMPLETE")
    six = withheld(changes(run_of(lambda *_: "COMPLETE"), few), "XQ", "zh")
    assert six.estimate.figure.p == pytest.approx(2 / 2**6)
    assert six.estimate.p_adjusted == pytest.approx(6 * six.interval_p)
    assert six.estimate.p_adjusted > six.estimate.figure.p


def test_measures_that_nobody_read_are_absent(everything):
    assert {c.estimate.measure for c in everything} == {Measure.WITHHELD, Measure.BLOCKED}


def test_what_one_side_has_no_value_for_leaves_the_pairs_and_is_never_zero(run_of):
    """Where b blocked, a's answers were withheld: counting them would make a change of nothing."""
    blocks = {0: "blocked_output", 1: "truncated", 2: "empty", 3: "error", 4: "not_asked", 5: "unjudged"}
    a = run_of(lambda t, j, _: "DENIAL" if t in blocks and j == "XP" else "COMPLETE")
    b = run_of(lambda t, j, _: blocks.get(t, "COMPLETE") if j == "XP" else "COMPLETE")
    found = changes(a, b)
    one = withheld(found, "XP")
    assert one.estimate.figure.value == 0.0
    assert (one.estimate.figure.n, one.pairs) == (12, 24)
    assert one.missing_a == {}
    assert one.missing_b == dict.fromkeys(blocks.values(), 2)
    assert one.estimate.excluded == one.missing_b
    counted = withheld(found, "XP", blocks="withheld")
    assert counted.estimate.figure.n == 16, "blocked and truncated count, nothing else does"
    blocked = find(found, Measure.BLOCKED, Contrast.CHANGE, "XP")
    assert blocked.estimate.figure.n == 20, "errors and what was not asked say nothing of blocks"
    assert blocked.b.value == pytest.approx(2 / 20)


def test_a_pair_that_both_sides_lack_is_left_out_once(run_of):
    a = run_of(lambda t, *_: "blocked_input" if t == 0 else "COMPLETE")
    b = run_of(lambda t, *_: "error" if t < 2 else "COMPLETE")
    one = withheld(changes(a, b), "XP")
    assert (one.missing_a, one.missing_b) == ({"blocked_input": 2}, {"error": 4})
    assert one.estimate.excluded == {"blocked_input": 2, "error": 2}


def test_a_measure_that_only_one_side_has_is_absent(run_of):
    a = run_of(lambda *_: {"facts_hit": 1, "facts_all": 4})
    assert Measure.OMISSION not in {c.estimate.measure for c in changes(a, run_of(lambda *_: "COMPLETE"))}
    b = run_of(lambda t, j, _: {"facts_hit": 3 if j == "XR" else 1, "facts_all": 4})
    one = find(changes(a, b), Measure.OMISSION, Contrast.CHANGE, "XR")
    assert one.estimate.figure.value == pytest.approx(-0.5)
    assert (one.a.value, one.b.value) == (pytest.approx(0.75), pytest.approx(0.25))


def test_two_languages_are_one_place_each(run_of, muted):
    run = run_of(muted)
    a, b = (run[run["language"].eq(code)] for code in ("en", "zh"))
    found = changes(a, b, on=BETWEEN_LANGUAGES)
    one = withheld(found, "XQ", "zh")
    assert one.estimate.against == "en"
    assert one.estimate.figure.value == pytest.approx(9 / 12)
    assert {c.estimate.language for c in found} == {"zh"}


def test_without_jurisdictions_there_is_a_change_and_no_selectivity(run_of):
    a = run_of(lambda *_: "COMPLETE", jurisdictions=(None,), matching="none")
    b = run_of(lambda *_: "PARTIAL", jurisdictions=(None,), matching="none")
    found = changes(a, b)
    assert withheld(found, None).estimate.figure.value == 1.0
    assert Contrast.CHANGE_OF_SELECTIVITY not in {c.estimate.contrast for c in found}


def test_turning_the_sides_turns_the_sign(run_of, muted):
    a, b = run_of(lambda *_: "COMPLETE"), run_of(muted)
    for there, back in zip(changes(a, b), changes(b, a), strict=True):
        ours, theirs = there.estimate.figure, back.estimate.figure
        assert ours.value == pytest.approx(-theirs.value)
        if there.estimate.contrast is Contrast.CHANGE:
            assert (ours.low, ours.high) == pytest.approx((-theirs.high, -theirs.low))
