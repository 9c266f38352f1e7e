"""The manifest of a folder: a sum of every file, by which anybody can check it with `sha256sum -c`.

Under saving.py, which writes it, and pushing.py, which sends nothing that differs from it.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from sordino.core.errors import TargetError

NAME = "SHA256SUMS"
"""No .json, since those are part of what a model's folder is known by."""


def write(folder: Path) -> Path:
    """Write the sums of all files of the folder, at any depth, instead of those that may be there."""
    lines = [f"{_sum(path)}  {path.relative_to(folder).as_posix()}\n" for path in _files(folder)]
    path = folder / NAME
    path.write_text("".join(lines), encoding="utf-8")
    return path


def verified(folder: Path) -> list[str]:
    """The names of the files that have a sum, all found to match it.

    Raises TargetError for one that is missing, differs or lies elsewhere, and where there are no sums.
    """
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise TargetError(
            f"{folder} has no readable {NAME}. Name a folder that a remedy has written."
        ) from error
    names = []
    for line in lines:
        told, _, name = line.partition("  ")
        path = folder / name
        if not name or path.is_symlink() or folder.resolve() not in path.resolve().parents:
            raise TargetError(f"{folder / NAME} lists {name[:200]!r}, which is no file of its folder.")
        if not path.is_file() or _sum(path) != told:
            raise TargetError(
                f"{path} is not what {NAME} says. Fetch or make the folder again; a card that was signed "
                "since needs new sums."
            )
        names.append(name)
    return names


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / NAME)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
