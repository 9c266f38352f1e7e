"""A comparison in a terminal: the sentence, the differences, what became what, and the notes.

Everything from outside is a Rich `Text`, never markup, and every acting character is shown as a sign.
"""

from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sordino.core.records import Measure
from sordino.reporting import views, words
from sordino.reporting.compare_page import page
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.compare_tables import SHORT
from sordino.reporting.compare_views import ChangePart
from sordino.reporting.compare_words import change

_WIDE = 110
_MOVES = 6


def show(source: CompareSource, console: Console) -> None:
    """Print all of it but the transcripts. What is shown beyond chance is marked."""
    model = page(source, shown=0)
    console.print(Text(model.sentence, style="bold"))
    console.print(Text(f"A: {model.names[0]} · B: {model.names[1]}\n{model.size}", style="dim"))
    if model.host:
        _print(console, views.Table("Host or weights", model.host.table.head, model.host.table.rows))
        for text in model.host.words[:1]:
            console.print(Text(text, style="dim"))
    for part in model.parts:
        _part(console, part)
    for table in model.control:
        if any(row.tone for row in table.rows):
            _print(console, table)
    console.print()
    console.print(Text(f"What became what: {_moves(source)}"))
    for text in model.alone:
        console.print(Text(text, style="dim"))
    for note in model.notes:
        console.print(Text(f"Not comparable as they are: {note}", style="yellow"))


def _part(console: Console, part: ChangePart) -> None:
    """Withholding whole; of the other measures what is shown, and the rest in one line."""
    for table in part.tables:
        rows = tuple(r for r in table.rows if part.id == Measure.WITHHELD or r.tone)
        if rows:
            caption = ", ".join(filter(None, (part.measure, table.caption)))
            _print(console, views.Table(caption, table.head, rows))
    if part.id != Measure.WITHHELD:
        if not part.is_open:
            console.print()
        console.print(Text.assemble((f"{part.measure}: ", "italic"), (part.summary, "dim")))


def _print(console: Console, model: views.Table) -> None:
    console.print()
    console.print(_rich(model, wide=console.width >= _WIDE))


def _rich(model: views.Table, *, wide: bool) -> Table:
    """A table without the columns that say nothing; where it is narrow, with the necessary ones alone."""
    telling = (at for at in range(len(model.head)) if any(row.cells[at] != "–" for row in model.rows))
    kept = [at for at in telling if wide or at in (0, 1) or model.head[at] in SHORT]
    table = Table(title=Text(model.caption), title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("", overflow="fold")
    for at in kept:
        table.add_column(Text(model.head[at]), overflow="fold", justify="right")
    for row in model.rows:
        style = "bold yellow" if row.tone == "shown" else ""
        # Rich would break a line where the page does not: between the limits of an interval.
        cells = (row.cells[at].replace("\u00a0", "") for at in kept)
        table.add_row(Text(row.name, style=style), *(Text(cell, style=style) for cell in cells))
    return table


def _moves(source: CompareSource) -> str:
    """The commonest moves between states, political and other questions alike."""
    return "; ".join(_told(source)) or "no reading and no delivery changed."


def _told(source: CompareSource) -> Iterator[str]:
    moves: Counter[tuple[str, str]] = Counter()
    for flow in source.made.flows:
        if flow.a != flow.b:
            moves[flow.a, flow.b] += flow.n
    for (a, b), n in moves.most_common(_MOVES):
        yield f"{words.count(n)} {change(a, b)}"
    rest = sum(moves.values()) - sum(n for _, n in moves.most_common(_MOVES))
    if rest:
        yield f"{words.count(rest)} otherwise"
