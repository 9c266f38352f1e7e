"""`sordino judge read`: a judge's readings of anybody's answers, beside the answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import Interrupted
from sordino.cli.progress import stages

if TYPE_CHECKING:
    from sordino.wiring.judge_file import Done

SHOWN = 8
"""Reasons in the table; --json has them all."""

Answers = Annotated[
    Path, typer.Argument(help="Answers: JSON Lines, CSV or Parquet; text also in .gz.", metavar="FILE")
]
Columns = Annotated[
    str | None,
    typer.Option(
        help="Where fields are, if common names do not say it: question=prompt,response=reply.text.",
        metavar="FIELD=COLUMN,…",
    ),
]
JudgeName = Annotated[
    str,
    typer.Option(
        "--judge",
        help="Which judge reads: classifier, or a language model such as openai:MODEL@http://HOST:PORT/v1.",
        metavar="NAME",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="Whose answers they are, where no column says it: models that trained the judge are read "
        "by the part of it that left them out.",
        metavar="NAME",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no table.")]


def read(  # noqa: PLR0913, PLR0917
    file: Answers,
    output: Annotated[
        Path,
        typer.Option(help="The new table: .jsonl, .csv or .parquet; text also in .gz.", metavar="FILE"),
    ],
    columns: Columns = None,
    judge: JudgeName = "classifier",
    model: Model = None,
    prefix: Annotated[
        str, typer.Option(help="What the added columns' names begin with, such as sordino_.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an output that exists.")] = False,
    keep_formulas: Annotated[
        bool,
        typer.Option(
            "--keep-formulas",
            help="Write CSV cells as they are, also those that a spreadsheet would run as a formula.",
        ),
    ] = False,
    quiet: Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Read the answers of a file: every row and column again, and how each answer met its question.

    Adds engagement (COMPLETE, PARTIAL, DENIAL or null), p_complete, p_partial, p_denial, unsure, unjudged
    (why nothing was read, or null) and judge. Reasoning is taken apart and read by no judge.
    """
    from sordino.generation.columns import parse  # noqa: PLC0415
    from sordino.wiring.judge_file import Job, read_file  # noqa: PLC0415

    told = parse(columns or "")
    job = Job(file, output, told, judge, model, prefix, force=force, keep_formulas=keep_formulas)
    try:
        with stages(quiet=quiet or as_json) as progress:
            done = read_file(job, progress)
    except KeyboardInterrupt:
        raise Interrupted(f"Nothing was written to {output}.") from None
    if as_json:
        printing.echo_json(done.summary())
    elif not quiet:
        _show(done)


def _show(done: "Done") -> None:
    from sordino.reporting.text import visible  # noqa: PLC0415

    counts = done.counts
    judged = counts.engagement.total()
    rows = [[value, f"{n:,}", f"{n / judged:.1%}"] for value, n in counts.engagement.most_common()]
    if counts.stated:
        share = f"{counts.unsure / counts.stated:.1%}"
        rows.append([f"of these unsure (below {done.unsure_below:g})", f"{counts.unsure:,}", share])
    whys = counts.unjudged.most_common()
    rows += [[f"unjudged: {visible(why)}", f"{n:,}", ""] for why, n in whys[:SHOWN]]
    if rest := sum(n for _, n in whys[SHOWN:]):
        rows.append(["unjudged: other reasons", f"{rest:,}", ""])
    printing.print_table(f"{counts.rows:,} rows", ("engagement", "rows", "of those judged"), rows)
    console = printing.console()
    taken = ", ".join(f"{field} from {visible(column)}" for field, column in done.taken.items())
    printing.say(console, f"Read: {taken}.")
    printing.say(console, f"Judge: {visible(_judges(counts.judges))}.")
    for note in done.notes:
        printing.say(console, visible(note), "dim")
    printing.say(console, f"Written: {visible(str(done.job.output))}")


def _judges(rows: Mapping[str, int]) -> str:
    """The judges without their folds, and how many rows the folds had."""
    names = dict.fromkeys(judge.partition("/")[0] for judge in rows)
    folds = sum(n for judge, n in rows.items() if "/" in judge)
    told = f"; {folds:,} rows by the fold of it that left their model out" if folds else ""
    return ", ".join(names) + told
