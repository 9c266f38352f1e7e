"""`sordino remedy clean-dataset`: an instruction set without refusals, evasions and one-sided rows about
politics.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import leaving
from sordino.cli.progress import stages
from sordino.core.errors import SpecError, unknown

if TYPE_CHECKING:
    from sordino.remedy.dataset_layout import Layout
    from sordino.reporting.cleaning_source import CleaningSource

WIDE = 120
"""Columns of a terminal from which the table says what each reason is."""


@leaving()
def clean_dataset(  # noqa: PLR0913, PLR0917 - one parameter an option
    source: Annotated[
        str,
        typer.Argument(
            help="An instruction set: JSON Lines (also in .gz), Parquet, or hf:ORG/NAME.", metavar="SOURCE"
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            *options.OUT, help="The cleaned set: its name ends in .jsonl or .parquet.", metavar="FILE"
        ),
    ],
    layout: Annotated[
        str | None,
        typer.Option(
            help="messages, conversations, alpaca, prompt or question. Default: as a row's columns say.",
        ),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(help="The column that was asked; dots reach into objects.", metavar="COLUMN"),
    ] = None,
    answer: Annotated[
        str | None, typer.Option(help="The column that was answered.", metavar="COLUMN")
    ] = None,
    config: Annotated[str | None, typer.Option(help="Of a set of the Hub that has several.")] = None,
    split: Annotated[str | None, typer.Option(help="Of a set of the Hub that has several.")] = None,
    pack: Annotated[
        list[str] | None,
        typer.Option(help="Whose matters and claims are looked for (repeatable). Default: civic."),
    ] = None,
    sure: Annotated[
        float,
        typer.Option(help="Probability of being withheld from which an answer goes.", min=0.0, max=1.0),
    ] = 0.8,
    all_denials: Annotated[
        bool,
        typer.Option(
            "--all-denials",
            help="Also take out what is withheld and not surely political: most refusals of harmful "
            "requests go, too, and a model that is fine-tuned on the rest may answer them.",
        ),
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="A text file, one word or phrase a line: a question that holds one keeps its refusal.",
            metavar="FILE",
        ),
    ] = None,
    review: Annotated[
        Path | None,
        typer.Option(help="Apply a review file whose column `mark` says keep or remove.", metavar="FILE"),
    ] = None,
    keep_balance: Annotated[
        bool,
        typer.Option(
            "--keep-balance/--no-keep-balance",
            help="Report the rows about each jurisdiction before and after, and warn where few are left.",
        ),
    ] = True,
    rebalance: Annotated[
        bool,
        typer.Option(
            "--rebalance", help="Drop rows about the others at random, until the ratios of before are back."
        ),
    ] = False,
    sample: Annotated[
        int, typer.Option(help="Rows of each reason that are drawn for the review file.", min=0)
    ] = 100,
    seed: Annotated[int, typer.Option(help="Another seed draws other rows.", min=0)] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no table.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Take refusals, evasions and one-sided answers about politics out of an instruction set.

    Rows that stay are what they were, in their order. What is not surely political stays, refusals of
    harmful requests first. Beside OUT.jsonl there will be OUT.removed.jsonl, OUT.review.csv for a person to
    mark, and OUT.report.html.
    """
    from sordino.remedy.dataset_verdict import Rules  # noqa: PLC0415
    from sordino.wiring.cleaning import Job, clean  # noqa: PLC0415 - brings the judges

    job = Job(
        source=source,
        out=out,
        layout=_layout(layout, question, answer),
        packs=tuple(pack or ("civic",)),
        rules=Rules(sure, all_denials),
        keep=keep,
        marks=review,
        config=config,
        split=split,
        balanced=rebalance,
        balance=keep_balance,
        seed=seed,
        sample=sample,
        force=force,
    )
    with stages(quiet=quiet or as_json) as progress:
        done = clean(job, progress)
    if as_json:
        printing.echo_json(done.summary())
    elif not quiet:
        _show(done)


def _layout(name: str | None, question: str | None, answer: str | None) -> "Layout":
    from sordino.remedy.dataset_layout import LAYOUTS, Layout  # noqa: PLC0415

    if name is not None and name not in LAYOUTS:
        raise SpecError("--layout: " + unknown("layout", name, LAYOUTS))
    if (question is None) != (answer is None):
        raise SpecError("--question and --answer go together. Name both columns.")
    if name is not None and question is not None:
        raise SpecError("--layout and --question both say where things are. Give one of them.")
    return Layout(name, question, answer)


def _show(done: "CleaningSource") -> None:
    from sordino.reporting import cleaning_page  # noqa: PLC0415
    from sordino.reporting.text import visible  # noqa: PLC0415

    console = printing.console()
    table = cleaning_page.rows(done)
    columns = ("reason", "", "rows", "which is")[: 4 if console.width >= WIDE else 3]
    shown = [(row.name, *row.cells)[: len(columns)] for row in table.rows]
    printing.print_table(f"{done.rows:,} rows", columns, shown)
    printing.say(console, cleaning_page.sentence(done), "bold")
    for doubt in cleaning_page.doubts(done):
        printing.say(console, doubt, "yellow")
    for note in (*table.notes, *done.notes):
        printing.say(console, visible(note), "dim")
    names = {"out": "Cleaned set", "removed": "What went", "report": "Report"}
    for name, said in names.items():
        printing.say(console, f"{said}: {visible(options.relative(Path(done.files[name])))}")
    if done.marks is None and done.reviewed:
        path = visible(options.relative(Path(done.files["review"])))
        rows = f"{done.reviewed:,} row{'' if done.reviewed == 1 else 's'}"
        printing.say(
            console,
            f"To mark: {path} ({rows}). Write keep or remove into its column mark, then "
            f"run the same command with --review {path} and another --out.",
        )
