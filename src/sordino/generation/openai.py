"""The backend that asks a server in OpenAI's manner: vLLM, Ollama, llama.cpp, LM Studio, paid hosts.

It sends chat completions, whole and not streamed, many at a time. So far it serves as judge; it is no
target of an audit yet.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from itertools import islice
from queue import SimpleQueue
from time import monotonic
from types import TracebackType
from typing import Any, Self

import aiohttp

from sordino.core.identity import digest
from sordino.core.protocols import Capabilities, TargetIdentity
from sordino.core.records import Attempt, Request
from sordino.generation import replies
from sordino.generation.connections import Connections
from sordino.generation.endpoint import Endpoint, Key
from sordino.generation.persistence import AgainError, Persistence
from sordino.generation.replies import Reply

CONCURRENCY = 16
LARGEST_REPLY = 32 << 20
"""Bytes. No answer has so many, and a server that sends them must not fill the memory."""


class OpenAIBackend:
    """A model of a server, over its chat completions.

    key: None sends none. concurrency: requests on the way at once. json_reply: ask for `response_format`
    JSON, where the server knows it.

    Building it sends nothing, and the connections open with the first request. A request that fails is
    sent again as `persistence` says; one that fails for good is an attempt with an error, no exception.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        key: Key | None = None,
        concurrency: int = CONCURRENCY,
        persistence: Persistence | None = None,
        json_reply: bool = False,
    ) -> None:
        self._endpoint, self._key, self._concurrency = endpoint, key, concurrency
        self._persistence = persistence or Persistence()
        self._json_reply = json_reply
        self._dialect = _Dialect(json_reply)
        self._opened: Connections | None = None

    @property
    def identity(self) -> TargetIdentity:
        """`revision` is a digest of address and name: no server says which weights it has."""
        endpoint = self._endpoint
        return TargetIdentity(
            f"openai:{endpoint.model}@{endpoint.base}",
            endpoint.model,
            digest([endpoint.model, endpoint.base, self._json_reply])[:16],
            host=endpoint.host,
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """One attempt for each request, as they complete. Requests are taken only when there is room to
        send them, in the thread that asks. Left early, it breaks off what is on the way.
        """
        done: SimpleQueue[Future[Attempt]] = SimpleQueue()
        waiting, flying = iter(requests), set[Future[Attempt]]()
        try:
            while True:
                for request in islice(waiting, self._concurrency - len(flying)):
                    future = self._connections.submit(self._attempt(request))
                    flying.add(future)
                    future.add_done_callback(done.put)
                if not flying:
                    return
                finished = [done.get()]
                while not done.empty():
                    finished.append(done.get_nowait())
                flying.difference_update(finished)
                yield [future.result() for future in finished]
        finally:
            for future in flying:
                future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Breaks off what is on the way, and closes the connections."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def _connections(self) -> Connections:
        if self._opened is None:
            headers = {"Authorization": f"Bearer {self._key.value}"} if self._key else {}
            self._opened = Connections(self._concurrency, headers, self._persistence.sending)
        return self._opened

    async def _attempt(self, request: Request) -> Attempt:
        if request.prefill is not None:
            return replies.failed(request.key, "a prefill cannot be sent to a server yet", self._host)
        try:
            return await self._persistence.carry(partial(self._send, request))
        except AgainError as error:
            return replies.failed(request.key, self._hidden(str(error)), self._host)

    async def _send(self, request: Request) -> Attempt:
        body = self._dialect.body(self._endpoint.model, request)
        began = monotonic()
        try:
            # Redirects are not followed: the key would follow them.
            sending = self._connections.session.post(
                self._endpoint.completions, json=body, allow_redirects=False
            )
            async with sending as response:
                content = self._hidden((await _content(response)).decode("utf-8", "replace")).encode()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise AgainError("no connection", f"{self._host} ({_cause(error)})") from None
        except TimeoutError:
            raise AgainError(f"no reply within {self._persistence.sending:g} s") from None
        except aiohttp.ClientError as error:
            raise AgainError("connection broken", type(error).__name__) from None
        after = response.headers.get("Retry-After")
        reply = Reply(response.status, content, monotonic() - began, self._host, after)
        if reply.status == 400 and self._dialect.learns(replies.complaint(content), body):
            raise AgainError("HTTP 400", replies.complaint(content))
        return replies.attempt(request.key, reply)

    @property
    def _host(self) -> str:
        return self._endpoint.host

    def _hidden(self, text: str) -> str:
        return self._key.hidden(text) if self._key else text


@dataclass
class _Dialect:
    """How this server takes a request; what it refuses is said otherwise from then on."""

    json_reply: bool
    limit: str = "max_tokens"

    def body(self, model: str, request: Request) -> dict[str, Any]:
        """The JSON of a request; what the sampling leaves open is left to the server."""
        sampling = request.sampling
        settings = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            self.limit: sampling.max_tokens,
            "response_format": {"type": "json_object"} if self.json_reply else None,
        }
        return {
            "model": model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            **{name: value for name, value in settings.items() if value is not None},
        }

    def learns(self, complaint: str, sent: dict[str, Any]) -> bool:
        """Whether a complaint names something sent that can be left out or has a newer name."""
        if "response_format" in complaint and "response_format" in sent:
            self.json_reply = False
            return True
        if "max_completion_tokens" in complaint and "max_tokens" in sent:
            self.limit = "max_completion_tokens"
            return True
        return False


def _cause(error: aiohttp.ClientError) -> str:
    return getattr(error, "strerror", None) or "it does not take a connection"


async def _content(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for piece in response.content.iter_any():
        content += piece
        if len(content) > LARGEST_REPLY:
            raise AgainError(f"a reply of more than {LARGEST_REPLY >> 20} MiB")
    return bytes(content)
