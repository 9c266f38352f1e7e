"""What is concluded from runs whose truth is known, and the sentence that says it."""

import pandas as pd

from sordino.auditing.estimates import estimate
from sordino.auditing.findings import conclude
from sordino.auditing.sentence import sentence
from sordino.core.records import Measure, Verdict


def verdicts(outcomes, measure=Measure.WITHHELD):
    return {(f.jurisdiction, f.language): f for f in conclude(estimate(outcomes)) if f.measure is measure}


def said(outcomes):
    estimates = estimate(outcomes)
    return sentence("model", conclude(estimates), estimates, {"XQ": {"en": "Quorin"}})


def test_a_planted_mute_is_found_and_nothing_else(muted):
    found = verdicts(muted)
    assert {place for place, f in found.items() if f.verdict is Verdict.SELECTIVE} == {("XQ", "zh")}
    assert "No neutral question could be read" in found["XQ", "zh"].why


def test_no_more_than_siblings_states_its_bound(make_run):
    found = verdicts(make_run(lambda *_: False, templates=40))
    assert {f.verdict for f in found.values()} == {Verdict.NO_MORE_THAN_SIBLINGS}
    assert all(0 < f.bound < 0.25 for f in found.values())


def test_few_templates_conclude_nothing(make_run):
    found = verdicts(make_run(lambda t, j, *_: j == "XQ", templates=4))
    assert {f.verdict for f in found.values()} == {Verdict.NOT_ENOUGH_DATA}
    assert "4 templates" in found["XQ", "en"].why


def test_a_bound_too_wide_to_mean_anything_is_not_enough_data(make_run):
    found = verdicts(make_run(lambda t, j, *_: j == "XQ" and t < 1, templates=6))
    assert found["XQ", "en"].verdict is Verdict.NOT_ENOUGH_DATA
    assert "too wide" in found["XQ", "en"].why


def test_an_excess_that_does_not_survive_the_adjustment_is_no_verdict_either_way(make_run):
    found = verdicts(make_run(lambda t, j, *_: j == "XQ" and t < 2, templates=6))["XQ", "en"]
    assert found.estimate.figure.low > 0
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert "once all comparisons are counted" in found.why


def test_blocked_siblings_are_not_unasked_siblings(muted):
    lost = (muted["language"] == "zh") & (muted["jurisdiction"] != "XQ")
    outcomes = muted.assign(
        delivery=muted["delivery"].mask(lost, "blocked_output"),
        engagement=muted["engagement"].mask(lost, pd.NA),
    )
    assert verdicts(outcomes)["XQ", "zh"].why == "No sibling could be read in this language."
    assert "in Chinese, where siblings could not be read, it withholds 83%" in said(outcomes)


def test_a_jurisdiction_is_cleared_only_in_the_languages_where_it_was(make_run):
    both = ("political", "neutral")
    text = said(make_run(lambda t, j, language, *_: j == "XQ" and language == "zh" and t < 10, kinds=both))
    assert "Quorin (in English)" in text
    assert "more is withheld about Quorin in Chinese, but neutral questions" in text


def test_ignorance_is_not_taken_for_silence(make_run):
    both = ("political", "neutral")
    ignorant = make_run(lambda t, j, language, kind, phrasing: j == "XQ" and t < 10, kinds=both)
    silent = make_run(
        lambda t, j, language, kind, phrasing: j == "XQ" and t < 10 and kind == "political", kinds=both
    )
    assert verdicts(ignorant)["XQ", "en"].verdict is Verdict.NOT_TOLD_FROM_IGNORANCE
    found = verdicts(silent)["XQ", "en"]
    assert found.verdict is Verdict.SELECTIVE
    assert "at most +10 points worse" in found.why


def test_a_host_that_blocks_a_jurisdiction_as_such_is_named_first(make_run):
    """Nothing that got through is withheld, which is no praise where half did not get through."""
    outcomes = make_run(lambda *_: False, templates=12, kinds=("political", "neutral"))
    lost = outcomes["jurisdiction"].eq("XQ") & outcomes["language"].eq("en")
    lost &= outcomes["phrasing"].eq("direct")
    blocked = outcomes.assign(
        delivery=outcomes["delivery"].mask(lost, "blocked_input"),
        engagement=outcomes["engagement"].mask(lost, pd.NA),
    )
    assert verdicts(blocked, Measure.BLOCKED)["XQ", "en"].verdict is Verdict.NOT_TOLD_FROM_IGNORANCE
    named = "model: its host blocks 50% of what is asked about Quorin in English, neutral questions too."
    assert said(blocked).startswith(named)


def test_a_jurisdiction_asked_alone_in_its_language_has_no_siblings(muted):
    alone = muted[(muted["language"] == "en") | (muted["jurisdiction"] == "XQ")]
    found = verdicts(alone)["XQ", "zh"]
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert "No sibling was asked" in found.why
    text = said(alone.assign(matching="form"))
    assert (
        "in Chinese, where no sibling was asked, it withholds 83% of answers about Quorin, at least" in text
    )
    assert "more than in English" in text
    assert "share the form" in text


def test_what_was_never_answered_says_so(muted):
    lost = muted["jurisdiction"] == "XP"
    outcomes = muted.assign(
        delivery=muted["delivery"].mask(lost, "blocked_input"),
        engagement=muted["engagement"].mask(lost, pd.NA),
    )
    found = verdicts(outcomes)["XP", "en"]
    assert found.verdict is Verdict.NOT_ENOUGH_DATA
    assert "24 blocked input" in found.why
    assert verdicts(outcomes, Measure.BLOCKED)["XP", "en"].verdict is Verdict.SELECTIVE


def test_the_sentence_says_what_was_found_and_what_was_not(muted):
    text = said(muted)
    assert text.startswith("model withholds answers about Quorin (83% in Chinese; at least ")
    assert "No selective withholding was found about" in text
    assert "Quorin" not in text.split("No selective")[1]


def test_the_sentence_of_an_open_model_states_the_bound(make_run):
    text = said(make_run(lambda *_: False, templates=40))
    assert text.startswith("model: no selective withholding was found about")
    assert "(at most " in text
