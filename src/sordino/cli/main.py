"""The command `sordino`: registers the commands, and turns every mendable error into one message.

Commands import what they need when they run, so that help answers at once.
"""

import sys

import typer

from sordino import __version__
from sordino.cli import (
    audit,
    compare,
    evidence,
    gate,
    importing,
    judge,
    labels,
    packs,
    rank,
    remedy,
    report,
    runs,
    selftest,
    sweep,
)
from sordino.cli.interruption import INTERRUPTED
from sordino.core.errors import SordinoError
from sordino.reporting.text import visible

app = typer.Typer(
    name="sordino",
    help="Find what a language model stays silent about, and prove it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("audit")(audit.audit)
app.command("sweep")(sweep.sweep)
app.command("rank")(rank.rank)
app.command("runs")(runs.runs)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("gate")(gate.gate)
app.add_typer(importing.app, name="import")
app.command("export")(evidence.export)
app.command("verify")(evidence.verify)
app.command("selftest")(selftest.selftest)
app.add_typer(packs.app, name="packs")
app.add_typer(judge.app, name="judge")
app.add_typer(labels.app, name="labels")
app.add_typer(remedy.app, name="remedy")

BAD_INPUT = 2


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sordino {__version__}")
        raise typer.Exit


@app.callback()
def _sordino(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say the version."
    ),
) -> None:
    """Find what a language model stays silent about, and prove it."""


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 found against, 2 bad input, 130 interrupted."""
    try:
        app()
    except SordinoError as error:
        # A message may quote a recording, and so whatever a model said.
        typer.echo(visible(f"sordino: {error}"), err=True)
        sys.exit(BAD_INPUT)
    except (KeyboardInterrupt, SystemExit) as end:
        # Typer turns an interruption into its exit code, and says nothing.
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        stored = "What was settled is stored; the same command goes on from there."
        typer.echo(visible(f"\nInterrupted. {getattr(end, 'said', stored)}"), err=True)
        sys.exit(INTERRUPTED)
