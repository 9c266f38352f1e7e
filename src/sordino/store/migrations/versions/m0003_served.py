"""What a server says has answered, and how likely each token was. Frozen: see m0002."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add a column to attempts and one to their texts."""
    op.add_column("attempts", sa.Column("served_model", sa.Text))
    op.add_column("answers", sa.Column("log_probabilities_json", sa.Text))
