"""A thread that holds connections open, so that code without `async` can have many answers on the way.

An event loop of its own, rather than one driven step by step by the caller: what is on the way goes on
while the caller stores what came, and a notebook that runs a loop already is not disturbed.
"""

import asyncio
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from queue import SimpleQueue
from threading import Thread, current_thread
from typing import Any, Generic, TypeAlias, TypeVar

import aiohttp

A = TypeVar("A")
T = TypeVar("T")
Rest: TypeAlias = Callable[[float], Awaitable[None]]
Run: TypeAlias = Callable[[A, Rest], Awaitable[T]]
CONNECTING = 30.0
"""Seconds in which a host must take a connection."""


class Connections:
    """headers: of every request. sending: seconds that one may take."""

    def __init__(self, headers: Mapping[str, str], sending: float) -> None:
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever, name="sordino-connections", daemon=True)
        thread.start()
        opening = asyncio.run_coroutine_threadsafe(_session(headers, sending), loop)
        self.session = opening.result()
        self._loop = loop
        # Also run when the interpreter ends, where a session left open would complain.
        self.close = weakref.finalize(self, _shut, loop, thread, self.session)

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What it returns or raises, once it has."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def errands(self, run: "Run[A, T]", room: Callable[[], int]) -> "Errands[A, T]":
        """For many coroutines at once."""
        return Errands(self._loop, run, room)


class Errands(Generic[A, T]):
    """Errands that are run in the thread of a loop, and what comes of them, as it comes.

    run: runs one; it is given what it rests with, too. room: how many may be run at once, asked each time.

    Runners go from one errand to the next, and what has come is handed over together: a task, a lock and a
    wake-up for each errand would take longer than a fast server does.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, run: "Run[A, T]", room: Callable[[], int]) -> None:
        self._loop, self._run, self._room = loop, run, room
        self._due: deque[A] = deque()
        self._runners: set[asyncio.Task[None]] = set()
        self._done: list[T | Exception] = []
        self._come: SimpleQueue[list[T | Exception]] = SimpleQueue()
        self.open = self.resting = 0
        """How many are given and not taken yet; of these, how many only wait."""

    def give(self, errands: Iterable[A]) -> None:
        """Has them run."""
        given = list(errands)
        if given:
            self.open += len(given)
            self._loop.call_soon_threadsafe(self._begin, given)

    def take(self) -> list[T]:
        """What has come since; waits until something has, or one of them rests. Raises what one raised."""
        come = self._come.get()
        while not self._come.empty():
            come += self._come.get_nowait()
        self.open -= len(come)
        if error := next((one for one in come if isinstance(one, Exception)), None):
            raise error
        return [one for one in come if not isinstance(one, Exception)]

    async def rest(self, seconds: float) -> None:
        """The wait of one, in which others run."""
        self.resting += 1
        self._fill()
        self._hand_over()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.resting -= 1

    def cancel(self) -> None:
        """Breaks off what is on the way."""
        self._loop.call_soon_threadsafe(self._break_off)

    def _begin(self, given: list[A]) -> None:
        self._due.extend(given)
        self._fill()

    def _fill(self) -> None:
        for _ in range(min(self._room() - len(self._runners) + self.resting, len(self._due))):
            runner = self._loop.create_task(self._go())
            self._runners.add(runner)
            runner.add_done_callback(self._leave)

    async def _go(self) -> None:
        while self._due and len(self._runners) - self.resting <= self._room():
            errand = self._due.popleft()
            try:
                self._came(await self._run(errand, self.rest))
            except Exception as error:
                self._came(error)
            if self._due:
                self._fill()

    def _leave(self, runner: asyncio.Task[None]) -> None:
        self._runners.discard(runner)
        # Several may have left at once because there was too little room for all.
        self._fill()

    def _came(self, come: T | Exception) -> None:
        if not self._done:
            self._loop.call_soon(self._hand_over)
        self._done.append(come)

    def _hand_over(self) -> None:
        done, self._done = self._done, []
        self._come.put(done)

    def _break_off(self) -> None:
        self._due.clear()
        for runner in tuple(self._runners):
            runner.cancel()


async def _session(headers: Mapping[str, str], sending: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        # As many as there are requests on the way, which are counted elsewhere.
        connector=aiohttp.TCPConnector(limit=0),
        headers=dict(headers),
        timeout=aiohttp.ClientTimeout(total=sending, sock_connect=min(CONNECTING, sending)),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _shut(loop: asyncio.AbstractEventLoop, thread: Thread, session: aiohttp.ClientSession) -> None:
    # A garbage collection may happen in any thread, and a thread cannot wait for itself.
    if current_thread() is thread:
        loop.stop()
        return
    asyncio.run_coroutine_threadsafe(_end(session), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _end(session: aiohttp.ClientSession) -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await session.close()
