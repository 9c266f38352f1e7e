"""`sordino rank`: finished runs held against each other, as a table here and one HTML file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import leaving
from sordino.cli.progress import stages, unwatched

if TYPE_CHECKING:
    from sordino.reporting.sweep_source import SweepSource
    from sordino.wiring.ranking import Progress

DEFAULT = Path("ranking.html")


@leaving()
def rank(
    runs: Annotated[
        list[str] | None,
        typer.Argument(help="Runs: ids, or beginnings of ids. Without any give --all.", metavar="RUN"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every finished run in the store.")] = False,
    out: Annotated[Path, typer.Option(*options.OUT, help="Where the page goes.")] = DEFAULT,
    chart: Annotated[
        Path | None,
        typer.Option(help="Also draw the heatmap: a .png, .svg or .pdf file.", metavar="FILE"),
    ] = None,
    as_json: options.AsJson = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print the ranks as CSV, and nothing else, on stdout.")
    ] = False,
    store: options.Store = options.STORE,
) -> None:
    """Rank models: who withholds more about whom, with intervals and ties.

    Runs that are not comparable (other judges, other questions, other sampling) are not ranked together.

    Lay the runs' own reports (report-RUN.html) beside the page, and it links to them.
    """
    from sordino.core.errors import SpecError  # noqa: PLC0415
    from sordino.reporting import sweep_data, sweep_page, sweep_terminal  # noqa: PLC0415 - brings pandas
    from sordino.wiring.ranking import rank as ranked  # noqa: PLC0415

    quiet = options.one_format(as_json=as_json, as_csv=as_csv)
    if bool(runs) == every:
        raise SpecError(
            "Name the runs to rank, or give --all for every finished one (not both). "
            "`sordino runs` lists them."
        )
    form = "" if chart is None else options.picture_form("--chart", chart)
    for path in (out, chart):
        if path is not None:
            sweep_page.check_writable(path)
    with stages(quiet=unwatched(for_machines=quiet)) as progress:
        source = ranked(store, runs or (), progress=progress)
        if chart is not None:
            _draw(source, chart, form, progress)
        sweep_page.write(source, out, progress)
    if as_json:
        printing.echo_json(sweep_data.to_json(source))
    elif as_csv:
        typer.echo(sweep_data.csv(source), nl=False)
    else:
        sweep_terminal.show(source, printing.console())
        typer.echo(f"Page: {options.relative(out)}")
        if chart is not None:
            typer.echo(f"Heatmap: {options.relative(chart)}")


def _draw(source: "SweepSource", path: Path, form: str, progress: "Progress") -> None:
    from sordino.core.errors import SpecError  # noqa: PLC0415
    from sordino.reporting import document, sweep_picture  # noqa: PLC0415 - brings Altair

    progress("drawing the heatmap", 0, 1)
    drawn = sweep_picture.picture(source, form)
    if drawn is None:
        raise SpecError(
            f"--chart {path}: nothing could be ranked, so there is nothing to draw. Leave it out."
        )
    document.replace(path, drawn)
    progress("drawing the heatmap", 1, 1)
