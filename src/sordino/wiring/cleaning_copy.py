"""The kept rows of an instruction set, as they were: bytes of lines, and columns of Parquet with their
types.

Under wiring/cleaning.py. Where the form changes, values are kept as far as the other form can hold them:
what JSON has no word for is written as text, and a column of Parquet has one type.
"""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sordino.core.errors import SpecError
from sordino.generation.columns import Row
from sordino.generation.readers import lines, read_rows
from sordino.wiring.answer_files import BUFFER
from sordino.wiring.cleaning_source import TEXT, Source, is_parquet
from sordino.wiring.judged_tables import plain

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 1_000
FORMS = (*TEXT, ".parquet")

Keeps = Callable[[int], bool]
"""Told the place of a row in the set (from 0), whether it stays."""
Step = Callable[[int], None]
"""Told how many rows are done."""


class Types:
    """The Arrow type of each column, learned from rows of JSON."""

    def __init__(self) -> None:
        self._schema: pa.Schema | None = None

    def learn(self, rows: Sequence[Row], number: int) -> None:
        """Look at further rows. number: of the first, for messages. Raises SpecError for what has no
        type.
        """
        import pyarrow as pa  # noqa: PLC0415 - only who writes Parquet waits for it

        names = list(dict.fromkeys(name for row in rows for name in row))
        try:
            table = pa.table({name: pa.array([row.get(name) for row in rows]) for name in names})
            schemas = [table.schema] if self._schema is None else [self._schema, table.schema]
            self._schema = pa.unify_schemas(schemas, promote_options="permissive")
        except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
            why = (str(error).strip().splitlines() or ["no type fits"])[0]
            raise SpecError(
                f"From line {number} on, a column holds what one Parquet column cannot ({why}). "
                "Let --out end in .jsonl."
            ) from None

    @property
    def schema(self) -> "pa.Schema":
        """Of all rows. There must have been some."""
        assert self._schema is not None
        return self._schema


def copy(source: Source, out: Path, form: Path, keeps: Keeps, types: Types, step: Step) -> None:
    """Write the rows that stay to `out` in the form that the name of `form` says."""
    if is_parquet(form):
        with _table(out, source.schema if source.schema is not None else types.schema) as add:
            for start, batch in _batches(source, types):
                add(batch, [keeps(start + at) for at in range(len(batch))])
                step(start + len(batch))
        return
    with out.open("wb") as stream:
        for at, line in enumerate(_lines(source)):
            if keeps(at):
                stream.write(line)
            if at % BATCH == 0:
                step(at)
        step(source.total)


def _lines(source: Source) -> Iterator[bytes]:
    """Rows as lines of JSON: those of a file of lines are what they were, to the byte."""
    if source.schema is None:
        for _, line in lines(source.paths[0]):
            yield line if line.endswith(b"\n") else line + b"\n"
        return
    for path in source.paths:
        for _, row in read_rows(path, list, []):
            text = json.dumps(plain(row), ensure_ascii=False, default=str)
            yield text.encode("utf-8", "backslashreplace") + b"\n"


def _batches(source: Source, types: Types) -> Iterator[tuple[int, "pa.RecordBatch"]]:
    """Whole rows as Arrow has them, with the place of the first in the set."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    start = 0
    if source.schema is not None:
        for path in source.paths:
            # Buffered, and not mapped: a row group can be as large as the file.
            with pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False) as file:
                for batch in file.iter_batches(batch_size=BATCH):
                    yield start, batch
                    start += len(batch)
        return
    rows = (row for _, row in read_rows(source.paths[0], list, []))
    while part := list(islice(rows, BATCH)):
        arrays = [pa.array([row.get(field.name) for row in part], field.type) for field in types.schema]
        yield start, pa.RecordBatch.from_arrays(arrays, schema=types.schema)
        start += len(part)


@contextlib.contextmanager
def _table(path: Path, schema: "pa.Schema") -> Iterator[Callable[["pa.RecordBatch", Sequence[bool]], None]]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetWriter(path, schema) as writer:

        def add(batch: "pa.RecordBatch", kept: Sequence[bool]) -> None:
            writer.write_batch(batch.filter(pa.array(kept, pa.bool_())).cast(schema))

        yield add
