"""The first tables. Frozen: a later change is a later migration, never an edit here."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of what a run owes, what came back, what was read and concluded."""
    _owed()
    _came_back()
    _read_and_concluded()


def _owed() -> None:
    op.create_table(
        "runs",
        sa.Column("run", sa.Text, primary_key=True),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("manifest_json", sa.Text, nullable=False),
    )
    op.create_table(
        "cells",
        sa.Column("cell", sa.Text, primary_key=True),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("jurisdiction", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("cell_json", sa.Text, nullable=False),
    )
    op.create_table(
        "requests",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("sample", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("sampling_json", sa.Text, nullable=False),
        sa.Column("prefill", sa.Text),
        sa.Column("messages_json", sa.Text, nullable=False),
    )
    op.create_table(
        "run_items",
        sa.Column("run", sa.Text, sa.ForeignKey("runs.run"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text, sa.ForeignKey("requests.key")),
        sa.Column("cell", sa.Text, sa.ForeignKey("cells.cell"), nullable=False),
        sa.Column("probe", sa.Text, nullable=False),
        sa.Column("pack", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("phrasing", sa.Text, nullable=False),
        sa.Column("matching", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
    )


def _came_back() -> None:
    op.create_table(
        "attempts",
        sa.Column("attempt", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("key", sa.Text, sa.ForeignKey("requests.key"), nullable=False),
        sa.Column("delivery", sa.Text, nullable=False),
        sa.Column("characters", sa.Integer, nullable=False),
        sa.Column("reasoning_characters", sa.Integer),
        sa.Column("finish_reason", sa.Text),
        sa.Column("prompt_tokens", sa.BigInteger),
        sa.Column("completion_tokens", sa.BigInteger),
        sa.Column("seconds", sa.Double),
        sa.Column("route", sa.Text),
        sa.Column("error", sa.Text),
    )
    for name, unique, condition in (
        ("one_terminal_attempt", True, sa.text("delivery != 'error'")),
        ("failed_attempts", False, sa.text("delivery = 'error'")),
    ):
        op.create_index(
            name, "attempts", ["key"], unique=unique, sqlite_where=condition, postgresql_where=condition
        )
    op.create_table(
        "answers",
        sa.Column(
            "attempt",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            sa.ForeignKey("attempts.attempt"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reasoning", sa.Text),
    )


def _read_and_concluded() -> None:
    op.create_table(
        "readings",
        sa.Column("key", sa.Text, sa.ForeignKey("requests.key"), primary_key=True),
        sa.Column("axis", sa.Text, primary_key=True),
        sa.Column("judge", sa.Text, primary_key=True),
        sa.Column("value", sa.Text),
        sa.Column("why", sa.Text),
        sa.Column("confidence", sa.Double),
        sa.Column("hits", sa.Integer),
        sa.Column("total", sa.Integer),
        sa.Column("probabilities_json", sa.Text),
        sa.Column("marks_json", sa.Text),
        sa.CheckConstraint("(value IS NULL) <> (why IS NULL)", name="read_or_unjudged"),
    )
    for table, body in (("estimates", "estimate_json"), ("findings", "finding_json")):
        op.create_table(
            table,
            sa.Column("run", sa.Text, sa.ForeignKey("runs.run"), primary_key=True),
            sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column(body, sa.Text, nullable=False),
        )
