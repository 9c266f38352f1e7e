"""What asking servers costs, on stderr: said before anything is sent, and agreed to where it is money."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from sordino.reporting.text import visible

if TYPE_CHECKING:
    from sordino.wiring.cost import Cost


def agree(costs: "Sequence[Cost]", *, yes: bool) -> None:
    """Ends the command where a person is asked and declines. yes: ask nobody."""
    for cost in costs:
        typer.echo(f"To ask: at most about {cost}.", err=True)
    for note in dict.fromkeys(note for cost in costs for note in cost.notes):
        typer.echo(visible(note), err=True)
    costly = any(cost.money for cost in costs)
    if costly and not yes and sys.stdin.isatty() and not typer.confirm("Ask?", err=True):
        typer.echo("Nothing was asked.", err=True)
        raise typer.Exit
