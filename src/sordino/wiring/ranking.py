"""A ranking from finished runs in a store: reads them, groups what is comparable, ranks each group."""

import shlex
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sordino.comparing import ranking
from sordino.comparing.entries import Entry, grouped, names
from sordino.core.errors import SpecError, StoreError
from sordino.core.manifest import RunStatus
from sordino.store.store import Store

if TYPE_CHECKING:
    from sordino.reporting.sweep_source import SweepSource

Progress = Callable[[str, int, int], None]
FEWEST = 2


def rank(
    store: str | Path,
    runs: Sequence[str] = (),
    *,
    notes: Sequence[str] = (),
    progress: Progress = lambda _stage, _done, _total: None,
) -> "SweepSource":
    """What the comparative report of these runs is made from; of all finished runs where none is named.

    runs: ids, or beginnings of ids. notes: what a reader must know besides, such as which models of a
    sweep failed.
    Raises StoreError for a run that is unknown or was not finished, SpecError for fewer than two.
    """
    from sordino.reporting.sweep_source import SweepSource  # noqa: PLC0415 - brings pandas

    with Store.open(store, create=False) as opened:
        chosen, said = _named(opened, runs) if runs else _all(opened)
        if len(chosen) < FEWEST:
            raise SpecError(
                f"A ranking needs at least two finished runs; there is {len(chosen) or 'none'}. "
                "`sordino runs` lists what the store holds, `sordino audit` adds to it."
            )
        entries = _entries(opened, chosen, progress)
    groups = grouped(entries)
    ranked = [
        ranking.rank(group, progress=_counted(progress, at, len(groups)))
        for at, group in enumerate(groups)
        if len(group.entries) >= FEWEST
    ]
    return SweepSource(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(["sordino", "rank", *chosen]),
        groups=tuple(ranked),
        alone=tuple(group for group in groups if len(group.entries) < FEWEST),
        notes=(*said, *ranking.notes(groups), *notes),
    )


def _named(opened: Store, runs: Sequence[str]) -> tuple[list[str], list[str]]:
    chosen = list(dict.fromkeys(opened.resolve(name) for name in runs))
    for run in chosen:
        if opened.status(run) is not RunStatus.DONE:
            command = opened.manifest(run).command
            raise StoreError(f"The run {run!r} was not finished; `{command}` goes on from there.")
    return chosen, []


def _all(opened: Store) -> tuple[list[str], list[str]]:
    found = opened.runs()
    chosen = sorted(run.run for run in found if run.status is RunStatus.DONE)
    unfinished = sorted(run.run for run in found if run.status is not RunStatus.DONE)
    left = f"Left out, because they were not finished: {', '.join(unfinished)}."
    return chosen, [left] if unfinished else []


def _entries(opened: Store, runs: Sequence[str], progress: Progress) -> list[Entry]:
    manifests = [opened.manifest(run) for run in runs]
    entries = []
    for at, (manifest, name) in enumerate(zip(manifests, names(manifests), strict=True)):
        progress("reading runs", at, len(runs))
        outcomes = opened.outcomes(manifest.run, manifest.judges)
        estimates, findings = opened.estimates(manifest.run), opened.findings(manifest.run)
        entries.append(Entry(name, manifest, outcomes, estimates, findings))
    progress("reading runs", len(runs), len(runs))
    return entries


def _counted(progress: Progress, at: int, groups: int) -> Progress:
    """One bar a group where there are several."""
    return lambda stage, done, total: progress(
        stage if groups == 1 else f"{stage}, group {at + 1}", done, total
    )
