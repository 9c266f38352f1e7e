"""Reads Parquet, JSON Lines and CSV into rows, in memory that does not grow with the file.

Every way a file can be wrong ends here in one message that names the file, the line or row, and the mend.
"""

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

from sordino.core.errors import RecordingError, unknown
from sordino.generation.columns import Row

LONGEST_LINE = 64 << 20
"""Bytes of one line of JSON Lines or of one CSV field."""

BATCH_ROWS = 256
OURS = frozenset({b"sordino.manifest", b"sordino.recording"})
"""Metadata of Parquet files that we wrote: what UTF-8 does not hold is escaped in them (`store.text`)."""

Choose: TypeAlias = Callable[[Iterable[str]], list[str]]
Numbered: TypeAlias = Iterator[tuple[int, Row]]


def read_rows(path: Path, choose: Choose, notes: list[str]) -> Numbered:
    """Rows with their line number (row number for Parquet), both from 1.

    choose: told a Parquet file's column names, returns those to read.
    notes: receives what was left out, such as a torn last line.
    Raises RecordingError.
    """
    reader = _READERS.get(_format(path))
    try:
        if path.is_dir():
            raise RecordingError(f"{path} is a folder. Name one file in it.")
        if not path.exists():
            raise RecordingError(_absent(path))
        if reader is None:
            known = ", ".join(sorted(_READERS))
            raise RecordingError(
                f"{path.name}: a recording ends in {known}, text formats also in .gz. Convert it."
            )
        if not path.stat().st_size:
            raise RecordingError(f"{path.name} is empty.")
        yield from reader(path, choose, notes)
    except (OSError, EOFError, zlib.error) as error:
        raise RecordingError(f"{path.name} cannot be read: {error}") from None


def _absent(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no file {path}, and no folder {path.parent}. Give the path of a recording."
    beside = [file.name for file in path.parent.iterdir() if _format(file) in _READERS]
    folder = "this folder" if path.parent == Path() else f"the folder '{path.parent}'"
    if not beside:
        return f"There is no recording {path.name!r} in {folder}, nor any other. Give the path of one."
    return unknown("recording", path.name, beside, f"Looked in {folder}.")


def place(path: Path, number: int) -> str:
    """How messages name a row."""
    return f"{path.name}, {'row' if _format(path) == '.parquet' else 'line'} {number}"


def _format(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return "".join(suffixes[-2:-1] if suffixes[-1:] == [".gz"] else suffixes[-1:])


def _parquet(path: Path, choose: Choose, _: list[str]) -> Numbered:
    import pyarrow as pa  # noqa: PLC0415 - only who reads Parquet waits for it
    import pyarrow.parquet as pq  # noqa: PLC0415

    number = 0
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            _check_names(path, file.schema_arrow.names)
            columns = choose(file.schema_arrow.names)
            own = OURS & (file.schema_arrow.metadata or {}).keys()
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield number, _unescaped(row) if own else row
    except UnicodeDecodeError as error:
        near = f"{place(path, number + 1)} or one of the {BATCH_ROWS} rows after it"
        raise RecordingError(f"{near}: not UTF-8 ({error.reason}). Write the file anew as UTF-8.") from None
    except pa.ArrowException as error:
        raise RecordingError(f"{path.name} is not readable Parquet: {error}") from None


def _unescaped(row: Row) -> Row:
    from sordino.store.text import unescape  # noqa: PLC0415 - brings SQL, which foreign files do not need

    return {name: unescape(value) if isinstance(value, str) else value for name, value in row.items()}


def _jsonl(path: Path, _: Choose, notes: list[str]) -> Numbered:
    torn: _TornLineError | None = None
    for number, line in lines(path):
        if torn:
            raise torn
        try:
            yield number, _object(line, place(path, number))
        except _TornLineError as error:
            torn = error
    if torn:
        notes.append(f"{torn} It is the last line, probably torn: it was left out and the rest is used.")


class _TornLineError(RecordingError):
    """A line that is no JSON: an error, unless the file ends with it."""


class _TwiceError(Exception):
    """A key that stands twice in one object, of which JSON's reader would keep the last."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        for name, value in pairs:
            if found[name] != value:
                raise _TwiceError(name)
    return found


def _object(line: bytes, where: str) -> Row:
    text = _decoded(line, where).rstrip()  # or what lacks at its end is missed on a line after it
    try:
        row = json.loads(text, object_pairs_hook=_unique)
    except _TwiceError as error:
        raise RecordingError(
            f"{where}: the key {str(error)[:80]!r} stands twice in one object. Take one of them out."
        ) from None
    except RecursionError:
        raise RecordingError(f"{where}: nested too deeply to be read.") from None
    except json.JSONDecodeError as error:
        # Its own line is always 1 and would stand beside the file's.
        raise _TornLineError(
            f"{where}: not JSON ({error.msg}, column {error.colno}). Write one JSON object a line."
        ) from None
    except ValueError as error:
        raise _TornLineError(f"{where}: not JSON ({error}). Write one JSON object a line.") from None
    if not isinstance(row, dict):
        raise RecordingError(
            f"{where}: a {type(row).__name__}, not an object. Write one JSON object a line."
        )
    return row


def _csv(path: Path, _: Choose, __: list[str]) -> Numbered:
    csv.field_size_limit(LONGEST_LINE)  # a setting of the module: its default refuses long answers
    reader = csv.reader(
        (_decoded(line, place(path, n)) for n, line in lines(path, blank=True)), strict=True
    )
    try:
        header = next(reader, [])
        _check_names(path, header)
        _check_commas(path.name, header)
        start = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                wrong = f"{len(cells)} cells where the header has {len(header)}"
                raise RecordingError(
                    f"{place(path, start)}: {wrong}. Quote cells that hold commas or newlines."
                )
            if cells:
                yield start, {name: cell or None for name, cell in zip(header, cells, strict=True)}
            start = reader.line_num + 1
    except csv.Error as error:
        raise RecordingError(
            f"{place(path, reader.line_num)}: not CSV as RFC 4180 has it ({error}). Mend its quotes."
        ) from None


def _check_names(path: Path, names: list[str]) -> None:
    if twice := {name for name in names if names.count(name) > 1}:
        raise RecordingError(f"{path.name}: two columns are named {min(twice)!r}. Rename one.")


def _check_commas(name: str, header: list[str]) -> None:
    """Spreadsheets part cells as their country has it, and call all of that CSV."""
    for sign, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            raise RecordingError(f"{name}: its cells are parted by {called}. Save it with commas.")


def lines(path: Path, *, blank: bool = False) -> Iterator[tuple[int, bytes]]:
    """Numbered lines with their ends, as UTF-8 bytes; blank ones only when asked for."""
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        number = 0
        for number, line in enumerate(_pieces(stream, path), 1):
            if len(line) > LONGEST_LINE:
                limit = f"longer than {LONGEST_LINE >> 20} MiB"
                raise RecordingError(f"{place(path, number)}: {limit}. Split or shorten what it holds.")
            if blank or line.strip():
                yield number, line


def _pieces(stream: io.BufferedReader | gzip.GzipFile, path: Path) -> Iterator[bytes]:
    head = stream.peek(3)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = io.TextIOWrapper(stream, "utf-16", newline="\n")
        try:
            while line := text.readline(LONGEST_LINE + 1):
                yield line.encode("utf-8", "surrogatepass")
        except UnicodeError as error:
            raise RecordingError(
                f"{path.name}: not UTF-16 as it begins ({error}). Save it as UTF-8."
            ) from None
        return
    if head.startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
    while piece := stream.readline(LONGEST_LINE + 1):
        yield piece


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {error.start + 1} (0x{line[error.start]:02x})"
        kind = _TornLineError if error.end == len(line) else RecordingError
        raise kind(f"{where}, {byte}: not UTF-8. Save the file as UTF-8.") from None


_READERS: dict[str, Callable[[Path, Choose, list[str]], Numbered]] = {
    ".parquet": _parquet,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": _csv,
}
