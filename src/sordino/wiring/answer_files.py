"""A file of anybody's answers: what its columns are, and its rows in batches.

Sits under the commands of `sordino judge`. Unlike a recording (generation/recording.py) such a file may
hold many models, one question many times and rows without an answer, and it is never in memory as a whole:
text formats are read twice, first for what columns there are, since the last JSON line may bring a new one.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeAlias

from sordino.core.errors import RecordingError
from sordino.generation.columns import ColumnMap, Row, dig
from sordino.generation.readers import read_rows

if TYPE_CHECKING:
    import pyarrow as pa

LOOKED = 5_000
"""Rows between two signs of life while columns are looked for."""

INT64 = 1 << 63
DOUBLE = 1 << 53
"""Whole numbers up to here are floats as well; of those beyond, a float loses the last digits."""

BUFFER = 1 << 20

Progress: TypeAlias = Callable[[str, int, int | None], None]
"""Told a stage, how much of it is done, and how much there is, where that is known."""


class Kind(StrEnum):
    """What the values of a column have in common, as a Parquet column could hold them.

    LONG: whole numbers that no float holds.
    """

    NOTHING = "nothing"
    BOOL = "bool"
    INT = "int"
    LONG = "long"
    FLOAT = "float"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows with their numbers; `table` holds the same rows with all columns where they are Arrow's."""

    rows: Sequence[tuple[int, Row]]
    table: "pa.RecordBatch | None" = None

    def whole(self) -> Sequence[Row]:
        """The rows with all of their columns."""
        return [row for _, row in self.rows] if self.table is None else self.table.to_pylist()


@dataclass(frozen=True)
class AnswerFile:
    """A file whose columns are known.

    kinds: by column, in the file's order. schema: a Parquet file's own, which wins over kinds.
    also: columns that are read beside those of known fields. notes: what was left out.
    """

    path: Path
    columns: ColumnMap
    rows: int
    kinds: Mapping[str, Kind]
    schema: "pa.Schema | None"
    also: tuple[str, ...]
    notes: tuple[str, ...]

    @classmethod
    def open(
        cls,
        path: Path,
        columns: Mapping[str, str],
        progress: Progress,
        *,
        also: Callable[[Sequence[str]], Sequence[str]] = lambda _: (),
    ) -> Self:
        """Look through a file. Raises RecordingError for it, SpecError for a field that does not exist.

        columns: field to column, where common names do not say it.
        also: told the columns, returns further ones to read.
        """
        known, notes = ColumnMap(columns), list[str]()
        found = _parquet if path.suffix.lower() == ".parquet" else _text
        rows, kinds, schema = found(path, notes, progress)
        if not rows:
            raise RecordingError(" ".join([f"{path.name} holds no rows.", *notes]))
        known.learn(kinds)
        known.check(path.name)
        return cls(path, known, rows, kinds, schema, tuple(also(list(kinds))), tuple(notes))

    def batches(self, size: int) -> Iterator[Batch]:
        """All rows with all their columns, in order."""
        if self.schema is not None:
            yield from _tables(self.path, self._used(self.kinds), size)
            return
        rows = self.lines()
        while batch := list(islice(rows, size)):
            yield Batch(batch)

    def lines(self) -> Iterator[tuple[int, Row]]:
        """All rows with their numbers, in order, with no more of a Parquet file's columns than are used."""
        return read_rows(self.path, self._used, [])

    def column(self, name: str) -> Iterator[str | None]:
        """One column alone, as names, in the order of the rows."""
        only = top(name, self.kinds)
        return (named(dig(row, name)) for _, row in read_rows(self.path, lambda _: [only], []))

    def taken(self) -> dict[str, str]:
        """The column of each field that matters to a reader, as far as there is one."""
        fields = ("question", "response", "reasoning", "language", "model")
        return {f: self.columns.of(f) or "" for f in fields if self.columns.of(f)}

    def _used(self, names: Iterable[str]) -> list[str]:
        present = list(names)
        wanted = {*self.columns.used(present), *(top(name, present) for name in self.also)}
        return [name for name in present if name in wanted]


def top(column: str, names: Iterable[str]) -> str:
    """The column that a dotted path begins with."""
    return column if column in names else column.partition(".")[0]


def named(found: object) -> str | None:
    """A value as a name (a model's, a group's, a label's); None where it holds nothing."""
    if found is None or (isinstance(found, float) and math.isnan(found)):
        return None
    return str(found).strip() or None


def _text(path: Path, notes: list[str], progress: Progress) -> tuple[int, dict[str, Kind], None]:
    kinds: dict[str, Kind] = {}
    number = 0
    for number, (_, row) in enumerate(read_rows(path, list, notes), 1):
        for name, found in row.items():
            before = kinds.get(name, Kind.NOTHING)
            kinds[name] = before if before is Kind.TEXT else _wider(before, _kind(found))
        if number % LOOKED == 0:
            progress("looking at columns", number, None)
    if number >= LOOKED:
        progress("looking at columns", number, number)
    return number, kinds, None


def _parquet(path: Path, notes: list[str], progress: Progress) -> tuple[int, dict[str, Kind], "pa.Schema"]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only who reads Parquet waits for it

    names: list[str] = []

    def choose(present: Iterable[str]) -> list[str]:
        names.extend(present)
        return names

    # The first row says in one clear message what is wrong with the file, if something is.
    next(read_rows(path, choose, notes), None)
    with pq.ParquetFile(path, memory_map=True) as file:
        return file.metadata.num_rows, dict.fromkeys(names, Kind.TEXT), file.schema_arrow


def _tables(path: Path, used: Sequence[str], size: int) -> Iterator[Batch]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    number = 0
    try:
        # Buffered, and not mapped: a row group can be as large as the file.
        with pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
            for table in file.iter_batches(batch_size=size):
                rows = table.select(used).to_pylist()
                yield Batch(list(enumerate(rows, number + 1)), table)
                number += len(rows)
    except UnicodeDecodeError as error:
        near = f"{path.name}, row {number + 1} or one of the {size} rows after it"
        raise RecordingError(f"{near}: not UTF-8 ({error.reason}). Write the file anew as UTF-8.") from None
    except (pa.ArrowException, OSError) as error:  # what is damaged is an OSError to Arrow
        raise RecordingError(f"{path.name} is not readable Parquet: {error}") from None


def _kind(value: object) -> Kind:
    if value is None:
        return Kind.NOTHING
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, int):
        if abs(value) <= DOUBLE:
            return Kind.INT
        return Kind.LONG if -INT64 <= value < INT64 else Kind.TEXT
    return Kind.FLOAT if isinstance(value, float) else Kind.TEXT


def _wider(one: Kind, other: Kind) -> Kind:
    """The kind that can hold both."""
    if one is other or other is Kind.NOTHING:
        return one
    if one is Kind.NOTHING:
        return other
    if {one, other} == {Kind.INT, Kind.LONG}:
        return Kind.LONG
    return Kind.FLOAT if {one, other} == {Kind.INT, Kind.FLOAT} else Kind.TEXT
