"""`sordino runs`: what the store holds, and which of its runs were read by different judges."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from sordino.cli import options, printing

if TYPE_CHECKING:
    from sordino.core.manifest import Manifest


def runs(as_json: options.AsJson = False, store: options.Store = options.STORE) -> None:
    """List the runs in the store, the one last worked on first."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from sordino.core.manifest import RunStatus  # noqa: PLC0415
    from sordino.reporting.text import visible  # noqa: PLC0415
    from sordino.store.location import place, url_of  # noqa: PLC0415
    from sordino.store.store import Store  # noqa: PLC0415

    with Store.open(store, create=False) as opened:
        found = opened.runs()
        manifests = [opened.manifest(run.run) for run in found]
    if as_json:
        listed = [
            asdict(run)
            | {"owed": run.owed, "settled": run.settled, "judges": m.judges, "command": m.command}
            for run, m in zip(found, manifests, strict=True)
        ]
        typer.echo(json.dumps(listed, indent=2, default=str))
        return
    if not found:
        typer.echo("No runs yet. Begin with: sordino audit replay:FILE")
        return
    title = Text(visible(f"Runs in {place(url_of(store))}"))
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    # An id is there to be copied, whole; of what was asked the beginning tells.
    width = max(len(visible(run.run)) for run in found)
    table.add_column("run, and what was asked", no_wrap=True, overflow="ellipsis", min_width=width)
    for name in ("created", "status", "settled"):
        table.add_column(name, no_wrap=True)
    for run in found:
        lines = run.run, f"  {run.pack}: {run.target}"
        cells = run.created[:16].replace("T", " "), run.status, f"{run.settled:,} of {run.owed:,}"
        asked = Text("\n".join(map(visible, lines)))
        table.add_row(asked, *(Text(visible(str(cell))) for cell in cells))
    Console().print(table)
    # A run that was not finished has nothing that could be compared.
    read = [m for run, m in zip(found, manifests, strict=True) if run.status is RunStatus.DONE]
    _say_apart(read)


def _say_apart(manifests: Sequence["Manifest"]) -> None:
    """Where the runs were read by different judges: which, and what to do."""
    from sordino.auditing.comparable import MEND, apart  # noqa: PLC0415
    from sordino.reporting.text import visible  # noqa: PLC0415

    if found := apart(manifests):
        said = " ".join(one.sentence for one in found)
        told = f"{said} Their figures are not comparable as they are. {MEND}"
        printing.say(printing.console(), visible(f"\n{told}"), "yellow")
