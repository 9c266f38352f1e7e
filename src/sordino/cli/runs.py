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
    out = printing.console()
    printing.say(out, visible(f"Runs in {place(url_of(store))}"), "bold")
    width = max(len(visible(run.run)) for run in found)
    for run, manifest in zip(found, manifests, strict=True):
        when, settled = run.created[:16].replace("T", " "), f"{run.settled:,} of {run.owed:,} settled"
        printing.say(out, f"{visible(run.run):<{width}}  {when}  {run.status}  {settled}")
        epoch = f", epoch {told}" if (told := manifest.settings.get("epoch")) else ""
        printing.say(out, visible(f"  {run.pack}: {run.target}{epoch}"), "dim")
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
