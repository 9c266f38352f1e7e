"""`sordino import`: answers from elsewhere as a recording that every other command takes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import leaving
from sordino.cli.progress import stages

if TYPE_CHECKING:
    from sordino.wiring.importing import Counts, Imported

app = typer.Typer(no_args_is_help=True, help="Bring answers from elsewhere in, as one recording.")

SHOWN = 40
"""Rows of the table; --json has them all."""

NAMES = ("question set", "language", "about")

Output = Annotated[
    Path, typer.Option(*options.OUT, help="The recording: .parquet or .jsonl.", metavar="FILE")
]
Force = Annotated[bool, typer.Option("--force", help="Replace an output that exists.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress and no table.")]


@app.command()
@leaving()
def speechmap(  # noqa: PLR0913, PLR0917
    folder: Annotated[
        Path, typer.Argument(help="The folder that holds responses/ and analysis/.", metavar="FOLDER")
    ],
    output: Output,
    model: Annotated[
        list[str] | None, typer.Option(help="Only this model; may be given again.", metavar="NAME")
    ] = None,
    question_set: Annotated[
        list[str] | None,
        typer.Option("--set", help="Only this set of questions; may be given again.", metavar="NAME"),
    ] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="Only sets in this language; may be given again.")
    ] = None,
    analysis: Annotated[
        str, typer.Option(help="The folder whose labels are taken.", metavar="NAME")
    ] = "analysis",
    force: Force = False,
    quiet: Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Import a folder in SpeechMap's layout: answers, and what its judge said of them.

    Language and jurisdiction come from the names of the question sets (zh_china_criticism).
    EVASIVE and INCOMPLETE become PARTIAL; ERROR_ORIGINAL_… are deliveries, and no engagement.
    """
    from sordino.wiring.importing import Place  # noqa: PLC0415
    from sordino.wiring.importing_speechmap import Wanted  # noqa: PLC0415
    from sordino.wiring.importing_speechmap import speechmap as write  # noqa: PLC0415

    wanted = Wanted(tuple(model or ()), tuple(question_set or ()), tuple(language or ()), analysis)
    with stages(quiet=quiet or as_json) as progress:
        done = write(folder, Place(output, force), wanted, progress)
    _tell(done, quiet=quiet, as_json=as_json)


@app.command()
@leaving()
def table(  # noqa: PLR0913, PLR0917
    file: Annotated[
        Path, typer.Argument(help="Answers: Parquet, JSON Lines or CSV; text also in .gz.", metavar="FILE")
    ],
    output: Output,
    columns: Annotated[
        str | None,
        typer.Option(
            help="Where fields are, if common names do not say it: question=prompt,response=reply.text.",
            metavar="FIELD=COLUMN,…",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Whose answers they are, where no column says it.", metavar="NAME")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Of rows that do not say.")] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="Of rows that do not say.")] = None,
    label: Annotated[
        str | None, typer.Option(help="The column of labels, if any.", metavar="COLUMN")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Import any table of answers; what is wrong with it is said all at once.

    Columns get their names, hosts' objects are opened, reasoning is taken apart, deliveries are
    settled, and codes and labels are brought to one form.
    """
    from sordino.generation.columns import parse  # noqa: PLC0415
    from sordino.wiring.importing import Place  # noqa: PLC0415
    from sordino.wiring.importing_tables import Told  # noqa: PLC0415
    from sordino.wiring.importing_tables import table as write  # noqa: PLC0415

    told = Told(parse(columns or ""), model, language, jurisdiction, label)
    with stages(quiet=quiet or as_json) as progress:
        done = write(file, Place(output, force), told, progress)
    _tell(done, quiet=quiet, as_json=as_json)


@app.command()
@leaving()
def inspect(
    logs: Annotated[list[Path], typer.Argument(help="Logs of Inspect AI: .eval or .json.", metavar="LOG")],
    output: Output,
    force: Force = False,
    quiet: Quiet = False,
    as_json: options.AsJson = False,
) -> None:
    """Import logs of Inspect AI, which the extra `inspect` installs.

    A sample's question is the last user message of its input; language, jurisdiction, template
    and phrasing are taken from its metadata. Epochs are samples of one question.
    """
    from sordino.wiring.importing import Place  # noqa: PLC0415
    from sordino.wiring.importing_inspect import inspect as write  # noqa: PLC0415

    with stages(quiet=quiet or as_json) as progress:
        done = write(logs, Place(output, force), progress)
    _tell(done, quiet=quiet, as_json=as_json)


def _tell(done: "Imported", *, quiet: bool, as_json: bool) -> None:
    if as_json:
        printing.echo_json(done.summary())
    elif not quiet:
        _show(done)


def _show(done: "Imported") -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from sordino.reporting.text import visible  # noqa: PLC0415
    from sordino.wiring.importing import named  # noqa: PLC0415

    counts, console = done.counts, printing.console()
    title = f"{counts.answers:,} answers of {len(counts.models):,} model{'s' * (len(counts.models) != 1)}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    columns, rows = _table(counts)
    for name in columns:
        is_name = name in NAMES
        table.add_column(name, justify="left" if is_name else "right", no_wrap=name == columns[0])
    for row in rows[:SHOWN]:
        table.add_row(*map(Text, row))
    console.print(table)
    if len(rows) > SHOWN:
        printing.say(console, f"and {len(rows) - SHOWN:,} more; --json has them all.")
    printing.say(console, "")
    for word, what in (
        ("Not delivered", {d.value: n for d, n in counts.deliveries.items() if d.value != "delivered"}),
        ("Left out", done.left_out),
        ("Note", done.noted),
    ):
        for said in named(what):
            printing.say(console, visible(f"{word}: {said}"))
    for note in done.notes:
        printing.say(console, visible(f"Note: {note}"))
    printing.say(console, visible(f"Written: {options.relative(done.output)}"))
    for number, command in enumerate(done.next):
        printing.say(console, visible(f"{'        ' if number else 'Next:   '} {command}"))


def _table(counts: "Counts") -> tuple[list[str], list[list[str]]]:
    """A row for each question set, language and jurisdiction; columns that say nothing are left out."""
    from sordino.core.records import Delivery, Engagement  # noqa: PLC0415
    from sordino.reporting.text import label  # noqa: PLC0415

    groups = sorted(counts.groups.items(), key=lambda item: tuple(part or "" for part in item[0]))
    in_sets = any(name for (name, _, _), _ in groups)
    labels = list(Engagement) if counts.labels.keys() - {None} else []
    rows = [
        [
            *([label(name or "-")] if in_sets else []),
            *(label(part or "-") for part in (language, jurisdiction)),
            *(f"{n:,}" for n in (len(group.models), group.deliveries.total())),
            f"{group.deliveries.total() - group.deliveries[Delivery.DELIVERED]:,}",
            # Nobody looked, which is not that nobody refused.
            *(f"{group.labels[word]:,}" if group.labels.keys() - {None} else "–" for word in labels),
        ]
        for (name, language, jurisdiction), group in groups
    ]
    columns = [*NAMES[not in_sets :], "models", "answers", "not delivered", *labels]
    return columns, rows
