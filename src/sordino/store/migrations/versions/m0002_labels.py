"""Labels by people. Frozen: a later change is a later migration, never an edit here."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table of what people said of exchanges."""
    op.create_table(
        "labels",
        sa.Column("key", sa.Text, sa.ForeignKey("requests.key"), primary_key=True),
        sa.Column("axis", sa.Text, primary_key=True),
        sa.Column("annotator", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("created", sa.Text, nullable=False),
        sa.Column("adjudicated", sa.Boolean, nullable=False),
        sa.Column("run", sa.Text, sa.ForeignKey("runs.run")),
    )
