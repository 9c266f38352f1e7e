"""Where an instruction data set comes from: one file, or the Parquet copies that the Hub makes of every
set.

Under wiring/cleaning.py. Rows are read twice, once to be judged and once to be copied, so that memory does
not grow with the set; the number of a row is that of its line, or of the row over all Parquet files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sordino.core.errors import RecordingError, SpecError, unknown
from sordino.generation.columns import Row
from sordino.generation.readers import lines, read_rows
from sordino.remedy.dataset_layout import Layout

if TYPE_CHECKING:
    import pyarrow as pa

HUB = "hf:"
TEXT = (".jsonl", ".ndjson")
PARQUET = ".parquet"
WHOLE = (".json",)


@dataclass(frozen=True)
class Source:
    """Files of one form, read one after another as one set.

    total: rows. schema: of Parquet.
    """

    spec: str
    paths: tuple[Path, ...]
    total: int
    schema: "pa.Schema | None"

    @classmethod
    def open(cls, spec: str, config: str | None = None, split: str | None = None) -> Self:
        """Look at a set: a file, or hf:ORG/NAME with its configuration and split where it has several.

        Raises RecordingError for a file, TargetError for the Hub, SpecError for a name.
        """
        if spec.startswith(HUB):
            paths = _of_the_hub(spec.removeprefix(HUB), config, split)
        elif config or split:
            raise SpecError(
                f"--config and --split are for sets of the Hub (hf:ORG/NAME), and {spec} is none."
            )
        else:
            paths = (_file(Path(spec)),)
        if is_parquet(paths[0]):
            return cls(spec, paths, *_parquet(paths))
        return cls(spec, paths, sum(1 for _ in lines(paths[0])), None)

    def rows(self, layout: Layout, notes: list[str]) -> Iterator[tuple[int, Row]]:
        """Every row with its number, in order, with no more of a Parquet file's columns than are read."""
        if self.schema is None:
            yield from read_rows(self.paths[0], list, notes)
            return
        before = 0
        for path in self.paths:
            number = 0
            for number, row in read_rows(path, lambda names: layout.wanted(list(names)), notes):
                yield before + number, row
            before += number


def is_parquet(path: Path) -> bool:
    """By its name."""
    return path.suffix.lower() == PARQUET


def _file(path: Path) -> Path:
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    form = suffixes[-1] if suffixes else ""
    if path.exists() and not path.is_dir():
        if form in WHOLE:
            raise RecordingError(
                f"{path.name}: one JSON value, and a set is read line by line. "
                f"Write it so: jq -c '.[]' {path.name} > {path.stem}.jsonl"
            )
        if form not in (*TEXT, PARQUET):
            raise RecordingError(
                f"{path.name}: an instruction set ends in {', '.join(TEXT)} (also in .gz) or {PARQUET}, "
                f"or is {HUB}ORG/NAME. Convert it."
            )
    next(read_rows(path, list, []), None)  # says in one clear message what is wrong, if something is
    return path


def _parquet(paths: Sequence[Path]) -> tuple[int, "pa.Schema"]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only who reads Parquet waits for it

    total, first = 0, pq.read_schema(paths[0])
    for path in paths:
        if not pq.read_schema(path).equals(first):
            raise RecordingError(
                f"{path.name} has other columns than {paths[0].name}, and both are of one set. "
                "Name one with --config and --split, or one file."
            )
        total += pq.read_metadata(path).num_rows
    return total, first


def _of_the_hub(name: str, config: str | None, split: str | None) -> tuple[Path, ...]:
    if find_spec("huggingface_hub") is None:
        raise SpecError("To fetch sets of the Hub, install its client: pip install 'sordino[local]'.")
    from sordino.modeling import hub  # noqa: PLC0415 - goes to the network

    return chosen(name, hub.tables(name), config, split)


def chosen(name: str, tables: Sequence[Path], config: str | None, split: str | None) -> tuple[Path, ...]:
    """The files of one configuration and one split: the Hub keeps them in folders CONFIG/SPLIT.

    Raises SpecError where there are several and none is named, or no such one.
    """
    if not tables:
        raise RecordingError(f"The Hub has no Parquet copy of {name}. Download it and name a file.")
    found = tables
    for noun, wanted, level in (("config", config, -3), ("split", split, -2)):
        there = sorted({path.parts[level] for path in found})
        if wanted is None and len(there) > 1:
            raise SpecError(f"{name} has several: give --{noun} with one of {', '.join(there)}.")
        if wanted is not None and wanted not in there:
            raise SpecError(f"--{noun}: " + unknown(noun, wanted, there))
        found = [path for path in found if path.parts[level] == (wanted or there[0])]
    return tuple(found)
