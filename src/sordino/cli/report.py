"""`sordino report`: the report of a run that is in the store."""

from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options
from sordino.cli.interruption import leaving
from sordino.cli.progress import stages, unwatched


@leaving()
def report(
    run: options.RunId = "latest",
    out: Annotated[
        Path | None, typer.Option(*options.OUT, help="Where the report goes. Default: report-RUN.html.")
    ] = None,
    transcripts: Annotated[
        int, typer.Option(help="How many transcripts the page holds at most.", min=0)
    ] = 300,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    store: options.Store = options.STORE,
) -> None:
    """Write the report of a run again, from the store alone."""
    from sordino.wiring.run import Run  # noqa: PLC0415 - brings pandas

    quiet = options.one_format(as_json=as_json, as_csv=as_csv)
    found = Run.stored(run, store)
    with stages(quiet=unwatched(for_machines=quiet)) as progress:
        path = found.report(out, transcripts=transcripts, progress=progress)
    found.show(as_json=as_json, as_csv=as_csv)
    if not quiet:
        typer.echo(f"Report: {options.relative(path)}")
