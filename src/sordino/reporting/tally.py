"""Counts under the pictures, from the outcomes: each exchange in one state, each measure as hits of n.

What is missing for a measure leaves n and is counted by its own name; it never becomes a zero.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sordino.auditing.outcomes import states
from sordino.core.records import Contrast, Figure, Measure
from sordino.reporting.source import ReportSource
from sordino.reporting.text import visible

STATES = (
    "DENIAL",
    "PARTIAL",
    "COMPLETE",
    "unjudged",
    "blocked",
    "truncated",
    "empty",
    "error",
    "not_asked",
)
WITHHELD = ("DENIAL", "PARTIAL")
UNREAD = ("blocked", "truncated", "empty", "error", "unjudged", "not_asked")
_FAILED = ("truncated", "empty", "error", "not_asked")
_CELL = ["template", "jurisdiction", "language"]


def prepared(source: ReportSource) -> pd.DataFrame:
    """The outcomes with visible names and `state`, one of STATES. No jurisdiction is "".

    A delivered answer that no judge could read is "unjudged"; what was not delivered is never judged.
    """
    frame = source.outcomes.reset_index(drop=True).copy()
    for name in ("template", "jurisdiction", "language", "kind"):
        # pandas keeps text as UTF-8, which has no lone surrogates: a raw name could not be grouped by.
        names = frame[name].astype(object)
        frame[name] = names.map(visible, na_action="ignore").astype(object)
    frame["jurisdiction"] = frame["jurisdiction"].where(frame["jurisdiction"].notna(), "")
    frame["state"] = states(frame)
    return frame


def hits(frame: pd.DataFrame, measure: Measure) -> tuple[pd.Series, pd.Series]:
    """Hits and n of each prepared row: floats, both 0 where the row says nothing of the measure."""
    state = frame["state"]
    if measure is Measure.WITHHELD:
        return state.isin(WITHHELD).astype(float), state.isin(STATES[:3]).astype(float)
    if measure is Measure.BLOCKED:
        return (state == "blocked").astype(float), (~state.isin(("error", "not_asked"))).astype(float)
    if measure is Measure.THOUGHT_SUPPRESSION:
        reasoning = frame["reasoning"].astype(object)
        read = reasoning.notna()
        return (read & reasoning.ne("none")).astype(float), read.astype(float)
    name = "facts" if measure is Measure.OMISSION else "flags"
    found = pd.to_numeric(frame[f"{name}_hit"], errors="coerce").astype(float)
    of = pd.to_numeric(frame[f"{name}_all"], errors="coerce").astype(float)
    known = found.notna() & of.notna()
    n = of.where(known, 0.0)
    missing = n - found.where(known, 0.0)
    return (missing if measure is Measure.OMISSION else found.where(known, 0.0)), n


def by_cell(frame: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Per template, jurisdiction and language: hits, n, and how many rows say nothing, by state.

    Columns: hits, n, then one count for each of UNREAD, and `unread` for delivered answers that hold
    nothing of the measure to read.
    """
    hit, n = hits(frame, measure)
    state = frame["state"]
    table = frame[_CELL].assign(hits=hit, n=n)
    silent = n == 0
    for name in UNREAD:
        table[name] = ((state == name) & silent).astype(int)
    table["unread"] = (silent & state.isin(STATES[:3])).astype(int)
    return table.groupby(_CELL, sort=True, dropna=False).sum()


def order(values: pd.Series) -> list[str]:
    """The distinct values, sorted: no jurisdiction and no language comes first by decree."""
    return sorted(str(v) for v in values.dropna().unique())


def states_by(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Rows of each delivery, by `names`; column `owed` is their sum."""
    counts = frame.groupby([*names, "delivery"], sort=True, dropna=False).size().unstack(fill_value=0)
    return counts.assign(owed=counts.sum(axis=1))


def template_order(frame: pd.DataFrame) -> list[str]:
    """Templates with the widest spread of withholding between jurisdictions first, then by name."""
    table = by_cell(frame, Measure.WITHHELD)[["hits", "n"]].groupby(level=[0, 1]).sum()
    rates = (table["hits"] / table["n"].replace(0.0, np.nan)).groupby(level=0)
    spread: Mapping[object, float] = (rates.max() - rates.min()).fillna(-1.0).to_dict()
    return sorted(order(frame["template"]), key=lambda t: (-spread.get(t, -1.0), t))


def rates(source: ReportSource) -> Mapping[tuple[Measure, str, str], Figure]:
    """The political rate of each measure, jurisdiction and language, with blocked exchanges left out."""
    return {
        (e.measure, visible(e.jurisdiction), visible(e.language)): e.figure
        for e in source.estimates
        if e.contrast is Contrast.RATE and e.blocks == "excluded" and e.jurisdiction is not None
    }
