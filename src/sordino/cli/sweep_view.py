"""One view of many audits, on stderr: a line for each that is under way, and how long all will take."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from sordino.core.jobs import Began, Done, Event, Failed, Lost, Progressed
from sordino.reporting.text import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from sordino.wiring.sweeping import Audited, Planned

    Listen: TypeAlias = Callable[[Event[Audited]], None]

ASKING = 0.9
"""The share of an audit that asking is taken for, until it is through."""
LONG = 1800.0
"""Seconds over which the speed of all is taken: models differ, and one may be under way for long."""
NAME, STAGE = 34, 18
"""The most characters of a name, and the least room of a stage, so that bars keep their place."""


@contextmanager
def view(planned: "Sequence[Planned]", *, quiet: bool = False) -> "Iterator[Listen]":
    """Yields what is to be told what happens."""
    if quiet:
        yield lambda _event: None
        return
    from rich.console import Console  # noqa: PLC0415 - help needs no progress

    shown = _View(Console(stderr=True), planned)
    try:
        yield shown.hear
    finally:
        shown.close()


class _View:
    def __init__(self, console: "Console", planned: "Sequence[Planned]") -> None:
        self._console = console
        self._under_way: dict[str, TaskID] = {}
        self._stages: dict[str, str] = {}
        self._shares: dict[str, float] = {}
        self._ended = 0
        self._width = max(len(_short(one.entry.name)) for one in planned)
        self._due = sum(one.finished is None for one in planned)
        self._bars = _bars(console)
        for one in planned:
            if one.finished:
                self._say("stored", "dim", one.entry.name, one.finished.sentence)
        self._all = self._bars.add_task("all", total=max(1, self._due), stage="", count=self._counted())
        if self._due:
            self._bars.start()

    def hear(self, event: "Event[Audited]") -> None:
        match event:
            case Began():
                self._begin(event.job)
            case Progressed():
                self._progress(event)
            case Lost():
                self._leave(event.job, 0.0)
                self._say("again", "yellow", event.job, event.why)
            case Done():
                self._leave(event.job, 1.0)
                lacks = _lacks(event.result)
                state, style = ("partly", "yellow") if lacks else ("done", "green")
                self._say(state, style, event.job, lacks + event.result.sentence)
            case Failed():
                self._leave(event.job, 1.0)
                self._say("failed", "red", event.job, event.error)

    def close(self) -> None:
        """Leaves the lines of what ended."""
        if self._bars.live.is_started:
            self._bars.stop()

    def _begin(self, job: str) -> None:
        self._leave(job, 0.0)
        self._under_way[job] = self._bars.add_task(_short(job), total=None, stage="starting", count="")

    def _progress(self, event: Progressed) -> None:
        task = self._under_way.get(event.job)
        if task is None:
            return
        count = f"{event.done:,}/{event.total:,}"
        if event.stage != self._stages.get(event.job):
            self._stages[event.job] = event.stage
            # How long a stage takes says nothing about the next.
            self._bars.reset(task, total=event.total, stage=visible(event.stage), count=count)
        self._bars.update(task, completed=event.done, total=event.total, count=count)
        self._share(event.job, _share(event))

    def _leave(self, job: str, share: float) -> None:
        if (task := self._under_way.pop(job, None)) is not None:
            self._bars.remove_task(task)
        self._stages.pop(job, None)
        self._ended += share == 1.0
        self._share(job, share)

    def _share(self, job: str, share: float) -> None:
        self._shares[job] = share
        self._bars.update(self._all, completed=sum(self._shares.values()), count=self._counted())

    def _counted(self) -> str:
        return f"{self._ended} of {self._due} models"

    def _say(self, state: str, style: str, name: str, said: str) -> None:
        from rich.text import Text  # noqa: PLC0415

        line = Text.assemble((f"{state:<7}", style), f"{_short(name):<{self._width}} ", visible(said))
        self._console.print(line, no_wrap=True, overflow="ellipsis", crop=True)


def _share(event: Progressed) -> float:
    """How much of its audit is done."""
    if event.stage == "looking up":
        return 0.0
    asked = event.done / event.total if event.stage == "asking" and event.total else 1.0
    return ASKING * asked


def _lacks(audited: "Audited") -> str:
    """What is still owed of a run that was concluded even so."""
    errors = f"{audited.errors:,} requests failed. " if audited.errors else ""
    left = f"{audited.left:,} were not in the budget. " if audited.left else ""
    return errors + left


def _short(name: str) -> str:
    told = visible(name)
    return told if len(told) <= NAME else f"{told[: NAME - 1]}…"


def _bars(console: "Console") -> "Progress":
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Column  # noqa: PLC0415

    return Progress(
        # A name is no markup.
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[stage]}", markup=False, table_column=Column(min_width=STAGE)),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[count]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        speed_estimate_period=LONG,
        redirect_stdout=False,
        redirect_stderr=False,
    )
