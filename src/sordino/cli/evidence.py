"""`sordino export` and `sordino verify`: a run as one file that others can check."""

import json
from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options


def export(
    run: options.RunId = "latest",
    out: Annotated[Path | None, typer.Option(help="The bundle. Default: RUN.zip.")] = None,
    store: options.Store = options.STORE,
) -> None:
    """Write an evidence bundle: exchanges, readings, estimates, findings and the report, with hashes."""
    from sordino.wiring.bundle import write  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    found = Run.stored(run, store)
    path, root = write(found, out)
    typer.echo(f"Bundle:  {options.relative(path)}")
    typer.echo(f"SHA-256: {root}   (of its list of hashes: publish it with the claim)")


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
