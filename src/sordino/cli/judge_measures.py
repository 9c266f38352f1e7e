"""`sordino judge evaluate` and `sordino judge card`: how far a judge can be trusted."""

from pathlib import Path
from typing import Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import Interrupted
from sordino.cli.judge_read import Columns, JudgeName, Model
from sordino.cli.progress import stages
from sordino.core.errors import SpecError

LabelledAnswers = Annotated[
    Path | None,
    typer.Argument(
        help="Answers with labels: JSON Lines, CSV or Parquet; text also in .gz.", metavar="FILE"
    ),
]
Page = Annotated[Path | None, typer.Option("--out", help="Write the page here: HTML.", metavar="FILE")]


def evaluate(  # noqa: PLR0913, PLR0917 - one parameter an option
    file: LabelledAnswers = None,
    run: Annotated[
        str | None,
        typer.Option(
            help="Instead of a file: a stored run's answers, with the labels that people gave them.",
            metavar="RUN",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="The column of labels, if its name does not say it.", metavar="COLUMN"),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="Part the answers by this column; repeat for more. Default: language, jurisdiction and "
            "family, where there are.",
            metavar="COLUMN",
        ),
    ] = None,
    columns: Columns = None,
    judge: JudgeName = "classifier",
    model: Model = None,
    out: Page = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.", min=0)] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    as_json: options.AsJson = False,
    store: options.Store = options.STORE,
) -> None:
    """Measure a judge on answers that have labels: COMPLETE, PARTIAL (also EVASIVE, INCOMPLETE), DENIAL.

    Every model's answers are read by the part of the judge that left that model out of its training. Rows
    without a label, or with one that begins with ERROR, are left out and counted.
    """
    from sordino.generation.columns import parse  # noqa: PLC0415
    from sordino.reporting import document, judge_page  # noqa: PLC0415
    from sordino.wiring.judge_evaluation import Task  # noqa: PLC0415
    from sordino.wiring.judge_evaluation import evaluate as measured  # noqa: PLC0415
    from sordino.wiring.judge_run_evaluation import evaluate_run  # noqa: PLC0415

    if (file is None) == (run is None):
        raise SpecError("Give a FILE with labels, or --run RUN for a stored run that people have labelled.")
    told = {"--label": label, "--by": by, "--columns": columns, "--model": model}
    if run is not None and (vain := next((name for name, value in told.items() if value), None)):
        raise SpecError(f"{vain} is for a file, and --run has labels and groups of its own. Leave it out.")
    if out is not None:
        document.check_writable(out)
    try:
        with stages(quiet=quiet or as_json) as progress:
            if run is not None:
                found = evaluate_run(run, store, judge=judge, seed=seed, progress=progress)
            elif file is not None:
                found = measured(
                    Task(file, parse(columns or ""), judge, model, label, tuple(by or ()), seed), progress
                )
    except KeyboardInterrupt:
        raise Interrupted("Nothing was written.") from None
    page = found.page(judge)
    if out is not None:
        judge_page.write(page, out)
    if as_json:
        printing.echo_json(found.summary())
        return
    judge_page.show(page, printing.console())
    if out is not None:
        typer.echo(f"Page: {options.relative(out)}")


def card(
    name: Annotated[
        str, typer.Argument(help="Which judge: classifier, facts, flags or reasoning.")
    ] = "classifier",
    out: Page = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the card of a judge that ships: what was measured of it, and where not to trust it."""
    from sordino.reporting import judge_card, judge_page  # noqa: PLC0415
    from sordino.wiring import cards  # noqa: PLC0415

    shipped = cards.named(name)
    page = judge_card.page(shipped)
    if out is not None:
        judge_page.write(page, out)
    if as_json:
        printing.echo_json({"id": shipped.id, "unsure_below": shipped.unsure_below, **shipped.detail})
        return
    judge_page.show(page, printing.console())
    for limit in page.limits:
        printing.say(printing.console(), f"- {limit}")
    if out is not None:
        typer.echo(f"Page: {options.relative(out)}")
