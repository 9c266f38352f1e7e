"""`sordino remedy review` and `sign`: people read what a remedy's model answers, before and after."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import labels_options, options, printing

if TYPE_CHECKING:
    from sordino.remedy.signoff import Review
    from sordino.wiring.remedy_signoff import Drawn

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="What `sordino remedy` wrote.")]


def review(
    folder: Folder,
    n: Annotated[int, typer.Option("--n", min=1, help="How many answers to read.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed draws another sample.")] = 0,
    output: Annotated[
        Path | None, typer.Option(*options.OUT, help="The CSV file to fill in. Default: FOLDER/review.csv.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there, and may hold marks.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Draw answers of a remedy, before and after, and write them as CSV for somebody to read and mark.

    Two held-out questions to one that touches no politics, spread over languages. A larger --n with the
    same seed holds the smaller sample.
    """
    from sordino.wiring import remedy_signoff  # noqa: PLC0415 - brings pandas
    from sordino.wiring.remedy_folder import RemedyFolder  # noqa: PLC0415

    drawn = remedy_signoff.review(RemedyFolder.open(folder), n, seed, output, force=force)
    if as_json:
        printing.echo_json(asdict(drawn) | {"path": str(drawn.path), "n": n, "seed": seed})
        return
    _show_drawn(drawn, folder, asked=n)


def sign(
    folder: Folder,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="The filled-in file. Default: FOLDER/review.csv.")
    ] = None,
    reviewer: Annotated[
        str, typer.Option("--reviewer", metavar="NAME", help="Who read the answers; it is on the card.")
    ] = "",
    replace: labels_options.Replace = False,
    as_json: options.AsJson = False,
) -> None:
    """Take the marks of a filled-in file, all or none, and write them on the card and the report.

    Every mark is told as it is, also "no". Nothing is taken where an answer in the file is not the one that
    was drawn.
    """
    from sordino.wiring import remedy_signoff  # noqa: PLC0415 - brings pandas
    from sordino.wiring.remedy_folder import RemedyFolder  # noqa: PLC0415

    made = remedy_signoff.sign(RemedyFolder.open(folder), file, reviewer, replace=replace)
    if as_json:
        printing.echo_json(asdict(made))
        return
    _show_signed(made, folder)


def _show_drawn(drawn: "Drawn", folder: Path, *, asked: int) -> None:
    from sordino.wiring.remedy_review_file import GUIDE  # noqa: PLC0415

    out = printing.console()
    file = options.relative(drawn.path)
    fewer = " That is all there are." if drawn.pairs < asked else ""
    left = f" {drawn.undelivered:,} more did not arrive on one side." if drawn.undelivered else ""
    printing.say(
        out,
        f"{drawn.pairs:,} of {drawn.readable:,} answers are in {file}: "
        f"{labels_options.told(drawn.strata)}.{fewer}{left}\n",
    )
    printing.say(out, GUIDE)
    printing.say(out, f'\nThen: sordino remedy sign {options.relative(folder)} {file} --reviewer "NAME"')


def _show_signed(made: "Review", folder: Path) -> None:
    from sordino.remedy.signoff import SignOff  # noqa: PLC0415
    from sordino.reporting.remedy_signed import signed  # noqa: PLC0415

    out = printing.console()
    for text in signed(SignOff(reviews=(made,))).lines:
        printing.say(out, text)
    where = ", ".join(options.relative(folder / name) for name in ("README.md", "report.html"))
    printing.say(out, f"It stands in {where}.")
