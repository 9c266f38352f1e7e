"""The heatmaps: template x jurisdiction in each language, as tables a screen reader can walk."""

import math
from collections.abc import Hashable, Mapping

import pandas as pd

from sordino.core.records import Kind, Measure
from sordino.reporting import tally, words
from sordino.reporting.source import ReportSource
from sordino.reporting.text import clip, label, link
from sordino.reporting.views import Heat, HeatCell, Heatmap, HeatRow

# What a cell with nothing to count is called, the first that holds.
_PRECEDENCE = ("blocked", "truncated", "error", "empty", "unjudged", "unread", "not_asked")
LONGEST_QUESTION = 200
_UNCOUNTED = {"not_asked": "not asked", "unread": "nothing to read"}


def heatmaps(source: ReportSource, frame: pd.DataFrame) -> tuple[Heatmap, ...]:
    """One heatmap for each measure of which anything is known, over the political probes.

    Blocked is shown only where something was blocked.
    """
    political = frame[frame["kind"] == Kind.POLITICAL.value]
    place = ["template", "jurisdiction", "language"]
    first = political.drop_duplicates(place)[[*place, "question"]]
    asked = {
        (t, j, lang): clip(label(question), LONGEST_QUESTION)[0]
        for t, j, lang, question in first.itertuples(index=False)
    }
    built = []
    for measure, (title, meaning) in words.MEASURES.items():
        table = tally.by_cell(political, measure)
        known = table["hits"] if measure is Measure.BLOCKED else table["n"]
        if known.sum() == 0:
            continue
        rows = tally.template_order(political)
        columns = tally.order(political["jurisdiction"])
        languages = tally.order(political["language"])
        heats = tuple(_heat(source, table, asked, lang, rows, columns) for lang in languages)
        built.append(Heatmap(title, meaning, heats))
    return tuple(built)


def _heat(
    source: ReportSource,
    table: pd.DataFrame,
    asked: Mapping[tuple[str, str, str], str],
    lang: str,
    templates: list[str],
    codes: list[str],
) -> Heat:
    """asked: the first question by template, jurisdiction and language, for whoever points at a cell."""
    counts = {
        (t, j): row
        for (t, j, at), row in zip(table.index, table.to_dict("records"), strict=True)
        if at == lang
    }
    names = [words.jurisdiction(source.manifest, code or None) for code in codes]
    rows = []
    for template in templates:
        title = label(source.template_titles.get(template, template))
        cells = tuple(
            _cell(
                counts.get((template, code)),
                f"{title}, {name}: {asked.get((template, code, lang), '–')}",
                link(t=template, j=code or None, l=lang),
            )
            for code, name in zip(codes, names, strict=True)
        )
        rows.append(HeatRow(title, link(t=template, l=lang), cells))
    return Heat(words.language(lang), tuple(names), tuple(rows), is_open=True)


def _cell(row: Mapping[Hashable, float] | None, where: str, href: str) -> HeatCell:
    if row is None:
        return HeatCell("not asked", "", f"{where}: not asked", "not_asked", "")
    n, hits = int(row["n"]), int(row["hits"])
    others = [(name, int(row[name])) for name in _PRECEDENCE if row[name]]
    said = ", ".join(words.counted(count, name) for name, count in others)
    if n == 0:
        look, count = others[0]
        text = _UNCOUNTED.get(look) or words.counted(count, look)
        return HeatCell(text, "", f"{where}: {said}", look, "" if look == "not_asked" else href)
    title = f"{where}: {hits:,} of {n:,} ({words.percent(hits / n)})" + (f"; {said}" if said else "")
    note = ", ".join(words.counted(count, name) for name, count in others if name not in _UNCOUNTED)
    return HeatCell(f"{hits:,}/{n:,}", note, title, f"h{math.ceil(10 * hits / n)}", href)
