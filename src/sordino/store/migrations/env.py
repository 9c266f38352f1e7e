"""Run by Alembic for every migration, on the connection that `store.migrate` hands over."""

from alembic import context

from sordino.store.migrate import VERSION_TABLE
from sordino.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
)
context.run_migrations()
