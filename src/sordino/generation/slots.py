"""How many requests may be on the way at once: as many as the server bears, found as TCP finds it.

Additive increase and multiplicative decrease (Chiu and Jain, 1989), with TCP's slow start (RFC 5681, 3.1):
each answer makes room for one more until the first strain, from then on a round of answers does; a strain
halves it. What was sent before the last halving says nothing about the room since. Before the first answer
there is room for a few alone, so that a wrong key or name costs no more than those.
"""

import asyncio
from collections import deque
from time import monotonic

UNTRIED = 3
"""Room before the first answer."""
FIRST = 16
"""Room after it."""


class Slots:
    """Room for requests, never more than `most` and never less than one. Belongs to one event loop;
    `room` may be read anywhere.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(min(most, UNTRIED))
        self._is_tried = False
        self._steady = float(most)
        self._halved = self._opens = 0.0
        self._busy = 0
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def room(self) -> int:
        """How many may be on the way at once, for now."""
        return int(self._limit)

    def enter(self) -> bool:
        """Takes a place where one is free at once."""
        if self._busy >= self.room or self._queue or self._opens:
            return False
        self._busy += 1
        return True

    async def wait(self) -> None:
        """Takes a place once one is free."""
        while self._busy >= self.room or self._opens:
            turn = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn in self._queue:
                    self._queue.remove(turn)
                else:
                    self._wake()  # it was given a turn, which another can have
                raise
        self._busy += 1

    def leave(self) -> None:
        """Gives a place back."""
        self._busy -= 1
        if self._queue:
            self._wake()

    def answered(self) -> None:
        """An answer came: there may be room for more."""
        if not self._is_tried:
            self._is_tried, self._limit = True, float(min(self._most, FIRST))
            return
        step = 1.0 if self._limit < self._steady else 1.0 / self._limit
        self._limit = min(self._limit + step, float(self._most))

    def strained(self, sent: float, after: float = 0.0) -> None:
        """The server had more than it bears. sent: when the request was. after: seconds in which it wants
        no other.
        """
        if after:
            self._hold(monotonic() + after)
        if self._is_tried and sent >= self._halved:
            self._halved = monotonic()
            self._limit = self._steady = max(self._limit / 2, 1.0)

    def _hold(self, until: float) -> None:
        if until > self._opens:
            self._opens = until
            loop = asyncio.get_running_loop()
            loop.call_later(until - monotonic(), self._open)

    def _open(self) -> None:
        if self._opens <= monotonic() + 0.01:
            self._opens = 0.0
            self._wake()

    def _wake(self) -> None:
        for _ in range(self.room - self._busy):
            if not self._queue:
                return
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
