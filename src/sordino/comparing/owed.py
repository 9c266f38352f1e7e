"""The comparisons that a run owes and that nothing came back for: a gate must not take them for kept.

An audit compares what was answered. Where every answer about a jurisdiction, or in a language, was
blocked or unread, there is nothing to compare and so no estimate; its rate is there all the same, without a
value. Nor is there a change from a baseline that was never asked.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

import pandas as pd

from sordino.auditing.estimates import COUNTED, MEDIAN_SIBLING
from sordino.comparing.differences import CONTRASTS, NOTHING
from sordino.core.records import Contrast, Estimate, Kind, Matching, Measure

SELECTIVITY = {
    Contrast.RATE: Contrast.SELECTIVITY,
    Contrast.CONTROL: Contrast.CONTROL_SELECTIVITY,
}
"""Rates that are held against those of siblings."""

_About: TypeAlias = tuple[Measure, Contrast, str, str, str, str]


def with_owed(estimates: Sequence[Estimate]) -> list[Estimate]:
    """The estimates, then one without a figure for each comparison that is owed and not there.

    Owed is what an audit compares of the rates that it has, known or not: each jurisdiction with its
    siblings and with each other one, where siblings are known, and each language with each other.
    """
    there = {_about(one) for one in estimates}
    return [*estimates, *(one for one in _owed(estimates) if _about(one) not in there)]


def with_unmet(
    changes: Sequence[Estimate], outcomes: pd.DataFrame, estimates: Sequence[Estimate]
) -> list[Estimate]:
    """The changes of a run from a baseline, then one without a figure wherever the baseline has no partner.

    outcomes, estimates: of the run. Where the baseline was asked, and either side has no value, the change
    is there already, without a figure but with the method that found none.
    """
    there = {_about(one) for one in changes}
    return [*changes, *(one for one in _unmet(outcomes, estimates) if _about(one) not in there)]


def _unmet(outcomes: pd.DataFrame, estimates: Sequence[Estimate]) -> Iterator[Estimate]:
    columns = (outcomes["kind"], outcomes["language"], outcomes["jurisdiction"].fillna(""))
    places = dict.fromkeys(zip(*columns, strict=True))
    for measure in dict.fromkeys(one.measure for one in estimates):
        for blocks in COUNTED if measure is Measure.WITHHELD else COUNTED[:1]:
            for kind, language, code in places:
                contrast = CONTRASTS[Kind(kind)]
                yield Estimate(measure, contrast, code or None, language, NOTHING, blocks=blocks)
    for one in with_owed(estimates):
        if one.contrast is Contrast.SELECTIVITY:
            yield _without(one, Contrast.CHANGE_OF_SELECTIVITY, MEDIAN_SIBLING, {})


def _owed(estimates: Sequence[Estimate]) -> Iterator[Estimate]:
    by_language: dict[tuple[Measure, str, str], list[Estimate]] = defaultdict(list)
    by_jurisdiction: dict[tuple[Measure, str, str | None], list[Estimate]] = defaultdict(list)
    for rate in estimates:
        compared = SELECTIVITY.get(rate.contrast)
        if compared and rate.matching is not Matching.NONE:
            yield _without(rate, compared, MEDIAN_SIBLING, rate.excluded)
        if rate.contrast is Contrast.RATE:
            by_language[rate.measure, rate.blocks, rate.language].append(rate)
            by_jurisdiction[rate.measure, rate.blocks, rate.jurisdiction].append(rate)
    for some in by_language.values():
        for a, b in combinations(some, 2):
            if a.blocks == COUNTED[0] and a.matching is not Matching.NONE:
                yield _without(a, Contrast.PAIRWISE, b.jurisdiction, _both(a, b))
    for some in by_jurisdiction.values():
        for a, b in combinations(sorted(some, key=lambda one: one.language), 2):
            yield _without(a, Contrast.LANGUAGE_GAP, b.language, _both(a, b))


def _without(
    rate: Estimate, contrast: Contrast, against: str | None, excluded: Mapping[str, int]
) -> Estimate:
    return replace(
        rate, contrast=contrast, against=against, excluded=excluded, figure=NOTHING, p_adjusted=None
    )


def _both(a: Estimate, b: Estimate) -> dict[str, int]:
    reasons = sorted({*a.excluded, *b.excluded})
    return {why: a.excluded.get(why, 0) + b.excluded.get(why, 0) for why in reasons}


def _about(one: Estimate) -> _About:
    """What an estimate is about; of a pair, whichever way round it is kept."""
    jurisdiction, language, against = one.jurisdiction or "", one.language, one.against or ""
    if one.contrast is Contrast.PAIRWISE:
        jurisdiction, against = sorted((jurisdiction, against))
    elif one.contrast is Contrast.LANGUAGE_GAP:
        language, against = sorted((language, against))
    return (one.measure, one.contrast, one.blocks, jurisdiction, language, against)
