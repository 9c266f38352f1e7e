"""One request sent once: the bytes out, the reply in, and an attempt or the failure that may pass."""

import asyncio
import os
from contextlib import suppress
from time import monotonic
from typing import Any

import aiohttp
from yarl import URL

from sordino.core.records import Attempt, Request
from sordino.generation.chunks import Assembly
from sordino.generation.complaints import parsed, plain, said
from sordino.generation.dialect import Dialect, encoded
from sordino.generation.key import Key
from sordino.generation.metering import Meter, SpentError
from sordino.generation.persistence import AgainError
from sordino.generation.redirects import redirected
from sordino.generation.refusals import REDIRECTS
from sordino.generation.replies import Reader
from sordino.generation.streaming import EventReader

LARGEST_REPLY = 32 << 20
"""Bytes. No answer has so many, and a server that sends them must not fill the memory."""
LINGERING = 0.5
"""Seconds in which the end of a stream must follow its last event."""
_COMPLAINING = (400, 422)
_WHOLE = ("application/json", "text/html")
"""Types of a reply that is no stream, also where one was asked for."""


class Sending:
    """Sends requests over a session. key: taken out of whatever comes back. meter: asked before each."""

    def __init__(
        self, session: aiohttp.ClientSession, dialect: Dialect, key: Key | None, meter: Meter
    ) -> None:
        self._session, self._dialect, self._meter = session, dialect, meter
        self._hide = key.hidden if key else plain
        self.reader = Reader(dialect, self._hide)
        self._host = dialect.endpoint.host
        self._urls: dict[str, URL] = {}

    async def once(self, request: Request) -> Attempt:
        """The attempt that one sending makes; a second one follows at once where the server only wants it
        said otherwise. Raises AgainError where waiting may help, SpentError where nothing more may be sent.
        """
        came = Assembly()
        try:
            return await self._once(request, came)
        except AgainError as error:
            if came.is_begun:
                error.begun, error.came = True, came.said
            self._meter.broke(request, error.came, begun=error.begun)
            raise

    async def _once(self, request: Request, came: Assembly) -> Attempt:
        url = self._url(self._dialect.address(request))
        while True:
            if not self._meter.may_send(request):
                raise SpentError
            body, began = self._dialect.body(request), monotonic()
            try:
                # Redirects are not followed: the key would follow them.
                sending = self._session.post(url, data=encoded(body), allow_redirects=False)
                async with sending as response:
                    if self._is_stream(response):
                        return await self._stream(request, response, came, began)
                    status, content = response.status, await content_of(response)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                told = f"{self._host} ({cause(error)})"
                raise AgainError("no connection", told, strains=True) from None
            except TimeoutError:
                raise AgainError(f"no reply within {self._seconds:g} s", strains=True, begun=True) from None
            except aiohttp.ClientError as error:
                raise AgainError("connection broken", _broken(error), begun=True) from None
            location = response.headers.get("Location")
            if place := redirected(str(url), status, location, self._hide):
                return self.reader.failed(request, f"HTTP {status}: {REDIRECTS}{place}")
            if status not in _COMPLAINING or not self._learns(content, body):
                after = response.headers.get("Retry-After")
                return self.reader.whole(request, status, content, monotonic() - began, after)
            self._meter.broke(request)

    async def _stream(
        self, request: Request, response: aiohttp.ClientResponse, came: Assembly, began: float
    ) -> Attempt:
        events, size, raw = EventReader(), 0, bytearray()
        try:
            async for piece in response.content.iter_any():
                size += len(piece)
                _check(size)
                if not came.is_begun:
                    raw += piece
                if self._is_over(came, events.feed(piece)):
                    await _rest(response)
                    return self.reader.streamed(request, came, monotonic() - began)
            is_over = self._is_over(came, events.close())
        except UnicodeDecodeError:
            raise AgainError("connection broken", "in the middle of a character", begun=True) from None
        if not came.is_begun:
            return self.reader.whole(request, response.status, bytes(raw), monotonic() - began)
        if not (is_over or came.is_ended):
            raise AgainError("connection broken", "the stream ended before the answer did", begun=True)
        return self.reader.streamed(request, came, monotonic() - began)

    def _is_over(self, came: Assembly, events: list[str]) -> bool:
        for data in events:
            if data.strip() == "[DONE]":
                return True
            chunk = parsed(data)
            if not isinstance(chunk, dict):
                raise AgainError("a stream with what is no chunk", self.reader.complaint(data.encode()))
            came.feed(chunk)
        return False

    def _is_stream(self, response: aiohttp.ClientResponse) -> bool:
        is_asked_for = self._dialect.manner.stream and response.status == 200
        return is_asked_for and response.content_type not in _WHOLE

    def _learns(self, content: bytes, sent: dict[str, Any]) -> bool:
        body = parsed(content)
        told = self.reader.complaint(content) if body is None else said(body)
        return self._dialect.learns(told, sent)

    def _url(self, address: str) -> URL:
        # Parsing one takes a tenth of a sending.
        if address not in self._urls:
            self._urls[address] = URL(address)
        return self._urls[address]

    @property
    def _seconds(self) -> float:
        return self._session.timeout.total or 0.0


def cause(error: aiohttp.ClientError) -> str:
    """Why a host takes no connection, in the words of the system."""
    if isinstance(error, aiohttp.ClientSSLError):
        return f"no secure connection: {error.__cause__ or 'TLS failed'}"
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    return getattr(error, "strerror", None) or "it does not take a connection"


def _broken(error: aiohttp.ClientError) -> str:
    """How a connection ended before its reply did."""
    if isinstance(error, aiohttp.ClientPayloadError):
        return "in the middle of a reply"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "before a reply"
    return cause(error) if isinstance(error, aiohttp.ClientOSError) else "the reply is no HTTP"


def _check(size: int) -> None:
    if size > LARGEST_REPLY:
        raise AgainError(f"a reply of more than {LARGEST_REPLY >> 20} MiB", begun=True)


async def content_of(response: aiohttp.ClientResponse) -> bytes:
    """The body of a reply. Raises AgainError where it is too large."""
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        _check(len(content))
    return bytes(content)


async def _rest(response: aiohttp.ClientResponse) -> None:
    """Reads the end of a reply, so that its connection can serve again; where none comes, it will not."""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(LINGERING):
            async for _ in response.content.iter_any():
                pass
