"""A gate's checks in words: what each is about, its figure, what is needed, what would show it.

Shared by the terminal, the summary, the JUnit file and the model card, which so say the same. Words are as
their writers wrote them but visible and on one line; each output escapes for its own form.
"""

import math
from collections.abc import Sequence

from sordino.auditing.estimates import ENOUGH_CERTAIN
from sordino.auditing.outcomes import WITHHELD_IF_SO_COUNTED
from sordino.auditing.sentence import joined
from sordino.comparing.gate import ALPHA, Check, Gate, Reason, Result, keeps
from sordino.comparing.rules import BLOCKS, DEFAULTS, Rule, quantity
from sordino.core.manifest import Manifest
from sordino.core.records import Contrast, Estimate, Measure
from sordino.reporting import words
from sordino.reporting.comparisons import left_out
from sordino.reporting.sweep_tables import SCARCE

RESULTS = {Result.SHOWN: "shown", Result.VIOLATED: "violated", Result.UNDECIDED: "undecided"}
MANY = 20
"""Beyond so many times as many templates nobody is helped by the number."""
NAMED = 4
"""Places of which it is said how much of them is missing."""

ALLOWED = (
    "Undecided checks were allowed: of these the data do not say that they keep to the bound, only that "
    "they need not miss it."
)
MEANING = (
    "Shown: the whole 95% interval keeps to the bound. Violated: the whole interval lies beyond it, also "
    "once everything judged here is counted (Holm). Undecided: the data allow both. An interval's end "
    f"misses {ALPHA:.1%} of the time by design, and a pass, or the word violated, is wrong as often; where "
    "nothing was found and the bound is near the best that these questions can show, up to 10% and more: "
    "docs/gates.md. What the judges misread is not in that."
)
"""What the words of the results mean, and how sure they are."""
MORE = (
    "More answers to a template (phrasings, samples) help less than more templates where answers to one "
    "template are alike."
)
SPEAKS = {
    Contrast.SELECTIVITY: "selectivity",
    Contrast.RATE: "how much is withheld",
    Contrast.HARMFUL: "harmful requests",
    Contrast.BENIGN: "harmless requests that sound alarming",
}
"""What each default rule is about."""
SILENT = "facts left out, state lines, suppressed thoughts and blocks by a host"
"""What no default rule is about."""


def place(check: Check, manifest: Manifest) -> str:
    """What an estimate is about: "China, English", "China, Chinese against English"."""
    one = check.estimate
    language = words.language(one.language)
    if one.contrast is Contrast.LANGUAGE_GAP and one.against:
        language += f" against {words.language(one.against)}"
    if not one.jurisdiction:
        return language
    name = words.jurisdiction(manifest, one.jurisdiction)
    if one.contrast is Contrast.PAIRWISE and one.against:
        name += f" against {words.jurisdiction(manifest, one.against)}"
    return f"{name}, {language}"


def figure(check: Check) -> str:
    """The figure with its interval: "4.0% [0.8, 12.3]", "+4.0 points [−1.4, +10.9]"; a dash for none."""
    value = check.estimate.figure.value
    if value is None:
        return "–"
    unit = " points" if check.rule.is_difference else "%"
    ends = interval(check)
    return f"{_number(check, value)}{unit}" + (f" [{ends[0]}, {ends[1]}]" if ends else "")


def interval(check: Check) -> tuple[str, str] | None:
    """Both ends in hundredths; None without an interval."""
    low, high = check.estimate.figure.low, check.estimate.figure.high
    return None if low is None or high is None else (_number(check, low), _number(check, high))


def _number(check: Check, value: float) -> str:
    """In hundredths, signed where it is a difference."""
    told = f"{100 * value:{'+' if check.rule.is_difference else ''}.{_decimals(check)}f}"
    return told.lstrip("+-") if float(told) == 0 else told.replace("-", "−")


def _decimals(check: Check) -> int:
    """As many as it takes for the rounded end to stand on the side of the bound where it is."""
    reached = check.end
    for decimals in (1, 2, 3):
        if reached is None or keeps(check.rule, round(100 * reached, decimals) / 100) is keeps(
            check.rule, reached
        ):
            return decimals
    return 4


def needed(check: Check) -> str:
    """What the whole interval must keep to: "<= 10 points"."""
    return f"{check.rule.operator.value} {check.rule.number}"


def told(check: Check) -> str:
    """One line: why it is not shown, and what would show it; empty where it is."""
    match check.reason:
        case Reason.KEPT:
            return ""
        case Reason.BEYOND:
            near = _near(check)
            return f"All that the data allow misses the bound, by {near} at least."
        case Reason.NO_INTERVAL:
            return _without_interval(check)
        case Reason.BY_CHANCE:
            return (
                "Its own interval misses the bound, but among as many as are judged here one may by "
                "chance. More templates would decide."
            )
        case Reason.ACROSS if check.is_out_of_reach and check.best is not None:
            return f"{_not_at_best(check.rule, check.best)} Ask more templates. {MORE}"
        case Reason.ACROSS:
            return _across(check)


def _near(check: Check) -> str:
    """How far the end nearer to the bound is beyond it."""
    one, rule = check.estimate.figure, check.rule
    near = one.low if rule.operator.caps else one.high
    return f"{100 * abs((near or 0.0) - rule.bound):.1f} points"


def _without_interval(check: Check) -> str:
    one = check.estimate
    counted = left_out(one.excluded)
    lost = f" ({counted})" if counted else ""
    if check.rule.is_change and not one.figure.method:
        return _without_baseline(one)
    if one.contrast in (Contrast.SELECTIVITY, Contrast.CONTROL_SELECTIVITY) and not one.figure.clusters:
        if not one.figure.method:
            return f"Nothing about it came back that could be read{lost}."
        return (
            f"There is no sibling to compare with in {words.language(one.language)}{lost}. "
            "Ask about others there, or name the languages that the rule is about."
        )
    templates = "1 template has" if one.figure.clusters == 1 else f"{one.figure.clusters} templates have"
    return f"Only {templates} answers that count{lost}; an interval needs 2."


def _without_baseline(one: Estimate) -> str:
    besides = ", or about its siblings" if one.contrast is Contrast.CHANGE_OF_SELECTIVITY else ""
    return (
        f"The baseline has nothing about it{besides}. Ask it the same, or name the jurisdictions and "
        "languages that the rule is about."
    )


def _not_at_best(rule: Rule, best: float) -> str:
    """That a rule is out of reach; of a difference not in every run, for silent siblings lower it."""
    reached = attainable(rule, best)
    if rule.is_difference:
        return (
            "Not even a run without any silence would show it with these questions: "
            f"what that shows is {reached}."
        )
    return f"Out of reach of these questions: the best run that there could be shows {reached}."


def attainable(rule: Rule, best: float) -> str:
    """The end of the best interval as a bound that it keeps to, so rounded away from it."""
    away = math.ceil if rule.operator.caps else math.floor
    return quantity(away(1000 * best) / 1000, is_difference=rule.is_difference)


def _across(check: Check) -> str:
    side = "upper" if check.rule.operator.caps else "lower"
    if check.times_more is None:
        return "The figure itself misses the bound, though not beyond chance. More templates would decide."
    times = math.ceil(10 * check.times_more) / 10
    many = f"more than {MANY}" if times > MANY else f"about {times:.1f}"
    return f"The {side} end misses it. With the same figure, {many} times as many templates would show it."


def scarce(rules: Sequence[Rule], estimates: Sequence[Estimate], manifest: Manifest) -> str:
    """Where much of what was owed is in no figure, and so in no verdict; "" where nothing much is missing.

    Told whatever the rules are about, for whoever reads "passed" takes it for all that was asked.
    """
    if all(rule.blocks != BLOCKS[0] for rule in rules):
        return ""
    rates = [e for e in estimates if (e.measure, e.contrast, e.blocks) == _ANSWERED]
    missing = [e for e in rates if e.figure.n < SCARCE * _owed(e)]
    if not missing:
        return ""
    missing.sort(key=lambda e: e.figure.n / _owed(e))
    told = [
        f"{words.jurisdiction(manifest, e.jurisdiction)}, {words.language(e.language)} "
        f"({e.figure.n} of {_owed(e)}: {left_out(_lost(e))})"
        for e in missing[:NAMED]
    ]
    more = f"; and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
    places = f"{'; '.join(told)}{more}"
    said = (
        f"Less than {SCARCE:.0%} of what was owed could be read about {places}: the rest is in no figure."
    )
    hidden = any(why in WITHHELD_IF_SO_COUNTED for e in missing for why in e.excluded)
    mend = "A rule with blocks=withheld counts what was blocked or cut short as withheld."
    return f"{said} {mend}" if hidden else said


_ANSWERED = (Measure.WITHHELD, Contrast.RATE, BLOCKS[0])


def _lost(rate: Estimate) -> dict[str, int]:
    """What is missing, but for what was not asked because enough was certain."""
    return {why: n for why, n in rate.excluded.items() if why != ENOUGH_CERTAIN}


def _owed(rate: Estimate) -> int:
    return rate.figure.n + sum(_lost(rate).values())


def verdict(gate: Gate) -> str:
    """Whether the run passed, and on what."""
    shown, violated, undecided = (gate.count(result) for result in Result)
    total, spoken = len(gate.checks), _by_default(gate)
    if shown == total:
        return f"Passed: {_all(total)} shown to keep to its bound.{spoken}"
    parts = [f"{n} {RESULTS[r]}" for r, n in zip(Result, (shown, violated, undecided), strict=True) if n]
    counted = ", ".join(parts)
    if gate.passed:
        return f"Passed, with undecided checks allowed: {counted}. {ALLOWED}{spoken}"
    return f"Failed: of {total} checks {counted}.{spoken}"


def _by_default(gate: Gate) -> str:
    """What the default rules speak of in this run, and what they do not."""
    if not gate.by_default:
        return ""
    judged = {rule.contrast for rule in gate.rules}
    told = joined([SPEAKS[rule.contrast] for rule in DEFAULTS if rule.contrast in judged])
    unasked = [SPEAKS[rule.contrast] for rule in DEFAULTS if rule.contrast not in judged]
    rest = f"{joined(unasked)}, of which nothing was asked, nor of " if unasked else ""
    return (
        f" No rule was named (--rule); the default ones speak of {told}. "
        f"They do not speak of {rest}{SILENT}."
    )


def _all(total: int) -> str:
    return "the one estimate is" if total == 1 else f"each of {total} estimates is"
