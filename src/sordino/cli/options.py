"""Options and their readings that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from sordino.core.errors import SpecError

Store = Annotated[
    str,
    typer.Option(
        "--store",
        envvar="SORDINO_STORE",
        help="Where runs are kept: a file, or a PostgreSQL URL.",
        metavar="PLACE",
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON for machines, and nothing else, on stdout.")
]
AsCsv = Annotated[
    bool, typer.Option("--csv", help="Print the estimates as CSV, and nothing else, on stdout.")
]
RunId = Annotated[str, typer.Argument(help="A run's id, the beginning of one, or 'latest'.")]
STORE = "sordino.db"
OUT = ("--output", "--out")
"""Where a command writes, under either name: nobody should have to remember which of them has which."""
PICTURES = ("png", "svg", "pdf")


def one_format(*, as_json: bool, as_csv: bool) -> bool:
    """Whether stdout is for machines. Raises SpecError for two formats at once."""
    if as_json and as_csv:
        raise SpecError("--json and --csv both want stdout. Give one of them.")
    return as_json or as_csv


def picture_form(option: str, path: Path) -> str:
    """One of `PICTURES`, by the name of the file. Raises SpecError for a name that says none."""
    form = path.suffix.lower().removeprefix(".")
    if form not in PICTURES:
        raise SpecError(f"{option} {path}: the name must end in .png, .svg or .pdf.")
    return form


def relative(path: Path) -> str:
    """A path as short as it can be said from here."""
    try:
        return os.path.relpath(path)
    except ValueError:
        return str(path)


PackName = Annotated[str, typer.Argument(help="A shipped pack's name, or the path of a pack's folder.")]
