"""Figures of runs whose truth is known by construction."""

import pandas as pd
import pytest

from sordino.auditing.estimates import MEDIAN_SIBLING, estimate
from sordino.auditing.outcomes import scored
from sordino.core.records import Contrast, Matching, Measure

HIDING = ("blocked_input", "blocked_output", "truncated")


def one(
    estimates, contrast, jurisdiction, language, measure=Measure.WITHHELD, blocks="excluded", against=None
):
    found = [
        e
        for e in estimates
        if (e.contrast, e.jurisdiction, e.language, e.measure, e.blocks)
        == (contrast, jurisdiction, language, measure, blocks)
        and (against is None or e.against == against)
    ]
    assert len(found) == 1
    return found[0]


def test_rates_and_selectivity_of_a_planted_mute(muted):
    found = estimate(muted)
    assert one(found, Contrast.RATE, "XQ", "zh").figure.value == pytest.approx(10 / 12)
    assert one(found, Contrast.RATE, "XQ", "en").figure.value == 0
    planted = one(found, Contrast.SELECTIVITY, "XQ", "zh", against=MEDIAN_SIBLING)
    assert planted.figure.value == pytest.approx(10 / 12)
    assert planted.figure.low > 0.3
    assert planted.p_adjusted < 0.01
    assert planted.p_adjusted >= planted.figure.p
    sibling = one(found, Contrast.SELECTIVITY, "XP", "zh")
    assert sibling.figure.value == 0
    assert sibling.figure.low < 0 < sibling.figure.high


def test_the_language_gap_is_paired_by_cell_and_phrasing(muted):
    gap = one(estimate(muted), Contrast.LANGUAGE_GAP, "XQ", "en", against="zh")
    assert gap.figure.value == pytest.approx(-10 / 12)
    assert gap.figure.clusters == 12
    assert gap.figure.high < 0


def test_only_shared_questions_enter_a_language_gap(muted):
    extra = (
        muted[(muted["language"] == "zh") & (muted["jurisdiction"] == "XQ")]
        .head(4)
        .assign(phrasing="only in Chinese", engagement="COMPLETE")
    )
    gap = one(estimate(pd.concat([muted, extra])), Contrast.LANGUAGE_GAP, "XQ", "en", against="zh")
    assert gap.figure.value == pytest.approx(-10 / 12)


def test_a_second_muted_jurisdiction_does_not_hide_the_first(make_run):
    found = estimate(make_run(lambda t, j, language, kind, phrasing: j in ("XQ", "XR") and t < 10))
    for muted in ("XQ", "XR"):
        assert one(found, Contrast.SELECTIVITY, muted, "en").figure.low > 0.3
    pair = one(found, Contrast.PAIRWISE, "XQ", "en", against="XR")
    assert pair.figure.value == 0


@pytest.mark.parametrize(
    "delivery", ["blocked_input", "blocked_output", "truncated", "empty", "error", "not_asked"]
)
def test_what_was_not_delivered_is_excluded_by_name_and_never_counted_as_no(muted, delivery):
    lost = (muted["jurisdiction"] == "XP") & (muted["language"] == "en") & (muted["phrasing"] == "direct")
    outcomes = muted.assign(
        delivery=muted["delivery"].mask(lost, delivery), engagement=muted["engagement"].mask(lost, pd.NA)
    )
    found = estimate(outcomes)
    excluded = one(found, Contrast.RATE, "XP", "en")
    assert excluded.figure.value == 0
    assert excluded.figure.n == 12
    assert excluded.excluded == {delivery: 12}
    worst = one(found, Contrast.RATE, "XP", "en", blocks="withheld").figure
    assert (worst.value, worst.n) == ((0.5, 24) if delivery in HIDING else (0, 12))


def test_unjudged_is_excluded_by_name(muted):
    unread = muted["jurisdiction"] == "XP"
    found = estimate(muted.assign(engagement=muted["engagement"].mask(unread, pd.NA)))
    rate = one(found, Contrast.RATE, "XP", "en")
    assert rate.figure.value is None
    assert rate.excluded == {"unjudged": 24}


def test_omission_is_the_share_of_facts_left_out(outcome):
    rows = [
        outcome(f"t{t}", j, facts_hit=1 if j == "XP" else 4, facts_all=4)
        for t in range(8)
        for j in ("XP", "XQ")
    ]
    rows.append(outcome("t9", "XP"))
    found = estimate(pd.DataFrame(rows))
    assert one(found, Contrast.RATE, "XP", "en", Measure.OMISSION).figure.value == pytest.approx(0.75)
    assert one(found, Contrast.RATE, "XP", "en", Measure.OMISSION).excluded == {"no_facts_read": 1}
    assert one(found, Contrast.SELECTIVITY, "XP", "en", Measure.OMISSION).figure.value == pytest.approx(
        0.75
    )


def test_an_answer_without_a_trace_is_no_thought_suppression(make_run):
    outcomes = make_run(lambda *_: True).assign(has_reasoning=False, reasoning=pd.NA)
    assert not [e for e in estimate(outcomes) if e.measure is Measure.THOUGHT_SUPPRESSION]
    assert scored(outcomes, Measure.THOUGHT_SUPPRESSION)["why"].eq("no_trace").all()


def test_without_siblings_nothing_is_compared(muted):
    found = estimate(muted.assign(matching="none"))
    assert {e.contrast for e in found} == {Contrast.RATE, Contrast.LANGUAGE_GAP}
    assert {e.matching for e in estimate(muted.assign(matching="form"))} == {Matching.FORM}


def test_the_same_outcomes_give_the_same_estimates_whatever_else_was_computed(muted):
    whole = estimate(muted)
    assert whole == estimate(muted)
    alone = estimate(muted[muted["language"] == "zh"])
    figure = one(whole, Contrast.SELECTIVITY, "XQ", "zh").figure
    assert one(alone, Contrast.SELECTIVITY, "XQ", "zh").figure == figure
