"""`sordino export --format`: a run in the forms that others work with, beside the evidence bundle.

    the run's tables -> rows, batch by batch -> a file, or a folder

A file that is there is replaced, once all of the new one is written. A folder must be new or empty: what
lies in one is nobody's to remove.
"""

import contextlib
import shlex
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sordino.core.errors import ReportError, SpecError, unknown
from sordino.generation.growing import growing
from sordino.reporting import document
from sordino.wiring import exporting_dataset, exporting_speechmap, run_rows
from sordino.wiring.run import Run
from sordino.wiring.run_rows import Row

Progress: TypeAlias = Callable[[str, int, int | None], None]
Batches: TypeAlias = Iterator[list[Row]]
Again: TypeAlias = tuple[str, ...]

BUNDLE = "bundle"
"""The format that wiring/bundle.py writes."""


@dataclass(frozen=True, slots=True)
class Source:
    """A run, the folder with its tables, and how many of its exchanges were delivered how."""

    run: Run
    tables: Path
    deliveries: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written. deliveries: of its exchanges. again: the command that takes it in."""

    run: str
    format: str
    path: Path
    files: tuple[str, ...]
    deliveries: Mapping[str, int]
    again: str

    def summary(self) -> dict[str, object]:
        """Everything as plain JSON values."""
        return {
            "run": self.run,
            "format": self.format,
            "path": str(self.path),
            "files": list(self.files),
            "exchanges": sum(self.deliveries.values()),
            "deliveries": dict(self.deliveries),
            "again": self.again,
        }


def export(
    run: Run,
    name: str,
    output: Path | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Exported:
    """Write a run in the format of this name.

    output: default RUN.jsonl, or a folder RUN-FORMAT. Raises SpecError for a format that is not known,
    ReportError for the place, StoreError for a run that says nothing yet where the format tells what it
    says; then nothing is written.
    """
    if name not in _FORMATS:
        raise SpecError(f"--format: {unknown('format', name, (BUNDLE, *_FORMATS))}")
    write, is_folder = _FORMATS[name]
    goal = output or Path(f"{run.id}-{name}" if is_folder else f"{run.id}.{name}")
    with tempfile.TemporaryDirectory() as held, (_folder if is_folder else _file)(goal) as place:
        tables = Path(held)
        progress("reading the store", 0, None)
        run_rows.tables(run, tables)
        progress("reading the store", 1, 1)
        deliveries = _deliveries(tables)
        again = write(
            Source(run, tables, deliveries), _told(run, tables, progress, deliveries.total()), place
        )
    return Exported(
        run=run.id,
        format=name,
        path=goal,
        files=_files(goal),
        deliveries=dict(deliveries.most_common()),
        again=shlex.join(["sordino", *(word.replace(str(place), str(goal)) for word in again)]),
    )


def _told(run: Run, tables: Path, progress: Progress, total: int) -> Batches:
    done = 0
    for batch in run_rows.rows(run, tables):
        yield batch
        done += len(batch)
        progress("writing exchanges", done, total)


def _deliveries(tables: Path) -> Counter[str]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - help needs no Arrow

    column = pq.read_table(tables / run_rows.EXCHANGES, columns=["delivery"])["delivery"]
    return Counter({str(one["values"]): one["counts"] for one in column.value_counts().to_pylist()})


def _files(goal: Path) -> tuple[str, ...]:
    if goal.is_file():
        return ()
    return tuple(sorted(str(path.relative_to(goal)) for path in goal.rglob("*") if path.is_file()))


# -- places --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _file(goal: Path) -> Iterator[Path]:
    if goal.suffix != ".jsonl":
        raise SpecError(f"--output {goal.name}: JSON Lines end in .jsonl.")
    document.check_writable(goal)
    yield goal


@contextlib.contextmanager
def _folder(goal: Path) -> Iterator[Path]:
    """A folder beside the goal, which becomes it when all went well."""
    if goal.exists() and not (goal.is_dir() and not any(goal.iterdir())):
        raise ReportError(f"{goal} is there already. Name a folder that is not, or remove it.")
    if not goal.parent.is_dir():
        raise ReportError(f"The folder {goal.parent} does not exist. Make it, or name another place.")
    beside = goal.with_name(f".{uuid.uuid4().hex}.part")
    try:
        beside.mkdir()
        yield beside
        beside.replace(goal)
    except OSError as error:
        raise ReportError(f"{goal} cannot be written ({error.strerror}). Name another place.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


# -- formats -------------------------------------------------------------------------------------------


def _parquet(source: Source, _: Batches, place: Path) -> Again:
    for path in source.tables.iterdir():
        shutil.copyfile(path, place / path.name)
    return "audit", f"replay:{place / run_rows.EXCHANGES}", "--model", source.run.manifest.target.name


def _jsonl(_: Source, batches: Batches, place: Path) -> Again:
    with growing(place, {}, {}) as add:
        for batch in batches:
            add(batch)
    return "audit", f"replay:{place}"


def _speechmap(source: Source, batches: Batches, place: Path) -> Again:
    exporting_speechmap.write(source.run.manifest, batches, place)
    return "import", "speechmap", str(place), "--output", "recording.parquet"


def _dataset(source: Source, batches: Batches, place: Path) -> Again:
    exporting_dataset.write(source.run, source.tables, source.deliveries, batches, place)
    return "audit", f"replay:{place / exporting_dataset.EXCHANGES}"


_FORMATS: Mapping[str, tuple[Callable[[Source, Batches, Path], Again], bool]] = {
    "parquet": (_parquet, True),
    "jsonl": (_jsonl, False),
    "speechmap": (_speechmap, True),
    "dataset": (_dataset, True),
}
"""What writes each format, and whether it is a folder."""

FORMATS = (BUNDLE, *_FORMATS)
