"""Where a store lies: a path or URL becomes an engine, and what a database complains of, one sentence."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from sordino.core.errors import StoreError
from sordino.store.migrate import VERSION_TABLE

PATIENCE = "30"
"""Seconds to wait for another process's write to an SQLite store (`?timeout=` in a URL overrides it)."""

_SECRETS = ("password", "sslpassword")
"""What libpq takes from a URL's query and nobody should read."""

_CLOSED = (
    "cannot be opened. Is it a file in a folder that exists, and may you read and write there? "
    "(SQLite also writes beside its file.)"
)
_UNKNOWN = (
    "was given results for a request or run that it does not know. Call begin_run with that request first."
)
_MEANING = {
    "file is not a database": "is no Sordino store: the file is not an SQLite database. Give another path.",
    "unable to open database file": _CLOSED,
    "Permission denied": _CLOSED,
    "readonly database": "cannot be written: the file or its folder is read-only. Change its permissions, "
    "or copy it to a place that you may write to.",
    "database is locked": "is locked by another process. Wait until that has finished, or end it.",
    "disk image is malformed": "is damaged. Restore it from a backup, or save what can be read with "
    "`sqlite3 FILE .recover`.",
    "disk is full": "cannot grow: the disk is full. Free some space and start again; what is stored stays.",
    "FOREIGN KEY constraint failed": _UNKNOWN,
    "violates foreign key constraint": _UNKNOWN,
}


def url_of(location: str | Path) -> URL:
    """The URL of a store. Raises StoreError for a URL that is malformed or of another database."""
    if isinstance(location, Path) or "://" not in location:
        return URL.create("sqlite", database=str(Path(location).expanduser()), query={"timeout": PATIENCE})
    try:
        url = make_url(location)
    except (ArgumentError, ValueError) as error:
        raise StoreError(
            f"The store's address is no database URL ({error}). "
            "Give a path, or postgresql://USER@HOST/DATABASE."
        ) from error
    match url.get_backend_name():
        case "postgresql" | "postgres":
            return url.set(drivername="postgresql+psycopg")
        case "sqlite" if url.database and url.database != ":memory:":
            return url.set(drivername="sqlite")
        case other:
            raise StoreError(
                f"A store cannot lie in {other!r} ({shown(url)}): it is an SQLite file or a PostgreSQL "
                "database. Give a path, or postgresql://USER@HOST/DATABASE."
            )


def place(url: URL) -> str:
    """Where a store lies, for people: its path, or its URL without the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.difference_update_query(_SECRETS).render_as_string(hide_password=True)


def shown(url: URL) -> str:
    """A store's name in messages."""
    return f"The store {place(url)}"


def engine_for(url: URL, *, create: bool) -> Engine:
    """An engine over a database that is, or may become, a store. Raises StoreError."""
    where = shown(url)
    with told(where):
        if url.get_backend_name() == "sqlite":
            _prepare(
                Path(url.database or ""), float(str(url.query.get("timeout", PATIENCE))), create=create
            )
        try:
            engine = create_engine(url)
        except ModuleNotFoundError as error:
            raise StoreError(
                f"{where} needs the PostgreSQL driver. Install it with: pip install 'sordino[postgres]'"
            ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure)
        event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def told(where: str) -> Iterator[None]:
    """Whatever a database complains of within, as a StoreError that says what to do."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OverflowError, OSError) as error:
        # The whole message of SQLAlchemy would carry the statement with its texts.
        cause = error.orig if isinstance(error, DBAPIError) else error
        said = str(cause).strip()
        for fragment, meaning in _MEANING.items():
            if fragment in said:
                raise StoreError(f"{where} {meaning}") from error
        raise StoreError(
            f"{where} failed: {said.partition(chr(10))[0]}. "
            "Check that it is reachable and that you may write to it."
        ) from error


def _prepare(path: Path, patience: float, *, create: bool) -> None:
    """Refuse what is no store before anything is written to it; turn on write-ahead logging."""
    where = f"The store {path}"
    if not path.exists():
        if not create:
            raise StoreError(f"{where} does not exist. Give the path of a store that an audit has written.")
        if not path.parent.exists():
            raise StoreError(f"{where} cannot be created: make the folder {path.parent} first.")
    connection = sqlite3.connect(path, timeout=patience)
    try:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if tables and VERSION_TABLE not in tables:
            raise StoreError(
                f"{where} is the SQLite database of another program (it has the table {min(tables)!r}). "
                "Give another path."
            )
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _configure(connection: Any, _record: object) -> None:
    # SQLAlchemy begins transactions itself (below): reads see one moment, writes wait their turn.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
