"""A page about a judge as one HTML file, on the terminal, and as JSON."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from sordino.reporting import document, views
from sordino.reporting.judge_views import JudgePage

STYLES = ("report.css", "judge_card.css")
WIDE, FITS = 110, 5
LESS = ("Macro-F1", "Unsure", "Unjudged")
"""Columns that a table of more than FITS goes without on a terminal that is not WIDE."""


def html(page: JudgePage) -> str:
    """The page as one document that needs no network and no script."""
    from sordino.reporting.judge_charts import charts  # noqa: PLC0415 - brings Altair

    drawn = charts(page)
    names = {"calibration", "coverage", *(f"part-{at}" for at in range(len(page.parts)))}
    return document.html(
        "judge_card.html", STYLES, page=page, charts={name: drawn.get(name) for name in names}
    )


def write(page: JudgePage, path: Path) -> None:
    """Write the page to `path`, whole or not at all. Raises ReportError."""
    document.replace(path, html(page))


def show(page: JudgePage, console: Console) -> None:
    """Print the page's tables without examples and charts; where it is narrow, without some columns."""
    less = LESS if console.width < WIDE else ()
    console.print(Text(page.name, style="bold"))
    for text in (page.sentence, *page.about):
        if text:
            console.print(Text(text))
    for text in page.notes:
        console.print(Text(text, style="yellow"))
    for table in _tables(page):
        console.print()
        console.print(_rich(table, less))
        for note in table.notes:
            console.print(Text(note, style="dim"))


def _tables(page: JudgePage) -> Iterator[views.Table]:
    yield page.headline
    yield from (part.table for part in page.parts)
    yield from page.curves
    yield from page.confusion
    # What read each model is for whoever looks it up; an evaluation's page and JSON have it.
    if not page.method:
        yield from page.rest


def _rich(table: views.Table, less: Sequence[str]) -> RichTable:
    shown = RichTable(title=Text(table.caption), title_justify="left", box=None, padding=(0, 2, 0, 0))
    kept = [at for at, head in enumerate(table.head) if len(table.head) <= FITS or head not in less]
    shown.add_column("", overflow="fold")
    for at in kept:
        shown.add_column(Text(table.head[at]), overflow="fold")
    for row in table.rows:
        # Rich would break a line where the page does not: between the limits of an interval.
        cells = (row.cells[at].replace("\u00a0", "") for at in kept)
        shown.add_row(Text(row.name), *(Text(cell) for cell in cells))
    return shown
