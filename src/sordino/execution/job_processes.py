"""Jobs in processes of this machine.

A process does one job after another, so that libraries are loaded once in it; after a failure another takes
its place, for nobody knows what state it is in.
"""

import os
import signal
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Generic, NoReturn, Self, TypeVar

from sordino.core.jobs import Done, Event, Failed, Job, Lost
from sordino.execution.child import Child, ChildDied, Pipe, heard, received
from sordino.execution.jobs import Deaths, carried_out, limit_threads

Result = TypeVar("Result")
EVERY = 0.1
"""Seconds between two words about a stage's progress."""
SECONDS_TO_STOP = 20.0
"""What an interrupted job gets to store what it has, before its process is killed."""
_MEND = "Memory is the usual reason: do fewer jobs at once (--jobs 1), or give it a smaller batch_size."
_MEND_OTHER = "Audit it alone with `sordino audit`, where more can be seen of it."


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class JobProcesses:
    """Does jobs in processes here.

    processes: at once. threads: that each computes with. computing: how many of the jobs in which a model
    runs may be under way at once, where they share an accelerator; None sets no bound.
    """

    machines = 1

    def __init__(self, processes: int, threads: int, computing: int | None = None) -> None:
        self.processes, self.threads = processes, threads
        self.computing = processes if computing is None else computing

    def run(self, jobs: Sequence[Job[Result]]) -> Generator[Event[Result], None, None]:
        """What happens, until every job is done or has failed. Closing it stops them, in order."""
        crew = _Crew(self, jobs)
        try:
            yield from crew.events()
        finally:
            crew.dismiss()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held between two runs."""


class _Crew(Generic[Result]):
    """The processes, who of them has which job, and the jobs that nobody has had yet."""

    def __init__(self, of: JobProcesses, jobs: Sequence[Job[Result]]) -> None:
        self._of = of
        self._due = deque(jobs)
        self._busy: dict[Child, Job[Result]] = {}
        self._idle: list[Child] = []
        self._leaving: list[Child] = []
        self._deaths = Deaths()

    def events(self) -> Generator[Event[Result], None, None]:
        """What is heard of the jobs, in order."""
        while self._due or self._busy:
            self._hand_out()
            for child in heard([*self._busy, *self._idle]):
                if event := self._hear(child):
                    yield event

    def dismiss(self) -> None:
        """Stop what is under way, send all away, and wait until they are gone."""
        children = [*self._busy, *self._idle, *self._leaving]
        try:
            for child in self._busy:
                child.interrupt()
            for child in self._idle:
                child.let_go()
            while children:
                children[-1].join(SECONDS_TO_STOP)
                children.pop()
        finally:
            # Whoever interrupts again does not want to wait.
            for child in children:
                child.kill()
            for child in children:
                child.join()

    def _hand_out(self) -> None:
        """Whoever is lost waits at the end: if memory was short, others are through by then."""
        for _ in range(len(self._due)):
            if len(self._busy) >= self._of.processes:
                return
            job = self._due.popleft()
            if not self._may_begin(job):
                self._due.append(job)
                continue
            child = self._idle.pop() if self._idle else Child(_serve, self._of.threads, has_children=True)
            self._busy[child] = job
            child.send(job)

    def _may_begin(self, job: Job[Result]) -> bool:
        computing = sum(other.computes for other in self._busy.values())
        return not job.computes or computing < self._of.computing

    def _hear(self, child: Child) -> Event[Result] | None:
        try:
            event: Event[Result] = child.receive()
        except ChildDied as death:
            return self._after_death(child, death)
        if isinstance(event, Done):
            del self._busy[child]
            self._idle.append(child)
        elif isinstance(event, Failed):
            del self._busy[child]
            child.let_go()
            self._leaving.append(child)
        return event

    def _after_death(self, child: Child, death: ChildDied) -> Lost | Failed | None:
        if child in self._idle:
            self._idle.remove(child)
            return None
        job = self._busy.pop(child)
        said = self._deaths.after(job, str(death), _MEND if death.is_killed else _MEND_OTHER)
        if isinstance(said, Lost):
            self._due.append(self._deaths.again(job))
        return said


def _serve(pipe: Pipe, threads: int) -> None:
    """What the child does: one job after another, until one fails or the parent has no more."""
    signal.signal(signal.SIGTERM, _interrupt)
    limit_threads(threads)
    with suppress(KeyboardInterrupt, BrokenPipeError):
        while (job := received(pipe)) is not None:
            ended = carried_out(job, pipe.send, EVERY)
            pipe.send(ended)
            if isinstance(ended, Failed):
                return


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """What Ctrl-C does to an audit, once: what is begun to be stored shall be."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
