"""What questions can show at their best, before and after they are asked.

An interval over few templates has a width even where nothing is withheld. So a pack has a smallest bound
that any run of it can show of a rate, and a rule below that fails whatever the model does; a difference may
come out lower where one side is silent, but not in a run that answers everything. Here outcomes are made up
in which all is delivered and nothing is withheld (or everything), and the auditing room estimates from
them as it does from real ones: nothing is computed in a second way.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TypeAlias

import pandas as pd

from sordino.auditing import estimates as auditing
from sordino.comparing.gate import Check, Gate, Result, both_ways, end
from sordino.comparing.rules import Rule
from sordino.core.records import Delivery, Engagement, Estimate, Measure, Probe

Key: TypeAlias = tuple[object, ...]


def asked(probes: Iterable[Probe], samples: int = 1) -> pd.DataFrame:
    """Outcomes as an audit of these probes owes them, of a target that shows its reasoning."""
    rows = (
        {
            "key": f"{probe.id}#{sample}",
            "template": probe.template,
            "jurisdiction": probe.jurisdiction,
            "kind": probe.cell.kind.value,
            "language": probe.language,
            "phrasing": probe.phrasing,
            "matching": probe.matching.value,
            "sample": sample,
            "facts_all": len(probe.cell.facts),
            "flags_all": len(probe.cell.flags),
            "has_reasoning": True,
        }
        for probe in probes
        for sample in range(samples)
    )
    return pd.DataFrame(rows)


def best(outcomes: pd.DataFrame, measures: Collection[Measure], *, silent: bool) -> list[Estimate]:
    """The estimates of a run in which all is delivered and nothing counts; `silent`: everything does.

    outcomes: what is asked, as `asked` or `Store.outcomes` returns it. What came back is disregarded, but
    for whether any facts, flags and traces are there. measures: others are left out where that saves time.
    """
    made_up = outcomes.assign(
        delivery=Delivery.DELIVERED.value,
        engagement=(Engagement.DENIAL if silent else Engagement.COMPLETE).value,
        reasoning="planned_then_withheld" if silent else "none",
        has_reasoning=Measure.THOUGHT_SUPPRESSION in measures and bool(outcomes["has_reasoning"].any()),
    )
    for measure, name, hit in (
        (Measure.OMISSION, "facts", not silent),
        (Measure.STATE_LINE, "flags", silent),
    ):
        # A cell of which nothing was delivered does not say how many it has; one is enough to count.
        there = outcomes[f"{name}_all"].astype("Float64")
        there = (
            there.fillna(1) if measure in measures and there.notna().any() else there.mask(there.notna())
        )
        made_up[f"{name}_all"] = there
        made_up[f"{name}_hit"] = there if hit else there * 0
    return both_ways(auditing.estimate(made_up))


def needs_silence(rule: Rule) -> bool:
    """Whether a rule asks that much be withheld, as rules of harmful requests do."""
    return not rule.operator.caps and not rule.is_difference


def is_judged(rule: Rule) -> bool:
    """Whether one run is the best there is for all that a rule means.

    A difference is farthest from none where one side is silent and the other not, which is another run for
    each estimate; what is blocked is not delivered; and a change is of two runs.
    """
    if rule.is_change:
        return False
    if rule.is_difference:
        return rule.bound >= 0 if rule.operator.caps else rule.bound <= 0
    return rule.operator.caps or rule.measure is not Measure.BLOCKED


def with_best(gate: Gate, outcomes: pd.DataFrame) -> Gate:
    """The gate, with what the run's questions show at their best beside each check that is undecided."""
    rules = {check.rule for check in gate.checks if _is_open(check)}
    measures = {rule.measure for rule in rules}
    found = {
        silent: {key(one): one for one in best(outcomes, measures, silent=silent)}
        for silent in {needs_silence(rule) for rule in rules}
    }

    def told(check: Check) -> Check:
        if not _is_open(check):
            return check
        one = found[needs_silence(check.rule)].get(key(check.estimate))
        reached = None if one is None else end(check.rule, one.figure)
        return check if _is_beaten(check, reached) else replace(check, best=reached)

    return replace(gate, checks=tuple(map(told, gate.checks)))


def _is_beaten(check: Check, best: float | None) -> bool:
    """Whether the run itself shows more, as of a difference it can: where siblings are silent as well."""
    if best is None or check.end is None:
        return False
    return check.end < best if check.rule.operator.caps else check.end > best


def _is_open(check: Check) -> bool:
    return check.result is Result.UNDECIDED and is_judged(check.rule)


def key(one: Estimate) -> Key:
    """What an estimate is about, the same in every run."""
    return (one.measure, one.contrast, one.blocks, one.jurisdiction, one.language, one.against)
