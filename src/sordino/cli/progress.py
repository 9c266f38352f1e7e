"""Progress of a long job, on stderr, with how long it will still take."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Timer

PATIENCE = 2.0
"""Seconds for which nobody needs to be told that something is being done."""


def unwatched(*, for_machines: bool) -> bool:
    """Whether nobody would see progress: what machines read is on stdout, and stderr is no terminal.

    for_machines: whether --json or --csv was given.
    """
    return for_machines and not sys.stderr.isatty()


@contextmanager
def stages(
    *, quiet: bool = False, patience: float = 0.0
) -> Iterator[Callable[[str, int, int | None], None]]:
    """Yields a function that takes a stage's name, what is done, and what there is (None: not known).

    patience: seconds from the first stage on after which it is shown; what ends before leaves no trace.
    """
    if quiet:
        yield lambda _stage, _done, _total: None
        return
    from rich.console import Console  # noqa: PLC0415 - help needs no progress
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        # A stage may name a model, and "[" or ":llama:" in it is no markup.
        TextColumn("{task.description:<20}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    bars = Progress(*columns, console=Console(stderr=True))
    # By a timer, for one stage can take long without a word.
    shown = Timer(patience, bars.start)
    shown.daemon = True

    def update(stage: str, done: int, total: int | None) -> None:
        if total == 0:
            return
        # Not before there is something to show: a message about bad input then stands alone.
        if not patience:
            bars.start()
        elif not tasks:
            shown.start()
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    try:
        yield update
    finally:
        shown.cancel()
        if shown.is_alive():
            shown.join()
        if bars.live.is_started:
            bars.stop()
