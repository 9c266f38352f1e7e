"""A run as a folder that can be put on a dataset hub: Parquet under data/, and a card that says what it is.

What could name a person or a machine is left out or replaced: annotators are numbered, their notes stay
here, and paths lose their folders.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sordino.core.records import Axis
from sordino.generation.growing import Columns, growing
from sordino.reporting import dataset_card
from sordino.reporting.dataset_card import About, Table
from sordino.reporting.text import pathless
from sordino.store.store import Store
from sordino.wiring.cards import cards
from sordino.wiring.run import Run
from sordino.wiring.run_rows import Row

EXCHANGES = Path("data") / "exchanges.parquet"
CARD = "README.md"

_TEXTS = (
    *("model", "question", "response", "reasoning", "language", "jurisdiction", "template", "phrasing"),
    *("system", "prefill", "delivery", "finish_reason", "provider", "served_model", "error"),
)
_READINGS: Columns = {
    "engagement": str,
    "engagement_confidence": float,
    "engagement_unjudged": str,
    "facts": str,
    "flags": str,
    "trace": str,
}
COLUMNS: Columns = {
    **dict.fromkeys(_TEXTS, str),
    "sample": int,
    "prompt_tokens": int,
    "completion_tokens": int,
    "seconds": float,
    "log_probabilities_json": str,
    **_READINGS,
    **dict.fromkeys(("kind", "matching", "pack", "probe_id", "key", "revision", "epoch"), str),
}
"""Of the table of exchanges, in order."""

_LEFT_OUT = {"labels": ("note",)}


def write(
    run: Run, tables: Path, deliveries: Mapping[str, int], batches: Iterable[list[Row]], folder: Path
) -> None:
    """Write the dataset. Raises StoreError for a run that was not finished: it has no sentence yet."""
    sentence, manifest = run.sentence, run.manifest
    about = {"sordino.recording": "1", **({"canary": c} if (c := manifest.pack.canary) else {})}
    (folder / EXCHANGES).parent.mkdir()
    languages: dict[str, None] = {}
    with growing(folder / EXCHANGES, COLUMNS, about) as add:
        for batch in batches:
            add([_row(row, manifest.judges) for row in batch])
            languages.update((str(row["language"]), None) for row in batch)
    for path in sorted(tables.iterdir()):
        if path.name != EXCHANGES.name:
            _copy(path, folder / "data" / path.name, about)
    shown = About(
        manifest=manifest,
        sentence=sentence,
        languages=tuple(languages),
        tables=tuple(_table(path) for path in _ordered(folder / "data")),
        deliveries=deliveries,
        matchings=_matchings(run),
        judges=tuple(cards(manifest.judges)),
    )
    (folder / CARD).write_text(dataset_card.card(shown), encoding="utf-8", newline="\n")


def _ordered(data: Path) -> list[Path]:
    return sorted(data.iterdir(), key=lambda path: (path.name != EXCHANGES.name, path.name))


def _matchings(run: Run) -> tuple[str, ...]:
    with Store.open(run.store, create=False) as store:
        return tuple(dict.fromkeys(estimate.matching.value for estimate in store.estimates(run.id)))


def _row(row: Row, judges: Mapping[str, str]) -> Row:
    error = row["error"]
    return {
        **row,
        "error": pathless(error) if isinstance(error, str) else None,
        **_readings(row["readings"], judges),
    }


def _readings(said: object, judges: Mapping[str, str]) -> Row:
    """Of the run's own judges; those of others stand in the table of readings."""
    own: dict[str, Row] = {
        one["axis"]: one
        for one in (said if isinstance(said, list) else ())
        if judges.get(one["axis"]) == one["judge"]
    }
    engagement = own.get(Axis.ENGAGEMENT.value, {})
    return {
        "engagement": engagement.get("value"),
        "engagement_confidence": engagement.get("confidence"),
        "engagement_unjudged": engagement.get("why"),
        "facts": own.get(Axis.FACTS.value, {}).get("value"),
        "flags": own.get(Axis.FLAGS.value, {}).get("value"),
        "trace": own.get(Axis.REASONING.value, {}).get("value"),
    }


def _copy(source: Path, goal: Path, about: Mapping[str, str]) -> None:
    """A table as it is in the store, without the manifest in its metadata, which names paths."""
    import pyarrow as pa  # noqa: PLC0415 - help needs no Arrow
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(source) as file:
        left_out = _LEFT_OUT.get(source.stem, ())
        names = [name for name in file.schema_arrow.names if name not in left_out]
        schema = pa.schema([file.schema_arrow.field(name) for name in names], metadata=dict(about))
        people: dict[str, str] = {}
        with pq.ParquetWriter(goal, schema, compression="zstd") as writer:
            for batch in file.iter_batches(columns=names):
                writer.write_batch(_numbered(batch, schema, people))


def _numbered(batch: Any, schema: Any, people: dict[str, str]) -> Any:
    """With annotators by number, in the order in which they come."""
    import pyarrow as pa  # noqa: PLC0415

    columns = {name: batch[name] for name in schema.names}
    if "annotator" in columns:
        given = columns["annotator"].to_pylist()
        numbers = [people.setdefault(name, f"annotator {len(people) + 1}") for name in given]
        columns["annotator"] = pa.array(numbers, pa.string())
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)


def _table(path: Path) -> Table:
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pq.ParquetFile(path) as file:
        meta, types = file.metadata, {"double": "float64"}
        size = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
        columns = {f.name: types.get(str(f.type), str(f.type)) for f in file.schema_arrow}
    return Table(path.stem, meta.num_rows, columns, size, path.stat().st_size)
