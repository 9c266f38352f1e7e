"""`sordino sweep`: many models from one file, one view, one report that compares them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.costs import agree
from sordino.cli.progress import stages, unwatched
from sordino.cli.sweep_view import view
from sordino.reporting.text import visible

if TYPE_CHECKING:
    from sordino.core.jobs import Progress
    from sordino.reporting.sweep_source import SweepSource
    from sordino.wiring.sweeping import Planned, Swept

FAILED = 1
DEFAULT_PAGE = Path("sweep.html")
WHERE = "Where they run"


def sweep(  # noqa: PLR0913, PLR0917 - one parameter an option
    file: Annotated[
        Path,
        typer.Argument(
            help="YAML: `models`, a list of targets, and beside it any setting of an audit.",
            metavar="MODELS.YAML",
        ),
    ],
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Audits at once. Default: what cores, memory and accelerator have room for.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    executor: Annotated[
        str, typer.Option(help="local (processes of this machine) or ray.", rich_help_panel=WHERE)
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(
            help="A Ray cluster that runs. Default: one is begun on this machine.",
            metavar="ADDRESS",
            rich_help_panel=WHERE,
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nobody whether the cost is fine.")] = False,
    out: Annotated[Path, typer.Option(help="Where the page that compares them goes.")] = DEFAULT_PAGE,
    reports: Annotated[
        bool,
        typer.Option(
            "--reports", help="Also write each run's own report beside that page, which links to it."
        ),
    ] = False,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Audit many models, several at a time, and compare them.

    All of them are looked up before any is asked. One that fails stops no
    other; then the exit code is 1. The same command again continues a sweep
    that was stopped, and repeats nothing that is finished.
    """
    from sordino.reporting import document, sweep_page  # noqa: PLC0415 - brings pandas
    from sordino.wiring import executors, sweep_file, sweeping  # noqa: PLC0415

    executors.check(jobs, executor, ray_address)
    entries = sweep_file.read(file)
    document.check_writable(out)
    quiet = unwatched(for_machines=as_json)
    with stages(quiet=quiet) as progress:
        planned = sweeping.plan(entries, store, here=ray_address is None, progress=progress)
    room = executors.room(planned, jobs, executor)
    where = executors.executor(executor, room, jobs, ray_address)
    agree(sweeping.expected(planned), yes=yes)
    with where, view(planned, quiet=quiet) as listen:
        swept = sweeping.carry_out(planned, store, where, workers=room.workers, listen=listen)
    with stages(quiet=quiet) as progress:
        if reports:
            _write_reports(swept, store, out.parent, progress)
        compared = sweeping.compared(swept, store, progress=progress)
        page = sweep_page.write(compared, out, progress) if compared else None
    if as_json:
        printing.echo_json(_to_json(planned, swept, compared, page))
    else:
        _say(swept, compared, page, store)
    if swept.failed:
        raise typer.Exit(FAILED)


def _write_reports(swept: "Swept", store: str, folder: Path, progress: "Progress") -> None:
    from sordino.wiring.run import Run  # noqa: PLC0415

    for done, audited in enumerate(swept.audited.values()):
        progress("writing reports", done, len(swept.audited))
        Run(audited.run, store).report(folder / f"report-{audited.run}.html")
    progress("writing reports", len(swept.audited), len(swept.audited))


def _to_json(
    planned: "Sequence[Planned]", swept: "Swept", compared: "SweepSource | None", page: Path | None
) -> dict[str, object]:
    from sordino.reporting import sweep_data  # noqa: PLC0415

    models = []
    for one in planned:
        name = one.entry.name
        done, failed = swept.audited.get(name), swept.failed.get(name)
        models.append(
            {
                "name": name,
                "target": one.entry.settings.target,
                "state": "failed" if done is None else "stored" if one.finished else "done",
                "run": done.run if done else None,
                "sentence": done.sentence if done else None,
                "requests_failed": done.errors if done else None,
                "left_by_budget": done.left if done else None,
                "spent": done.spent if done else None,
                "error": failed.error if failed else None,
            }
        )
    return {
        "models": models,
        "ranking": sweep_data.to_json(compared) if compared else None,
        "page": str(page) if page else None,
    }


def _say(swept: "Swept", compared: "SweepSource | None", page: Path | None, store: str) -> None:
    from sordino.reporting import sweep_terminal  # noqa: PLC0415
    from sordino.store.location import place, url_of  # noqa: PLC0415

    if compared is not None:
        sweep_terminal.show(compared, printing.console())
    for name, done in swept.audited.items():
        if done.spent:
            typer.echo(visible(f"{name} took: {done.spent}."), err=True)
        if done.errors or done.left:
            said = f"{done.errors:,} requests failed, {done.left:,} were not in the budget"
            typer.echo(visible(f"{name}: {said}. The same command asks them."), err=True)
    if swept.failed:
        typer.echo(f"\nFailed: {len(swept.failed)}. The same command tries again.", err=True)
    for name, failed in swept.failed.items():
        typer.echo(visible(f"  {name}: {failed.error}"), err=True)
        if failed.trace:
            typer.echo(visible(failed.trace), err=True)
    if page is not None:
        typer.echo(f"Page: {options.relative(page)}")
    typer.echo(f"Runs: {len(swept.audited)}   (kept in {place(url_of(store))})")
