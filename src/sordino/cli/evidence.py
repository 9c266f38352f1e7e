"""`sordino export` and `sordino verify`: a run as files for others, and as one that they can check."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import leaving
from sordino.cli.progress import stages, unwatched

if TYPE_CHECKING:
    from sordino.wiring.run import Run

LISTED = 12
"""Files that are named; --json names all."""


@leaving()
def export(
    run: options.RunId = "latest",
    out: Annotated[
        Path | None,
        typer.Option(
            *options.OUT, help="The file or folder. Default: named after the run.", metavar="PLACE"
        ),
    ] = None,
    form: Annotated[
        str,
        typer.Option("--format", help="bundle, parquet, jsonl, speechmap or dataset.", metavar="FORMAT"),
    ] = "bundle",
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Take a run out of the store.

    bundle: an evidence bundle, one zip with hashes of exchanges, readings, figures and the report.
    parquet: a folder of tables. jsonl: one exchange a line, with its readings and labels.
    speechmap: SpeechMap's layout. dataset: a folder for a dataset hub, with its card.
    """
    from sordino.wiring.run import Run  # noqa: PLC0415 - brings pandas

    found = Run.stored(run, store)
    if form != "bundle":
        _export(found, form, out, as_json=as_json)
        return
    from sordino.wiring.bundle import write  # noqa: PLC0415

    path, root = write(found, out)
    if as_json:
        printing.echo_json({"run": found.id, "format": form, "path": str(path), "sha256": root})
        return
    typer.echo(f"Bundle:  {options.relative(path)}")
    typer.echo(f"SHA-256: {root}   (of its list of hashes: publish it with the claim)")


def _export(run: "Run", form: str, out: Path | None, *, as_json: bool) -> None:
    from sordino.reporting.text import visible  # noqa: PLC0415
    from sordino.wiring import exporting  # noqa: PLC0415

    with stages(quiet=unwatched(for_machines=as_json)) as progress:
        done = exporting.export(run, form, out, progress)
    if as_json:
        printing.echo_json(done.summary())
        return
    counts = ", ".join(f"{n:,} {delivery}" for delivery, n in done.deliveries.items())
    typer.echo(visible(f"Written: {options.relative(done.path)}"))
    for line in _listed(done.files):
        typer.echo(visible(f"         {line}"))
    typer.echo(f"Holds:   {sum(done.deliveries.values()):,} exchanges: {counts}")
    typer.echo(visible(f"Back in: {done.again}"))


def _listed(files: Sequence[str]) -> list[str]:
    """The files, or how many each folder has where they are many."""
    if len(files) <= LISTED:
        return list(files)
    folders = Counter(file.rpartition("/")[0] for file in files)
    return [f"{folder}/ ({n} files)" for folder, n in folders.items()]


@leaving()
def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle made by `sordino export`.")],
    as_json: options.AsJson = False,
) -> None:
    """Check a bundle: every hash, every request's key and every figure, computed again."""
    from sordino.reporting.text import visible  # noqa: PLC0415
    from sordino.wiring.bundle import check  # noqa: PLC0415 - brings pandas

    checks = check(bundle)
    if as_json:
        typer.echo(
            json.dumps([{"check": c.what, "ok": c.ok, "detail": c.detail} for c in checks], indent=2)
        )
    else:
        for c in checks:
            typer.echo(visible(f"{'ok  ' if c.ok else 'FAIL'}  {c.what}: {c.detail}"))
    if not all(c.ok for c in checks):
        raise typer.Exit(1)
