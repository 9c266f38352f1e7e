"""What happened on the way, and what the reasoning shows: plain counts by jurisdiction and language."""

from collections.abc import Hashable, Mapping

import pandas as pd

from sordino.reporting import tally, words
from sordino.reporting.source import ReportSource
from sordino.reporting.text import link
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
