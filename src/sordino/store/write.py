"""What goes into a store. Every function works within one transaction, which `Store` begins and commits."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sordino.core.errors import StoreError
from sordino.core.manifest import Manifest, Owed, RunStatus
from sordino.core.records import Attempt, Axis, Cell, Estimate, Finding, Reading, Request, Unjudged
from sordino.store import codec
from sordino.store.read import key_states
from sordino.store.runs import known_run
from sordino.store.tables import (
    ANSWERS,
    ATTEMPTS,
    CELLS,
    ESTIMATES,
    FINDINGS,
    READINGS,
    REQUESTS,
    RUN_ITEMS,
    RUNS,
)

_BLANK: dict[str, Any] = dict.fromkeys(column.name for column in READINGS.c)
T = TypeVar("T")
BATCH = 5_000
"""Rows prepared at a time, so that a large run is never twice in memory."""


def begin_run(connection: Connection, manifest: Manifest, owed: Sequence[Owed]) -> None:
    """Store a run and what it owes; of a run that is there already what it owes and when it was created
    stay, and the rest of the manifest is replaced, as its figures will be.
    """
    known = connection.scalar(select(RUNS.c.manifest_json).where(RUNS.c.run == manifest.run))
    created = manifest.created if known is None else codec.manifest_from_json(known).created
    row = {
        "run": manifest.run,
        "created": manifest.created,
        "status": RunStatus.RUNNING.value,
        "target": manifest.target.spec,
        "pack": manifest.pack.name,
        "manifest_json": codec.record_to_json(replace(manifest, created=created)),
    }
    if known is not None:
        _check_same(connection, manifest.run, owed)
        connection.execute(update(RUNS).where(RUNS.c.run == manifest.run).values(row))
        return
    connection.execute(insert(RUNS), row)
    cells = _Cells()
    for batch in _batches(enumerate(owed)):
        _add(connection, REQUESTS, [_request(one.request) for _, one in batch if one.request])
        items = [_item(manifest.run, position, one, cells.id(one.probe.cell)) for position, one in batch]
        _add(connection, CELLS, cells.take())
        connection.execute(insert(RUN_ITEMS), items)


def append_attempts(connection: Connection, attempts: Iterable[Attempt]) -> None:
    """Store attempts; of the terminal ones only the first of each key."""
    for batch in _batches(attempts):
        states = key_states(connection, {attempt.key for attempt in batch})
        fresh = []
        for attempt in batch:
            if attempt.key not in states:
                raise StoreError(
                    f"An attempt came for the request {attempt.key!r}, which no run in this store owes. "
                    "Call begin_run with that request first."
                )
            if attempt.delivery.is_terminal:
                if states[attempt.key]:
                    continue
                states[attempt.key] = True
            fresh.append(attempt)
        if not fresh:
            continue
        numbered = insert(ATTEMPTS).returning(ATTEMPTS.c.attempt, sort_by_parameter_order=True)
        numbers = connection.scalars(numbered, [_attempt(attempt) for attempt in fresh]).all()
        connection.execute(
            insert(ANSWERS),
            [
                {
                    "attempt": number,
                    "text": attempt.text,
                    "reasoning": attempt.reasoning,
                    "log_probabilities_json": codec.log_probabilities_to_json(attempt.log_probabilities),
                }
                for number, attempt in zip(numbers, fresh, strict=True)
            ],
        )


def append_readings(connection: Connection, readings: Iterable[Reading | Unjudged]) -> None:
    """Store readings; only what is unjudged so far gives way to what comes later."""
    given = _dialect(connection).insert(READINGS)
    later = {column.name: given.excluded[column.name] for column in READINGS.c if not column.primary_key}
    statement = given.on_conflict_do_update(
        index_elements=list(READINGS.primary_key), set_=later, where=READINGS.c.why.is_not(None)
    )
    for batch in _batches(readings):
        connection.execute(statement, [_reading(reading) for reading in batch])


def set_status(connection: Connection, run: str, status: RunStatus) -> None:
    """Raises StoreError for an unknown run."""
    known_run(connection, run)
    connection.execute(update(RUNS).where(RUNS.c.run == run).values(status=status.value))


def finish_run(
    connection: Connection,
    run: str,
    status: RunStatus,
    estimates: Sequence[Estimate],
    findings: Sequence[Finding],
) -> None:
    """Replace the status, estimates and findings of a run."""
    set_status(connection, run, status)
    for table, column, bodies in (
        (ESTIMATES, "estimate_json", [codec.record_to_json(estimate) for estimate in estimates]),
        (FINDINGS, "finding_json", [codec.record_to_json(finding) for finding in findings]),
    ):
        connection.execute(delete(table).where(table.c.run == run))
        if bodies:
            rows = [{"run": run, "position": at, column: body} for at, body in enumerate(bodies)]
            connection.execute(insert(table), rows)


class _Cells:
    """Gives each distinct cell its id, once; probes share cell objects, so most are known by identity."""

    def __init__(self) -> None:
        self._ids: dict[int, tuple[Cell, str]] = {}
        self._fresh: list[dict[str, Any]] = []

    def id(self, cell: Cell) -> str:
        # The cell is kept beside its id so that no other object can take its address meanwhile.
        if id(cell) not in self._ids:
            body = codec.record_to_json(cell)
            self._ids[id(cell)] = (cell, codec.cell_id(body))
            self._fresh.append(
                {
                    "cell": codec.cell_id(body),
                    "template": cell.template,
                    "jurisdiction": cell.jurisdiction,
                    "kind": cell.kind.value,
                    "cell_json": body,
                }
            )
        return self._ids[id(cell)][1]

    def take(self) -> list[dict[str, Any]]:
        fresh, self._fresh = self._fresh, []
        return fresh


def _check_same(connection: Connection, run: str, owed: Sequence[Owed]) -> None:
    columns = select(RUN_ITEMS.c.probe, RUN_ITEMS.c.key).where(RUN_ITEMS.c.run == run)
    stored = connection.execute(columns.order_by(RUN_ITEMS.c.position)).all()
    given = [(one.probe.id, one.request.key if one.request else None) for one in owed]
    if [tuple(row) for row in stored] != given:
        raise StoreError(
            f"The run {run!r} was begun with other questions or settings ({len(stored)} owed then, "
            f"{len(given)} now). Resume it with the same pack and settings, or start a new run."
        )


def _request(request: Request) -> dict[str, Any]:
    return {
        "key": request.key,
        "target": request.target,
        "sample": request.sample,
        "epoch": request.epoch,
        "sampling_json": codec.record_to_json(request.sampling),
        "prefill": request.prefill,
        "messages_json": codec.messages_to_json(request.messages),
    }


def _item(run: str, position: int, owed: Owed, cell: str) -> dict[str, Any]:
    probe = owed.probe
    return {
        "run": run,
        "position": position,
        "key": owed.request.key if owed.request else None,
        "cell": cell,
        "probe": probe.id,
        "pack": probe.pack,
        "language": probe.language,
        "phrasing": probe.phrasing,
        "matching": probe.matching.value,
        "question": probe.question,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "key": attempt.key,
        "delivery": attempt.delivery.value,
        "characters": len(attempt.text),
        "reasoning_characters": None if attempt.reasoning is None else len(attempt.reasoning),
        "finish_reason": attempt.finish_reason,
        "prompt_tokens": attempt.prompt_tokens,
        "completion_tokens": attempt.completion_tokens,
        "seconds": attempt.seconds,
        "route": attempt.route,
        "error": attempt.error,
        "served_model": attempt.served_model,
    }


def _reading(reading: Reading | Unjudged) -> dict[str, Any]:
    row = _BLANK | {"key": reading.key, "axis": reading.axis.value, "judge": reading.judge}
    if isinstance(reading, Unjudged):
        return row | {"why": reading.why}
    hits, total = _counted(reading)
    return row | {
        "value": str(reading.value),
        "confidence": reading.confidence,
        "hits": hits,
        "total": total,
        "probabilities_json": codec.dump(dict(reading.probabilities)) if reading.probabilities else None,
        "marks_json": codec.marks_to_json(reading.marks),
    }


def _counted(reading: Reading) -> tuple[int | None, int | None]:
    if reading.axis not in (Axis.FACTS, Axis.FLAGS):
        return None, None
    hits, slash, total = reading.value.partition("/")
    if not (slash and hits.isdecimal() and total.isdecimal()):
        raise StoreError(
            f"The judge {reading.judge!r} gave {reading.value!r} for {reading.axis.value} of "
            f"{reading.key!r}; such a value is written HITS/ALL, for instance 2/5."
        )
    return int(hits), int(total)


def _add(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert what is not there yet; content-named rows are never changed."""
    if rows:
        connection.execute(_dialect(connection).insert(table).on_conflict_do_nothing(), rows)


def _dialect(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


def _batches(items: Iterable[T]) -> Iterable[list[T]]:
    iterator = iter(items)
    return iter(lambda: list(islice(iterator, BATCH)), [])
