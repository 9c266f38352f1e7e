"""Brings a store to the newest migration, or says that it was made by a newer Sordino.

Alembic is only imported when a migration is due: a third of a second that no other opening should wait for.
"""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from sordino.core.errors import StoreError

FOLDER = Path(__file__).with_name("migrations")
NEWEST = "0003"
"""The last of the migrations in `FOLDER`; a test compares the two."""
VERSION_TABLE = "sordino_revision"
"""Our own name: on PostgreSQL other programs may keep Alembic's table in the same database."""


def revision(connection: Connection) -> str | None:
    """The migration that a store stands at; None when the database holds no store."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))
    return found


def migrate(connection: Connection, where: str) -> None:
    """Run all migrations that are due, within the transaction of `connection`.

    Raises StoreError for a store that a newer Sordino made.
    """
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    found = revision(connection)
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreError(
            f"{where} was made by a newer Sordino: it stands at revision {found!r}, and this version knows "
            f"them up to {NEWEST!r}. Upgrade Sordino (pip install --upgrade sordino) or give another store."
        ) from error
