"""The main job on one page: owed -> ask -> read -> estimate -> conclude.

Everything settled is stored as it comes, so an audit that is stopped at any moment continues where it was.
"""

from collections.abc import Callable, Sequence
from time import monotonic

from sordino.auditing.estimates import estimate
from sordino.auditing.findings import conclude
from sordino.core.manifest import Manifest, Owed, RunStatus
from sordino.core.protocols import Backend, Judge
from sordino.core.records import Attempt
from sordino.store.store import Store

BATCH = 500
LONGEST_UNSTORED = 1.0
"""Seconds an attempt may wait before it is stored."""

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, what is done and what there is."""


def run(
    manifest: Manifest,
    owed: Sequence[Owed],
    backend: Backend,
    judges: Sequence[Judge],
    store: Store,
    progress: Progress,
    *,
    seed: int = 0,
) -> None:
    """Carry out an audit, or the rest of it; on return its estimates and findings are in the store."""
    store.begin_run(manifest, owed)
    ask(owed, backend, store, progress)
    for judge in judges:
        read(manifest.run, judge, store, progress)
    conclude_run(manifest, store, progress, seed=seed)


def ask(owed: Sequence[Owed], backend: Backend, store: Store, progress: Progress) -> None:
    """Send what is not settled, storing attempts as they come. A recording's errors are not asked again:
    it would say the same.
    """
    wanted = {o.request.key: o.request for o in owed if o.request}
    known = store.settled(wanted) if backend.capabilities.generates else store.attempted(wanted)
    due = [request for key, request in wanted.items() if key not in known]
    done, flushed = len(known), monotonic()
    progress("asking", done, len(wanted))
    pending: list[Attempt] = []
    try:
        for completed in backend.generate(due):
            pending.extend(completed)
            if len(pending) >= BATCH or monotonic() - flushed > LONGEST_UNSTORED:
                done += _flush(pending, store)
                flushed = monotonic()
                progress("asking", done, len(wanted))
    finally:
        done += _flush(pending, store)
    progress("asking", done, len(wanted))


def read(run_id: str, judge: Judge, store: Store, progress: Progress) -> None:
    """Have one judge read every settled exchange that it has not read yet."""
    stage = f"reading {judge.axis.value}"
    total = store.unread_count(run_id, judge.axis, judge.id)
    done = 0
    progress(stage, done, total)
    for items in store.unread(run_id, judge.axis, judge.id):
        store.append_readings(judge.read(items))
        done += len(items)
        progress(stage, done, total)


def conclude_run(manifest: Manifest, store: Store, progress: Progress, *, seed: int = 0) -> None:
    """Estimate and conclude from what the store holds."""
    outcomes = store.outcomes(manifest.run, manifest.judges)
    estimates = estimate(outcomes, seed=seed, progress=progress)
    store.finish_run(manifest.run, RunStatus.DONE, estimates, conclude(estimates))


def _flush(pending: list[Attempt], store: Store) -> int:
    count = len(pending)
    store.append_attempts(pending)
    pending.clear()
    return count
