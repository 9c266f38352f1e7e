"""How often and how long a request is sent again when a server fails, so that hosts are neither given up
too soon nor hammered.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity import stop_before_delay as stop_before
from tenacity import wait_random_exponential as wait_jittered

T = TypeVar("T")


class AgainError(Exception):
    """A sending that failed in a way that the next may not.

    what: the failure in a few words ("HTTP 429"). said: what the server said of it.
    after: seconds that the server asked to wait. tries: how often it was sent, once that is over.
    """

    def __init__(self, what: str, said: str = "", after: float | None = None) -> None:
        super().__init__(what)
        self.what, self.said, self.after, self.tries = what, said, after, 1

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

    async def carry(self, send: Callable[[], Awaitable[T]]) -> T:
        """What the first sending that succeeds returns. Raises the AgainError of the last."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.tries) | stop_before(self.total),
            wait=self._wait,
            retry=retry_if_exception_type(AgainError),
            reraise=True,
        )
        try:
            return await retrying(send)
        except AgainError as error:
            error.tries = int(retrying.statistics["attempt_number"])
            raise

    def _wait(self, state: RetryCallState) -> float:
        jittered = wait_jittered(multiplier=self.first_wait, max=self.longest_wait)(state)
        failed = state.outcome.exception() if state.outcome else None
        asked = failed.after if isinstance(failed, AgainError) else None
        # Not to the moment: all that were refused together would come back together.
        return (asked or 0.0) + jittered
