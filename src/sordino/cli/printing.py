"""Printing text that strangers wrote, as text and never as markup; and JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table of plain text; a list in a cell is spread out."""
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            *(Text(" ".join(map(str, cell)) if isinstance(cell, list) else str(cell)) for cell in row)
        )
    console().print(table)


def console() -> "Console":
    """Standard output, as rich sees it now."""
    from rich.console import Console  # noqa: PLC0415

    return Console()


def say(out: "Console", text: str, style: str = "") -> None:
    """A line of plain text, folded by the terminal alone."""
    from rich.text import Text  # noqa: PLC0415

    out.print(Text(text, style=style), soft_wrap=True)


def echo_json(value: Mapping[str, object] | Sequence[object]) -> None:
    """JSON, and nothing else."""
    typer.echo(json.dumps(value, indent=2))
