"""The exchanges of a run as rows for others, each with what judges and people said of it.

Under the formats of `sordino export`. A run is taken out of its store once, as the tables that
store/export.py writes, and read from those batch by batch, so that memory does not grow with it. Columns
have the names by which a recording is read, so that what goes out can come in again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from sordino.core.manifest import Manifest
from sordino.core.records import Label, Reading, Unjudged
from sordino.generation.readers import read_rows
from sordino.generation.recorded import shown
from sordino.store.store import Store
from sordino.wiring.run import Run

EXCHANGES = "exchanges.parquet"
BATCH = 500

Row: TypeAlias = dict[str, object]

RENAMED = {"route": "provider", "target": "revision"}
"""Columns of the store's table by the name that they go out with."""

_FIRST = (
    *("model", "question", "response", "reasoning", "language", "jurisdiction", "template", "phrasing"),
    *("sample", "system", "prefill", "delivery", "finish_reason", "provider", "error"),
    *("prompt_tokens", "completion_tokens", "seconds"),
)
_TURNED = ("text", "messages", "sampling_json")


def tables(run: Run, folder: Path) -> list[Path]:
    """The run's tables, written into a folder."""
    with Store.open(run.store, create=False) as store:
        return store.export_parquet(run.id, folder)


def rows(run: Run, folder: Path) -> Iterator[list[Row]]:
    """Batches of exchanges in the run's order, from its tables in a folder.

    readings: of all judges, `why` for what stayed unjudged. labels: by people. What was not asked is a row
    of the delivery `not_asked`. Missing is None; texts are as they came, lone surrogates and all.
    """
    manifest = run.manifest
    with Store.open(run.store, create=False) as store:
        stored = (row for _, row in read_rows(folder / EXCHANGES, list, []))
        while batch := list(islice(stored, BATCH)):
            keys = {str(row["key"]) for row in batch if row["key"] is not None}
            readings, labels = store.readings(keys), store.labels(keys)
            yield [_row(row, manifest, readings, labels) for row in batch]


def _row(
    stored: Mapping[str, object],
    manifest: Manifest,
    readings: Mapping[str, Sequence[Reading | Unjudged]],
    labels: Mapping[str, Sequence[Label]],
) -> Row:
    key, text = str(stored["key"]), stored["text"]
    told: Row = {
        "model": manifest.target.name,
        "run": manifest.run,
        "response": shown(text if isinstance(text, str) else None, str(stored["delivery"])),
        "system": _system(stored["messages"]),
        "sampling": _parsed(stored["sampling_json"]),
        "readings": [_reading(one) for one in readings.get(key, ())],
        "labels": [_said(one) for one in labels.get(key, ())],
    }
    kept = {RENAMED.get(name, name): value for name, value in stored.items() if name not in _TURNED}
    whole = {**kept, **told}
    last = [name for name in whole if name not in _FIRST and name not in ("readings", "labels")]
    return {name: whole[name] for name in (*_FIRST, *last, "readings", "labels")}


def _system(messages: object) -> str | None:
    said = _parsed(messages)
    pairs = said if isinstance(said, list) else []
    return "\n\n".join(content for role, content in pairs if role == "system") or None


def _parsed(text: object) -> object:
    return json.loads(text) if isinstance(text, str) else None


def _reading(one: Reading | Unjudged) -> Row:
    said = {name: value for name, value in asdict(one).items() if name != "key"}
    return {"value": None, "why": None, **said, "axis": one.axis.value}


def _said(one: Label) -> Row:
    return {**{name: value for name, value in asdict(one).items() if name != "key"}, "axis": one.axis.value}
