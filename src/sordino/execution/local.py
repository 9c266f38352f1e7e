"""Worker processes on one machine, behind the face of a backend: an audit cannot tell where the work ran.

On a CPU, several processes with a thread each answer more than one process with as many threads. This room
knows no backend: wiring hands it what opens one, and what cuts requests into batches.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from sordino.core.errors import TargetError
from sordino.core.protocols import Backend, Capabilities, TargetIdentity
from sordino.core.records import Attempt, Delivery, Request
from sordino.execution.worker import Batch, OpenBackend, Worker, WorkerDied, answer, ready

WORTH_A_PROCESS = 3
"""Batches for each worker that repay its start; benchmarks/generation.py measures both."""

_DEATHS_IN_A_ROW = 3
"""For each worker: with as many, and no answer between them, it is not the batches that are deadly."""

_MEND = "Memory is the usual reason: use fewer workers or a smaller batch."


class Processes:
    """A backend that answers batches in up to `workers` processes, or in this one where that is quicker.

    open_backend: opens one worker's backend; called in the worker, so it must pickle, and it should hold
      its backend to one thread. open_here: opens the one that does a small job here, with all threads; the
      same unless told.
    cut: requests into the batches that are answered together. For a run that is continued to compute what
      an unbroken one would have, the cut must be the same again when whole batches are taken out.

    A group of `generate` is a whole batch, in order of completion. A batch whose worker dies is tried once
    more, with a fresh process; after that its requests get ERROR attempts and stay owed. Where nothing but
    deaths comes back, TargetError ends it.
    """

    def __init__(
        self,
        open_backend: OpenBackend,
        cut: Callable[[Iterable[Request]], Sequence[Batch]],
        identity: TargetIdentity,
        capabilities: Capabilities,
        workers: int,
        *,
        open_here: OpenBackend | None = None,
    ) -> None:
        self._open = open_backend
        self._open_here = open_here or open_backend
        self._cut = cut
        self._identity = identity
        self._capabilities = capabilities
        self._workers = workers
        self._held = ExitStack()
        self._here: Backend | None = None

    @property
    def identity(self) -> TargetIdentity:
        return self._identity

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """Raises what the backend raises, and TargetError when the workers do nothing but die."""
        batches = self._cut(requests)
        workers = min(self._workers, len(batches) // WORTH_A_PROCESS)
        groups = self._in_this(batches) if workers < 2 else _in_processes(self._open, batches, workers)
        yield from filter(None, groups)

    def _in_this(self, batches: Iterable[Batch]) -> Iterator[list[Attempt]]:
        for batch in batches:
            if self._here is None:
                self._here = self._held.enter_context(self._open_here())
            yield answer(self._here, batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes what was opened in this process; the others have left when `generate` is through."""
        self._here = None
        self._held.close()


def _in_processes(
    open_backend: OpenBackend, batches: Iterable[Batch], count: int
) -> Iterator[list[Attempt]]:
    crew = _Crew(open_backend, batches, count)
    try:
        yield from crew.groups()
    finally:
        crew.dismiss()


class _Crew:
    """The workers on one job, and the batches that nobody has had yet."""

    def __init__(self, open_backend: OpenBackend, batches: Iterable[Batch], count: int) -> None:
        self._open = open_backend
        self._due = deque(batches)
        self._lost_once: list[Batch] = []
        self._count = count
        self._workers: list[Worker] = []
        self._deaths_in_a_row = 0

    def groups(self) -> Iterator[list[Attempt]]:
        """What the workers answer as they do; some groups are empty."""
        for _ in range(self._count):
            self._hire()
        while self._due or any(worker.batch for worker in self._workers):
            for worker in ready(self._workers):
                yield self._hear(worker)

    def dismiss(self) -> None:
        """Send all away, and wait until they are gone."""
        for worker in self._workers:
            worker.dismiss()
        for worker in self._workers:
            worker.join()

    def _hire(self) -> None:
        self._workers.append(Worker(self._open))

    def _hear(self, worker: Worker) -> list[Attempt]:
        """A worker's answers; it has its next batch before anybody uses them, which may take a while."""
        batch = worker.batch
        try:
            answers = worker.receive()
        except WorkerDied as death:
            self._workers.remove(worker)
            return self._after_death(batch, str(death))
        if batch is not None:
            self._deaths_in_a_row = 0
        if self._due:
            worker.give(self._due.popleft())
        return answers

    def _after_death(self, batch: Batch | None, why: str) -> list[Attempt]:
        """Who died with a batch in hand is replaced; who died without leaves the job to the others."""
        self._deaths_in_a_row += 1
        if batch is not None:
            self._hire()
        if not self._workers or self._deaths_in_a_row > _DEATHS_IN_A_ROW * self._count:
            raise TargetError(f"No worker process lives to answer anything ({why}). {_MEND}")
        if batch is None:
            return []
        if batch in self._lost_once:
            error = f"Its worker process died, twice ({why}). {_MEND}"
            return [Attempt(request.key, Delivery.ERROR, error=error) for request in batch]
        self._lost_once.append(batch)
        self._due.appendleft(batch)
        return []
