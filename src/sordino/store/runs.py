"""Whole runs: which there are, which one is meant, and what each concluded."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from sordino.core.errors import StoreError, unknown
from sordino.core.manifest import Manifest, RunStatus
from sordino.core.records import Estimate, Finding
from sordino.store import codec
from sordino.store.deliveries import DELIVERY
from sordino.store.tables import ATTEMPTS, ESTIMATES, FINDINGS, RUN_ITEMS, RUNS, SETTLES

LATEST = "latest"
_MEND = "`sordino audit` begins one."


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of a list of runs.

    created: when it was first begun, ISO 8601. target: its spec. pack: its name.
    counts: how many owed items have each delivery, or "error" or "not_asked"; they sum to what is owed.
    """

    run: str
    created: str
    status: RunStatus
    target: str
    pack: str
    counts: Mapping[str, int]

    @property
    def owed(self) -> int:
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        return self.owed - self.counts.get("error", 0) - self.counts.get("not_asked", 0)


def summaries(connection: Connection) -> list[RunSummary]:
    """All runs, the one last begun first."""
    items = (
        select(RUN_ITEMS.c.run, DELIVERY.label("delivery"))
        .select_from(RUN_ITEMS.outerjoin(ATTEMPTS, SETTLES))
        .subquery()
    )
    counts: dict[str, dict[str, int]] = {}
    for run, delivery, count in connection.execute(
        select(items.c.run, items.c.delivery, func.count()).group_by(items.c.run, items.c.delivery)
    ):
        counts.setdefault(run, {})[delivery] = count
    rows = connection.execute(select(RUNS).order_by(RUNS.c.created.desc(), RUNS.c.run.desc()))
    return [
        RunSummary(
            row.run,
            codec.manifest_from_json(row.manifest_json).created,
            RunStatus(row.status),
            row.target,
            row.pack,
            counts.get(row.run, {}),
        )
        for row in rows
    ]


def resolve(connection: Connection, name: str) -> str:
    """The run meant by its id, by the beginning of one, or by "latest", the one last begun. StoreError."""
    rows = connection.execute(select(RUNS.c.run).order_by(RUNS.c.created, RUNS.c.run))
    known: list[str] = [run for (run,) in rows]
    if name in known:
        return name
    if name == LATEST and known:
        return known[-1]
    begun = [run for run in known if run.startswith(name)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise StoreError(
            f"{len(begun)} runs begin with {name!r}: {', '.join(begun[:20])}. Give more of the id."
        )
    raise StoreError(unknown("run", name, known, "" if known else _MEND))


def known_run(connection: Connection, run: str) -> None:
    """Raises StoreError for a run that the store does not hold."""
    if connection.scalar(select(RUNS.c.run).where(RUNS.c.run == run)) is None:
        known = connection.scalars(select(RUNS.c.run)).all()
        raise StoreError(unknown("run", run, known, "" if known else _MEND))


def status(connection: Connection, run: str) -> RunStatus:
    """How far the run came. Raises StoreError for an unknown run."""
    known_run(connection, run)
    return RunStatus(str(connection.scalar(select(RUNS.c.status).where(RUNS.c.run == run))))


def manifest(connection: Connection, run: str) -> Manifest:
    """With which the run was last begun; `created` is of the first time. StoreError for an unknown run."""
    known_run(connection, run)
    text = connection.scalar(select(RUNS.c.manifest_json).where(RUNS.c.run == run))
    return codec.manifest_from_json(str(text))


def estimates(connection: Connection, run: str) -> list[Estimate]:
    """In the order in which they were given; empty before the run is finished."""
    columns = select(ESTIMATES.c.estimate_json).where(ESTIMATES.c.run == run)
    texts = connection.scalars(columns.order_by(ESTIMATES.c.position))
    return [codec.estimate_from_json(text) for text in texts]


def findings(connection: Connection, run: str) -> list[Finding]:
    """In the order in which they were given; empty before the run is finished."""
    columns = select(FINDINGS.c.finding_json).where(FINDINGS.c.run == run)
    texts = connection.scalars(columns.order_by(FINDINGS.c.position))
    return [codec.finding_from_json(text) for text in texts]
