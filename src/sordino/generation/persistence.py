"""How often and how long a request is sent again when a server fails, so that hosts are neither given up
too soon nor hammered.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity import stop_before_delay as stop_before
from tenacity import wait_random_exponential as wait_jittered

from sordino.core.records import Attempt, Delivery

T = TypeVar("T")
FEWEST = 40
"""Failures in a row, at the least, before a server is given up."""


class AgainError(Exception):
    """A sending that failed in a way that the next may not.

    what: the failure in a few words ("HTTP 429"). said: what the server said of it.
    after: seconds that the server asked to wait. strains: whether the server had more than it bears.
    begun: whether it may have begun an answer, which is paid for. came: what came of that; None where
    nobody could see. tries: how often it was sent, once that is over.
    """

    def __init__(
        self,
        what: str,
        said: str = "",
        after: float | None = None,
        *,
        strains: bool = False,
        begun: bool = False,
    ) -> None:
        super().__init__(what)
        self.what, self.said, self.after, self.strains, self.tries = what, said, after, strains, 1
        self.begun = begun
        self.came: str | None = None

    def __str__(self) -> str:
        tries = f" after {self.tries} tries" if self.tries > 1 else ""
        waited = "" if self.after is None else f" (asked to wait {self.after:g} s)"
        return f"{self.what}{tries}{waited}" + (f": {self.said}" if self.said else "")


@dataclass(frozen=True, slots=True)
class Persistence:
    """Seconds, but for `tries`.

    tries: sendings of one request. sending: what one may take. total: what all may take, waits included.
    first_wait, longest_wait: the wait before sending again is drawn below a bound that doubles from the
    first to the longest (full jitter, as AWS's "Exponential Backoff and Jitter", 2015, calls it). A server
    that asks for longer (Retry-After) gets it, as long as `total` allows.
    """

    tries: int = 5
    sending: float = 300.0
    total: float = 900.0
    first_wait: float = 1.0
    longest_wait: float = 60.0

    async def go_on(
        self,
        failed: AgainError,
        began: float,
        send: Callable[[], Awaitable[T]],
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> T:
        """What the first further sending that succeeds returns. Raises the AgainError of the last.

        failed: how the first sending did, which the caller makes: most need no other, and tenacity's
        bookkeeping takes as long as a sending. began: when that was (monotonic). rest: waits so many
        seconds before the next.
        """
        first = [failed]
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.tries) | stop_before(self.total - (monotonic() - began)),
            wait=self._wait,
            sleep=rest,
            retry=retry_if_exception_type(AgainError),
            reraise=True,
        )

        async def again() -> T:
            if first:
                raise first.pop()
            return await send()

        try:
            return await retrying(again)
        except AgainError as error:
            error.tries = int(retrying.statistics["attempt_number"])
            raise

    def _wait(self, state: RetryCallState) -> float:
        jittered = wait_jittered(multiplier=self.first_wait, max=self.longest_wait)(state)
        failed = state.outcome.exception() if state.outcome else None
        asked = failed.after if isinstance(failed, AgainError) else None
        # Not to the moment: all that were refused together would come back together.
        return (asked or 0.0) + jittered


class Failures:
    """Attempts that failed since the last one that did not: nobody shall wait for a server that is gone.

    last: how the last of them failed.
    """

    def __init__(self, patience: float) -> None:
        """patience: seconds without any answer after which three failures are enough."""
        self._patience, self.last = patience, ""
        self._in_a_row, self._since = 0, monotonic()

    def begin(self) -> None:
        """Asking begins, or goes on after a pause."""
        if not self._in_a_row:
            self._since = monotonic()

    def note(self, attempts: Iterable[Attempt], room: int) -> str | None:
        """What failed last, once it is time to give up; None before. room: requests on the way at once."""
        for attempt in attempts:
            if attempt.delivery is not Delivery.ERROR:
                self._in_a_row, self._since = 0, monotonic()
                continue
            self._in_a_row, self.last = self._in_a_row + 1, attempt.error or "no reason"
            is_long = self._in_a_row >= 3 and monotonic() - self._since > self._patience
            if self._in_a_row >= max(FEWEST, 3 * room) or is_long:
                return f"{self._in_a_row} requests in a row failed; the last one: {self.last}"
        return None
