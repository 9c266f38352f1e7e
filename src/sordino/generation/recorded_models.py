"""Whose answers a recording holds, in one pass over it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from sordino.generation.columns import ColumnMap
from sordino.generation.readers import read_rows


def models(path: Path, columns: Mapping[str, str]) -> list[str]:
    """The names in the column of models, in the file's order. Raises RecordingError where there is none.

    columns: as for `Recording.read`.
    """
    known = ColumnMap(columns)
    found: dict[str, None] = {}

    def chosen(names: Iterable[str]) -> list[str]:
        listed = list(names)
        known.learn(listed)
        column = known.of("model")
        return [name for name in listed if column in (name, None) or str(column).startswith(f"{name}.")]

    for _, row in read_rows(path, chosen, []):
        if name := str(known.values(row).get("model") or "").strip():
            found.setdefault(name)
    if not found:
        raise known.missing("model", path.name)
    return list(found)
