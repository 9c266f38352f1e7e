"""A spawned process with a pipe of its own, begun so that it inherits nothing, and never left behind.

Each has its own pipe, so that one that dies takes no other's work with it, and it is known whose work it
was (the pools of the standard library lose everything that is under way).
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from threading import Lock, Thread
from types import ModuleType
from typing import Any, TypeAlias

Pipe: TypeAlias = "Connection[Any, Any]"

_starting = Lock()  # what is changed of this process meanwhile is changed back by whoever began
SECONDS_TO_LEAVE = 5.0
"""What a process without work gets to close what it holds, before it is killed."""


class ChildDied(Exception):  # noqa: N818 - it is no error of anybody's yet
    """The process is gone without a word; `str()` says by what. is_killed: by a SIGKILL of somebody's."""

    @property
    def is_killed(self) -> bool:
        return str(self).endswith("SIGKILL")


class Child:
    """A process that runs `serve(pipe, *told)`; all of it must pickle by name. Ctrl-C is not for it.

    has_children: whether it may have processes of its own.
    """

    def __init__(self, serve: Callable[..., None], *told: object, has_children: bool = False) -> None:
        """Returns at once."""
        context = get_context("spawn")
        self._pipe, childs = context.Pipe()
        self._process = context.Process(target=_begin, args=(serve, childs, *told), daemon=not has_children)
        try:
            with childs, _starting, _main_hidden(), _interrupts_held():
                self._process.start()
        except BaseException:
            self._pipe.close()  # whoever has begun hears nothing, and leaves
            raise

    def send(self, thing: object) -> None:
        """Does nothing where it died meanwhile, as `receive` will say."""
        with suppress(OSError):
            self._pipe.send(thing)

    def receive(self) -> Any:
        """What it sent next. Waits. Raises ChildDied."""
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            raise ChildDied(self._buried()) from None

    def interrupt(self) -> None:
        """Ask it to stop what it does. Returns at once."""
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def let_go(self) -> None:
        """It hears no more of this process, and so leaves when it has nothing in hand. Returns at once."""
        self._pipe.close()

    def join(self, seconds: float = SECONDS_TO_LEAVE) -> None:
        """Wait until it has left, and have it leave after so long."""
        self._process.join(seconds)
        self._process.kill()
        self._process.join()
        self._process.close()

    def _buried(self) -> str:
        """What the process died of."""
        self.let_go()
        self._process.join(SECONDS_TO_LEAVE)
        status = self._process.exitcode
        self.join()
        if status is None or status >= 0:
            return f"exit status {status}"
        return f"killed by {signal.Signals(-status).name}"


def heard(children: Sequence[Child]) -> list[Child]:
    """Those from which something can be received, their death included; waits for the first."""
    by_pipe = {child._pipe: child for child in children}
    return [by_pipe[pipe] for pipe in wait(list(by_pipe)) if isinstance(pipe, Connection)]


def received(pipe: Pipe) -> Any:
    """In the child: what the parent sent next, or None when it sends no more."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return None


def _begin(serve: Callable[..., None], pipe: Pipe, *told: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_leave_with_parent, daemon=True).start()
    serve(pipe, *told)


def _leave_with_parent() -> None:
    """A parent that was killed says no goodbye, and what is in hand may take minutes."""
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
