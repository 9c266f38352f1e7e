"""Writing a comparative report: one HTML file that needs no network and no script."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from sordino.reporting import document, sweep_model
from sordino.reporting.sweep_source import SweepSource
from sordino.reporting.sweep_tables import Report

STYLES = ("report.css", "sweep.css")
Progress = Callable[[str, int, int], None]

check_writable = document.check_writable


def html(source: SweepSource, folder: Path, progress: Progress = lambda _stage, _done, _total: None) -> str:
    """The report as one HTML document that will lie in `folder`, from where it links to the runs' own."""
    from sordino.reporting import sweep_charts  # noqa: PLC0415 - brings Altair

    page = sweep_model.page(source, _report(source, folder))
    drawn = [(at, ranked, r) for at, ranked in enumerate(source.groups) for r in ranked.rankings]
    charts: dict[str, Markup | None] = {}
    for done, (at, ranked, ranking) in enumerate(drawn):
        progress("drawing", done, len(drawn))
        charts[sweep_model.chart_id(at, ranking)] = sweep_charts.order(ranked, ranking)
    progress("drawing", len(drawn), len(drawn))
    return document.html("sweep.html", STYLES, page=page, charts=charts)


def write(source: SweepSource, path: Path, progress: Progress = lambda _stage, _done, _total: None) -> Path:
    """Write the report to `path`, replacing what was there only once all of it is written.

    Raises ReportError when the place cannot take it.
    """
    check_writable(path)
    document.replace(path, html(source, path.parent, progress))
    return path


def _report(source: SweepSource, folder: Path) -> Report:
    """Links to the runs' own reports, of those that are there."""
    addresses: dict[str, str] = {}
    for entry in source.entries:
        path = source.reports.get(entry.run, folder / f"report-{entry.run}.html")
        if path.is_file():
            addresses[entry.run] = _relative(path, folder)

    def report(run: str, fragment: str) -> str:
        return addresses[run] + fragment if run in addresses else ""

    return report


def _relative(path: Path, folder: Path) -> str:
    """The path as a link from the folder; whole where they are on different drives."""
    try:
        return quote(Path(os.path.relpath(path, folder)).as_posix())
    except ValueError:
        return path.resolve().as_uri()
