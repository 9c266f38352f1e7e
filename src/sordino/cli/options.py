"""Options and their readings that several commands share."""

import os
from collections.abc import Mapping
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


def column_map(text: str | None) -> Mapping[str, str]:
    """`question=Q,response=A` as a mapping. Raises SpecError for anything else."""
    pairs = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, separator, column = part.partition("=")
        if not separator or not name.strip() or not column.strip():
            raise SpecError(f"--columns: {part!r} is not FIELD=COLUMN. Write for example question=prompt.")
        pairs[name.strip()] = column.strip()
    return pairs


def relative(path: Path) -> str:
    """A path as short as it can be said from here."""
    try:
        return os.path.relpath(path)
    except ValueError:
        return str(path)
