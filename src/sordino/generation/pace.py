"""How fast a server is asked: rates that its owner sets, kept over any minute.

A token bucket each (as ITU-T I.371 has it), with room for one second: what was left unused a minute ago is
gone. Tokens are estimated before a request and set right by what the server states after it.
"""

import asyncio
from dataclasses import dataclass
from time import monotonic

MINUTE = 60.0
FIRST_ANSWER = 1024
"""Tokens that the first answers are taken to have, where the request sets no limit."""
_NOTHING = 1e-6
_MEMORY = 32
"""Answers over which their mean length is kept."""


@dataclass(frozen=True, slots=True)
class Pace:
    """requests_per_minute, tokens_per_minute: prompt and answer together; None sets no bound."""

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None

    @property
    def is_free(self) -> bool:
        return self.requests_per_minute is None and self.tokens_per_minute is None


class Bucket:
    """Something that is refilled at a rate a minute. Taking more than is there makes debts, so that what
    is larger than the bucket gets through as well, and whoever comes next waits for it.
    """

    def __init__(self, rate: float) -> None:
        self._each_second = rate / MINUTE
        self._room = max(self._each_second, 1.0)
        self._level, self._at = self._room, monotonic()

    def wait(self) -> float:
        """Seconds until something is there."""
        now = monotonic()
        self._level = min(self._room, self._level + (now - self._at) * self._each_second)
        self._at = now
        # A whole one: requests cannot be sent by halves.
        lacking = min(1.0, self._room) - self._level
        return lacking / self._each_second if lacking > _NOTHING else 0.0

    def take(self, amount: float) -> None:
        """What is taken; a negative amount gives back."""
        self._level -= amount


class Pacer:
    """Lets requests through at a pace. Belongs to one event loop."""

    def __init__(self, pace: Pace) -> None:
        self._requests = _bucket(pace.requests_per_minute)
        self._tokens = _bucket(pace.tokens_per_minute)
        self._in_turn = asyncio.Lock()
        self._answer: float | None = None

    async def turn(self, prompt: int, limit: int | None) -> float:
        """Waits until a request may go; returns the tokens that it is taken to need."""
        async with self._in_turn:
            for bucket in (self._requests, self._tokens):
                while bucket and (seconds := bucket.wait()):
                    await asyncio.sleep(seconds)
            expected = prompt + (self._answer or limit or FIRST_ANSWER)
            if self._requests:
                self._requests.take(1)
            if self._tokens:
                self._tokens.take(expected)
        return expected

    def came(self, expected: float, prompt: int | None, completion: int | None) -> None:
        """Sets right what was taken, by what the server states; where it states nothing, it stands."""
        if completion is None:
            return
        seen = completion if self._answer is None else self._answer
        self._answer = seen + (completion - seen) / _MEMORY
        if self._tokens and prompt is not None:
            self._tokens.take(prompt + completion - expected)


def _bucket(rate: float | None) -> Bucket | None:
    return None if rate is None else Bucket(rate)
