"""A backend that keeps to a budget: what asking a server will take, what it took, and where it stops.

Sits between an audit and the backend of a server. The audit only sees requests that get no attempt, which
stay owed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sordino.core.errors import TargetError
from sordino.core.protocols import Backend, Capabilities, TargetIdentity
from sordino.core.records import Attempt, Delivery, Request
from sordino.core.tokens import estimated_tokens
from sordino.wiring.prices import Budget, Price, Tokens

LONGEST_ANSWER = 4096
"""Tokens reserved for an answer whose length is left to the server."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What asking takes. tokens: estimated before it is done, as the server states them afterwards.

    estimated: of how many answers they had to be estimated even so. money: None where no price is known.
    """

    requests: int
    tokens: Tokens
    estimated: int = 0
    money: float | None = None
    currency: str = ""

    def __str__(self) -> str:
        guessed = (
            f" ({self.estimated:,} of them estimated: the server stated none)" if self.estimated else ""
        )
        money = "" if self.money is None else f", {self.money:,.4f} {self.currency}"
        return (
            f"{self.requests:,} requests, {self.tokens.prompt:,} tokens in, "
            f"{self.tokens.completion:,} out{guessed}{money}"
        )


@dataclass
class Spending:
    """Feeds a server's backend as long as the budget allows.

    price: of the model, where known. check: called once before the first request; raises where the server
    cannot be asked.
    """

    backend: Backend
    budget: Budget = field(default_factory=Budget)
    price: Price | None = None
    currency: str = ""
    check: Callable[[], None] = lambda: None
    spent: Cost = field(default_factory=lambda: Cost(0, Tokens()))
    left: int = 0
    """Requests that the budget did not allow."""
    _checked: bool = False
    _failed: int = 0
    _why: str = ""

    @property
    def identity(self) -> TargetIdentity:
        return self.backend.identity

    @property
    def capabilities(self) -> Capabilities:
        return self.backend.capabilities

    def expected(self, requests: Iterable[Request]) -> Cost:
        """The most that asking these will take: answers as long as they may be."""
        count, tokens = 0, Tokens()
        for request in requests:
            count, tokens = count + 1, tokens + _most(request)
        return self._cost(count, tokens)

    def begin(self) -> None:
        """Raises TargetError, once, where nothing could be asked."""
        if not self._checked:
            self.check()
            self._checked = True

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """Raises what `check` does before the first request, and TargetError where nothing but failures
        came back: the server is at fault then, and a report would be about nothing.
        """
        waiting = deque(requests)
        if waiting:
            self.begin()
        before = -1
        # An answer shorter than what was reserved for it makes room for others.
        while waiting and len(waiting) != before:
            before = len(waiting)
            sent: dict[str, Request] = {}
            for group in self.backend.generate(self._allowed(waiting, sent)):
                for attempt in group:
                    self._count(sent.pop(attempt.key), attempt)
                yield group
        self.left = len(waiting)
        if self._failed and self._failed == self.spent.requests:
            raise TargetError(
                f"{self.identity.host or self.identity.name} answered none of {self._failed:,} requests; "
                f"the last time: {self._why}. Check its address, the model's name and the key. What came "
                "is stored, and the same command asks again."
            )

    def __enter__(self) -> Self:
        self.backend.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.backend.__exit__(kind, error, trace)

    def _allowed(self, waiting: deque[Request], sent: dict[str, Request]) -> Iterator[Request]:
        while waiting and self.budget.reserve(waiting[0].key, _most(waiting[0]), self.price):
            request = waiting.popleft()
            sent[request.key] = request
            yield request

    def _count(self, request: Request, attempt: Attempt) -> None:
        tokens, is_told = _taken(request, attempt)
        if attempt.delivery is Delivery.ERROR:
            self._failed, self._why = self._failed + 1, (attempt.error or "no reason").rstrip(".")
        self.budget.release(request.key)
        self.budget.spend(tokens, self.price)
        spent = self.spent
        self.spent = self._cost(spent.requests + 1, spent.tokens + tokens, spent.estimated + (not is_told))

    def _cost(self, requests: int, tokens: Tokens, estimated: int = 0) -> Cost:
        money = self.price.of(tokens) if self.price else None
        return Cost(requests, tokens, estimated, money, self.currency)


def _most(request: Request) -> Tokens:
    prompt = sum(estimated_tokens(message.content) for message in request.messages)
    limit = request.sampling.max_tokens
    return Tokens(prompt + estimated_tokens(request.prefill or ""), limit or LONGEST_ANSWER)


def _taken(request: Request, attempt: Attempt) -> tuple[Tokens, bool]:
    """What an attempt took, and whether the server said so. A failure that states nothing took nothing."""
    prompt, completion = attempt.prompt_tokens, attempt.completion_tokens
    said = attempt.text + (attempt.reasoning or "")
    if prompt is not None and completion is not None:
        return Tokens(prompt, completion), True
    if attempt.delivery is Delivery.ERROR and not said:
        return Tokens(prompt or 0, completion or 0), True
    return Tokens(
        _most(request).prompt if prompt is None else prompt,
        estimated_tokens(said) if completion is None else completion,
    ), False
