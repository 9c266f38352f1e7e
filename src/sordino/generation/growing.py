"""A table that grows row by row, as Parquet or JSON Lines, and is there only when all of it is.

Under what writes recordings and runs for others. Memory holds one batch of rows.
"""

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from sordino.core.errors import ReportError

Columns: TypeAlias = Mapping[str, type]
"""What each column holds: str, int, float or bool; any value may be missing."""

Rows: TypeAlias = Sequence[Mapping[str, object]]
Add: TypeAlias = Callable[[Rows], None]

SUFFIXES = (".parquet", ".jsonl")


@contextlib.contextmanager
def growing(path: Path, columns: Columns, about: Mapping[str, str]) -> Iterator[Add]:
    """Gives a function that adds rows; what is not in a row is null.

    about: metadata of the Parquet file; with one of `readers.OURS`, what is read back is what was written.
    JSON keeps the values that are no columns too. Raises ReportError when the place cannot take it.
    """
    beside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        writing = _parquet(beside, columns, about) if path.suffix == ".parquet" else _jsonl(beside)
        with writing as add:
            yield add
        beside.replace(path)
    except OSError as error:
        raise ReportError(f"{path} cannot be written ({error.strerror}). Name another place.") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def _jsonl(path: Path) -> Iterator[Add]:
    # Half a character (a lone surrogate) is no UTF-8: it becomes \udc00, which in JSON is the same again.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:

        def add(rows: Rows) -> None:
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

        yield add


@contextlib.contextmanager
def _parquet(path: Path, columns: Columns, about: Mapping[str, str]) -> Iterator[Add]:
    import pyarrow as pa  # noqa: PLC0415 - only who writes Parquet waits for it
    import pyarrow.parquet as pq  # noqa: PLC0415

    from sordino.store.text import escape  # noqa: PLC0415 - brings SQL

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()], metadata=dict(about))

    def plain(value: object) -> object:
        return escape(value) if isinstance(value, str) else value

    with pq.ParquetWriter(path, schema, compression="zstd") as writer:

        def add(rows: Rows) -> None:
            arrays = [pa.array([plain(row.get(f.name)) for row in rows], f.type) for f in schema]
            writer.write_batch(pa.record_batch(arrays, schema=schema))

        yield add
