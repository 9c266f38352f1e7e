"""The tables as of the newest migration: what a run owes, what came back, what was read and concluded.

A key is a request's identity and is shared by all runs that ask the same. Texts lie apart from the
metadata of attempts, so that counting never reads them. Columns ending in `_json` hold JSON.
A change here needs a migration beside it (`migrations/versions`); a test compares the two.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    and_,
    literal_column,
)

from sordino.store.text import Verbatim

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("run", Verbatim, primary_key=True),
    Column("created", Verbatim, nullable=False),  # when last begun; the manifest has the first time
    Column("status", Verbatim, nullable=False),
    Column("target", Verbatim, nullable=False),
    Column("pack", Verbatim, nullable=False),
    Column("manifest_json", Verbatim, nullable=False),
)

CELLS = Table(
    "cells",
    METADATA,
    Column("cell", Verbatim, primary_key=True),
    Column("template", Verbatim, nullable=False),
    Column("jurisdiction", Verbatim),
    Column("kind", Verbatim, nullable=False),
    Column("cell_json", Verbatim, nullable=False),
)

REQUESTS = Table(
    "requests",
    METADATA,
    Column("key", Verbatim, primary_key=True),
    Column("target", Verbatim, nullable=False),
    Column("sample", Integer, nullable=False),
    Column("epoch", Verbatim, nullable=False),
    Column("sampling_json", Verbatim, nullable=False),
    Column("prefill", Verbatim),
    Column("messages_json", Verbatim, nullable=False),
)

RUN_ITEMS = Table(
    "run_items",
    METADATA,
    Column("run", ForeignKey("runs.run"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("key", ForeignKey("requests.key")),
    Column("cell", ForeignKey("cells.cell"), nullable=False),
    Column("probe", Verbatim, nullable=False),
    Column("pack", Verbatim, nullable=False),
    Column("language", Verbatim, nullable=False),
    Column("phrasing", Verbatim, nullable=False),
    Column("matching", Verbatim, nullable=False),
    Column("question", Verbatim, nullable=False),
)

ATTEMPTS = Table(
    "attempts",
    METADATA,
    Column("attempt", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("key", ForeignKey("requests.key"), nullable=False),
    Column("delivery", Verbatim, nullable=False),
    Column("characters", Integer, nullable=False),
    Column("reasoning_characters", Integer),
    Column("finish_reason", Verbatim),
    Column("prompt_tokens", BigInteger),
    Column("completion_tokens", BigInteger),
    Column("seconds", Double),
    Column("route", Verbatim),
    Column("error", Verbatim),
    Column("served_model", Verbatim),
)

# Literals, not parameters: SQLite uses a partial index only where it can see that the condition holds.
IS_TERMINAL = ATTEMPTS.c.delivery != literal_column("'error'")
IS_ERROR = ATTEMPTS.c.delivery == literal_column("'error'")
Index(
    "one_terminal_attempt",
    ATTEMPTS.c.key,
    unique=True,
    sqlite_where=IS_TERMINAL,
    postgresql_where=IS_TERMINAL,
)
Index("failed_attempts", ATTEMPTS.c.key, sqlite_where=IS_ERROR, postgresql_where=IS_ERROR)

ANSWERS = Table(
    "answers",
    METADATA,
    Column("attempt", ForeignKey("attempts.attempt"), primary_key=True, autoincrement=False),
    Column("text", Verbatim, nullable=False),
    Column("reasoning", Verbatim),
    Column("log_probabilities_json", Verbatim),
)

READINGS = Table(
    "readings",
    METADATA,
    Column("key", ForeignKey("requests.key"), primary_key=True),
    Column("axis", Verbatim, primary_key=True),
    Column("judge", Verbatim, primary_key=True),
    Column("value", Verbatim),
    Column("why", Verbatim),
    Column("confidence", Double),
    Column("hits", Integer),
    Column("total", Integer),
    Column("probabilities_json", Verbatim),
    Column("marks_json", Verbatim),
    CheckConstraint("(value IS NULL) <> (why IS NULL)", name="read_or_unjudged"),
)

LABELS = Table(
    "labels",
    METADATA,
    Column("key", ForeignKey("requests.key"), primary_key=True),
    Column("axis", Verbatim, primary_key=True),
    Column("annotator", Verbatim, primary_key=True),
    Column("value", Verbatim, nullable=False),
    Column("note", Verbatim),
    Column("created", Verbatim, nullable=False),
    Column("adjudicated", Boolean, nullable=False),
    Column("run", ForeignKey("runs.run")),
)

ESTIMATES = Table(
    "estimates",
    METADATA,
    Column("run", ForeignKey("runs.run"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("estimate_json", Verbatim, nullable=False),
)

FINDINGS = Table(
    "findings",
    METADATA,
    Column("run", ForeignKey("runs.run"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("finding_json", Verbatim, nullable=False),
)

SETTLES = and_(ATTEMPTS.c.key == RUN_ITEMS.c.key, IS_TERMINAL)
"""Joins what a run owes to the attempt that settled it."""
