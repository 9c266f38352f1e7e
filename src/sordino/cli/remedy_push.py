"""`sordino remedy push`: send an accepted remedy to the Hub, again or once people have signed off."""

from pathlib import Path
from typing import Annotated

import typer


def push(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="What `sordino remedy` wrote.")],
    repository: Annotated[
        str, typer.Argument(metavar="ORG/NAME", help="A private repository, new or empty.")
    ],
) -> None:
    """Upload an accepted remedy to a private repository of the Hub, by the token in HF_TOKEN.

    What was not accepted is not pushed, nor a folder that was changed other than by `review` and `sign`.
    """
    from sordino.remedy import pushing  # noqa: PLC0415 - brings huggingface_hub

    pushing.check(repository, "")
    typer.echo(f"Pushed: {pushing.push(folder, repository)}", err=True)
