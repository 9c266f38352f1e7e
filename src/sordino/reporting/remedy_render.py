"""Writing a remedy's page: one HTML file that needs no network, beside what it tells of."""

from pathlib import Path

from sordino.reporting import document, remedy_page
from sordino.reporting.remedy_chart import picture
from sordino.reporting.remedy_source import RemedySource

STYLES = ("report.css", "remedy.css")


def html(source: RemedySource) -> str:
    """The page as one HTML document; its links lead to files of its own folder."""
    return document.html("remedy.html", STYLES, page=remedy_page.page(source), picture=picture(source))


def write(source: RemedySource, path: Path) -> Path:
    """Write the page to `path`, replacing what was there only once all of it is written.

    Raises ReportError when the place cannot take it.
    """
    document.replace(path, html(source))
    return path
