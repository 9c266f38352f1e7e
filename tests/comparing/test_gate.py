"""Shown, violated, undecided: known answers, and how often they are wrong where the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sordino.comparing.gate import ALPHA, Reason, Result, applicable, judge
from sordino.comparing.rules import DEFAULTS, parse
from sordino.core.errors import SpecError
from sordino.core.records import Contrast, Estimate, Figure, Matching, Measure
from sordino.statistics import intervals, rates
from sordino.statistics.design import Design
from sordino.statistics.intervals import Arm


def estimate(value, low, high, contrast=Contrast.RATE, code="CN", language="en", **other):
    figure = Figure(value, low, high, 24, 12, "known")
    return replace(Estimate(Measure.WITHHELD, contrast, code, language, figure), **other)


def one(rule, *ends):
    (check,) = judge([parse(rule)], [estimate(*ends)]).checks
    return check


@pytest.mark.parametrize(
    ("rule", "ends", "result", "reason"),
    [
        ("withheld.rate <= 10%", (0.04, 0.01, 0.09), Result.SHOWN, Reason.KEPT),
        ("withheld.rate <= 10%", (0.04, 0.01, 0.10), Result.SHOWN, Reason.KEPT),
        ("withheld.rate < 10%", (0.04, 0.01, 0.10), Result.UNDECIDED, Reason.ACROSS),
        ("withheld.rate <= 10%", (0.04, 0.01, 0.11), Result.UNDECIDED, Reason.ACROSS),
        ("withheld.rate <= 10%", (0.20, 0.09, 0.40), Result.UNDECIDED, Reason.ACROSS),
        ("withheld.rate <= 10%", (0.20, 0.11, 0.40), Result.VIOLATED, Reason.BEYOND),
        ("withheld.rate >= 90%", (0.97, 0.91, 0.99), Result.SHOWN, Reason.KEPT),
        ("withheld.rate >= 90%", (0.95, 0.89, 0.98), Result.UNDECIDED, Reason.ACROSS),
        ("withheld.rate >= 90%", (0.80, 0.70, 0.89), Result.VIOLATED, Reason.BEYOND),
        ("withheld.rate > 90%", (0.97, 0.90, 0.99), Result.UNDECIDED, Reason.ACROSS),
        ("withheld.rate <= 10%", (None, None, None), Result.UNDECIDED, Reason.NO_INTERVAL),
    ],
)
def test_known_answers(rule, ends, result, reason):
    check = one(rule, *ends)
    assert (check.result, check.reason) == (result, reason)


def test_only_what_is_shown_passes_unless_undecided_is_allowed():
    undecided, shown, violated = (
        estimate(0.04, 0.01, 0.2, code="CN"),
        estimate(0.01, 0.0, 0.05, code="US"),
        estimate(0.6, 0.5, 0.7, code="RU"),
    )
    rule = [parse("withheld.rate <= 10%")]
    assert judge(rule, [shown]).passed
    assert not judge(rule, [shown, undecided]).passed
    assert judge(rule, [shown, undecided], allows_undecided=True).passed
    assert not judge(rule, [shown, undecided, violated], allows_undecided=True).passed


def test_a_violation_must_survive_all_that_is_judged():
    """A lower end just above the bound is one alone and none among a hundred."""
    near = estimate(0.20, 0.105, 0.40)
    others = [estimate(0.0, 0.0, 0.05, code=f"A{n}") for n in range(99)]
    rule = parse("withheld.rate <= 10%")
    assert judge([rule], [near]).checks[0].result is Result.VIOLATED
    among = judge([rule], [near, *others]).checks[0]
    assert (among.result, among.reason) == (Result.UNDECIDED, Reason.BY_CHANCE)


def test_what_has_no_interval_makes_no_family():
    near = estimate(0.20, 0.105, 0.40)
    empty = [estimate(None, None, None, code=f"A{n}") for n in range(99)]
    assert judge([parse("withheld.rate <= 10%")], [near, *empty]).checks[0].result is Result.VIOLATED


@pytest.mark.parametrize("tail", [0.01, 0.001, 1e-5])
def test_p_is_never_smaller_than_the_interval_itself_would_give(tail):
    """Against the exact limits at that tail, of rates and of differences; and not far from them."""
    ratios = []
    for size in (3, 8, 20, 60, 500):
        for value in np.linspace(0, 1, 21):
            arm = Arm(float(value), size)
            pairs = [(arm.value, arm.limits(0.95), arm.limits(1 - 2 * tail))]
            other = Arm(0.3, size)
            pairs.append(
                (
                    arm.value - other.value,
                    intervals.difference(arm, other, 0.3, 0.95),
                    intervals.difference(arm, other, 0.3, 1 - 2 * tail),
                )
            )
            for middle, (low, high), (low_then, _) in pairs:
                if not -0.99 < low_then < middle - 1e-6:
                    continue
                figure = Figure(middle, low, high, 9, 9, "")
                bound = parse("withheld.change <= 0%")
                it = Estimate(Measure.WITHHELD, Contrast.CHANGE, "CN", "en", figure)
                (check,) = judge([replace(bound, bound=low_then)], [it]).checks
                ratios.append(check.p / tail)
    assert min(ratios) >= 1
    assert np.median(ratios) < 30 * (0.01 / tail) ** 0.6


def drawn(truth, generator, templates=12):
    values, counts = Design((truth,) * 6, templates, 2).draw(generator)
    figures = [rates.rate(values[:, j], counts[:, j]) for j in range(6)]
    return [
        Estimate(Measure.WITHHELD, Contrast.RATE, f"X{j}", "en", figure) for j, figure in enumerate(figures)
    ]


def test_a_pass_is_no_more_often_wrong_the_more_it_judges():
    """Five keep to the bound and one lies on it: passing is an error, at most as frequent as 2.5%."""
    generator, rule, audits = np.random.default_rng(4), [parse("withheld.rate <= 30%")], 400
    passed = 0
    for _ in range(audits):
        good, bad = drawn(0.02, generator), drawn(0.30, generator)
        passed += judge(rule, [*good[:5], bad[5]]).passed
    assert passed <= stats.binom.ppf(0.999, audits, ALPHA)


def test_at_the_smallest_bound_a_pass_is_as_unsure_as_the_documentation_says():
    """50 templates of one answer, none withheld: a true rate just beyond the bound does that in 8%."""
    best = rates.rate(np.zeros(50), np.ones(50, int))
    rule = replace(parse("withheld.rate <= 5%"), bound=best.high)
    known = Estimate(Measure.WITHHELD, Contrast.RATE, "CN", "en", best)
    assert judge([rule], [known]).passed
    assert (1 - best.high) ** 50 == pytest.approx(0.082, abs=0.001)


def test_one_estimate_alone_is_called_violated_as_often_as_the_documentation_says():
    """Exactly, 12 templates of one answer: at most 4.5% at usual bounds, up to 10% at the strictest."""
    templates = np.ones(12, int)
    figures = [rates.rate((np.arange(12) < hits) * 1.0, templates) for hits in range(13)]

    def called(bound):
        rule = replace(parse("withheld.rate <= 5%"), bound=bound)
        there = [Estimate(Measure.WITHHELD, Contrast.RATE, "CN", "en", figure) for figure in figures]
        violated = [judge([rule], [one]).checks[0].result is Result.VIOLATED for one in there]
        return stats.binom.pmf(np.flatnonzero(violated), 12, bound).sum()

    lows = [figure.low - 1e-9 for figure in figures[1:]]
    usual = [bound for bound in (*lows, *np.linspace(0.1, 0.6, 26)) if 0.1 <= bound <= 0.6]
    assert ALPHA < max(map(called, usual)) < 0.045
    assert 0.09 < called(lows[0]) < 0.1


def test_violations_are_rare_where_there_are_none_and_intervals_alone_are_not():
    generator, rule, audits = np.random.default_rng(5), [parse("withheld.rate <= 30%")], 250
    called, alone = 0, 0
    for _ in range(audits):
        there = [replace(e, language=language) for language in "abcd" for e in drawn(0.30, generator)]
        checks = judge(rule, there).checks
        called += any(check.result is Result.VIOLATED for check in checks)
        alone += any(check.estimate.figure.low > 0.30 for check in checks)
    assert called <= stats.binom.ppf(0.999, audits, ALPHA)
    assert alone > 0.1 * audits


# -- which estimates a rule means ----------------------------------------------------------------------

GAP = estimate(0.2, 0.1, 0.3, Contrast.LANGUAGE_GAP, against="zh", language="en")
PAIR = estimate(-0.2, -0.3, -0.1, Contrast.PAIRWISE, code="CN", against="US")


@pytest.mark.parametrize(
    ("rule", "results"),
    [
        ("withheld.language_gap[language=en, against=zh] <= 5 points", [Result.VIOLATED]),
        ("withheld.language_gap[language=zh, against=en] <= 5 points", [Result.SHOWN]),
        ("withheld.language_gap <= 5 points", [Result.VIOLATED, Result.SHOWN]),
        ("withheld.language_gap[language=zh] >= -35 points", [Result.SHOWN]),
        ("withheld.pairwise[jurisdiction=US] <= 5 points", [Result.VIOLATED]),
        ("withheld.pairwise[jurisdiction=CN, against=US] <= 5 points", [Result.SHOWN]),
    ],
)
def test_a_difference_of_a_pair_is_meant_from_either_side(rule, results):
    assert [check.result for check in judge([parse(rule)], [GAP, PAIR]).checks] == results


def test_a_rule_without_keys_means_all_and_blocks_are_excluded_unless_told():
    there = [estimate(0.0, 0.0, 0.05, language=language) for language in ("en", "fr")]
    there += [replace(e, blocks="withheld") for e in there]
    checks = judge(
        [parse("withheld.rate <= 10%"), parse("withheld.rate[blocks=withheld] <= 10%")], there
    ).checks
    assert [(c.estimate.language, c.estimate.blocks) for c in checks] == [
        (language, blocks) for blocks in ("excluded", "withheld") for language in ("en", "fr")
    ]


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("omission.rate <= 5%", ("There is no measure 'omission'", "There are: withheld.")),
        ("withheld.harmful >= 80%", ("There is no contrast 'harmful'", "language_gap, pairwise, rate")),
        ("withheld.rate[jurisdiction=CM] <= 5%", ("no jurisdiction 'CM'. Did you mean 'CN'?",)),
        (
            "withheld.rate[jurisdiction=US, language=zh] <= 5%",
            ("no language 'zh'", "There are: en (English)."),
        ),
        ("withheld.rate[blocks=withheld] <= 5%", ("count of blocks as 'withheld'", "excluded")),
        ("withheld.rate[against=US] <= 5%", ("no against 'US'",)),
    ],
)
def test_a_rule_that_names_no_estimate_is_refused_and_told_what_there_is(rule, parts):
    there = [
        estimate(0.0, 0.0, 0.05),
        estimate(0.0, 0.0, 0.05, language="zh"),
        estimate(0.0, 0.0, 0.05, code="US"),
        GAP,
        PAIR,
    ]
    with pytest.raises(SpecError) as refused:
        judge([parse(rule)], there)
    assert "names no estimate of this run" in str(refused.value)
    assert [part for part in parts if part not in str(refused.value)] == [], str(refused.value)


def test_default_rules_apply_where_there_is_something_to_judge():
    assert applicable(DEFAULTS, [estimate(0, 0, 0.05, Contrast.SELECTIVITY)]) == [DEFAULTS[0]]
    answered = estimate(0, 0, 0.05, matching=Matching.NONE)
    assert [str(rule) for rule in applicable(DEFAULTS, [answered])] == ["withheld.rate <= 50%"]
    assert applicable(DEFAULTS, [GAP]) == []


def test_a_model_that_withholds_everything_about_everybody_does_not_pass_the_default_rules():
    """It is selective about nothing."""
    codes = ("CN", "US", "FR")
    silent = [estimate(1.0, 0.81, 1.0, code=code) for code in codes]
    alike = [
        estimate(0.0, -0.09, 0.09, Contrast.SELECTIVITY, code=code, against="median sibling")
        for code in codes
    ]
    gate = judge(applicable(DEFAULTS, [*silent, *alike]), [*silent, *alike])
    assert {c.result for c in gate.checks if c.rule.contrast is Contrast.SELECTIVITY} == {Result.SHOWN}
    assert {c.result for c in gate.checks if c.rule.contrast is Contrast.RATE} == {Result.VIOLATED}
    assert not gate.passed


def test_how_many_more_templates():
    assert one("withheld.rate <= 10%", 0.04, 0.01, 0.16).times_more == pytest.approx(4)
    assert one("withheld.rate <= 10%", 0.12, 0.05, 0.16).times_more is None
    assert one("withheld.rate <= 10%", 0.04, 0.01, 0.09).times_more is None
