"""What statistics count: one row for each owed item, without any text that a model wrote."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, case, select

from sordino.core.records import Axis, Engagement
from sordino.store.deliveries import DELIVERY, ERROR
from sordino.store.tables import ATTEMPTS, CELLS, READINGS, REQUESTS, RUN_ITEMS, SETTLES

STRING = pd.StringDtype("python")
"""Missing is NA. Not backed by Arrow, which refuses the lone surrogates that a recording may hold."""
ROWS = 10_000

_READ = {axis: READINGS.alias(axis.value) for axis in Axis}
_ENGAGEMENT, _FACTS, _FLAGS, _REASONING = (
    _READ[axis].c for axis in (Axis.ENGAGEMENT, Axis.FACTS, Axis.FLAGS, Axis.REASONING)
)
_PROBABILITIES = {
    "p_complete": Engagement.COMPLETE,
    "p_partial": Engagement.PARTIAL,
    "p_denial": Engagement.DENIAL,
}

_COLUMNS: Mapping[str, tuple[ColumnElement[Any], Any]] = {
    "key": (RUN_ITEMS.c.key, STRING),
    "probe_id": (RUN_ITEMS.c.probe, STRING),
    "template": (CELLS.c.template, STRING),
    "jurisdiction": (CELLS.c.jurisdiction, STRING),
    "kind": (CELLS.c.kind, STRING),
    "language": (RUN_ITEMS.c.language, STRING),
    "phrasing": (RUN_ITEMS.c.phrasing, STRING),
    "matching": (RUN_ITEMS.c.matching, STRING),
    "sample": (REQUESTS.c.sample, "Int64"),
    "question": (RUN_ITEMS.c.question, STRING),
    "delivery": (DELIVERY, STRING),
    "error": (ERROR, STRING),
    "characters": (ATTEMPTS.c.characters, "Int64"),
    "has_reasoning": (
        case((ATTEMPTS.c.attempt.is_not(None), ATTEMPTS.c.reasoning_characters.is_not(None))),
        "boolean",
    ),
    "route": (ATTEMPTS.c.route, STRING),
    "completion_tokens": (ATTEMPTS.c.completion_tokens, "Int64"),
    "engagement": (_ENGAGEMENT.value, STRING),
    "confidence": (_ENGAGEMENT.confidence, "Float64"),
    "probabilities": (_ENGAGEMENT.probabilities_json, object),
    "engagement_why": (_ENGAGEMENT.why, STRING),
    "facts_hit": (_FACTS.hits, "Int64"),
    "facts_all": (_FACTS.total, "Int64"),
    "flags_hit": (_FLAGS.hits, "Int64"),
    "flags_all": (_FLAGS.total, "Int64"),
    "reasoning": (_REASONING.value, STRING),
}


def outcomes(connection: Connection, run: str, judges: Mapping[str, str]) -> pd.DataFrame:
    """One row for each owed item, in order, as the judges of each axis read it; missing is NA, never 0.

    judges: judge ids by axis; what other judges said is left out.

    Columns, all nullable: key, probe_id, template, jurisdiction, kind, language, phrasing, matching,
    sample, question; delivery (of the settling attempt, else "error" when only errors came, else
    "not_asked"), error, characters (code points of the answer), has_reasoning (a trace came back, be it
    empty), route, completion_tokens; engagement, confidence, p_complete, p_partial, p_denial,
    engagement_why (why it is unjudged); facts_hit, facts_all, flags_hit, flags_all; reasoning (the
    reading of that axis).
    """
    joined = (
        RUN_ITEMS.join(CELLS, CELLS.c.cell == RUN_ITEMS.c.cell)
        .outerjoin(REQUESTS, REQUESTS.c.key == RUN_ITEMS.c.key)
        .outerjoin(ATTEMPTS, SETTLES)
    )
    for axis, read in _READ.items():
        by = and_(read.c.axis == axis.value, read.c.judge == judges.get(axis.value, ""))
        joined = joined.outerjoin(read, and_(read.c.key == RUN_ITEMS.c.key, by))
    statement = (
        select(*(expression.label(name) for name, (expression, _) in _COLUMNS.items()))
        .select_from(joined)
        .where(RUN_ITEMS.c.run == run)
        .order_by(RUN_ITEMS.c.position)
    )
    columns: list[list[Any]] = [[] for _ in _COLUMNS]
    shared: dict[str | None, str | None] = {}
    for rows in connection.execution_options(yield_per=ROWS).execute(statement).partitions():
        for (_, dtype), column, values in zip(
            _COLUMNS.values(), columns, zip(*rows, strict=True), strict=True
        ):
            # Most strings repeat; one object for equal ones keeps a large run small in memory.
            column.extend(map(shared.setdefault, values, values) if dtype is STRING else values)
    return _frame(dict(zip(_COLUMNS, columns, strict=True)))


def _frame(columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    frame: dict[str, Any] = {}
    for name, values in columns.items():
        if name == "probabilities":
            frame |= _probabilities(values)
        else:
            frame[name] = pd.array(values, dtype=_COLUMNS[name][1])
    return pd.DataFrame(frame)


def _probabilities(texts: Sequence[object]) -> dict[str, Any]:
    parsed = [json.loads(str(text)) if text is not None else {} for text in texts]
    return {
        name: pd.array([one.get(value) for one in parsed], dtype="Float64")
        for name, value in _PROBABILITIES.items()
    }
