"""`sordino labels rates`: what a judge counted, and what labels make of it."""

from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.core.errors import SpecError, unknown

PEOPLE = "people"

if TYPE_CHECKING:
    from rich.console import Console

    from sordino.auditing.corrected import By, CorrectedRates
    from sordino.reporting.views import Table
    from sordino.wiring.run import Run


def rates(
    run: options.RunId = "latest",
    by: Annotated[
        str, typer.Option(help="What has a rate of its own.", metavar="language|jurisdiction|both")
    ] = "both",
    labels: Annotated[
        str,
        typer.Option(
            help="Whose word counts: people, or the id of a judge that has read a random part "
            "(`sordino judge ask --limit`) or all.",
            metavar="people|JUDGE_ID",
        ),
    ] = PEOPLE,
    seed: Annotated[int, typer.Option(help="What that judge's --limit drew from.", min=0)] = 0,
    as_json: options.AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the rates as CSV, and nothing else, on stdout.")
    ] = False,
    store: options.Store = options.STORE,
) -> None:
    """Correct the judge's rates of withheld answers by labels, and show both.

    A rate of a language or jurisdiction with fewer than 10 labels is not given, unless they are all.
    """
    from sordino.reporting import corrected_data  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    quiet = options.one_format(as_json=as_json, as_csv=as_csv)
    found = Run.stored(run, store)
    corrected = _corrected(found, _by(by), labels, seed)
    if corrected is None and not quiet:
        typer.echo(f"The run {found.id} has no labels. `sordino labels export {found.id}` begins.")
    elif as_csv:
        typer.echo(corrected_data.csv(corrected), nl=False)
    elif as_json:
        known = None if corrected is None else corrected_data.as_json(corrected, found.manifest)
        printing.echo_json({"run": found.id, "corrected": known})
    elif corrected is not None:
        _show(found, corrected)


def _by(name: str) -> "By":
    from sordino.auditing.corrected import By  # noqa: PLC0415

    known = {by.value: by for by in By}
    if name not in known:
        raise SpecError("--by: " + unknown("division", name, known))
    return known[name]


def _corrected(run: "Run", by: "By", labels: str, seed: int) -> "CorrectedRates | None":
    from sordino.store.store import Store  # noqa: PLC0415
    from sordino.wiring import correcting  # noqa: PLC0415 - brings the statistics

    with Store.open(run.store, create=False) as opened:
        run.check_finished(opened)
        correcting.judge_of(run.manifest)
        if labels == PEOPLE:
            return correcting.by_people(opened, run.manifest, run.outcomes, by)
        return correcting.by_judge(opened, run.manifest, run.outcomes, labels, seed, by)


def _show(run: "Run", corrected: "CorrectedRates") -> None:
    from sordino.reporting.corrected_tables import view  # noqa: PLC0415

    shown, out = view(corrected, run.manifest), printing.console()
    printing.say(out, f"{shown.intro}\n")
    for table in shown.tables:
        _print(out, table)
    printing.say(out, "\n".join(shown.words) + "\n")
    for table in shown.differences:
        _print(out, table)
    for text in (*shown.counts, shown.scope):
        printing.say(out, text, "dim")


def _print(out: "Console", table: "Table") -> None:
    """Without lines, so that its seven columns fit."""
    from rich.table import Table as Shown  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    shown = Shown(title=Text(table.caption), title_justify="left", box=None, pad_edge=False)
    shown.add_column("", overflow="fold")
    for name in table.head:
        shown.add_column(name, overflow="fold")
    for row in table.rows:
        style = "bold yellow" if row.tone == "selective" else "dim" if row.tone == "missing" else ""
        shown.add_row(*(Text(cell) for cell in (row.name, *row.cells)), style=style)
    out.print(shown)
    printing.say(out, "".join(f"{note}\n" for note in table.notes), "dim")
