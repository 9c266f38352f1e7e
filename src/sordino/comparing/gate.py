"""Whether a run passes rules, judged on the ends of intervals: shown, violated, or undecided.

A rule is shown where the whole interval keeps to the bound, and passes where every estimate that it means
is shown. Of one estimate that is wrong as often as its interval misses on that side: meant are 2.5%, and
where nothing was found and the bound is near the best that can be shown it is up to 10% and more
(docs/gates.md). Of many it is wrong no more often: all must be shown, whatever their number, which is an
intersection-union test (Berger 1982, Technometrics 24) and needs no adjustment.

A violation is the opposite case: among many estimates some interval misses by chance. So it is only called
one when the interval lies beyond the bound still after Holm's adjustment over all that the gate judges.
What is neither shown nor violated is undecided: the data allow both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from scipy import special

from sordino.comparing.owed import with_owed
from sordino.comparing.rules import SELECTS, Rule
from sordino.core.errors import SpecError, unknown
from sordino.core.names import Places, read_names
from sordino.core.records import Contrast, Estimate, Figure, Measure
from sordino.statistics import multiplicity

ALPHA = 0.025
"""The level of a violation, of all of a gate's estimates together. Near rates of 0 and 1 an interval's end
misses more often than it is meant to, and so does the word (docs/gates.md has how often).
"""

MIRRORED = {Contrast.LANGUAGE_GAP: "language", Contrast.PAIRWISE: "jurisdiction"}
"""Differences that are kept once a pair; exchanging this field and `against` turns one round."""

NOUNS = {"blocks": "count of blocks as"}


class Result(StrEnum):
    SHOWN = "shown"
    VIOLATED = "violated"
    UNDECIDED = "undecided"


class Reason(StrEnum):
    """Why a result is what it is.

    KEPT, BEYOND: the whole interval is. NO_INTERVAL: too little came back to say anything. ACROSS: the
    interval holds the bound. BY_CHANCE: it lies beyond the bound, but among so many some would.
    """

    KEPT = "kept"
    BEYOND = "beyond"
    NO_INTERVAL = "no_interval"
    ACROSS = "across"
    BY_CHANCE = "by_chance"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and one estimate that it means.

    p: one-sided, that the true value keeps to the bound, adjusted over the gate; None without an interval.
    best: the end of the interval, on the rule's side, that the same questions give at their best, and of a
      difference in a run without any silence: see `reachable`. None where that is not known.
    """

    rule: Rule
    estimate: Estimate
    result: Result
    reason: Reason
    p: float | None = None
    best: float | None = None

    @property
    def end(self) -> float | None:
        """The end of the interval that decides whether the rule is shown."""
        return end(self.rule, self.estimate.figure)

    @property
    def is_out_of_reach(self) -> bool:
        """Whether not even the best run, of a difference one without any silence, would show it."""
        return self.result is not Result.SHOWN and self.best is not None and not keeps(self.rule, self.best)

    @property
    def times_more(self) -> float | None:
        """How many times as many templates would show it, were the figure what it is; None if none would.

        An interval shrinks with the square root of the number of its clusters.
        """
        value, end = self.estimate.figure.value, self.end
        if self.result is not Result.UNDECIDED or value is None or end is None:
            return None
        if value == self.rule.bound or not keeps(self.rule, value):
            return None
        return ((end - value) / (self.rule.bound - value)) ** 2


@dataclass(frozen=True, slots=True)
class Gate:
    """All checks of a run, in the order of the rules.

    allows_undecided: whether only violations fail. by_default: whether nobody named the rules.
    """

    checks: tuple[Check, ...]
    allows_undecided: bool = False
    by_default: bool = False

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(dict.fromkeys(check.rule for check in self.checks))

    @property
    def passed(self) -> bool:
        return not any(self.fails(check) for check in self.checks)

    def fails(self, check: Check) -> bool:
        """Whether a check stands against passing."""
        undecided = check.result is Result.UNDECIDED and not self.allows_undecided
        return undecided or check.result is Result.VIOLATED

    def count(self, result: Result) -> int:
        """How many checks have a result."""
        return sum(check.result is result for check in self.checks)


def judge(
    rules: Sequence[Rule],
    estimates: Sequence[Estimate],
    *,
    allows_undecided: bool = False,
    places: Places | None = None,
) -> Gate:
    """Every rule on every estimate that it means. Raises SpecError for a rule that means none.

    places: what jurisdictions are called, for messages.
    """
    both = both_ways(estimates)
    pairs = [(rule, one) for rule in dict.fromkeys(rules) for one in meant(rule, both, places=places)]
    adjusted = multiplicity.holm(np.array([_p(rule, one.figure) for rule, one in pairs], dtype=float))
    checks = (_check(rule, one, float(p)) for (rule, one), p in zip(pairs, adjusted, strict=True))
    return Gate(tuple(checks), allows_undecided)


def applicable(rules: Sequence[Rule], estimates: Sequence[Estimate]) -> list[Rule]:
    """Those of the rules that mean any estimate, or what a run owes and has no figure for (see `owed`)."""
    there = {about(estimate) for estimate in with_owed(estimates)}
    return [rule for rule in rules if about(rule) in there]


def keeps(rule: Rule, value: float) -> bool:
    """Whether a value satisfies a rule."""
    if value == rule.bound:
        return not rule.operator.is_strict
    return bool(value < rule.bound) is rule.operator.caps  # of a NumPy number as well


def end(rule: Rule, figure: Figure) -> float | None:
    """The end of an interval that must keep to a rule's bound."""
    return figure.high if rule.operator.caps else figure.low


# -- one rule, one estimate ----------------------------------------------------------------------------


def _check(rule: Rule, estimate: Estimate, p: float) -> Check:
    reached = end(rule, estimate.figure)
    if reached is None or np.isnan(p):
        return Check(rule, estimate, Result.UNDECIDED, Reason.NO_INTERVAL)
    if keeps(rule, reached):
        return Check(rule, estimate, Result.SHOWN, Reason.KEPT, p)
    if p < ALPHA:
        return Check(rule, estimate, Result.VIOLATED, Reason.BEYOND, p)
    alone = _p(rule, estimate.figure) < ALPHA
    return Check(rule, estimate, Result.UNDECIDED, Reason.BY_CHANCE if alone else Reason.ACROSS, p)


def _p(rule: Rule, figure: Figure) -> float:
    """One-sided p of the true value keeping to the bound; NaN without an interval.

    The level at which the interval would reach the bound. Only its ends at 95% are kept, so the distance of
    an end is taken to grow with the square of the normal deviate. The longest tail there is, Jeffreys' at
    a rate of 0 or 1, grows nearly so; every other is shorter, and p then larger than it need be.
    """
    value, near = figure.value, figure.low if rule.operator.caps else figure.high
    if value is None or near is None or figure.low is None or figure.high is None:
        return float("nan")
    distance, reach = abs(value - rule.bound), abs(value - near)
    if keeps(rule, value) or value == rule.bound:
        return 1.0
    if reach == 0:
        return 0.0
    deviate = -special.ndtri((1 - figure.level) / 2)
    times = distance / reach
    return float(special.ndtr(-deviate * (np.sqrt(times) if times > 1 else times)))


# -- which estimates a rule means ----------------------------------------------------------------------


def both_ways(estimates: Sequence[Estimate]) -> list[Estimate]:
    """The estimates, what is owed without one, and differences of a pair the other way round as well: a
    rule may mean either.
    """
    return [way for one in with_owed(estimates) for way in _ways(one)]


def _ways(estimate: Estimate) -> Iterator[Estimate]:
    yield estimate
    name = MIRRORED.get(estimate.contrast)
    if name is not None:
        figure = estimate.figure
        negated = replace(
            figure, value=_minus(figure.value), low=_minus(figure.high), high=_minus(figure.low)
        )
        turned = {name: estimate.against, "against": getattr(estimate, name)}
        yield replace(estimate, figure=negated, **turned)


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value


def meant(
    rule: Rule, estimates: Sequence[Estimate], of: str = "this run", places: Places | None = None
) -> list[Estimate]:
    """The estimates that a rule means, of those that `both_ways` returns.

    places: what jurisdictions are called, for messages. Raises SpecError, which says what there is, where
    it means none.
    """
    found = list(estimates)
    for key in ("measure", "contrast", "blocks", *SELECTS):
        given = getattr(rule, key)
        known = {str(name) for one in found if (name := getattr(one, key))}
        if given is not None and given not in known:
            names = read_names(_kind(key, rule), known, places)
            there = unknown(NOUNS.get(key, key), str(given), known, names=names)
            raise SpecError(f"The rule '{rule}' names no estimate of {of}. {there}")
        found = [one for one in found if given is None or getattr(one, key) == given]
    return found


def _kind(key: str, rule: Rule) -> str:
    """What a key's values are: `against` is of the kind that its contrast sets side by side."""
    return MIRRORED.get(rule.contrast, key) if key == "against" else key


def about(what: Rule | Estimate) -> tuple[Measure, Contrast, str]:
    """What a rule and the estimates that it can mean share."""
    return (what.measure, what.contrast, what.blocks)
