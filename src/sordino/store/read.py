"""What comes out of a store with its texts: owed probes, exchanges and readings.

Counting without texts is in `store.outcomes`, whole runs are in `store.runs`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    distinct,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from sordino.core.manifest import Owed
from sordino.core.records import (
    Attempt,
    Axis,
    Cell,
    Delivery,
    Exchange,
    Matching,
    Probe,
    Reading,
    Request,
    Unjudged,
)
from sordino.store import codec
from sordino.store.tables import (
    ANSWERS,
    ATTEMPTS,
    CELLS,
    IS_TERMINAL,
    READINGS,
    REQUESTS,
    RUN_ITEMS,
    SETTLES,
)

T = TypeVar("T")
MANY = 5_000
"""Keys asked for in one statement; SQLite takes at most 32,766 parameters."""

_PROBE = tuple(c for c in RUN_ITEMS.c if c.name not in ("run", "key"))
_REQUEST = tuple(REQUESTS.c)
_ATTEMPT = tuple(c for c in ATTEMPTS.c if c.name != "key")
_ANSWER = (ANSWERS.c.text, ANSWERS.c.reasoning, ANSWERS.c.log_probabilities_json)


def key_states(connection: Connection, keys: Collection[str]) -> dict[str, bool]:
    """Of the keys that the store knows: whether each is settled."""
    states: dict[str, bool] = {}
    joined = REQUESTS.outerjoin(ATTEMPTS, and_(ATTEMPTS.c.key == REQUESTS.c.key, IS_TERMINAL))
    columns = select(REQUESTS.c.key, ATTEMPTS.c.attempt.is_not(None)).select_from(joined)
    for some in chunks(keys):
        found = connection.execute(columns.where(REQUESTS.c.key.in_(some)))
        states.update((key, bool(settled)) for key, settled in found)
    return states


def attempted(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of the keys with any attempt."""
    columns = select(ATTEMPTS.c.key).distinct()
    return {
        key
        for some in chunks(keys)
        for (key,) in connection.execute(columns.where(ATTEMPTS.c.key.in_(some)))
    }


def attempts_after(connection: Connection, keys: Collection[str], number: int) -> list[Attempt]:
    """All that came of the keys later than the attempt with this number, failures too."""
    joined = ATTEMPTS.join(ANSWERS, ANSWERS.c.attempt == ATTEMPTS.c.attempt)
    later = (
        select(ATTEMPTS.c.key, *_ATTEMPT, *_ANSWER).select_from(joined).where(ATTEMPTS.c.attempt > number)
    )
    return [
        _attempt(row)
        for some in chunks(keys)
        for row in connection.execute(later.where(ATTEMPTS.c.key.in_(some)).order_by(ATTEMPTS.c.attempt))
    ]


def last_attempt(connection: Connection) -> int:
    """The number of the attempt stored last, 0 before any."""
    return int(connection.scalar(select(func.max(ATTEMPTS.c.attempt))) or 0)


def owed(connection: Connection, run: str) -> list[Owed]:
    """What a run owes, in order."""
    cells = cells_of(connection, run)
    joined = RUN_ITEMS.outerjoin(REQUESTS, REQUESTS.c.key == RUN_ITEMS.c.key)
    rows = connection.execute(
        select(*_PROBE, *_REQUEST)
        .select_from(joined)
        .where(RUN_ITEMS.c.run == run)
        .order_by(RUN_ITEMS.c.position)
    )
    return [Owed(_probe(row, cells), None if row.key is None else _request(row)) for row in rows]


def unread_count(connection: Connection, run: str, axis: Axis, judge: str, *, again: bool) -> int:
    """How many exchanges `unread` would give."""
    return int(connection.scalar(_unread(run, axis, judge, again, distinct_keys=True)) or 0)


def unread_after(
    connection: Connection,
    run: str,
    axis: Axis,
    judge: str,
    cells: Mapping[str, Cell],
    *,
    after: int,
    limit: int,
    again: bool,
) -> tuple[list[tuple[Probe, Exchange]], int | None]:
    """The next unread exchanges behind a position, and the last's position; None when there are no more."""
    statement = _unread(run, axis, judge, again).where(RUN_ITEMS.c.position > after)
    rows = connection.execute(statement.order_by(RUN_ITEMS.c.position).limit(limit)).all()
    return [(_probe(row, cells), _exchange(row)) for row in rows], rows[-1].position if rows else None


def exchanges(connection: Connection, keys: Collection[str]) -> dict[str, Exchange]:
    """The settled ones of the keys, with their texts."""
    joined = REQUESTS.join(ATTEMPTS, and_(ATTEMPTS.c.key == REQUESTS.c.key, IS_TERMINAL)).join(ANSWERS)
    columns = select(*_REQUEST, *_ATTEMPT, *_ANSWER).select_from(joined)
    return {
        row.key: _exchange(row)
        for some in chunks(keys)
        for row in connection.execute(columns.where(REQUESTS.c.key.in_(some)))
    }


def readings(
    connection: Connection, keys: Collection[str], judges: Mapping[str, str] | None
) -> dict[str, list[Reading | Unjudged]]:
    """What judges said of each key, in the order of axes and judges; an empty list where none did."""
    said: dict[str, list[Reading | Unjudged]] = {key: [] for key in keys}
    columns = select(READINGS).order_by(READINGS.c.axis, READINGS.c.judge)
    if judges is not None:
        columns = columns.where(tuple_(READINGS.c.axis, READINGS.c.judge).in_(judges.items()))
    for some in chunks(said):
        for row in connection.execute(columns.where(READINGS.c.key.in_(some))):
            said[row.key].append(_reading(row))
    return said


def judges_of(connection: Connection, run: str, axis: Axis) -> list[str]:
    """The ids of all judges that have read any exchange of a run on an axis."""
    keys = select(RUN_ITEMS.c.key).where(RUN_ITEMS.c.run == run)
    columns = select(READINGS.c.judge).distinct().where(READINGS.c.axis == axis.value)
    return list(connection.scalars(columns.where(READINGS.c.key.in_(keys)).order_by(READINGS.c.judge)))


def _unread(run: str, axis: Axis, judge: str, again: bool, *, distinct_keys: bool = False) -> Select[Any]:
    joined = (
        RUN_ITEMS.join(ATTEMPTS, SETTLES)
        .join(ANSWERS, ANSWERS.c.attempt == ATTEMPTS.c.attempt)
        .join(REQUESTS, REQUESTS.c.key == RUN_ITEMS.c.key)
    )
    read = and_(READINGS.c.key == RUN_ITEMS.c.key, READINGS.c.axis == axis.value, READINGS.c.judge == judge)
    if again:
        read = and_(read, READINGS.c.why.is_(None))
    whole = (*_PROBE, *_REQUEST, *_ATTEMPT, *_ANSWER)
    columns = (func.count(distinct(RUN_ITEMS.c.key)),) if distinct_keys else whole
    return (
        select(*columns)
        .select_from(joined)
        .where(RUN_ITEMS.c.run == run, _has_something_to_read(axis), ~exists().where(read))
    )


def _has_something_to_read(axis: Axis) -> ColumnElement[bool]:
    if axis is Axis.REASONING:
        # An empty trace is something to read: the trace itself may be suppressed.
        return or_(ATTEMPTS.c.characters > 0, ATTEMPTS.c.reasoning_characters.is_not(None))
    return ATTEMPTS.c.characters > 0


def cells_of(connection: Connection, run: str) -> dict[str, Cell]:
    """The cells of a run by their ids, each once, so that its probes share them."""
    wanted = CELLS.c.cell.in_(select(RUN_ITEMS.c.cell).where(RUN_ITEMS.c.run == run))
    columns = select(CELLS.c.cell, CELLS.c.cell_json).where(wanted)
    rows = connection.execute(columns.order_by(CELLS.c.template, CELLS.c.jurisdiction, CELLS.c.cell))
    return {row.cell: codec.cell_from_json(row.cell_json) for row in rows}


def _probe(row: Any, cells: Mapping[str, Cell]) -> Probe:
    return Probe(
        id=row.probe,
        pack=row.pack,
        cell=cells[row.cell],
        language=row.language,
        phrasing=row.phrasing,
        question=row.question,
        matching=Matching(row.matching),
    )


def _request(row: Any) -> Request:
    return Request(
        key=row.key,
        messages=codec.messages_from_json(row.messages_json),
        target=row.target,
        sampling=codec.sampling_from_json(row.sampling_json),
        prefill=row.prefill,
        sample=row.sample,
        epoch=row.epoch,
    )


def _exchange(row: Any) -> Exchange:
    return Exchange(_request(row), _attempt(row))


def _attempt(row: Any) -> Attempt:
    return Attempt(
        key=row.key,
        delivery=Delivery(row.delivery),
        text=row.text,
        reasoning=row.reasoning,
        finish_reason=row.finish_reason,
        prompt_tokens=row.prompt_tokens,
        completion_tokens=row.completion_tokens,
        seconds=row.seconds,
        route=row.route,
        error=row.error,
        served_model=row.served_model,
        log_probabilities=codec.log_probabilities_from_json(row.log_probabilities_json),
    )


def _reading(row: Any) -> Reading | Unjudged:
    axis = Axis(row.axis)
    if row.why is not None:
        return Unjudged(row.key, axis, row.judge, row.why)
    return Reading(
        key=row.key,
        axis=axis,
        judge=row.judge,
        value=row.value,
        confidence=row.confidence,
        probabilities=codec.probabilities_from_json(row.probabilities_json),
        marks=codec.marks_from_json(row.marks_json),
    )


def chunks(keys: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as one statement may ask for."""
    iterator = iter(keys)
    return iter(lambda: list(islice(iterator, MANY)), [])
