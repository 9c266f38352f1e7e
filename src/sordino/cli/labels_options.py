"""Options that the commands of `sordino labels` share, and how they tell counts."""

from collections.abc import Mapping
from typing import Annotated

import typer

AxisName = Annotated[str, typer.Option("--axis", help="What is labelled.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there, and may hold labels.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace labels that the same person gave before.")
]
Annotator = Annotated[
    str | None,
    typer.Option(
        "--annotator",
        help="Whose they are: a name or pseudonym. A column `annotator` may say it instead.",
        metavar="NAME",
    ),
]


def told(values: Mapping[str, int]) -> str:
    """Counts by value, in a line."""
    return ", ".join(f"{value} {n:,}" for value, n in values.items())
