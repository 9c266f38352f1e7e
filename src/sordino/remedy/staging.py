"""A folder that is there whole or not at all. Under saving.py, and whatever else writes into a result."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from sordino.core.errors import SpecError


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, which becomes it at the end, or is removed after an error.

    Raises SpecError where `folder` exists, before and after, or cannot be written.
    """
    require_new(folder)
    beside = folder.absolute().with_name(f".{folder.absolute().name}.{secrets.token_hex(4)}")
    try:
        beside.mkdir(parents=True)
        yield beside
        require_new(folder)
        beside.rename(folder.absolute())
    except (OSError, SafetensorError) as error:
        raise SpecError(
            f"{folder} cannot be written ({error}). Make room, or name another place."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def require_new(folder: Path) -> None:
    """Raises SpecError where something of this name exists."""
    if os.path.lexists(folder):
        raise SpecError(f"{folder} exists, and nothing is overwritten. Name a new folder, or remove it.")
