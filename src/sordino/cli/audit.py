"""`sordino audit`: the main job from one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options
from sordino.cli.costs import agree
from sordino.cli.progress import stages, unwatched

if TYPE_CHECKING:
    from sordino.wiring.spending import Spending

DEFAULT_REPORT = Path("report-RUN.html")
"""Where a report goes unless told; stands for the folder while the run has no name yet."""

QUESTIONS, RECORDINGS = "What to ask", "Recordings (replay:)"
GENERATION = "Answers (organism:, hf:, openai:, inspect:)"
MACHINE, SERVER = "Machine (organism:, hf:)", "Server (openai:, inspect:)"


def audit(  # noqa: PLR0913, PLR0917 - one parameter an option
    target: Annotated[
        str,
        typer.Argument(
            help="What to audit: organism:NAME (a small model that ships), hf:ORG/NAME, "
            "hf:ORG/NAME@REVISION or hf:./FOLDER (models to run here), openai:MODEL@http://HOST:PORT/v1 or "
            "openai:MODEL@ollama (and other hosts: docs/endpoints.md), inspect:PROVIDER/MODEL, "
            "replay:FILE (Parquet, JSONL, CSV)."
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
    phrasing: Annotated[
        list[str] | None, typer.Option(help="Only this phrasing (repeatable).", rich_help_panel=QUESTIONS)
    ] = None,
    epoch: Annotated[
        str, typer.Option(help="A label; a new one asks everything again.", rich_help_panel=QUESTIONS)
    ] = "",
    until: Annotated[
        str | None,
        typer.Option(
            help="'certain': ask in rounds, and stop once every jurisdiction is decided.",
            metavar="certain",
            rich_help_panel=QUESTIONS,
        ),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            help="With --until: the selectivity below which it counts as none. Default: 0.25.",
            rich_help_panel=QUESTIONS,
        ),
    ] = None,
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
    prefill: Annotated[
        str | None,
        typer.Option(help="How each answer begins. Default: as it likes.", rich_help_panel=GENERATION),
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
            help="Tokens an answer may have. Default: 1024, of an organism 400, behind a server 4096.",
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
    stream: Annotated[
        bool,
        typer.Option(
            "--stream",
            help="Have answers sent as they are made: shows what a host takes back.",
            rich_help_panel=SERVER,
        ),
    ] = False,
    log_probabilities: Annotated[
        bool,
        typer.Option(
            "--logprobs", help="Keep each token's log-probability, where offered.", rich_help_panel=SERVER
        ),
    ] = False,
    concurrency: Annotated[
        int | None,
        typer.Option(
            help="Most requests on the way; fewer while the host asks for less. Default: 64.",
            rich_help_panel=SERVER,
        ),
    ] = None,
    requests_per_minute: Annotated[
        float | None, typer.Option(help="Send no faster than this.", rich_help_panel=SERVER)
    ] = None,
    tokens_per_minute: Annotated[
        float | None, typer.Option(help="Take no more tokens than this.", rich_help_panel=SERVER)
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(help="Seconds that one request may take. Default: 300.", rich_help_panel=SERVER),
    ] = None,
    budget_requests: Annotated[
        int | None, typer.Option(help="Stop after so many requests.", rich_help_panel=SERVER)
    ] = None,
    budget_tokens: Annotated[
        int | None, typer.Option(help="Stop before taking more tokens than this.", rich_help_panel=SERVER)
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(help="Stop before costing more than this; needs --prices.", rich_help_panel=SERVER),
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(
            help="YAML: currency, and input and output by model per million tokens.",
            metavar="FILE",
            rich_help_panel=SERVER,
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Ask nobody whether the cost is fine.", rich_help_panel=SERVER),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(*options.OUT, help="Where the report goes. Default: report-RUN.html.")
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
        phrasings=tuple(phrasing or ()),
        epoch=epoch,
        seed=seed,
        until=until,
        margin=margin,
        system=system,
        prefill=prefill,
        plain=plain,
        samples=samples,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        workers=workers,
        batch_size=batch_size,
        device=device,
        dtype=dtype,
        stream=stream,
        log_probabilities=log_probabilities,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        timeout=timeout,
        budget_requests=budget_requests,
        budget_tokens=budget_tokens,
        max_cost=max_cost,
        prices=prices,
    )
    took: list[Spending] = []
    with stages(quiet=unwatched(for_machines=quiet)) as progress:
        run = wiring.audit(
            settings,
            store,
            progress=progress,
            out=out or DEFAULT_REPORT,
            agree=lambda cost: agree([cost], yes=yes),
            spent=lambda spending: _spent(spending, took),
        )
        path = run.report(out, progress=progress)
    run.show(as_json=as_json, as_csv=as_csv, took=took[0].spent if took else None)
    if not quiet:
        typer.echo(f"Report: {options.relative(path)}\nRun:    {run.id}   (kept in {place(url_of(store))})")


def _spent(spending: "Spending", took: "list[Spending]") -> None:
    took.append(spending)
    typer.echo(f"Took: {spending.spent}.", err=True)
    if spending.left or spending.untried:
        typer.echo("Stopped at the budget: not all was asked. The same command goes on.", err=True)
