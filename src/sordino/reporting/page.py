"""The whole page model of a run, from its source: no HTML, no pictures, nothing written."""

from datetime import datetime
from functools import partial

import pandas as pd
from babel.dates import format_date

from sordino.core.records import Kind
from sordino.reporting import certainty, corrected_tables, tally, words
from sordino.reporting.comparisons import comparisons, control, safety
from sordino.reporting.corrected import doubt
from sordino.reporting.delivery import delivery_table, dominated, reasoning_tables, route_table
from sordino.reporting.heatmap import heatmaps
from sordino.reporting.method import matchings, method
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label, prose
from sordino.reporting.transcripts import SHOWN, transcripts
from sordino.reporting.verdicts import verdict_tables
from sordino.reporting.views import Page


def page(source: ReportSource, shown: int = SHOWN) -> Page:
    """The page model; `shown` caps the transcripts on it."""
    frame = tally.prepared(source)
    target, safe = source.manifest.target, safety(source)
    return Page(
        title=f"{label(target.name)}: Sordino audit",
        target=label(target.name),
        revision=label(target.revision),
        date=day(source.manifest.created),
        size=_size(frame),
        asked=prose(certainty.asked(source)),
        invented=source.manifest.pack.invented,
        sentence=prose(source.sentence),
        doubt=prose(source.corrected_by(partial(doubt, source.sentence)) or ""),
        matchings=matchings(frame),
        verdicts=verdict_tables(source, frame),
        corrected=source.corrected_by(corrected_tables.view),
        comparisons=comparisons(source),
        heatmaps=heatmaps(source, frame),
        delivery=delivery_table(source, frame),
        routes=route_table(source),
        route_warning=dominated(source),
        reasoning=reasoning_tables(source, frame),
        control=control(source),
        safety=safe,
        compares=safe is None or bool((frame["kind"] == Kind.POLITICAL.value).any()),
        transcripts=transcripts(source, frame, shown),
        method=method(source, frame),
    )


def day(created: str) -> str:
    """A manifest's date in words; one that is none as it stands."""
    try:
        return str(format_date(datetime.fromisoformat(created), "d MMMM y", locale="en"))
    except ValueError:
        return label(created)


def _size(frame: pd.DataFrame) -> str:
    political = frame[frame["kind"] == Kind.POLITICAL.value]
    shown = political if len(political) else frame
    jurisdictions = shown.loc[shown["jurisdiction"] != "", "jurisdiction"].nunique()
    numbers = {
        "templates": shown["template"].nunique(),
        **({"jurisdictions": jurisdictions} if jurisdictions or len(political) else {}),
        "languages": frame["language"].nunique(),
        "exchanges": int((frame["state"] != "not_asked").sum()),
    }
    return " · ".join(f"{words.count(n)} {noun if n != 1 else noun[:-1]}" for noun, n in numbers.items())
