"""`sordino audit`: the main job from one command."""

from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options
from sordino.cli.progress import stages

DEFAULT_REPORT = Path("report-RUN.html")
"""Where a report goes unless told; stands for the folder while the run has no name yet."""


def audit(  # noqa: PLR0913, PLR0917 - one parameter an option
    target: Annotated[str, typer.Argument(help="What to audit: replay:FILE (Parquet, JSONL or CSV).")],
    pack: Annotated[
        str | None,
        typer.Option(
            help="Ask the probes of this pack (a name or folder). Without it: the recording's own."
        ),
    ] = None,
    columns: Annotated[
        str | None, typer.Option(help="A recording's columns, e.g. question=prompt,response=answer.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Which model, of a recording that holds several.")
    ] = None,
    siblings: Annotated[
        str | None,
        typer.Option(help="Column whose shared form makes siblings (form-matched), e.g. question_id."),
    ] = None,
    recording_language: Annotated[
        str | None, typer.Option(help="Language code of a recording that names none.")
    ] = None,
    language: Annotated[list[str] | None, typer.Option(help="Only this language (repeatable).")] = None,
    jurisdiction: Annotated[
        list[str] | None, typer.Option(help="Only this jurisdiction (repeatable).")
    ] = None,
    template: Annotated[list[str] | None, typer.Option(help="Only this template (repeatable).")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the report goes. Default: report-RUN.html.")
    ] = None,
    epoch: Annotated[str, typer.Option(help="A label; a new one asks everything again.")] = "",
    seed: Annotated[int, typer.Option(help="Seed of the Monte Carlo figures.")] = 0,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    store: options.Store = options.STORE,
) -> None:
    """Ask, read, estimate, conclude: a table here, and one HTML file.

    The same command again continues an audit that was stopped, and repeats nothing that is settled.
    """
    from sordino.generation.columns import parse  # noqa: PLC0415
    from sordino.store.location import place, url_of  # noqa: PLC0415
    from sordino.wiring import audit as wiring  # noqa: PLC0415 - brings pandas
    from sordino.wiring.settings import AuditSettings  # noqa: PLC0415

    quiet = options.one_format(as_json=as_json, as_csv=as_csv)
    settings = AuditSettings(
        target=target,
        pack=pack,
        columns=parse(columns or ""),
        model=model,
        siblings=siblings,
        language=recording_language,
        languages=tuple(language or ()),
        jurisdictions=tuple(jurisdiction or ()),
        templates=tuple(template or ()),
        epoch=epoch,
        seed=seed,
    )
    with stages(quiet=quiet) as progress:
        run = wiring.audit(settings, store, progress=progress, out=out or DEFAULT_REPORT)
        path = run.report(out, progress=progress)
    run.show(as_json=as_json, as_csv=as_csv)
    if not quiet:
        typer.echo(f"Report: {options.relative(path)}\nRun:    {run.id}   (kept in {place(url_of(store))})")
