"""What happened on the way, and what the reasoning shows: plain counts by jurisdiction and language."""

from collections.abc import Hashable, Mapping

import pandas as pd

from sordino.auditing.routes import dominance, routes
from sordino.core.records import Delivery
from sordino.reporting import tally, words
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label, link
from sordino.reporting.views import Row, Table

COLUMNS = {
    "owed": "Owed",
    "delivered": "Delivered",
    "truncated": "Truncated",
    "blocked_input": "Blocked on the way in",
    "blocked_output": "Blocked on the way out",
    "empty": "Empty",
    "error": "Error",
    "not_asked": "Not asked",
}


def delivery_table(source: ReportSource, frame: pd.DataFrame) -> Table:
    """Rows jurisdiction x language, political and control questions alike; the last row sums."""
    counts = tally.states_by(frame, ["jurisdiction", "language"])
    rows = [
        Row(
            f"{words.jurisdiction(source.manifest, code or None)}, {words.language(lang)}",
            _counts(row),
            link(j=code or None, l=lang),
        )
        for (code, lang), row in zip(counts.index, counts.to_dict("records"), strict=True)
    ]
    total = dict(counts.sum().items())
    rows.append(Row("All", _counts(total), "", "total"))
    return Table("Delivery", tuple(COLUMNS.values()), tuple(rows))


def route_table(source: ReportSource) -> Table | None:
    """Rows route, the one with most blocks first; None where fewer than two are known."""
    found = routes(source.outcomes)
    if len(found) < 2:
        return None
    # What was never asked has no route.
    names = [name for name in COLUMNS if name not in ("owed", "not_asked")]
    rows = tuple(
        Row(
            label(one.name) or "not recorded",
            tuple(words.count(one.counts.get(Delivery(n), 0)) for n in names),
        )
        for one in found
    )
    return Table("By route", tuple(COLUMNS[n] for n in names), rows)


def dominated(source: ReportSource) -> str:
    """That one route does the blocking, in words; "" where none does."""
    one = dominance(source.outcomes)
    if one is None:
        return ""
    route, others = one.route, f"{words.count(one.others_blocked)} of {words.count(one.others_settled)}"
    return (
        f"Blocks come mostly from one route: {label(route.name) or 'not recorded'} blocked "
        f"{words.count(route.blocked)} of {words.count(route.settled)}, all others together {others} "
        f"({100 * one.low:.0f} to {100 * one.high:.0f} points more, taking answers as independent: where "
        "blocks gather on the same questions it is less sure than that). They tell of that host rather "
        "than of the model, unless it was sent other questions than the rest."
    )


def _counts(row: Mapping[Hashable, int]) -> tuple[str, ...]:
    return tuple(words.count(int(row.get(name, 0))) for name in COLUMNS)


def reasoning_tables(source: ReportSource, frame: pd.DataFrame) -> tuple[Table, ...]:
    """Readings of reasoning where traces came back; nothing where none did."""
    traced = frame["has_reasoning"].fillna(False).astype(bool)
    read = frame["reasoning"].notna()
    if not (traced | read).any():
        return ()
    marked = frame.assign(traced=traced.astype(int), unread=(traced & ~read).astype(int))
    for name in words.REASONINGS:
        marked[name] = (frame["reasoning"].astype(object) == name).astype(int)
    names = ["traced", *words.REASONINGS, "unread"]
    counts = marked.groupby(["jurisdiction", "language"], sort=True, dropna=False)[names].sum()
    rows = tuple(
        Row(
            f"{words.jurisdiction(source.manifest, code or None)}, {words.language(lang)}",
            tuple(words.count(int(row[name])) for name in names),
            link(j=code or None, l=lang),
        )
        for (code, lang), row in zip(counts.index, counts.to_dict("records"), strict=True)
    )
    head = ("With reasoning", *(text.capitalize() for text in words.REASONINGS.values()), "Not read")
    return (Table("Reasoning", head, rows),)
