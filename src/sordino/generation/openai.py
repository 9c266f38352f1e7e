"""The backend that asks a server in OpenAI's manner: vLLM, Ollama, llama.cpp, LM Studio, paid hosts.

Sits beside the other backends. What is said (`dialect`), how one request is sent (`sending`) and read
(`replies`), how many at once (`slots`), how fast (`pace`) and how often (`persistence`) meet here.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import TracebackType
from typing import Self

from sordino.core.errors import TargetError
from sordino.core.identity import digest
from sordino.core.protocols import Capabilities, TargetIdentity
from sordino.core.records import Attempt, Request
from sordino.generation import listing
from sordino.generation.asking import Asking
from sordino.generation.dialect import Dialect, Manner
from sordino.generation.endpoint import Endpoint
from sordino.generation.key import Key
from sordino.generation.metering import Meter, Unmetered
from sordino.generation.pace import Pace
from sordino.generation.persistence import Failures, Persistence
from sordino.generation.presets import preset_of
from sordino.generation.refusals import Refusals, mend, refused

__all__ = ["CONCURRENCY", "Manner", "OpenAIBackend"]

CONCURRENCY = 16


class OpenAIBackend:
    """A model of a server.

    key: None sends none. concurrency: requests on the way at once, at the most; fewer while the server
    bears no more. json_reply: ask for `response_format` JSON, where the server knows it. manner: streamed
    or not, raw text or chat, with log-probabilities or without. pace: rates that are kept.
    ends_at_refusal: whether `generate` raises at once for a refusal that every request would get.
    `meter`, set before the first request, is asked before every sending.

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
        manner: Manner | None = None,
        pace: Pace | None = None,
        ends_at_refusal: bool = False,
    ) -> None:
        self._endpoint, self._key, self._concurrency = endpoint, key, concurrency
        self._persistence, self._pace = persistence or Persistence(), pace or Pace()
        self._dialect = Dialect(endpoint, manner or Manner(), json_reply, preset_of(endpoint))
        self._failures = Failures(self._persistence.total)
        self._refusals = Refusals() if ends_at_refusal else None
        self.meter: Meter = Unmetered()
        self._has_list = False
        self._opened: Asking | None = None

    @property
    def identity(self) -> TargetIdentity:
        """`revision` is a digest of address, name, and what changes what the model reads: no server says
        which weights it has.
        """
        endpoint, dialect = self._endpoint, self._dialect
        told = [endpoint.model, endpoint.base, dialect.json_reply, *(["plain"] * dialect.manner.plain)]
        return TargetIdentity(
            f"openai:{endpoint.model}@{endpoint.base}",
            endpoint.model,
            digest(told)[:16],
            host=endpoint.host,
        )

    @property
    def capabilities(self) -> Capabilities:
        """What the server takes, as far as it is known; `check` may know better afterwards."""
        return Capabilities(
            prefill=self._dialect.takes_prefill,
            log_probabilities=self._dialect.gives_log_probabilities,
            streaming=self._dialect.manner.stream,
        )

    def check(self) -> None:
        """Asks the server once what it has. Raises TargetError where it cannot be reached, does not take
        the key, is no such server, or lacks the model; a server that keeps no list passes.
        """
        held = self._asking.connections
        listed = held.wait(listing.check(held.session, self._endpoint, self._key))
        self._dialect.preset, self._has_list = listed

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """One attempt for each request, as they complete. Requests are taken only when there is room to
        send them, in the thread that asks. Left early, it breaks off what is on the way.

        Raises TargetError once so many have failed in a row that the server must be gone, or one was
        refused as all would be; they are given out first, and stay owed.
        """
        asking, waiting = self._asking, iter(requests)
        errands = asking.connections.errands(asking.attempt, lambda: asking.slots.room)
        self._failures.begin()
        ahead = 0
        try:
            while True:
                # What waits to be sent again leaves its room to others, but nothing overtakes a single one.
                away = errands.open - errands.resting
                room = min(asking.slots.room - away, 2 * self._concurrency - 1 - errands.open)
                errands.give(islice(waiting, max(room + ahead, 0)))
                if not errands.open:
                    return
                if completed := errands.take():
                    # As many as came while this thread was busy shall be at hand the next time it is.
                    ahead = min(max(len(completed), ahead) - 1, self._concurrency)
                    yield completed
                    self._give_up(completed, asking.slots.room)
        finally:
            errands.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Breaks off what is on the way, and closes the connections."""
        if self._opened is not None:
            self._opened.connections.close()
            self._opened = None

    @property
    def _asking(self) -> Asking:
        if self._opened is None:
            self._opened = Asking(
                self._dialect, self._key, self._concurrency, self._persistence, self._pace, self.meter
            )
        return self._opened

    def _give_up(self, completed: Sequence[Attempt], room: int) -> None:
        if self._refusals and (refusal := self._refusals.note(completed)):
            raise refused(self._endpoint, self._key, refusal, has_list=self._has_list)
        if why := self._failures.note(completed, room):
            raise TargetError(
                f"{self.identity.spec} is given up: {why.rstrip('.')}. {mend(self._failures.last)} What "
                "was answered is stored, and the same command goes on."
            )
