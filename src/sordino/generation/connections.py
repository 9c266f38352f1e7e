"""A thread that holds connections open, so that code without `async` can have many answers on the way.

An event loop of its own, rather than one driven step by step by the caller: what is on the way goes on
while the caller stores what came, and a notebook that runs a loop already is not disturbed.
"""

import asyncio
import weakref
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from threading import Thread, current_thread
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")
CONNECTING = 30.0
"""Seconds in which a host must take a connection."""


class Connections:
    """size: how many at once. headers: of every request. sending: seconds that one may take."""

    def __init__(self, size: int, headers: Mapping[str, str], sending: float) -> None:
        loop = asyncio.new_event_loop()
        thread = Thread(target=loop.run_forever, name="sordino-connections", daemon=True)
        thread.start()
        opening = asyncio.run_coroutine_threadsafe(_session(size, headers, sending), loop)
        self.session = opening.result()
        self._loop = loop
        # Also run when the interpreter ends, where a session left open would complain.
        self.close = weakref.finalize(self, _shut, loop, thread, self.session)

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Runs it in the thread. To cancel the future is to break the request off."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)


async def _session(size: int, headers: Mapping[str, str], sending: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=size),
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
