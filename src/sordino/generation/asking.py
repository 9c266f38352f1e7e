"""A server being asked: what lives as long as the connections, and how a request becomes an attempt."""

from functools import partial
from time import monotonic

from sordino.core.records import Attempt, Delivery, Request
from sordino.core.tokens import estimated_tokens
from sordino.generation.connections import Connections, Rest
from sordino.generation.dialect import Dialect
from sordino.generation.key import Key
from sordino.generation.metering import Meter, SpentError
from sordino.generation.pace import Pace, Pacer
from sordino.generation.persistence import AgainError, Persistence
from sordino.generation.sending import Sending
from sordino.generation.slots import Slots


class Asking:
    """concurrency: requests on the way at once, at the most. meter: asked before every sending."""

    def __init__(
        self,
        dialect: Dialect,
        key: Key | None,
        concurrency: int,
        persistence: Persistence,
        pace: Pace,
        meter: Meter,
    ) -> None:
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key.value}"
        self.connections = Connections(headers, persistence.sending)
        self.slots = Slots(concurrency)
        self._dialect, self._persistence = dialect, persistence
        self._sending = Sending(self.connections.session, dialect, key, meter)
        self._send = self._placed if pace.is_free else partial(self._paced, pacer=Pacer(pace))
        self._failed, self._host = self._sending.reader.failed, dialect.endpoint.host

    async def attempt(self, request: Request, rest: Rest) -> Attempt:
        """One attempt, whatever becomes of it. rest: waits before the request is sent again."""
        if request.prefill is not None and not self._dialect.takes_prefill:
            return self._failed(request, f"{self._host} takes no prefill; asked with --plain it does")
        began, failed = monotonic(), list[AgainError]()
        send = partial(self._tried, request, failed)
        try:
            try:
                return await send()
            except AgainError as error:
                return await self._persistence.go_on(error, began, send, rest)
        except AgainError as error:
            return self._failed(request, str(error))
        except SpentError:
            told = f"{failed[-1]}; the budget" if failed else "the budget"
            return self._failed(request, f"{told} allows no other sending")

    async def _tried(self, request: Request, failed: list[AgainError]) -> Attempt:
        try:
            return await self._send(request)
        except AgainError as error:
            failed.append(error)
            error.tries = len(failed)
            raise

    async def _paced(self, request: Request, pacer: Pacer) -> Attempt:
        expected = await pacer.turn(_prompt(request), request.sampling.max_tokens)
        attempt = await self._placed(request)
        pacer.came(expected, attempt.prompt_tokens, attempt.completion_tokens)
        return attempt

    async def _placed(self, request: Request) -> Attempt:
        if not self.slots.enter():
            await self.slots.wait()
        sent = monotonic()
        try:
            attempt = await self._sending.once(request)
            if attempt.delivery is not Delivery.ERROR:
                self.slots.answered()
        except AgainError as error:
            if error.strains:
                # No longer than a wait of one's own: who asks for a day is not waited for by anybody.
                self.slots.strained(sent, min(error.after or 0.0, self._persistence.longest_wait))
            raise
        finally:
            self.slots.leave()
        return attempt


def _prompt(request: Request) -> int:
    told = sum(estimated_tokens(message.content) for message in request.messages)
    return told + estimated_tokens(request.prefill or "")
