"""A sweep: many audits into one store, by whatever executor.

    entries -> looked up, all before any is asked -> jobs -> executor -> finished runs -> ranked

Each audit is an ordinary one and resumes as such; what is finished and stored is not begun again.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sordino import __version__
from sordino.auditing.run import BATCH
from sordino.core.errors import SordinoError, SpecError, StoreError
from sordino.core.jobs import Done, Event, Failed, Job
from sordino.core.manifest import RunStatus
from sordino.core.protocols import Executor
from sordino.packs.errors import MOST
from sordino.store.location import place, url_of
from sordino.store.store import Store
from sordino.wiring import audit, generating, targets
from sordino.wiring.audit import Prepared, Progress
from sordino.wiring.cost import Cost
from sordino.wiring.prices import Tokens
from sordino.wiring.run import Run
from sordino.wiring.settings import AuditSettings
from sordino.wiring.spending import Spending
from sordino.wiring.sweep_file import Entry, in_keys

if TYPE_CHECKING:
    from sordino.reporting.sweep_source import SweepSource


@dataclass(frozen=True, slots=True)
class Audited:
    """A finished run.

    errors: requests that failed and stay owed. left: those that a budget did not allow. spent: what its
    server took.
    """

    run: str
    sentence: str
    errors: int = 0
    left: int = 0
    spent: str | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """An audit that can be carried out.

    device: where a model runs in it ("cpu", "cuda:1"), else None. weights: bytes of memory that the model
    takes, where it is here. finished: what came of it, where that is stored. cost: the most that a server
    will take for what is left of it.
    """

    entry: Entry
    device: str | None = None
    weights: int | None = None
    finished: Audited | None = None
    cost: Cost | None = None


@dataclass
class Swept:
    """What came of the audits, by name."""

    audited: dict[str, Audited] = field(default_factory=dict)
    failed: dict[str, Failed] = field(default_factory=dict)


def plan(
    entries: Sequence[Entry],
    store: str | Path,
    *,
    here: bool = True,
    progress: Progress = lambda _stage, _done, _total: None,
) -> list[Planned]:
    """Look all of them up, as far as that is cheap. Nothing is asked, loaded or written.

    here: whether they will run on this machine; if not, a device that it lacks is no mistake.
    Raises SpecError, a line for each of some audits that cannot be carried out.
    """
    prepared: dict[str, tuple[Entry, Prepared]] = {}
    planned, wrong = [], []
    with _stored(store) as opened:
        for number, entry in enumerate(entries):
            progress("looking up", number, len(entries))
            try:
                found = audit.prepare(entry.settings if here else replace(entry.settings, device=None))
                other, _ = prepared.setdefault(found.manifest.run, (entry, found))
                if other is not entry:
                    raise SpecError(f"it is the same audit as {other.name!r}. Remove one of the two.")
                planned.append(_planned(entry, found, store, opened))
            except SordinoError as error:
                wrong.append(f"{entry.where}: {in_keys(str(error))}")
    progress("looking up", len(entries), len(entries))
    if wrong:
        more = [f"… and {len(wrong) - MOST} more of the models."] if len(wrong) > MOST else []
        raise SpecError("\n".join([*wrong[:MOST], *more]))
    return planned


def carry_out(
    planned: Sequence[Planned],
    store: str | Path,
    executor: Executor,
    *,
    workers: int | None = None,
    listen: Callable[[Event[Audited]], None] = lambda _: None,
) -> Swept:
    """Carry out what is not finished. One that fails stops no other.

    workers: processes within an audit, where its settings leave that open. listen: told what happens.
    Raises StoreError for a store that not all machines of the executor can write to.
    """
    _check_reach(store, executor.machines)
    with Store.open(store) as opened:  # made once, before several processes open it
        last = opened.last_attempt()
    swept = Swept({one.entry.name: one.finished for one in planned if one.finished})
    jobs = [_job(one, store, workers, last) for one in planned if not one.finished]
    with closing(executor.run(jobs)) as events:
        for event in events:
            if isinstance(event, Done):
                swept.audited[event.job] = event.result
            elif isinstance(event, Failed):
                swept.failed[event.job] = event
            listen(event)
    return swept


def compared(
    swept: Swept, store: str | Path, *, progress: Progress = lambda _stage, _done, _total: None
) -> "SweepSource | None":
    """What the report that compares them is made from; None where fewer than two are finished."""
    from sordino.wiring import ranking  # noqa: PLC0415 - brings pandas

    runs = list(dict.fromkeys(one.run for one in swept.audited.values()))
    if len(runs) < ranking.FEWEST:
        return None
    notes = [f"{name} is not in it: {failed.error}" for name, failed in swept.failed.items()]
    return ranking.rank(store, runs, notes=notes, progress=progress)


def expected(planned: Iterable[Planned]) -> list[Cost]:
    """The most that servers will take in all, by currency."""
    sums: dict[str, Cost] = {}
    for one in planned:
        if cost := one.cost:
            known = sums.get(cost.currency, Cost(0, Tokens(), money=0.0, currency=cost.currency))
            sums[cost.currency] = replace(
                known,
                requests=known.requests + cost.requests,
                notes=(*known.notes, *cost.notes),
                tokens=known.tokens + cost.tokens,
                # One price that is not known leaves the sum unknown, wherever it stands.
                money=None if cost.money is None or known.money is None else known.money + cost.money,
            )
    return list(sums.values())


def _planned(entry: Entry, found: Prepared, store: str | Path, opened: Store | None) -> Planned:
    if opened is not None and _is_finished(found, opened):
        return Planned(entry, finished=_audited(Run(found.manifest.run, store)))
    backend, spending = found.target.backend, found.target.spending
    if isinstance(backend, generating.Several):
        # Those of the Hub would have to be fetched to be weighed.
        is_here = not targets.model_run_here(entry.settings.target).is_hub
        return Planned(entry, backend.one.device, backend.one.weights_bytes if is_here else None)
    if spending is None:
        return Planned(entry)
    with spending:
        spending.check()
    wanted = {one.request.key: one.request for one in found.owed if one.request}
    settled = opened.settled(wanted) if opened is not None else set()
    return Planned(entry, cost=spending.expected(r for key, r in wanted.items() if key not in settled))


def _is_finished(prepared: Prepared, opened: Store) -> bool:
    """Whether another audit by this version would ask nothing, read nothing and conclude the same."""
    run, target = prepared.manifest.run, prepared.target
    try:
        if opened.status(run) is not RunStatus.DONE or opened.manifest(run).sordino != __version__:
            return False
    except StoreError:  # it does not know the run
        return False
    keys = _keys(prepared)
    asked = opened.settled if target.backend.capabilities.generates else opened.attempted
    return asked(keys) == keys and not any(
        opened.unread_count(run, judge.axis, judge.id) for judge in prepared.judges
    )


def _job(planned: Planned, store: str | Path, workers: int | None, last: int) -> Job[Audited]:
    """last: the number of the last attempt before the sweep."""
    settings, computes = planned.entry.settings, planned.device is not None
    if computes and settings.workers is None:
        settings = replace(settings, workers=workers)
    work = partial(_carry_out_one, settings, store, last, 0)
    return Job(planned.entry.name, work, computes, partial(_carry_out_one, settings, store, last))


def _carry_out_one(
    settings: AuditSettings, store: str | Path, last: int, deaths: int, progress: Progress
) -> Audited:
    """What a process does. deaths: how many have died under it before."""
    progress("looking up", 0, 1)
    prepared = audit.prepare(settings)
    with Store.open(store) as opened:
        is_finished = _is_finished(prepared, opened)
        spending = prepared.target.spending
        if deaths and spending:
            _go_on(prepared, spending, opened, last, deaths)
    if is_finished:
        done = _audited(Run(prepared.manifest.run, store))
        return replace(done, spent=str(spending.spent)) if deaths and spending else done
    took: list[Spending] = []
    done = _audited(audit.carry_out(prepared, store, progress=progress, spent=took.append))
    if prepared.target.backend.capabilities.generates:
        keys = _keys(prepared)
        with Store.open(store) as opened:
            done = replace(done, errors=len(opened.attempted(keys) - opened.settled(keys)))
    return replace(done, spent=str(took[0].spent), left=took[0].left) if took else done


def _go_on(prepared: Prepared, spending: Spending, opened: Store, last: int, deaths: int) -> None:
    """Charges what those who died have stored, and what they may have sent besides."""
    wanted = {one.request.key: one.request for one in prepared.owed if one.request}
    settled = opened.settled(wanted)
    owed = [request for key, request in wanted.items() if key not in settled]
    # Without a budget, answers wait to be stored as well.
    room = spending.room if spending.budget.is_bound else spending.room + BATCH
    stored = [(wanted[one.key], one) for one in opened.attempts_after(wanted, last)]
    spending.go_on(stored, owed, deaths * min(room, len(owed)))


def _keys(prepared: Prepared) -> set[str]:
    return {one.request.key for one in prepared.owed if one.request}


def _audited(run: Run) -> Audited:
    return Audited(run.id, run.sentence)


def _stored(store: str | Path) -> AbstractContextManager[Store | None]:
    """The store, where there is one."""
    url = url_of(store)
    is_file = url.get_backend_name() == "sqlite"
    if is_file and not Path(str(url.database)).exists():
        return nullcontext()
    return Store.open(store)


def _check_reach(store: str | Path, machines: int) -> None:
    url = url_of(store)
    if machines > 1 and url.get_backend_name() == "sqlite":
        raise StoreError(
            f"The store {place(url)} is a file, and the cluster has {machines} machines. SQLite's files do "
            "not bear being written from several. Give a PostgreSQL store that all of them reach: "
            "--store postgresql://USER@HOST/DATABASE."
        )
