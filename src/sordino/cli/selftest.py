"""`sordino selftest`: the instrument's own error, measured on models whose truth is known."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options
from sordino.cli.progress import stages, unwatched

FAILED = 1


def selftest(
    organism: Annotated[
        list[str] | None, typer.Argument(help="Which of the four organisms that it is for. Default: all.")
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(
            help="Read the organisms' answers from NAME.jsonl in this folder instead of asking them.",
            metavar="FOLDER",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Keep the audits here: a file, or a PostgreSQL URL. Default: in the user's cache folder.",
            metavar="PLACE",
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Measure Sordino's own error on small models with planted behaviour.

    Audits the shipped organisms, of which it is known what they withhold,
    where and how. Says how much of it was found, what was seen that is not
    there, and whether answers that are lost on the way are kept apart.

    Exit code 0: on every measure, and among the findings, at least 95% of
    what is planted was found, with at most 2% false alarms, and judges read
    at least 95% of the planted and of the other answers. Otherwise 1.
    The same command again goes on where it was stopped.
    """
    from rich.console import Console  # noqa: PLC0415 - help needs none of these

    from sordino.reporting import calibration  # noqa: PLC0415
    from sordino.wiring import selftest as wiring  # noqa: PLC0415 - brings pandas

    with stages(quiet=unwatched(for_machines=as_json)) as progress:
        test = wiring.selftest(organism or (), store, recordings=recordings, progress=progress)
    if as_json:
        typer.echo(json.dumps(calibration.to_json(test), indent=2))
    else:
        calibration.show(test, Console())
    if not test.passed:
        raise typer.Exit(FAILED)
