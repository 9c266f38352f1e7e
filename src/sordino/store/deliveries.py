"""What became of each thing a run owes, as SQL, for all queries that count, list or export deliveries."""

from sqlalchemy import ColumnElement, and_, case, func, literal_column, select

from sordino.store.tables import ATTEMPTS, RUN_ITEMS

NOT_ASKED = "not_asked"

_FAILED = ATTEMPTS.alias("failed")
_FAILURES = and_(_FAILED.c.key == RUN_ITEMS.c.key, _FAILED.c.delivery == literal_column("'error'"))

DELIVERY: ColumnElement[str] = func.coalesce(
    ATTEMPTS.c.delivery,
    case(
        (
            select(_FAILED.c.attempt).where(_FAILURES).correlate(RUN_ITEMS).exists(),
            literal_column("'error'"),
        ),
        else_=literal_column(f"'{NOT_ASKED}'"),
    ),
)
"""Of a run item joined to what settled it: its delivery, else "error" if it was tried, else "not_asked"."""

_LAST_ERROR = (
    select(_FAILED.c.error)
    .where(_FAILURES)
    .order_by(_FAILED.c.attempt.desc())
    .limit(1)
    .correlate(RUN_ITEMS)
    .scalar_subquery()
)
ERROR: ColumnElement[str | None] = case((ATTEMPTS.c.attempt.is_(None), _LAST_ERROR), else_=ATTEMPTS.c.error)
"""Of the same: the error of what settled it, or of the last attempt that failed."""
