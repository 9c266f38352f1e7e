"""Tables that a judge has read, written as JSON Lines, CSV or Parquet: every row and column, and more.

Sits under `sordino judge read`. A table is written batch by batch beside its goal, which it replaces only
when all of it is there.
"""

import contextlib
import csv
import gzip
import io
import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO, TypeAlias

from sordino.core.errors import ReportError, SpecError
from sordino.reporting.text import inert
from sordino.wiring.answer_files import AnswerFile, Batch, Kind

if TYPE_CHECKING:
    import pyarrow as pa

FORMS = (".jsonl", ".ndjson", ".csv", ".parquet")
ADDED: Mapping[str, Kind] = {
    "engagement": Kind.TEXT,
    "p_complete": Kind.FLOAT,
    "p_partial": Kind.FLOAT,
    "p_denial": Kind.FLOAT,
    "unsure": Kind.BOOL,
    "unjudged": Kind.TEXT,
    "judge": Kind.TEXT,
}
"""The columns that are added, in order."""

More: TypeAlias = Mapping[str, object]


class Table(Protocol):
    """A table that grows. formulas: cells that a spreadsheet would run, written so that it does not."""

    formulas: int

    def write(self, batch: Batch, more: Sequence[More]) -> None:
        """Add rows; `more` has for each the added columns, by name."""
        ...


def check_place(output: Path, source: Path, *, force: bool) -> None:
    """Raise SpecError unless a table may be written to `output`."""
    form(output)
    if output.is_dir():
        raise SpecError(f"--output {output} is a folder. Name a file in it.")
    if not output.parent.is_dir():
        raise SpecError(f"--output {output}: the folder {output.parent} does not exist. Make it first.")
    if output.exists() and source.exists() and output.samefile(source):
        raise SpecError(f"--output {output} is the file that is read. Name another.")
    if output.exists() and not force:
        raise SpecError(f"--output {output} exists. Name another, or give --force to replace it.")


def form(path: Path) -> str:
    """The suffix that says how a table is written. Raises SpecError for one that says nothing."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    found = "".join(suffixes[-2:-1] if packed else suffixes[-1:])
    if found not in FORMS or (packed and found == ".parquet"):
        raise SpecError(
            f"--output {path.name}: a table ends in {', '.join(FORMS)}, text formats also in .gz."
        )
    return found


@contextlib.contextmanager
def table(output: Path, given: AnswerFile, prefix: str, *, keep_formulas: bool) -> Iterator[Table]:
    """A table at `output` with the columns of `given` and the added ones; there when all went well.

    Raises ReportError when the place cannot take it.
    """
    beside = output.with_name(f".{uuid.uuid4().hex}.part")
    names = [*given.kinds, *(prefix + name for name in ADDED)]
    try:
        if form(output) == ".parquet":
            with _parquet(beside, given, prefix) as growing:
                yield growing
        else:
            with _text(beside, packed=output.suffix.lower() == ".gz") as stream:
                lines = form(output) != ".csv"
                yield _JsonLines(stream) if lines else _Csv(stream, names, keep_formulas=keep_formulas)
        beside.replace(output)
    except OSError as error:
        raise ReportError(f"{output} cannot be written ({error.strerror}). Name another place.") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def _text(path: Path, *, packed: bool) -> Iterator[TextIO]:
    # Half a character (a lone surrogate) is no UTF-8: it becomes \udc00, which in JSON is the same again.
    with path.open("wb") as raw:
        # Without the time, so that the same rows are the same bytes.
        binary = gzip.GzipFile("", "wb", 6, raw, 0) if packed else raw
        with io.TextIOWrapper(binary, "utf-8", "backslashreplace", "") as stream:
            yield stream


class _JsonLines:
    """Objects with their own keys, as they were; what Parquet holds and JSON cannot is written as text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self.formulas = stream, 0

    def write(self, batch: Batch, more: Sequence[More]) -> None:
        for row, added in zip(batch.whole(), more, strict=True):
            whole = {**row, **added}
            known = whole if batch.table is None else plain(whole)
            self._stream.write(json.dumps(known, ensure_ascii=False, default=str) + "\n")


class _Csv:
    """One header and a cell for each of its columns; null is empty, a nested value is JSON."""

    def __init__(self, stream: TextIO, names: Sequence[str], *, keep_formulas: bool) -> None:
        self._names, self._keeps, self.formulas = names, keep_formulas, 0
        self._writer = csv.writer(_Lines(stream))
        self._writer.writerow([self._inert(name) for name in names])

    def write(self, batch: Batch, more: Sequence[More]) -> None:
        for row, added in zip(batch.whole(), more, strict=True):
            known: dict[str, object] = {**row, **added}
            if batch.table is not None:
                known = {name: plain(found) for name, found in known.items()}
            self._writer.writerow([self._cell(known.get(name)) for name in self._names])

    def _cell(self, value: object) -> str:
        if isinstance(value, str):
            return self._inert(value)
        return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)

    def _inert(self, text: str) -> str:
        shown = text if self._keeps or _is_number(text) else inert(text)
        self.formulas += shown is not text
        return shown


class _Lines:
    """Ends lines as Unix does. The writer believes in CR LF, and so quotes both where a cell holds one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> int:
        return self._stream.write(line.removesuffix("\r\n") + "\n")


class _Parquet:
    """A row group for each batch; a Parquet file's own columns go in as they came out."""

    formulas = 0

    def __init__(self, writer: "pa.parquet.ParquetWriter", given: AnswerFile, prefix: str) -> None:
        self._writer, self._given, self._prefix = writer, given, prefix

    def write(self, batch: Batch, more: Sequence[More]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - only who writes Parquet waits for it

        own = [] if batch.table is None else batch.table.columns
        if batch.table is None:
            own = [
                _array([row.get(name) for _, row in batch.rows], kind)
                for name, kind in self._given.kinds.items()
            ]
        added = [_array([row[self._prefix + name] for row in more], kind) for name, kind in ADDED.items()]
        self._writer.write_batch(pa.RecordBatch.from_arrays([*own, *added], schema=self._writer.schema))


@contextlib.contextmanager
def _parquet(path: Path, given: AnswerFile, prefix: str) -> Iterator[_Parquet]:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    inferred = [(_utf8(name), _arrow(kind)) for name, kind in given.kinds.items()]
    own = given.schema or pa.schema(inferred)
    added = [pa.field(prefix + name, _arrow(kind)) for name, kind in ADDED.items()]
    with pq.ParquetWriter(path, pa.schema([*own, *added], metadata=own.metadata)) as writer:
        yield _Parquet(writer, given, prefix)


def _arrow(kind: Kind) -> "pa.DataType":
    import pyarrow as pa  # noqa: PLC0415

    types = {Kind.BOOL: pa.bool_(), Kind.INT: pa.int64(), Kind.LONG: pa.int64(), Kind.FLOAT: pa.float64()}
    return types.get(kind, pa.string())


def _array(values: Sequence[object], kind: Kind) -> "pa.Array":
    import pyarrow as pa  # noqa: PLC0415

    is_text = kind in (Kind.TEXT, Kind.NOTHING)
    known = [_whole(found) for found in values] if is_text else values
    return pa.array(known, _arrow(kind))


def _whole(value: object) -> str | None:
    """Text; what is no text as JSON."""
    if value is None:
        return None
    return _utf8(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def plain(value: object) -> object:
    """What Parquet holds, as JSON has it: times as text, and null for what is no number."""
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value.isoformat() if isinstance(value, date | time) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
