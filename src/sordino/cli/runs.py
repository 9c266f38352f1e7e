"""`sordino runs`: what the store holds."""

import json
from dataclasses import asdict

import typer

from sordino.cli import options


def runs(as_json: options.AsJson = False, store: options.Store = options.STORE) -> None:
    """List the runs in the store, the one last worked on first."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from sordino.reporting.text import visible  # noqa: PLC0415
    from sordino.store.location import place, url_of  # noqa: PLC0415
    from sordino.store.store import Store  # noqa: PLC0415

    with Store.open(store, create=False) as opened:
        found = opened.runs()
    if as_json:
        listed = [asdict(run) | {"owed": run.owed, "settled": run.settled} for run in found]
        typer.echo(json.dumps(listed, indent=2, default=str))
        return
    if not found:
        typer.echo("No runs yet. Begin with: sordino audit replay:FILE")
        return
    title = Text(visible(f"Runs in {place(url_of(store))}"))
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("run", "created", "status", "target", "pack", "owed", "settled"):
        table.add_column(name, overflow="fold", no_wrap=name == "run")  # an id is there to be copied
    for run in found:
        cells = (
            run.run,
            run.created[:16].replace("T", " "),
            run.status,
            run.target,
            run.pack,
            run.owed,
            run.settled,
        )
        table.add_row(*(Text(visible(str(cell))) for cell in cells))
    Console().print(table)
