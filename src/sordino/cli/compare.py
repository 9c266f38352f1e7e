"""`sordino compare`: two runs, or two languages of one, probe by probe."""

from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options
from sordino.cli.interruption import leaving
from sordino.cli.progress import stages, unwatched


@leaving()
def compare(  # noqa: PLR0913, PLR0917 - one parameter an option
    a: Annotated[str, typer.Argument(metavar="A", help="A run's id, the beginning of one, or 'latest'.")],
    b: Annotated[
        str | None,
        typer.Argument(metavar="B", help="Another run. Without it, --languages compares two of A's own."),
    ] = None,
    languages: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="FIRST SECOND", help="Compare A in one language with B (or A itself) in another."
        ),
    ] = None,
    same_weights: Annotated[
        bool,
        typer.Option(
            "--same-weights",
            help="Both are the same weights, whatever they are called: tell the host's doing from theirs.",
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(*options.OUT, help="Where the page goes. Default: compare-A-B.html.")
    ] = None,
    transcripts: Annotated[int, typer.Option(min=0, help="Most changed pairs on the page.")] = 300,
    as_json: options.AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the differences as CSV, and nothing else, on stdout.")
    ] = False,
    store: options.Store = options.STORE,
    store_b: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Where B is kept. Default: where A is.")
    ] = None,
) -> None:
    """Compare two runs probe by probe: before and after, two models, hosts or epochs, or two languages.

    Differences (B minus A) with intervals, what became what, and every changed answer side by side.
    """
    from sordino.reporting import document  # noqa: PLC0415
    from sordino.wiring import comparison  # noqa: PLC0415 - brings pandas

    quiet = options.one_format(as_json=as_json, as_csv=as_csv)
    if out is not None:
        document.check_writable(out)
    with stages(quiet=unwatched(for_machines=quiet)) as progress:
        made = comparison.compare(
            a,
            b,
            languages=languages,
            same_weights=same_weights,
            store=store,
            store_b=store_b,
            progress=progress,
        )
        path = made.report(out, transcripts=transcripts)
    made.show(as_json=as_json, as_csv=as_csv)
    if not quiet:
        typer.echo(f"Page: {options.relative(path)}")
