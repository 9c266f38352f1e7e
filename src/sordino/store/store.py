"""The store: one place that holds every run, on SQLite or PostgreSQL. The door of this room.

    with Store.open("sordino.db") as store:
        store.begin_run(manifest, owed)
        store.append_attempts(attempts)

Each writing method is one transaction. On SQLite (write-ahead log, synchronous=NORMAL) whatever a method
has returned from survives the end of the process, be it kill -9. Should the machine itself lose power, the
last transactions may be missing, each as a whole: they are simply owed again. On PostgreSQL the settings of
the server hold. One process writes at a time and the others wait; nobody waits to read.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Connection, Engine, func, select

from sordino.core.errors import StoreError
from sordino.core.manifest import Manifest, Owed, RunStatus
from sordino.core.records import (
    Attempt,
    Axis,
    Cell,
    Estimate,
    Exchange,
    Finding,
    Label,
    Probe,
    Reading,
    Unjudged,
)
from sordino.store import labels as labelled
from sordino.store import read, runs, write
from sordino.store.location import engine_for, shown, told, url_of
from sordino.store.migrate import NEWEST, migrate, revision
from sordino.store.runs import RunSummary

if TYPE_CHECKING:
    import pandas as pd

UNREAD = 500
"""Exchanges that a judge is given at a time."""
_ONE_WRITER = 0x736F7264696E6F
"""The name of PostgreSQL's advisory lock for a store: "sordino" in ASCII."""


class Store:
    """Appends durably, and says what is settled. Open it with `Store.open`; use it as a context manager.

    Every method raises StoreError when the database cannot do what is asked, and for an unknown run.
    """

    def __init__(self, engine: Engine, where: str) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._where = where

    @classmethod
    def open(cls, location: str | Path, *, create: bool = True) -> Self:
        """A store at a path (SQLite) or a URL (`postgresql://...`), brought to the newest migration.

        create: whether to make one where there is none. Raises StoreError for what cannot be opened, is no
        store, or was made by a newer Sordino.
        """
        url = url_of(location)
        where = shown(url)
        store = cls(engine_for(url, create=create), where)
        try:
            store._prepare(create=create)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- writing ---------------------------------------------------------------------------------------

    def begin_run(self, manifest: Manifest, owed: Sequence[Owed]) -> None:
        """Store a run and what it owes, in order.

        A run that is there already is running again, with this manifest but for when it was created.
        Raises StoreError when it owed something else then.
        """
        with self._writing() as connection:
            write.begin_run(connection, manifest, owed)

    def append_attempts(self, attempts: Iterable[Attempt]) -> None:
        """Store attempts at requests of begun runs, all or none; of the terminal ones a key's first."""
        batch = list(attempts)
        with self._writing() as connection:
            write.append_attempts(connection, batch)

    def append_readings(self, readings: Iterable[Reading | Unjudged]) -> None:
        """Store readings, all or none. A reading stays; an unjudged gives way to a later result."""
        batch = list(readings)
        with self._writing() as connection:
            write.append_readings(connection, batch)

    def append_labels(self, labels: Iterable[Label], *, replace: bool = False) -> None:
        """Store labels, all or none. StoreError for a second one by the same person on the same exchange
        and axis, unless it shall replace the first; a decision and a plain label never replace each other.
        """
        batch = list(labels)
        with self._writing() as connection:
            labelled.append(connection, batch, replace=replace)

    def set_status(self, run: str, status: RunStatus) -> None:
        with self._writing() as connection:
            write.set_status(connection, run, status)

    def finish_run(
        self, run: str, status: RunStatus, estimates: Sequence[Estimate], findings: Sequence[Finding]
    ) -> None:
        """Replace a run's status, estimates and findings, all together."""
        with self._writing() as connection:
            write.finish_run(connection, run, status, estimates, findings)

    # -- reading ---------------------------------------------------------------------------------------

    def settled(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that need no asking."""
        with self._reading() as connection:
            return {key for key, settled in read.key_states(connection, set(keys)).items() if settled}

    def attempted(self, keys: Iterable[str]) -> set[str]:
        """Those of the keys that were sent, whatever came of it."""
        with self._reading() as connection:
            return read.attempted(connection, set(keys))

    def last_attempt(self) -> int:
        """The number of the attempt stored last, 0 before any."""
        with self._reading() as connection:
            return read.last_attempt(connection)

    def attempts_after(self, keys: Iterable[str], number: int) -> list[Attempt]:
        """What came of the keys after the attempt with this number, in order."""
        with self._reading() as connection:
            return read.attempts_after(connection, set(keys), number)

    def runs(self) -> list[RunSummary]:
        """All runs, the one last begun first."""
        with self._reading() as connection:
            return runs.summaries(connection)

    def resolve(self, name: str) -> str:
        """The id of the run meant by an id, the beginning of one, or "latest"."""
        with self._reading() as connection:
            return runs.resolve(connection, name)

    def status(self, run: str) -> RunStatus:
        with self._reading() as connection:
            return runs.status(connection, run)

    def manifest(self, run: str) -> Manifest:
        with self._reading() as connection:
            return runs.manifest(connection, run)

    def owed(self, run: str) -> list[Owed]:
        """What a run owes, in order; probes of one cell share it."""
        with self._reading(run) as connection:
            return read.owed(connection, run)

    def cells(self, run: str) -> list[Cell]:
        """The distinct cells of a run, by template and jurisdiction."""
        with self._reading(run) as connection:
            return list(read.cells_of(connection, run).values())

    def unread_count(self, run: str, axis: Axis, judge: str, *, again: bool = False) -> int:
        """How many exchanges `unread` would give."""
        with self._reading(run) as connection:
            return read.unread_count(connection, run, axis, judge, again=again)

    def unread(
        self, run: str, axis: Axis, judge: str, *, again: bool = False, size: int = UNREAD
    ) -> Iterator[list[tuple[Probe, Exchange]]]:
        """Batches of settled exchanges with something to read that this judge has not read; each key once.

        Something to read is an answer that is not empty or, for the axis of reasoning, also a trace.
        again: also those which this judge could not read before. Readings may be stored between batches.
        """
        with self._reading(run) as connection:
            cells = read.cells_of(connection, run)
        given: set[str] = set()
        after: int | None = -1
        while after is not None:
            with self._reading() as connection:
                items, after = read.unread_after(
                    connection, run, axis, judge, cells, after=after, limit=size, again=again
                )
            # Two probes of a run may ask the same, and share a key.
            batch = list({item[1].key: item for item in items if item[1].key not in given}.values())
            given.update(exchange.key for _, exchange in batch)
            if batch:
                yield batch

    def outcomes(self, run: str, judges: Mapping[str, str]) -> "pd.DataFrame":
        """One row for each owed item, in order, without texts: see `store.outcomes.outcomes`."""
        from sordino.store.outcomes import outcomes  # noqa: PLC0415 - pandas is not needed to store

        with self._reading(run) as connection:
            return outcomes(connection, run, judges)

    def exchanges(self, keys: Collection[str]) -> dict[str, Exchange]:
        """The settled ones of the keys, with their texts."""
        with self._reading() as connection:
            return read.exchanges(connection, keys)

    def readings(
        self, keys: Collection[str], judges: Mapping[str, str] | None = None
    ) -> dict[str, list[Reading | Unjudged]]:
        """What the judges (ids by axis; all where None) said of each key; an empty list where none did."""
        with self._reading() as connection:
            return read.readings(connection, keys, judges)

    def judges_of(self, run: str, axis: Axis) -> list[str]:
        """The ids of all judges that have read any exchange of a run on an axis, its own and others."""
        with self._reading(run) as connection:
            return read.judges_of(connection, run, axis)

    def labels(self, keys: Iterable[str]) -> dict[str, list[Label]]:
        """What people said of each key, by axis and annotator; an empty list where nobody did."""
        with self._reading() as connection:
            return labelled.labels(connection, keys)

    def labels_of(self, run: str) -> list[Label]:
        """What people said of the exchanges of a run, whichever run it was said for; by key."""
        with self._reading(run) as connection:
            return labelled.labels_of(connection, run)

    def estimates(self, run: str) -> list[Estimate]:
        with self._reading(run) as connection:
            return runs.estimates(connection, run)

    def findings(self, run: str) -> list[Finding]:
        with self._reading(run) as connection:
            return runs.findings(connection, run)

    def export_parquet(self, run: str, folder: str | Path) -> list[Path]:
        """Write a run as Parquet files into a folder: see `store.export.export_parquet`."""
        from sordino.store.export import export_parquet  # noqa: PLC0415 - pyarrow is for exports only

        with self._reading(run) as connection:
            return export_parquet(connection, run, Path(folder))

    # --------------------------------------------------------------------------------------------------

    def _prepare(self, *, create: bool) -> None:
        with self._reading() as connection:
            found = revision(connection)
        if found is None and not create:
            raise StoreError(f"{self._where} is empty. Give a store that an audit has written.")
        if found != NEWEST:
            with self._writing() as connection:
                migrate(connection, self._where)

    @contextmanager
    def _reading(self, run: str | None = None) -> Iterator[Connection]:
        with told(self._where), self._engine.connect() as connection:
            if run is not None:
                runs.known_run(connection, run)
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with told(self._where), self._writer.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_ONE_WRITER)))
            yield connection
