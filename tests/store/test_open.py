"""Opening: what is made, migrated or refused, and what people are told."""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from sordino.core.errors import StoreError
from sordino.core.manifest import Manifest, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.store.location import url_of
from sordino.store.migrate import FOLDER, NEWEST, VERSION_TABLE
from sordino.store.store import Store
from sordino.store.tables import METADATA

MANIFEST = Manifest("run", "2031", "1", "c", TargetIdentity("t", "t", "r"), PackIdentity("p", "1", "h"))


def test_the_migrated_tables_are_the_tables(location: str) -> None:
    Store.open(location).close()
    engine = create_engine(url_of(location))
    with engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)
        checks = [c["name"] for c in inspect(connection).get_check_constraints("readings")]
    engine.dispose()
    assert differences == []
    assert checks == ["read_or_unjudged"]


def test_the_newest_migration_is_the_last_script() -> None:
    assert ScriptDirectory(str(FOLDER)).get_current_head() == NEWEST


def test_the_database_itself_refuses_a_second_terminal_attempt(location: str) -> None:
    Store.open(location).close()
    engine = create_engine(url_of(location))
    add = "INSERT INTO attempts (key, delivery, characters) VALUES ('k', :delivery, 0)"
    request = (
        "INSERT INTO requests (key, target, sample, epoch, sampling_json, messages_json) "
        "VALUES ('k', 't', 0, '', '{}', '[]')"
    )
    with engine.begin() as connection:
        connection.execute(text(request))
        for delivery in ("error", "error", "delivered"):
            connection.execute(text(add), {"delivery": delivery})
    with pytest.raises(Exception, match=r"(?i)unique"), engine.begin() as connection:
        connection.execute(text(add), {"delivery": "empty"})
    engine.dispose()


def test_a_store_keeps_what_it_holds_when_it_is_opened_again(location: str) -> None:
    with Store.open(location) as store:
        store.begin_run(MANIFEST, [])
    with Store.open(location, create=False) as store:
        assert [run.run for run in store.runs()] == ["run"]


def test_a_store_of_a_newer_version_is_refused(location: str) -> None:
    Store.open(location).close()
    engine = create_engine(url_of(location))
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match=r"newer Sordino.*'9999'.*pip install --upgrade sordino"):
        Store.open(location)


def test_without_create_an_empty_place_is_refused_and_stays_empty(location: str) -> None:
    with pytest.raises(StoreError, match=r"The store .*(does not exist|is empty)"):
        Store.open(location, create=False)
    assert "://" in location or not Path(location).exists()


def test_two_stores_can_be_open_at_once_and_see_each_other(location: str) -> None:
    with Store.open(location) as one, Store.open(location) as other:
        one.begin_run(MANIFEST, [])
        assert [run.run for run in other.runs()] == ["run"]


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Not a database, and longer than the header of one. " * 40)
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"notes\.txt is no Sordino store"):
        Store.open(file)
    assert file.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "photos.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE photos (id)")
    other.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match=r"of another program \(it has the table 'photos'\)"):
        Store.open(file)
    assert file.read_bytes() == before


def test_a_folder_and_a_path_without_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Store.open(tmp_path)
    with pytest.raises(StoreError, match="make the folder"):
        Store.open(tmp_path / "no" / "such" / "s.db")


def test_a_damaged_store_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with Store.open(file) as store:
        store.begin_run(MANIFEST, [])
    content = bytearray(file.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    file.write_bytes(content)
    with (
        pytest.raises(StoreError, match=r"is damaged|Check that it is reachable"),
        Store.open(file) as store,
    ):
        store.runs()


def test_a_locked_store_says_so(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with Store.open(f"sqlite:///{file}?timeout=0.05") as store:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another process"):
            store.begin_run(MANIFEST, [])
        assert store.runs() == []
        holder.execute("ROLLBACK")
        holder.close()
        store.begin_run(MANIFEST, [])
        assert [run.run for run in store.runs()] == ["run"]


@contextmanager
def nobody() -> Iterator[None]:
    """Root may write anywhere: be somebody who may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that others can reach (pytest's own are closed to them), with a store in it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Store.open(folder / "s.db") as store:
            store.begin_run(MANIFEST, [])
        yield folder
        folder.chmod(0o755)


def test_a_read_only_folder_is_an_error_that_says_so(public: Path) -> None:
    public.chmod(0o555)
    (public / "s.db").chmod(0o444)
    with nobody(), pytest.raises(StoreError, match=r"cannot be (opened|written)"):
        Store.open(public / "new.db")
    with (
        nobody(),
        pytest.raises(StoreError, match=r"cannot be (opened|written)"),
        Store.open(public / "s.db") as store,
    ):
        store.begin_run(MANIFEST, [])


def test_an_unreadable_file_and_folder_are_errors(public: Path) -> None:
    (public / "s.db").chmod(0o000)
    with nobody(), pytest.raises(StoreError, match="cannot be opened"):
        Store.open(public / "s.db")
    public.chmod(0o000)
    with nobody(), pytest.raises(StoreError, match="cannot be opened"):
        Store.open(public / "s.db")


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("mysql://host/db", "cannot lie in 'mysql'"),
        ("sqlite://", "cannot lie in 'sqlite'"),
        ("postgresql://host:port/db", "no database URL"),
        ("://", "no database URL"),
    ],
)
def test_what_is_no_place_for_a_store_is_refused(location: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        Store.open(location)


def test_an_unreachable_server_is_an_error_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Check that it is reachable") as raised:
        Store.open(f"postgresql://user:s3cret@/db?host={tmp_path}")
    assert "s3cret" not in str(raised.value)


def test_an_unexpected_failure_does_not_print_texts(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.db") as store:
        with sqlite3.connect(tmp_path / "s.db") as other:
            other.execute("DROP TABLE run_items")
            other.execute("DROP TABLE runs")
        other.close()
        with pytest.raises(StoreError, match="no such table: runs") as raised:
            store.begin_run(MANIFEST, [])
    assert "SELECT" not in str(raised.value)
