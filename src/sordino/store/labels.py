"""What people say of exchanges, in SQL. Every function works within one transaction of `Store`.

Labels lie beside readings and belong to exchanges by key, so that judges come and go without touching them.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, delete, insert, select, tuple_

from sordino.core.errors import StoreError
from sordino.core.records import Axis, Label
from sordino.store.read import chunks, key_states
from sordino.store.tables import LABELS, RUN_ITEMS

Place: TypeAlias = tuple[str, str, str]
"""A key, an axis and an annotator: there is one label of each."""

_PLACE = (LABELS.c.key, LABELS.c.axis, LABELS.c.annotator)


def append(connection: Connection, labels: Sequence[Label], *, replace: bool) -> None:
    """Store labels. Raises StoreError for unknown exchanges and for second labels."""
    given = {_place(label): label for label in labels}
    if len(given) < len(labels):
        ((twice, _),) = Counter(map(_place, labels)).most_common(1)
        raise StoreError(f"Of the labels to be stored two are {_said(twice)}. Give one of them.")
    keys = {label.key for label in labels}
    if strangers := keys - key_states(connection, keys).keys():
        raise StoreError(
            f"A label came for the exchange {min(strangers)!r}, which no run in this store owes. "
            "Call begin_run with its request first."
        )
    there = _there(connection, keys, given)
    if other := [place for place, adjudicated in there.items() if adjudicated != given[place].adjudicated]:
        raise StoreError(
            f"There already is {_said(min(other))}. A label and a decision between labels do not replace "
            "each other: decide under another name, so that both stay."
        )
    if there and not replace:
        raise StoreError(
            f"Of {len(labels)} labels {len(there)} are there already, such as {_said(min(there))}. "
            "Leave them out, or replace what is there with --replace."
        )
    for some in chunks(there):
        connection.execute(delete(LABELS).where(tuple_(*_PLACE).in_(some)))
    if labels:
        connection.execute(insert(LABELS), [_row(label) for label in labels])


def labels(connection: Connection, keys: Iterable[str]) -> dict[str, list[Label]]:
    """What people said of each key; an empty list where nobody did."""
    said: dict[str, list[Label]] = {key: [] for key in keys}
    for some in chunks(said):
        rows = connection.execute(select(LABELS).where(LABELS.c.key.in_(some)).order_by(*_PLACE))
        for row in rows:
            said[row.key].append(_label(row))
    return said


def labels_of(connection: Connection, run: str) -> list[Label]:
    """What people said of the exchanges of a run."""
    keys = select(RUN_ITEMS.c.key).where(RUN_ITEMS.c.run == run)
    rows = connection.execute(select(LABELS).where(LABELS.c.key.in_(keys)).order_by(*_PLACE))
    return [_label(row) for row in rows]


def _there(connection: Connection, keys: Iterable[str], given: Collection[Place]) -> dict[Place, bool]:
    """Those of the places that have a label, with whether that is a decision."""
    columns = select(*_PLACE, LABELS.c.adjudicated)
    return {
        (key, axis, annotator): adjudicated
        for some in chunks(keys)
        for key, axis, annotator, adjudicated in connection.execute(columns.where(LABELS.c.key.in_(some)))
        if (key, axis, annotator) in given
    }


def _place(label: Label) -> Place:
    return label.key, label.axis.value, label.annotator


def _said(place: Place) -> str:
    key, axis, annotator = place
    return f"that by {annotator!r} on {axis} of the exchange {key!r}"


def _row(label: Label) -> dict[str, Any]:
    key, axis, annotator = _place(label)
    return {
        "key": key,
        "axis": axis,
        "annotator": annotator,
        "value": str(label.value),
        "note": label.note,
        "created": label.created,
        "adjudicated": label.adjudicated,
        "run": label.run,
    }


def _label(row: Any) -> Label:
    return Label(
        row.key,
        Axis(row.axis),
        row.annotator,
        row.value,
        row.note,
        row.created,
        row.adjudicated,
        row.run,
    )
