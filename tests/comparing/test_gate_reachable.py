"""What questions can show at their best: against the statistics room's own figures, and by simulation."""

import numpy as np
import pandas as pd
import pytest

from sordino.comparing import prospects, reachable
from sordino.comparing.gate import Result, judge
from sordino.comparing.rules import parse
from sordino.core.errors import SpecError
from sordino.core.records import Contrast, Measure
from sordino.packs import load
from sordino.statistics import rates

ATLAS = load.pack("atlas")


def asked(samples=1, **chosen):
    return reachable.asked(ATLAS.probes(**chosen), samples)


def prospect(rule, there, simulations=40):
    return prospects.prospect(parse(rule), there, np.random.default_rng(0), simulations=simulations)


def no_hits(templates, observations):
    return rates.rate(np.zeros(templates), np.full(templates, observations)).high


def test_the_best_bound_of_a_rate_is_the_upper_end_where_nothing_is_withheld():
    there = asked(languages=["en"])
    assert prospect("withheld.rate <= 20%", there).bound == pytest.approx(no_hits(12, 2))
    assert prospect("withheld.control <= 50%", there).bound == pytest.approx(no_hits(3, 2))
    assert prospect("withheld.rate <= 20%", asked(3, languages=["en"])).bound == pytest.approx(
        no_hits(12, 6)
    )
    one = asked(languages=["en"], phrasings=list(ATLAS.phrasings)[:1])
    assert prospect("withheld.rate <= 30%", one).bound == pytest.approx(no_hits(12, 1))


def test_facts_and_flags_are_counted_where_cells_have_them():
    there = asked(languages=["en"])
    assert prospect("omission.control <= 50%", there).bound == pytest.approx(no_hits(3, 2))
    assert prospect("state_line.rate <= 20%", there).bound == pytest.approx(no_hits(12, 2))
    none = prospect("state_line.control <= 50%", there)
    assert (none.bound, none.is_satisfiable) == (None, False)


def test_harmful_requests_are_best_where_all_are_refused():
    there = reachable.asked(load.pack("safety").probes(languages=["en"]))
    harmful = prospect("withheld.harmful >= 80%", there)
    assert harmful.is_satisfiable
    assert harmful.bound == pytest.approx(1 - no_hits(10, 12), abs=0.02)
    assert prospect("withheld.harmful >= 99%", there).is_satisfiable is False


def test_a_rule_holds_for_all_that_it_means_so_the_worst_bounds_it():
    """One jurisdiction is asked about five templates only."""
    there = asked(languages=["en"])
    few = sorted(there["template"].unique())[:5]
    thin = there[there["jurisdiction"].ne("XB") | there["template"].isin(few)]
    assert prospect("withheld.rate <= 50%", thin).bound > prospect("withheld.rate <= 50%", there).bound
    assert prospect("withheld.rate[jurisdiction=XC] <= 50%", thin).bound == pytest.approx(no_hits(12, 2))


def test_what_would_make_a_rule_satisfiable_does():
    there = asked(languages=["en"])
    by_samples = prospect("withheld.rate <= 10%", there)
    assert (by_samples.is_satisfiable, by_samples.samples, by_samples.templates) == (False, 2, None)
    assert prospect("withheld.rate <= 10%", asked(2, languages=["en"])).is_satisfiable
    by_templates = prospect("withheld.rate <= 3%", there)
    assert by_templates.samples is None
    assert by_templates.templates == 72
    assert no_hits(72, 2) <= 0.03 < min(no_hits(48, 2), no_hits(12, 20))
    assert set(by_templates.chances.values()) == {0.0}


def test_a_difference_that_the_best_run_does_not_show_another_run_may():
    """Where its siblings are silent, the upper end of one jurisdiction's selectivity lies below zero."""
    there = asked(languages=["en"])
    rule = "withheld.selectivity[jurisdiction=XA] <= 5 points"
    found = prospect(rule, there)
    assert (found.shows_at_best, found.is_satisfiable) == (False, None)
    silent = run_of(there, lambda _template, code: code != "XA")
    assert judge([parse(rule)], reachable.auditing.estimate(silent)).passed
    rate = prospect("withheld.rate[jurisdiction=XA] <= 5%", there)
    assert (rate.shows_at_best, rate.is_satisfiable) == (False, False)


def test_chances_fall_with_the_share_of_wrong_answers_and_one_rule_is_easier_than_many():
    all_of = prospect("withheld.selectivity <= 25 points", asked(), simulations=40)
    one_of = prospect("withheld.selectivity[language=en, jurisdiction=XA] <= 25 points", asked())
    assert [all_of.chances[w] for w in (0.0, 0.05)] == [1.0, pytest.approx(0.05, abs=0.15)]
    assert all_of.chances[0.02] < one_of.chances[0.02] <= 1
    assert one_of.chances[0.05] > 0.5


def test_the_chance_is_what_gates_of_simulated_audits_come_to():
    """Of one estimate, against the binomial with the beta-binomial's variance left out."""
    there = asked(languages=["en"])
    found = prospect("withheld.rate[jurisdiction=XA] <= 12%", there, simulations=400).chances
    # Shown only where none of the 24 answers is wrong: certain at 0%, and at most the chance of any cell.
    assert found[0.0] == 1.0
    assert 0.98**24 - 0.08 < found[0.02] < 0.98**12 + 0.08


def test_what_touches_no_jurisdiction_takes_nothing_from_the_chance():
    """It has no rate of its own and is nobody's sibling; requests are one figure whatever they touch."""
    there = asked(languages=["en"])
    more = pd.concat([there, there[there["jurisdiction"].eq("XA")].head(4).assign(jurisdiction=None)])
    rule = "withheld.rate <= 30%"
    assert prospect(rule, more).chances == prospect(rule, there).chances
    safety = reachable.asked(load.pack("safety").probes(languages=["en"]))
    about = safety.assign(jurisdiction=["XA", "XB"] * (len(safety) // 2))
    rule = "withheld.harmful >= 80%"
    assert prospect(rule, about).chances == prospect(rule, safety).chances


@pytest.mark.parametrize("rule", ["withheld.selectivity >= 20 points", "blocked.rate >= 20%"])
def test_where_no_run_is_the_best_nothing_is_claimed(rule):
    found = prospect(rule, asked(languages=["en"]))
    assert (found.bound, found.is_satisfiable, set(found.chances.values())) == (None, None, {None})


def test_a_rule_that_names_nothing_asked_is_refused():
    with pytest.raises(SpecError, match=r"names no estimate of such an audit\. There is no language 'de'"):
        prospect("withheld.rate[language=de] <= 20%", asked())


def test_a_rule_of_a_change_is_refused_for_one_run_cannot_tell():
    with pytest.raises(
        SpecError, match=r"change <= 10 points': a change needs two runs, so packs power can"
    ):
        prospect("withheld.change <= 10 points", asked())


# -- beside a run's own checks -------------------------------------------------------------------------


def run_of(there, withheld):
    """Outcomes of a run: all delivered, and what a template and jurisdiction withhold."""
    silent = there.apply(lambda row: withheld(row["template"], row["jurisdiction"]), axis=1)
    return there.assign(
        delivery="delivered",
        engagement=np.where(silent, "DENIAL", "COMPLETE"),
        facts_hit=there["facts_all"],
        flags_hit=there["flags_all"] * 0,
        reasoning=pd.NA,
        has_reasoning=False,
    )


def test_a_check_out_of_reach_is_told_from_one_that_more_answers_would_show():
    there = asked(languages=["en"])
    first = sorted(there["template"].unique())[0]
    outcomes = run_of(there, lambda template, code: (template, code) == (first, "XB"))
    rules = [parse("withheld.rate <= 5%"), parse("withheld.rate[jurisdiction=XB] <= 12%")]
    gate = judge(rules, reachable.auditing.estimate(outcomes))
    gate = reachable.with_best(gate, outcomes)
    strict = [check for check in gate.checks if check.rule == rules[0]]
    assert {check.result for check in strict} == {Result.UNDECIDED}
    assert all(check.is_out_of_reach for check in strict)
    (loose,) = [check for check in gate.checks if check.rule == rules[1]]
    assert (loose.result, loose.is_out_of_reach) == (Result.UNDECIDED, False)
    assert loose.best == pytest.approx(no_hits(12, 2))


def test_the_best_run_is_not_one_that_shows_less_than_this_run():
    """Where two siblings are silent, a selectivity lies lower than in a run without any silence."""
    there = asked(languages=["en"])
    outcomes = run_of(there, lambda _template, code: code in ("XB", "XC"))
    rule = parse("withheld.selectivity[jurisdiction=XA] <= 2 points")
    (check,) = judge([rule], reachable.auditing.estimate(outcomes)).checks
    spoken = reachable.best(outcomes, {Measure.WITHHELD}, silent=False)
    (nothing,) = (e.figure.high for e in spoken if reachable.key(e) == reachable.key(check.estimate))
    assert 0.02 < check.end < nothing
    (told,) = reachable.with_best(judge([rule], [check.estimate]), outcomes).checks
    assert (told.result, told.best, told.is_out_of_reach) == (Result.UNDECIDED, None, False)


def test_what_was_not_delivered_counts_as_asked():
    """A bound that only a delivery in full would show is within reach of the questions."""
    there = asked(languages=["en"])
    outcomes = run_of(there, lambda _template, _code: False)
    lost = outcomes["template"].isin(sorted(outcomes["template"].unique())[:6])
    outcomes = outcomes.assign(
        delivery=outcomes["delivery"].mask(lost, "blocked_output"),
        engagement=outcomes["engagement"].mask(lost, pd.NA),
        facts_all=outcomes["facts_all"].astype("Float64").mask(lost, pd.NA),
    )
    rules = [parse("withheld.rate <= 12%"), parse("omission.rate <= 12%")]
    gate = reachable.with_best(judge(rules, reachable.auditing.estimate(outcomes)), outcomes)
    assert {check.result for check in gate.checks} == {Result.UNDECIDED}
    assert [check.best for check in gate.checks] == [pytest.approx(no_hits(12, 2))] * 12
    assert not any(check.is_out_of_reach for check in gate.checks)


def test_gaps_are_found_from_either_side():
    found = reachable.best(asked(languages=["en", "fr"]), {Measure.WITHHELD}, silent=False)
    gaps = {
        (e.language, e.against)
        for e in found
        if e.contrast is Contrast.LANGUAGE_GAP and e.measure is Measure.WITHHELD
    }
    assert gaps == {("en", "fr"), ("fr", "en")}
