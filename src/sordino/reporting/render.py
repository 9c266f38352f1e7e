"""Writing a report: one HTML file that needs no network, and the same findings as JSON and CSV."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sordino.core.records import Estimate, Figure, Measure
from sordino.reporting import corrected_chart, document
from sordino.reporting.charts import forest
from sordino.reporting.corrected_data import as_json
from sordino.reporting.page import page
from sordino.reporting.source import ReportSource
from sordino.reporting.text import cell
from sordino.reporting.transcripts import SHOWN

check_writable = document.check_writable
"""Raises ReportError unless a report can be written to a path."""


def html(source: ReportSource, shown: int = SHOWN) -> str:
    """The report as one HTML document; `shown` caps its transcripts."""
    model = page(source, shown)
    charts = {c.id: forest(source, Measure(c.id)) for c in model.comparisons}
    charts["corrected"] = source.corrected_by(corrected_chart.rates)
    return document.html("report.html", ("report.css",), "report.js", page=model, charts=charts)


def write(source: ReportSource, path: Path, shown: int = SHOWN) -> Path:
    """Write the report to `path`, replacing what was there only once all of it is written.

    Raises ReportError when the place cannot take it.
    """
    document.replace(path, html(source, shown))
    return path


def to_json(source: ReportSource) -> dict[str, object]:
    """Manifest, sentence, findings, estimates, corrected rates, judges' cards and notes as plain values.

    What could not be estimated is null. Strings are as recorded: whoever shows them makes them safe.
    """
    return {
        "manifest": plain(source.manifest),
        "sentence": source.sentence,
        "findings": [plain(finding) for finding in source.findings],
        "estimates": [plain(estimate) for estimate in source.estimates],
        "corrected": plain(source.corrected_by(as_json)),
        "judges": [plain(card) for card in source.cards],
        "notes": list(source.notes),
    }


def plain(value: object) -> object:
    """Records as values that JSON knows; what is no number becomes null."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and value != value:  # noqa: PLR0124  not a number: JSON has no word for it
        return None
    return str(value) if isinstance(value, str) else value


def csv(source: ReportSource) -> str:
    """The estimates, one a row, with the figure's fields as columns; unknown is left empty.

    `excluded` reads "blocked_input=3; truncated=1".
    """
    columns = [f.name for f in fields(Estimate) if f.name not in ("figure", "excluded")]
    columns += [f.name for f in fields(Figure)] + ["excluded"]
    rows = [_csv_row(estimate) for estimate in source.estimates]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")


def _csv_row(estimate: Estimate) -> dict[str, object]:
    figure = {f.name: getattr(estimate.figure, f.name) for f in fields(Figure)}
    row = {f.name: getattr(estimate, f.name) for f in fields(Estimate)} | figure
    row["excluded"] = "; ".join(f"{why}={n}" for why, n in sorted(estimate.excluded.items()))
    return {name: cell(str(value)) if isinstance(value, str) else value for name, value in row.items()}
