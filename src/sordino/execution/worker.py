"""One worker process of a backend: the parent's half, which hands it batches, and the child's, which
answers them.
"""

import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from sordino.core.errors import SordinoError
from sordino.core.protocols import Backend
from sordino.core.records import Attempt, Request
from sordino.execution.child import Child, ChildDied, Pipe, heard, received

OpenBackend: TypeAlias = Callable[[], Backend]
Batch: TypeAlias = Sequence[Request]


class WorkerDied(Exception):  # noqa: N818 - it is no error of anybody's yet
    """The process is gone without a word; `str()` says by what. mend: what can be done."""

    def __init__(self, death: ChildDied) -> None:
        super().__init__(str(death))
        self.mend = (
            "Memory is the usual reason: use fewer workers or a smaller batch."
            if death.is_killed
            else "With one worker the work is done in this process, where more can be seen of it."
        )


class Worker:
    """A process that opens one backend and answers batches with it, one at a time.

    batch: what it has in hand; None while it opens its backend and while it waits.
    waits: whether it has opened its backend and has nothing in hand.
    """

    def __init__(self, open_backend: OpenBackend) -> None:
        """Returns at once; `ready` names the worker when its backend is open."""
        self.batch: Batch | None = None
        self.waits = False
        self._child = Child(_serve, open_backend)

    def give(self, batch: Batch) -> None:
        """Hand over a batch; only to a worker that `receive` has heard from since the last."""
        self.batch, self.waits = batch, False
        self._child.send(batch)

    def receive(self) -> list[Attempt]:
        """The attempts of the batch in hand, or none from a worker that has opened its backend. Waits.

        Raises WorkerDied, and what was raised in the worker: a SordinoError as it is, anything else as a
        RuntimeError that holds its traceback.
        """
        try:
            said = self._child.receive()
        except ChildDied as death:
            raise WorkerDied(death) from None
        match said:
            case SordinoError():
                raise said
            case str():
                raise RuntimeError(f"A worker process failed:\n{said}")
        self.batch, self.waits = None, True
        return list(said)

    def dismiss(self) -> None:
        """Have it leave: in order if it waits for work, else at once. Returns at once."""
        if not self.waits:
            self._child.kill()
        self._child.let_go()

    def join(self) -> None:
        """Wait until it has left."""
        self._child.join()


def ready(workers: Sequence[Worker]) -> list[Worker]:
    """The workers from which something can be received, their death included; waits for the first."""
    by_child = {worker._child: worker for worker in workers}
    return [by_child[child] for child in heard(list(by_child))]


def answer(backend: Backend, batch: Batch) -> list[Attempt]:
    """The attempts of a batch, in however many groups they came."""
    return [attempt for group in backend.generate(batch) for attempt in group]


def _serve(pipe: Pipe, open_backend: OpenBackend) -> None:
    """What the child does."""
    try:
        _answer_all(pipe, open_backend)
    except SordinoError as error:
        _say_last(pipe, error)
    except Exception:
        _say_last(pipe, traceback.format_exc())


def _answer_all(pipe: Pipe, open_backend: OpenBackend) -> None:
    """Open, say so, and answer until the parent closes the pipe."""
    with open_backend() as backend:
        pipe.send([])
        while batch := received(pipe):
            pipe.send(answer(backend, batch))


def _say_last(pipe: Pipe, word: object) -> None:
    with suppress(OSError):
        pipe.send(word)
