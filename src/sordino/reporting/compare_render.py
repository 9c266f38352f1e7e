"""Writing a comparison: one HTML file that needs no network."""

from pathlib import Path

from sordino.core.records import Measure
from sordino.reporting import document
from sordino.reporting.compare_chart import charts
from sordino.reporting.compare_page import page
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.transcripts import SHOWN

STYLES = ("report.css", "compare.css")


def html(source: CompareSource, shown: int = SHOWN) -> str:
    """The page as one HTML document; `shown` caps its pairs of transcripts."""
    model = page(source, shown)
    # Where nothing is shown the table says it all.
    drawn = {p.id: charts(source, Measure(p.id)) if p.is_open else None for p in model.parts}
    return document.html("compare.html", STYLES, "report.js", page=model, charts=drawn)


def write(source: CompareSource, path: Path, shown: int = SHOWN) -> Path:
    """Write the page to `path`, replacing what was there only once all of it is written.

    Raises ReportError when the place cannot take it.
    """
    document.replace(path, html(source, shown))
    return path
