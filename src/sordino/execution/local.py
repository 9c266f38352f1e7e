"""Worker processes on one machine, behind the face of a backend: an audit cannot tell where the work ran.

On a CPU, several processes with a thread each answer more than one process with as many threads. This room
knows no backend: wiring hands it what opens one, and what cuts requests into batches.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sordino.core.errors import TargetError
from sordino.core.protocols import Backend, Capabilities, TargetIdentity
from sordino.core.records import Attempt, Delivery, Request
from sordino.execution.worker import Batch, OpenBackend, Worker, WorkerDied, answer, ready

_DEATHS_IN_A_ROW = 4
"""For each worker: with more, and no answer between them, it is not the batches that are deadly."""


class Processes:
    """A backend that answers in this process, or with several workers always in processes of theirs.

    Where the work runs may change an answer's last bits, so it depends on `workers` and never on how much
    of a job is left: a resumed run is computed as an unbroken one.

    open_backend: opens the backend: here, or one in each worker, for which it must pickle.
    cut: requests into the batches that are answered together. For a run that is continued to compute what
      an unbroken one would have, the cut must be the same again when whole batches are taken out.

    A group of `generate` is a whole batch, in order of completion. A batch whose worker dies is tried once
    more, as two halves; the requests of a half that is lost too get ERROR attempts and stay owed. Where
    nothing but deaths comes back, TargetError ends it.
    """

    def __init__(
        self,
        open_backend: OpenBackend,
        cut: Callable[[Iterable[Request]], Sequence[Batch]],
        identity: TargetIdentity,
        capabilities: Capabilities,
        workers: int,
    ) -> None:
        self._open = open_backend
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
        groups = (
            self._in_this(batches)
            if self._workers == 1
            else _in_processes(self._open, batches, min(self._workers, len(batches)))
        )
        yield from filter(None, groups)

    def _in_this(self, batches: Iterable[Batch]) -> Iterator[list[Attempt]]:
        for batch in batches:
            if self._here is None:
                self._here = self._held.enter_context(self._open())
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


@dataclass(eq=False)
class _Lost:
    """A batch whose worker died: its halves that are not through, and what came of the others."""

    halves: list[Batch]
    attempts: list[Attempt] = field(default_factory=list)

    def has(self, batch: Batch) -> bool:
        return any(half is batch for half in self.halves)

    def settle(self, batch: Batch, attempts: list[Attempt]) -> list[Attempt]:
        """The attempts of the whole batch with its last half, none before: a group stays a group."""
        self.halves = [half for half in self.halves if half is not batch]
        self.attempts += attempts
        return [] if self.halves else self.attempts


class _Crew:
    """The workers on one job, and the batches that nobody has had yet."""

    def __init__(self, open_backend: OpenBackend, batches: Iterable[Batch], count: int) -> None:
        self._open = open_backend
        self._due = deque(batches)
        self._lost: list[_Lost] = []
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

    def _hand_out(self) -> None:
        for worker in self._workers:
            if self._due and worker.waits:
                worker.give(self._due.popleft())

    def _hear(self, worker: Worker) -> list[Attempt]:
        """A worker's answers; it has its next batch before anybody uses them, which may take a while."""
        batch = worker.batch
        try:
            answers = worker.receive()
        except WorkerDied as death:
            self._workers.remove(worker)
            return self._after_death(batch, death)
        if batch is not None:
            self._deaths_in_a_row = 0
            answers = self._settled(batch, answers)
        self._hand_out()
        return answers

    def _after_death(self, batch: Batch | None, death: WorkerDied) -> list[Attempt]:
        """What is due goes to those who wait. Who died with a batch in hand is replaced where nobody does;
        who died without leaves the job to the others.
        """
        self._deaths_in_a_row += 1
        attempts = [] if batch is None else self._retry(batch, death)
        self._hand_out()
        if self._due and batch is not None:
            self._hire()
        if (self._due and not self._workers) or self._deaths_in_a_row > _DEATHS_IN_A_ROW * self._count:
            raise TargetError(f"No worker process lives to answer anything ({death}). {death.mend}")
        return attempts

    def _retry(self, batch: Batch, death: WorkerDied) -> list[Attempt]:
        if any(lost.has(batch) for lost in self._lost):
            error = f"Its worker process died, twice ({death}). {death.mend}"
            failed = [Attempt(request.key, Delivery.ERROR, error=error) for request in batch]
            return self._settled(batch, failed)
        middle = (len(batch) + 1) // 2
        lost = _Lost([half for half in (batch[:middle], batch[middle:]) if half])
        self._lost.append(lost)
        self._due.extendleft(reversed(lost.halves))
        return []

    def _settled(self, batch: Batch, attempts: list[Attempt]) -> list[Attempt]:
        """What can be given out now that a batch is through."""
        lost = next((lost for lost in self._lost if lost.has(batch)), None)
        return attempts if lost is None else lost.settle(batch, attempts)
