"""One worker process: the parent's half, which hands it batches, and the child's, which answers them.

Each has a pipe of its own, so that a worker that dies takes no other's work with it, and it is known whose
work it was (the pools of the standard library lose everything that is under way).
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Lock, Thread
from types import ModuleType
from typing import TypeAlias

from sordino.core.errors import SordinoError
from sordino.core.protocols import Backend
from sordino.core.records import Attempt, Request

OpenBackend: TypeAlias = Callable[[], Backend]
Batch: TypeAlias = Sequence[Request]

_starting = Lock()  # what is changed of this process meanwhile is changed back by whoever began
_SECONDS_TO_LEAVE = 5.0
"""What a worker without work gets to close its backend in, before it is killed."""


class WorkerDied(Exception):  # noqa: N818 - it is no error of anybody's yet
    """The process is gone without a word; `str()` says by what. mend: what can be done."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.mend = (
            "Memory is the usual reason: use fewer workers or a smaller batch."
            if by.endswith("SIGKILL")
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
        context = get_context("spawn")
        self._pipe, childs = context.Pipe()
        self._process = context.Process(target=_serve, args=(childs, open_backend), daemon=True)
        with childs, _starting, _main_hidden(), _interrupts_held():
            self._process.start()

    def give(self, batch: Batch) -> None:
        """Hand over a batch; only to a worker that `receive` has heard from since the last."""
        self.batch, self.waits = batch, False
        with suppress(OSError):  # it died meanwhile, as `receive` will say
            self._pipe.send(batch)

    def receive(self) -> list[Attempt]:
        """The attempts of the batch in hand, or none from a worker that has opened its backend. Waits.

        Raises WorkerDied, and what was raised in the worker: a SordinoError as it is, anything else as a
        RuntimeError that holds its traceback.
        """
        try:
            said = self._pipe.recv()
        except (EOFError, OSError):
            raise WorkerDied(self._buried()) from None
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
            self._process.kill()
        self._pipe.close()

    def join(self) -> None:
        """Wait until it has left."""
        self._process.join(_SECONDS_TO_LEAVE)
        self._process.kill()
        self._process.join()
        self._process.close()

    def _buried(self) -> str:
        """What the process died of."""
        self._pipe.close()
        self._process.join(_SECONDS_TO_LEAVE)
        status = self._process.exitcode
        self.join()
        if status is None or status >= 0:
            return f"exit status {status}"
        return f"killed by {signal.Signals(-status).name}"


def ready(workers: Sequence[Worker]) -> list[Worker]:
    """The workers from which something can be received, their death included; waits for the first."""
    by_pipe = {worker._pipe: worker for worker in workers}
    return [by_pipe[pipe] for pipe in wait(list(by_pipe)) if isinstance(pipe, Connection)]


def answer(backend: Backend, batch: Batch) -> list[Attempt]:
    """The attempts of a batch, in however many groups they came."""
    return [attempt for group in backend.generate(batch) for attempt in group]


def _serve(pipe: "Connection[object, Batch]", open_backend: OpenBackend) -> None:
    """What the child does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_leave_with_parent, daemon=True).start()
    try:
        _answer_all(pipe, open_backend)
    except SordinoError as error:
        _say_last(pipe, error)
    except Exception:
        _say_last(pipe, traceback.format_exc())


def _answer_all(pipe: "Connection[object, Batch]", open_backend: OpenBackend) -> None:
    """Open, say so, and answer until the parent closes the pipe."""
    with open_backend() as backend:
        pipe.send([])
        while batch := _next(pipe):
            pipe.send(answer(backend, batch))


def _say_last(pipe: "Connection[object, Batch]", word: object) -> None:
    with suppress(OSError):
        pipe.send(word)


def _next(pipe: "Connection[object, Batch]") -> Batch | None:
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None


def _leave_with_parent() -> None:
    """A parent that was killed says no goodbye, and a batch may take minutes."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """A spawned process runs the parent's script again, unguarded lines too. It needs nothing of it."""
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C goes to the children too, whose beginning no handler of theirs can cover. They inherit what is
    blocked while they are started; the parent gets its interrupt afterwards.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # else it starts beside the first child, and unblocks
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
