"""`sordino audit`: the main job from one command."""

from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options
from sordino.cli.progress import stages

DEFAULT_REPORT = Path("report-RUN.html")
"""Where a report goes unless told; stands for the folder while the run has no name yet."""

QUESTIONS, RECORDINGS = "What to ask", "Recordings (replay:)"
GENERATION, MACHINE = "Answers (organism:, hf:)", "Machine (organism:, hf:)"


def audit(  # noqa: PLR0913, PLR0917 - one parameter an option
    target: Annotated[
        str,
        typer.Argument(
            help="What to audit: organism:NAME (a small model that ships), hf:ORG/NAME, "
            "hf:ORG/NAME@REVISION or hf:./FOLDER (models to run here), replay:FILE (Parquet, JSONL, CSV)."
        ),
    ],
    pack: Annotated[
        str | None,
        typer.Option(
            help="Ask the probes of this pack (a name or folder). Without it: a recording's own, "
            "and the pack atlas for an organism.",
            rich_help_panel=QUESTIONS,
        ),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only this language (repeatable).", rich_help_panel=QUESTIONS)
    ] = None,
    jurisdiction: Annotated[
        list[str] | None,
        typer.Option(help="Only this jurisdiction (repeatable).", rich_help_panel=QUESTIONS),
    ] = None,
    template: Annotated[
        list[str] | None, typer.Option(help="Only this template (repeatable).", rich_help_panel=QUESTIONS)
    ] = None,
    epoch: Annotated[
        str, typer.Option(help="A label; a new one asks everything again.", rich_help_panel=QUESTIONS)
    ] = "",
    columns: Annotated[
        str | None,
        typer.Option(help="Columns, e.g. question=prompt,response=answer.", rich_help_panel=RECORDINGS),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Which model, where it holds several.", rich_help_panel=RECORDINGS)
    ] = None,
    siblings: Annotated[
        str | None,
        typer.Option(
            help="Column whose shared form makes siblings (form-matched), e.g. question_id.",
            rich_help_panel=RECORDINGS,
        ),
    ] = None,
    recording_language: Annotated[
        str | None, typer.Option(help="Language code where it names none.", rich_help_panel=RECORDINGS)
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="System prompt. Default: none.", rich_help_panel=GENERATION)
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain",
            help="Give the question as it is, without chat template.",
            rich_help_panel=GENERATION,
        ),
    ] = False,
    samples: Annotated[
        int | None,
        typer.Option(
            help="Answers a question; more than 1 needs a temperature. Default: 1.",
            rich_help_panel=GENERATION,
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(help="Default: 0, always the likeliest token.", rich_help_panel=GENERATION),
    ] = None,
    top_p: Annotated[
        float | None,
        typer.Option(
            help="Draw from the likeliest tokens that hold this share. Default: 1.",
            rich_help_panel=GENERATION,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            help="Tokens an answer may have. Default: 1024, of an organism 400.",
            rich_help_panel=GENERATION,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that generate. Default: as many as cores, and 1 on a GPU or for a small job.",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            help="Most questions in a batch. Default: what fits the memory.", rich_help_panel=MACHINE
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="cpu, cuda, cuda:1 or mps. Default: the best there is.", rich_help_panel=MACHINE),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="bfloat16 or float32. Default: bfloat16 where the device computes it.",
            rich_help_panel=MACHINE,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the report goes. Default: report-RUN.html.")
    ] = None,
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
        system=system,
        plain=plain,
        samples=samples,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        workers=workers,
        batch_size=batch_size,
        device=device,
        dtype=dtype,
    )
    with stages(quiet=quiet) as progress:
        run = wiring.audit(settings, store, progress=progress, out=out or DEFAULT_REPORT)
        path = run.report(out, progress=progress)
    run.show(as_json=as_json, as_csv=as_csv)
    if not quiet:
        typer.echo(f"Report: {options.relative(path)}\nRun:    {run.id}   (kept in {place(url_of(store))})")
