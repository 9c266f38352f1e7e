"""The files that people fill in: written for spreadsheets, and read back with every error named by its row.

What a model said is harmless in them, and no reading of a judge is in them: who labels is not told what a
judge thinks. Nothing here touches a store.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sordino.core.errors import LabelError
from sordino.core.identity import digest
from sordino.core.records import Axis
from sordino.generation.readers import place, read_rows
from sordino.judging.human import value_of
from sordino.reporting import document
from sordino.reporting.text import cell, clip

COLUMNS = ("key", "stratum", "annotator", "label", "note")
"""What is read of a file; its other columns are for people."""

LONGEST = 30_000
"""Characters of a cell: spreadsheets hold 32,767, and put what is more where it does not belong."""
SHOWN_OF_A_KEY = 40
_NUMBER = re.compile(r"[0-9]+(e[0-9]+)?")
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def seal(run: str, key: str, stratum: str) -> str:
    """That this exchange was drawn from this stratum of this run, told to nobody who lacks the run.

    A stratum's name holds the judge's value, which who labels must not see; a code of its own for each row
    shows nothing, not even which rows are of one stratum. Letters alone: no spreadsheet rounds it.
    """
    return digest([run, key, stratum])[:12].translate(_LETTERS)


def check_new(path: Path, *, force: bool) -> None:
    """Raise LabelError where a file is that may hold labels, and ReportError where none can be written."""
    document.check_writable(path)
    if path.exists() and not force:
        raise LabelError(
            f"{path} is there already, and may hold somebody's labels. "
            "Name another file, or replace it with --force."
        )


def write(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str | None]]) -> None:
    """Write CSV, whole or not at all. Texts are made visible and are no formulas to a spreadsheet.

    UTF-8 with a byte order mark, without which some spreadsheets take other scripts for gibberish.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(map(cell, columns))
    writer.writerows([_cell(name, row.get(name)) for name in columns] for row in rows)
    document.replace(path, "\ufeff" + table.getvalue())


def _cell(column: str, text: str | None) -> str:
    if column == "key" and text and _NUMBER.fullmatch(text):
        return "'" + text  # a spreadsheet would round it
    shown, left = clip(cell(text or ""), LONGEST)
    return shown + (f" … [{left:,} more characters]" if left else "")


@dataclass(frozen=True, slots=True)
class Given:
    """One filled-in row. where: its file and line. stratum: the seal that it bears, if any."""

    where: str
    key: str
    annotator: str
    value: str
    note: str | None
    stratum: str | None


@dataclass(frozen=True, slots=True)
class Filled:
    """What a file holds: its labels, and how many rows have none."""

    given: tuple[Given, ...]
    empty: int


def read(path: Path, annotator: str | None, axis: Axis) -> Filled:
    """Read CSV, JSON Lines or Parquet with the columns key and label; stratum, note, annotator if there.

    annotator: who gave all labels, where no column says so. Raises LabelError or RecordingError, which
    name the row, for the first thing that is wrong.
    """
    if annotator is not None and not annotator.strip():
        raise LabelError("--annotator is empty. Give the name, or a pseudonym, of whoever labelled.")
    who = annotator.strip() if annotator else None
    notes: list[str] = []
    seen: dict[str, None] = {}
    given: dict[tuple[str, str], Given] = {}
    empty = 0

    def choose(names: Iterable[str]) -> list[str]:
        seen.update(dict.fromkeys(names))
        return [name for name in seen if name.lower() in COLUMNS]

    for number, row in read_rows(path, choose, notes):
        seen.update(dict.fromkeys(row))
        one = _given({name.lower(): value for name, value in row.items()}, place(path, number), who, axis)
        if one is None:
            empty += 1
        elif (one.key, one.annotator) in given:
            first = given[one.key, one.annotator].where
            raise LabelError(
                f"{one.where}: the exchange {shown(one.key)} has a label of {one.annotator!r} in {first} "
                "too. Keep one of the two rows."
            )
        else:
            given[one.key, one.annotator] = one
    if notes:
        raise LabelError(f"{path.name}: its last line is no JSON, probably torn. Mend it or take it out.")
    _check_columns(path.name, list(seen))
    return Filled(tuple(given.values()), empty)


def shown(key: str) -> str:
    """A key in a message, however long a cell was taken for one."""
    return repr(key if len(key) <= SHOWN_OF_A_KEY else key[:SHOWN_OF_A_KEY] + "…")


def _given(row: Mapping[str, object], where: str, annotator: str | None, axis: Axis) -> Given | None:
    """The row's label, None where the cell is empty."""
    said = _text(row, "label", where)
    if said is None:
        return None
    key = (_text(row, "key", where) or "").removeprefix("'")
    if not key:
        raise LabelError(f"{where}: a label without a key. Keep the column `key` as it was exported.")
    try:
        value = value_of(said, axis)
    except LabelError as error:
        raise LabelError(f"{where}: {error}") from None
    who = _annotator(_text(row, "annotator", where), annotator, where)
    return Given(where, key, who, value, _text(row, "note", where), _text(row, "stratum", where))


def _annotator(inside: str | None, outside: str | None, where: str) -> str:
    if inside and outside and inside != outside:
        raise LabelError(
            f"{where}: the file says {inside!r} and --annotator says {outside!r}. Give one of them."
        )
    if not (inside or outside):
        raise LabelError(
            f"{where}: nobody is named who gave this label. Give --annotator NAME, or a column `annotator`."
        )
    return str(inside or outside)


def _text(row: Mapping[str, object], column: str, where: str) -> str | None:
    """A cell without the space around it; None where it is empty, as a table of numbers has it too."""
    value = row.get(column)
    if value is None or value != value:  # noqa: PLR0124 - not a number: an empty cell in data frames
        return None
    if not isinstance(value, str):
        raise LabelError(f"{where}: `{column}` is {str(value)[:40]!r}, which is no text. Write it as text.")
    return value.strip() or None


def _check_columns(name: str, columns: Sequence[str]) -> None:
    lower = {column.lower() for column in columns}
    for wanted in ("key", "label"):
        if wanted in lower:
            continue
        there = f"Its columns: {', '.join(columns[:40])}." if columns else "It holds no row."
        mend = "Name the columns as `sordino labels export` does."
        raise LabelError(f"{name}: there is no column `{wanted}`. {there} {mend}")
