"""A remedy in a terminal, for whoever ran it: the sentence, before and after, the gates, the controls.

Everything from outside is a Rich `Text`, never markup, and every acting character is shown as a sign.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sordino.remedy.record import Verdict
from sordino.reporting import remedy_page, views
from sordino.reporting.remedy_sentence import ACCEPTED
from sordino.reporting.remedy_source import RemedySource
from sordino.reporting.remedy_views import RemedyPage
from sordino.reporting.text import prose

_WIDE = 110
_SIGNS = {
    Verdict.PASSED.value: ("✓", "green"),
    Verdict.FAILED.value: ("✗", "bold red"),
    Verdict.NOT_MEASURED.value: ("?", "yellow"),
}


def show(source: RemedySource, console: Console, folder: str = "") -> None:
    """Print what came of it, and where the files lie. folder: as whoever reads knows it."""
    page = remedy_page.page(source)
    accepted = page.outcome == ACCEPTED
    console.print(Text(page.sentence, style="bold"))
    for text in page.doubts:
        console.print(Text(text, style="yellow"))
    console.print(Text(page.size, style="dim"))
    _ladder(console, page)
    if page.figures.rows:
        # Of a rejected rung nobody should take the figures for what they get.
        title = f"Before and after: {page.of}"
        _print(console, title, page.figures, necessary=4)
    _gates(console, page)
    if page.controls.rows:
        _print(console, page.controls.caption, page.controls, necessary=len(page.controls.head))
    _said(console, page, accepted=accepted)
    _files(console, page, folder)


def _ladder(console: Console, page: RemedyPage) -> None:
    tried = [row for row in page.ladder.rows if row.tone]
    if len(tried) > 1:
        _print(console, page.ladder.caption, views.Table("", page.ladder.head, tuple(tried)), necessary=2)


def _gates(console: Console, page: RemedyPage) -> None:
    """A line each; where it is narrow the reason goes below."""
    if not page.gates.rows:
        return
    wide = console.width >= _WIDE
    table = _empty(page.gates.caption)
    table.add_column("", no_wrap=True)
    for _ in range(3 if wide else 2):
        table.add_column("", overflow="fold")
    for row in page.gates.rows:
        sign, style = _SIGNS[row.tone]
        result, limit, why = row.cells
        said = Text(f"{sign} {result}", style=style)
        if wide:
            table.add_row(said, Text(row.name), Text(limit), Text(why, style="dim"))
        else:
            table.add_row(said, Text(row.name), Text.assemble(limit, "\n", (why, "dim")))
    console.print()
    console.print(table)


def _said(console: Console, page: RemedyPage, *, accepted: bool) -> None:
    console.print()
    if page.fitted:
        console.print(Text(page.fitted))
    for row in page.carried:
        console.print(Text(row.name, style="yellow" if row.tone else ""))
    for text in page.notes:
        console.print(Text(text, style="dim"))
    if accepted:
        for text in page.signed.lines:
            console.print(Text(text))


def _files(console: Console, page: RemedyPage, folder: str) -> None:
    if page.files:
        console.print(Text(f"\nIn {prose(folder)}:" if folder else ""), soft_wrap=True)
        names = max(len(row.name) for row in page.files)
        for row in page.files:
            console.print(Text(f"{row.name:<{names}}  {row.cells[0]}"), soft_wrap=True)


def _print(console: Console, title: str, model: views.Table, *, necessary: int) -> None:
    """A table without the columns that say nothing; where it is narrow, with the necessary ones alone."""
    wide = console.width >= _WIDE
    columns = [at for at in range(len(model.head)) if wide or at < necessary]
    telling = [at for at in columns if any(row.cells[at] != "–" for row in model.rows)]
    table = _empty(title, header=True)
    table.add_column("", overflow="fold")
    for at in telling:
        numbers = model.rows and all(_is_number(row.cells[at]) for row in model.rows)
        table.add_column(Text(model.head[at]), overflow="fold", justify="right" if numbers else "left")
    for row in model.rows:
        table.add_row(Text(row.name), *_cells(row, telling))
    console.print()
    console.print(table)


def _cells(row: views.Row, columns: Sequence[int]) -> list[Text]:
    # Rich would break a line where the page does not: between the limits of an interval.
    return [Text(row.cells[at].replace("\u00a0", "")) for at in columns]


def _is_number(cell: str) -> bool:
    return not cell[:1].isalpha()


def _empty(title: str, *, header: bool = False) -> Table:
    return Table(
        title=Text(title), title_justify="left", box=None, padding=(0, 2, 0, 0), show_header=header
    )
