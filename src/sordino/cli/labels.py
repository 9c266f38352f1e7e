"""`sordino labels`: what people say of a run's answers, and the rates that follow from it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import labels_deciding, labels_options, labels_rates, options, printing

if TYPE_CHECKING:
    from sordino.wiring.labelling import Drawn, Taken

app = typer.Typer(
    help="Labels by people: export a sample, import, agree, correct rates.", no_args_is_help=True
)
app.command()(labels_deciding.agreement)
app.command()(labels_deciding.queue)
app.command()(labels_deciding.adjudicate)
app.command()(labels_rates.rates)


@app.command()
def export(  # noqa: PLR0913, PLR0917 - one parameter an option
    run: options.RunId = "latest",
    n: Annotated[
        int, typer.Option("--n", min=1, help="How many in all, with those labelled already.")
    ] = 200,
    output: Annotated[
        Path | None, typer.Option(help="The CSV file to fill in. Default: labels-RUN.csv.")
    ] = None,
    axis: labels_options.AxisName = "engagement",
    seed: Annotated[int, typer.Option(help="Another seed draws another sample.")] = 0,
    language: Annotated[list[str] | None, typer.Option(help="Only this language (repeatable).")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Spread over jurisdiction, template, kind or phrasing (repeatable)."),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Leave out what this person has labelled already.")
    ] = None,
    force: labels_options.Force = False,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Draw a random sample of a run's judged answers, and write it as CSV for somebody to label.

    Drawn by language, the judge's value and how sure it is; more where labels tell more. A larger --n with
    the same seed holds the smaller sample. The file does not say what the judge thinks.
    """
    from sordino.wiring import labelling  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    found = Run.stored(run, store)
    path = output or Path(f"labels-{found.id}.csv")
    wanted = labelling.Wanted(n, axis, seed, tuple(language or ()), tuple(by or ()), annotator)
    drawn = labelling.export(found, wanted, path, force=force)
    if as_json:
        printing.echo_json(_drawn(drawn) | {"file": str(path), "n": n, "seed": seed})
        return
    _show_drawn(drawn, path)


@app.command("import")
def import_labels(
    run: options.RunId,
    file: Annotated[Path, typer.Argument(help="CSV, JSON Lines or Parquet with columns key and label.")],
    annotator: labels_options.Annotator = None,
    axis: labels_options.AxisName = "engagement",
    replace: labels_options.Replace = False,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Store the labels of a filled-in file, all or none; rows without a label are skipped and counted."""
    from sordino.judging import human  # noqa: PLC0415
    from sordino.wiring import labelling  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    taken = labelling.take(Run.stored(run, store), file, annotator, human.axis_of(axis), replace=replace)
    if as_json:
        stored = {who: dict(values) for who, values in taken.stored.items()}
        printing.echo_json(
            {"run": taken.run, "stored": stored, "empty": taken.empty, "without_stratum": taken.unsealed}
        )
        return
    _show_taken(taken, replace=replace)


@app.command("list")
def list_labels(
    run: options.RunId = "latest",
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Count a run's labels by annotator."""
    from sordino.reporting.text import visible  # noqa: PLC0415
    from sordino.wiring import labelling  # noqa: PLC0415 - brings pandas
    from sordino.wiring.run import Run  # noqa: PLC0415

    found = Run.stored(run, store)
    counts = labelling.counts(found)
    if as_json:
        printing.echo_json({"run": found.id, "labels": [asdict(one) for one in counts]})
        return
    if not counts:
        typer.echo(f"The run {found.id} has no labels. `sordino labels export {found.id}` begins.")
        return
    for axis in dict.fromkeys(one.axis for one in counts):
        own = [one for one in counts if one.axis == axis]
        values = list(dict.fromkeys(value for one in own for value in one.values))
        rows = [
            [
                *(visible(one.annotator), "decisions" if one.decisions else "labels", one.labels),
                *(one.values.get(value, 0) for value in values),
                one.last[:10],
            ]
            for one in own
        ]
        printing.print_table(f"Labels of {axis}, {found.id}", ("by", "what", "n", *values, "last"), rows)


def _drawn(drawn: "Drawn") -> dict[str, object]:
    strata = {name: {"drawn": n, "answers": answers} for name, (n, answers) in drawn.strata.items()}
    return {
        "run": drawn.run,
        "written": drawn.written,
        "labelled_already": drawn.labelled,
        "answers": drawn.answers,
        "strata": strata,
    }


def _show_drawn(drawn: "Drawn", path: Path) -> None:
    from sordino.judging.human import GUIDE  # noqa: PLC0415

    left_out = f"; {drawn.labelled:,} more of the sample are labelled already" if drawn.labelled else ""
    file = options.relative(path)
    out = printing.console()
    printing.say(
        out,
        f"{drawn.written:,} of {drawn.answers:,} judged answers, drawn from {len(drawn.strata)} strata, "
        f"are in {file}{left_out}.\n",
    )
    printing.say(out, GUIDE)
    printing.say(out, f"\nThen: sordino labels import {drawn.run} {file} --annotator NAME")


def _show_taken(taken: "Taken", *, replace: bool) -> None:
    from sordino.reporting.text import visible  # noqa: PLC0415

    out = printing.console()
    for who, values in taken.stored.items():
        printing.say(
            out, f"Stored {sum(values.values()):,} labels by {visible(who)}: {labels_options.told(values)}"
        )
    if not taken.stored:
        printing.say(out, "Nothing stored: no row has a label.")
    if taken.empty:
        stays = " What was said of them before stays." if replace else ""
        printing.say(out, f"{taken.empty:,} rows have no label; they can be imported when they do.{stays}")
    if taken.unsealed:
        printing.say(
            out,
            f"{taken.unsealed:,} labels came without `stratum`: they are taken as drawn at random. "
            "Exchanges that somebody picked make corrected rates wrong.",
        )
