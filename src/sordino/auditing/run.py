"""The main job on one page: owed -> ask -> read -> estimate -> conclude.

Everything settled is stored as it comes, so an audit that is stopped at any moment continues where it was.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from sordino.auditing.findings import conclude
from sordino.auditing.rounds import Rounds, decided, figures, margin_of
from sordino.core.manifest import Manifest, Owed, RunStatus
from sordino.core.protocols import Backend, Judge
from sordino.core.records import Attempt, Axis
from sordino.store.store import Store

BATCH = 500
LONGEST_UNSTORED = 1.0
"""Seconds an attempt may wait before it is stored, unless told otherwise."""
UNTIL_CERTAIN = "asking, at most"
"""The stage of an audit that asks no more than it needs."""

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
    unstored: float = LONGEST_UNSTORED,
) -> None:
    """Carry out an audit, or the rest of it; on return its estimates and findings are in the store.

    unstored: seconds an attempt may wait before it is stored.

    Where the manifest's settings say until when to ask, it is asked in rounds, and no longer than that.
    """
    margin = margin_of(manifest.settings)
    rounds = margin and Rounds.of(owed, margin=margin, pack=manifest.pack.hash, seed=seed)
    store.begin_run(manifest, owed)
    if rounds:
        _Asker(manifest, backend, judges, store, progress, len(_keys(owed)), unstored).ask(rounds)
    else:
        ask(owed, backend, store, progress, unstored)
    for judge in judges:
        read(manifest.run, judge, store, progress)
    conclude_run(manifest, store, progress, seed=seed)


def ask(
    owed: Sequence[Owed],
    backend: Backend,
    store: Store,
    progress: Progress,
    unstored: float = LONGEST_UNSTORED,
) -> None:
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
            if len(pending) >= BATCH or monotonic() - flushed >= unstored:
                done += _flush(pending, store)
                flushed = monotonic()
                progress("asking", done, len(wanted))
    finally:
        done += _flush(pending, store)
    progress("asking", done, len(wanted))


@dataclass
class _Asker:
    """Asks round by round, and reads what came back, until enough is certain. most: that can be asked."""

    manifest: Manifest
    backend: Backend
    judges: Sequence[Judge]
    store: Store
    progress: Progress
    most: int
    unstored: float
    asked: int = 0

    def ask(self, rounds: Rounds) -> None:
        """What was asked at the end is what all stages after it work on."""
        certain = self._politics(rounds)
        control = [
            o for language, some in rounds.control.items() if certain.get(language, True) for o in some
        ]
        self._send([*control, *rounds.others])
        self.progress(UNTIL_CERTAIN, self.asked, self.asked)

    def _politics(self, rounds: Rounds) -> Mapping[str, bool]:
        """The languages in which enough is certain: see `rounds.decided`."""
        certain: dict[str, bool] = {}
        templates: set[str] = set()
        for one in rounds.rounds:
            due = [o for language, some in one.items() if language not in certain for o in some]
            if not due:
                continue
            if not self._send(due):
                break  # a budget is spent: what a part of a round would show depends on which part
            templates |= {o.probe.template for o in due}
            for judge in (j for j in self.judges if j.axis is Axis.ENGAGEMENT):
                read(self.manifest.run, judge, self.store, lambda _stage, _done, _total: None)
            outcomes = self.store.outcomes(self.manifest.run, self.manifest.judges)
            certain = decided(outcomes, rounds.margin, templates) | certain
        return certain

    def _send(self, owed: Sequence[Owed]) -> bool:
        """Whether all of it has been tried."""
        before, keys = self.asked, _keys(owed)
        ask(
            owed,
            self.backend,
            self.store,
            lambda _stage, done, _total: self.progress(UNTIL_CERTAIN, before + done, self.most),
            self.unstored,
        )
        self.asked += len(keys)
        return self.store.attempted(keys) == keys


def _keys(owed: Iterable[Owed]) -> set[str]:
    return {o.request.key for o in owed if o.request}


def read(run_id: str, judge: Judge, store: Store, progress: Progress) -> None:
    """Have one judge read every settled exchange that it has not read yet."""
    stage = f"reading {judge.axis.value}"
    total = store.unread_count(run_id, judge.axis, judge.id)
    done = 0
    if total:
        progress(stage, done, total)
    for items in store.unread(run_id, judge.axis, judge.id):
        store.append_readings(judge.read(items))
        done += len(items)
        progress(stage, done, total)


def conclude_run(manifest: Manifest, store: Store, progress: Progress, *, seed: int = 0) -> None:
    """Estimate and conclude from what the store holds."""
    outcomes = store.outcomes(manifest.run, manifest.judges)
    estimates = figures(manifest, outcomes, seed=seed, progress=progress)
    store.finish_run(manifest.run, RunStatus.DONE, estimates, conclude(estimates))


def _flush(pending: list[Attempt], store: Store) -> int:
    count = len(pending)
    store.append_attempts(pending)
    pending.clear()
    return count
