"""A run as Parquet, for DuckDB, pandas or R; written in batches, never whole in memory."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, Select, select

from sordino.core.errors import StoreError
from sordino.store import codec
from sordino.store.deliveries import DELIVERY, ERROR
from sordino.store.runs import estimates, findings, manifest
from sordino.store.tables import ANSWERS, ATTEMPTS, CELLS, LABELS, READINGS, REQUESTS, RUN_ITEMS, SETTLES
from sordino.store.text import escape

ROWS = 500
Rows = Iterator[Mapping[str, object]]

_TEXT, _COUNT, _NUMBER = pa.string(), pa.int64(), pa.float64()

_EXCHANGES = pa.schema(
    [("position", _COUNT)]
    + [(name, _TEXT) for name in ("key", "probe_id", "pack", "template", "jurisdiction", "kind")]
    + [(name, _TEXT) for name in ("language", "phrasing", "matching", "question", "messages")]
    + [("sample", _COUNT)]
    + [(name, _TEXT) for name in ("target", "epoch", "prefill", "sampling_json")]
    + [(name, _TEXT) for name in ("delivery", "text", "reasoning", "finish_reason", "route", "error")]
    + [("prompt_tokens", _COUNT), ("completion_tokens", _COUNT), ("seconds", _NUMBER)]
    + [("served_model", _TEXT), ("log_probabilities_json", _TEXT)]
)
_READINGS = pa.schema(
    [(name, _TEXT) for name in ("key", "axis", "judge", "value", "why")]
    + [("confidence", _NUMBER), ("hits", _COUNT), ("total", _COUNT)]
    + [(name, _TEXT) for name in ("probabilities_json", "marks_json")]
)
_LABELS = pa.schema(
    [(name, _TEXT) for name in ("key", "axis", "annotator", "value", "note", "created", "run")]
    + [("adjudicated", pa.bool_())]
)
_ESTIMATES = pa.schema(
    [
        (name, _TEXT)
        for name in ("measure", "contrast", "jurisdiction", "language", "against", "blocks", "matching")
    ]
    + [(name, _NUMBER) for name in ("value", "low", "high", "level", "p", "p_adjusted")]
    + [("n", _COUNT), ("clusters", _COUNT), ("method", _TEXT), ("excluded_json", _TEXT)]
)
_FINDINGS = pa.schema(
    [(name, _TEXT) for name in ("measure", "jurisdiction", "language", "verdict", "why")]
    + [("bound", _NUMBER), ("estimate_json", _TEXT)]
)


def export_parquet(connection: Connection, run: str, folder: Path) -> list[Path]:
    """Write exchanges, readings, estimates, findings and, where there are any, labels of a run as
    `NAME.parquet`; returns the paths.

    exchanges: one row for each owed item, with texts and all that its key is made of; delivery as in
    outcomes. readings: of all judges,
    with `why` for what stayed unjudged. The manifest is in each file's metadata (`sordino.manifest`).
    Parquet holds no lone surrogates: they are written as the store holds them (see `store.text`).
    """
    about = {"sordino.manifest": escape(codec.record_to_json(manifest(connection, run)))}
    files: dict[str, tuple[pa.Schema, Rows]] = {
        "exchanges": (_EXCHANGES, _stored(connection, _exchanges(run))),
        "readings": (_READINGS, _stored(connection, _readings(run))),
        "estimates": (_ESTIMATES, _estimates(connection, run)),
        "findings": (_FINDINGS, _findings(connection, run)),
    }
    if connection.scalar(select(_labels(run).exists())):
        files["labels"] = (_LABELS, _stored(connection, _labels(run)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [
            _write(folder / f"{name}.parquet", schema.with_metadata(about), rows)
            for name, (schema, rows) in files.items()
        ]
    except OSError as error:
        raise StoreError(
            f"The run {run!r} cannot be exported to {folder}: {error.strerror or error}. "
            "Give a folder that you may write to, with room for it."
        ) from error


def _exchanges(run: str) -> Select[tuple[object, ...]]:
    joined = (
        RUN_ITEMS.join(CELLS, CELLS.c.cell == RUN_ITEMS.c.cell)
        .outerjoin(REQUESTS, REQUESTS.c.key == RUN_ITEMS.c.key)
        .outerjoin(ATTEMPTS, SETTLES)
        .outerjoin(ANSWERS, ANSWERS.c.attempt == ATTEMPTS.c.attempt)
    )
    renamed = {
        "key": RUN_ITEMS.c.key,
        "probe_id": RUN_ITEMS.c.probe,
        "messages": REQUESTS.c.messages_json,
        "delivery": DELIVERY,
        "error": ERROR,
    }
    tables = (RUN_ITEMS, CELLS, REQUESTS, ATTEMPTS, ANSWERS)
    columns = [
        renamed[name] if name in renamed else next(t.c[name] for t in tables if name in t.c)
        for name in _EXCHANGES.names
    ]
    labelled = [column.label(name) for name, column in zip(_EXCHANGES.names, columns, strict=True)]
    return (
        select(*labelled).select_from(joined).where(RUN_ITEMS.c.run == run).order_by(RUN_ITEMS.c.position)
    )


def _readings(run: str) -> Select[tuple[object, ...]]:
    keys = select(RUN_ITEMS.c.key).where(RUN_ITEMS.c.run == run)
    order = (READINGS.c.key, READINGS.c.axis, READINGS.c.judge)
    columns = [READINGS.c[name] for name in _READINGS.names]
    return select(*columns).where(READINGS.c.key.in_(keys)).order_by(*order)


def _labels(run: str) -> Select[tuple[object, ...]]:
    keys = select(RUN_ITEMS.c.key).where(RUN_ITEMS.c.run == run)
    order = (LABELS.c.key, LABELS.c.axis, LABELS.c.annotator)
    columns = [LABELS.c[name] for name in _LABELS.names]
    return select(*columns).where(LABELS.c.key.in_(keys)).order_by(*order)


def _stored(connection: Connection, statement: Select[tuple[object, ...]]) -> Rows:
    for row in connection.execution_options(yield_per=ROWS).execute(statement):
        yield row._asdict()


def _estimates(connection: Connection, run: str) -> Rows:
    for one in estimates(connection, run):
        figure = one.figure
        yield {
            "measure": one.measure.value,
            "contrast": one.contrast.value,
            "jurisdiction": one.jurisdiction,
            "language": one.language,
            "against": one.against,
            "blocks": one.blocks,
            "matching": one.matching.value,
            "value": figure.value,
            "low": figure.low,
            "high": figure.high,
            "level": figure.level,
            "p": figure.p,
            "p_adjusted": one.p_adjusted,
            "n": figure.n,
            "clusters": figure.clusters,
            "method": figure.method,
            "excluded_json": codec.dump(dict(one.excluded)),
        }


def _findings(connection: Connection, run: str) -> Rows:
    for one in findings(connection, run):
        yield {
            "measure": one.measure.value,
            "jurisdiction": one.jurisdiction,
            "language": one.language,
            "verdict": one.verdict.value,
            "why": one.why,
            "bound": one.bound,
            "estimate_json": codec.record_to_json(one.estimate) if one.estimate else None,
        }


def _write(path: Path, schema: pa.Schema, rows: Rows) -> Path:
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rows, ROWS)):
            arrays = [pa.array([_plain(row[field.name]) for row in batch], field.type) for field in schema]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
    return path


def _plain(value: object) -> object:
    return escape(value) if isinstance(value, str) else value
