"""Stores on both databases: a file, and a real PostgreSQL server of our own, without a network."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from sordino.store.store import Store


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    return next((p for p in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def _unprivileged() -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return []
    pwd.getpwnam("postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """The folder of the socket of a running server."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip(
            "no PostgreSQL server is installed (initdb is neither on PATH nor in /usr/lib/postgresql)"
        )
    try:
        as_user = _unprivileged()
    except KeyError:
        pytest.skip("PostgreSQL does not run as root, and there is no user 'postgres' to run it as")
    folder = Path(tempfile.mkdtemp(prefix="sordino-pg-", dir="/tmp"))
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    initialise = [*as_user, binaries / "initdb", "--no-sync", "--auth=trust", "-U", "sordino", "-E", "UTF8"]
    control = [*as_user, binaries / "pg_ctl", "-D", data, "-s", "-w"]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        subprocess.run(
            [*initialise, "--locale=C.UTF-8", "-D", data], check=True, capture_output=True, cwd=folder
        )
        # Its output must not be a pipe: the server keeps it open, and the pipe would never end.
        subprocess.run([*control, "-o", options, "-l", folder / "log", "start"], check=True, cwd=folder)
        yield folder
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, capture_output=True, cwd=folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store may be made; nothing is there yet."""
    if request.param == "sqlite":
        return str(tmp_path / "sordino.db")
    return _database(request)


def _database(request: pytest.FixtureRequest) -> str:
    """A schema of its own for each test; a database for each would take ten times as long."""
    folder = request.getfixturevalue("postgres_server")
    schema = f"test_{uuid.uuid4().hex}"
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(host=str(folder), user="sordino", dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE SCHEMA {schema}")
    return f"postgresql://sordino@/postgres?host={quote(str(folder), safe='')}&options=-csearch_path%3D{schema}"


@pytest.fixture
def store(location: str) -> Iterator[Store]:
    with Store.open(location) as opened:
        yield opened
