"""A backend that keeps to a budget: what asking a server will take, what it took, and where it stops.

Sits between an audit and the backend of a server, and is that backend's meter: no sending goes out, the
first or another, that the budget has no room for. The audit only sees requests that get no attempt, or one
that failed; both stay owed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from types import TracebackType
from typing import Self

from sordino.core.errors import SpecError, TargetError
from sordino.core.protocols import Backend, Capabilities, TargetIdentity
from sordino.core.records import Attempt, Delivery, Request
from sordino.core.tokens import estimated_tokens
from sordino.wiring.cost import Cost
from sordino.wiring.prices import NOTHING, Budget, Price, Tokens

LONGEST_ANSWER = 4096
"""Tokens reserved for an answer whose length is left to the server."""


@dataclass
class Spending:
    """Feeds a server's backend as long as the budget allows.

    price: of the model, where known. check: called once before the first request; raises where the server
    cannot be asked. notes: what there is to say of its price. room: the most requests that are given to the
    backend and have not come back.
    """

    backend: Backend
    budget: Budget = field(default_factory=Budget)
    price: Price | None = None
    currency: str = ""
    check: Callable[[], None] = lambda: None
    notes: tuple[str, ...] = ()
    room: int = 1
    spent: Cost = field(default_factory=lambda: Cost(0, NOTHING))
    left: int = 0
    """Requests that the budget did not allow."""
    untried: int = 0
    """Requests that failed, and that the budget did not allow to be sent again."""
    _checked: bool = False
    _came: int = 0
    _failed: int = 0
    _why: str = ""
    _unsent: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    @property
    def identity(self) -> TargetIdentity:
        return self.backend.identity

    @property
    def capabilities(self) -> Capabilities:
        return self.backend.capabilities

    def expected(self, requests: Iterable[Request]) -> Cost:
        """The most that asking these will take: answers as long as they may be, or what the budget allows.

        Raises SpecError for a budget that has no room for one of them.
        """
        each = [_most(request) for request in requests]
        tokens, money, most = self.budget.rest
        largest = max(each, key=lambda one: one.all, default=NOTHING)
        if self.budget.tokens is not None and largest.all > self.budget.tokens:
            takes = f"may take up to {largest.all:,}. Give more, or a smaller --max-tokens."
            raise SpecError(f"--budget-tokens {self.budget.tokens}: one question {takes}")
        price = self.price.of(largest) if self.price else 0.0
        if self.budget.cost is not None and price > self.budget.cost:
            takes = f"may cost up to {price:,.6g} {self.currency}. Give more, or a smaller --max-tokens."
            raise SpecError(f"--max-cost {self.budget.cost:g}: one question {takes}")
        asked = each if most is None else each[: max(most, 0)]
        whole = sum(asked, NOTHING)
        bounds = ["--budget-requests"] if len(asked) < len(each) else []
        if tokens is not None and whole.all > tokens:
            bounds.append("--budget-tokens")
            whole = Tokens(min(whole.prompt, int(tokens)), max(int(tokens) - whole.prompt, 0))
        cost = self.price.of(whole) if self.price else None
        if money is not None and cost is not None and cost > money:
            bounds.append("--max-cost")
            cost = money
        notes = (*self.notes, f"{' and '.join(bounds)}: no more than that.") if bounds else self.notes
        return Cost(len(asked), whole, money=cost, currency=self.currency, notes=notes)

    def begin(self) -> None:
        """Raises TargetError, once, where nothing could be asked."""
        if not self._checked:
            self.check()
            self._checked = True

    def go_on(self, before: Iterable[tuple[Request, Attempt]], owed: Sequence[Request], lost: int) -> None:
        """After the death of a process that kept to the same budget.

        before: what it stored. owed: what it did not settle. lost: the most requests that it may have sent
        without a trace; the budget is charged for them, as far as it reached.
        """
        for request, attempt in before:
            tokens, is_told = _taken(request, attempt)
            self.budget.spend(tokens, self.price)
            self._note(tokens, requests=1, sendings=1, estimated=not is_told)
        gone = [
            self.budget.reserve(f"lost {n}", _most(owed[n % len(owed)]), self.price) for n in range(lost)
        ]
        self._note(lost=sum(gone))

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """Raises what `check` does before the first request, and TargetError where nothing but failures
        came back: the server is at fault then, and a report would be about nothing.
        """
        waiting = deque(requests)
        if waiting:
            self.begin()
        sent: dict[str, Request] = {}
        before = -1
        try:
            # An answer shorter than what was reserved for it makes room for others.
            while waiting and len(waiting) != before:
                before = len(waiting)
                for group in self.backend.generate(self._allowed(waiting, sent)):
                    for attempt in group:
                        self._count(sent.pop(attempt.key), attempt)
                    yield group
        finally:
            self._note(unanswered=len(sent.keys() - self._unsent))
        self.left += len(waiting)
        if self._failed and self._failed == self._came:
            raise TargetError(
                f"{self.identity.host or self.identity.name} answered none of {self._failed:,} requests; "
                f"the last time: {self._why}. {_mend(self._why)} What came is stored, and the same command "
                "asks again."
            )

    def may_send(self, request: Request) -> bool:
        """Whether the budget has room for a sending. That of the first was made when it was given out."""
        with self._lock:
            is_first = request.key in self._unsent
            self._unsent.discard(request.key)
        if not is_first and not self.budget.reserve(request.key, _most(request), self.price):
            with self._lock:
                self.untried += 1
            return False
        self._note(sendings=1)
        return True

    def broke(self, request: Request, came: str | None = None, *, begun: bool = False) -> None:
        """Of an answer that nobody saw, the most is taken to have been made: the bound is to hold."""
        tokens = NOTHING
        if begun:
            most = _most(request)
            tokens = most if came is None else Tokens(most.prompt, estimated_tokens(came))
            self._note(tokens, broken=1, broken_tokens=tokens)
        self.budget.settle(request.key, tokens, self.price)

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
            with self._lock:
                self._unsent.add(request.key)
            yield request

    def _count(self, request: Request, attempt: Attempt) -> None:
        is_error = attempt.delivery is Delivery.ERROR
        self._came += 1
        if is_error:
            self._failed, self._why = self._failed + 1, (attempt.error or "no reason").rstrip(".")
        tokens, is_told = _taken(request, attempt)
        with self._lock:
            # By a backend that has no meter, and makes its own affair of second tries.
            is_unmetered = request.key in self._unsent
            self._unsent.discard(request.key)
        if not self.budget.holds(request.key):
            tokens, is_told = NOTHING, True  # its last sending broke off, and was counted then
        self.budget.settle(request.key, tokens, self.price)
        self._note(tokens, requests=1, sendings=is_unmetered, estimated=not is_told)

    def _note(self, tokens: Tokens = NOTHING, broken_tokens: Tokens = NOTHING, **more: int) -> None:
        with self._lock:
            spent = self.spent
            whole = spent.tokens + tokens
            self.spent = replace(
                spent,
                tokens=whole,
                broken_tokens=spent.broken_tokens + broken_tokens,
                money=self.price.of(whole) if self.price else None,
                currency=self.currency,
                **{name: getattr(spent, name) + count for name, count in more.items()},
            )


def _most(request: Request) -> Tokens:
    prompt = sum(estimated_tokens(message.content) for message in request.messages)
    limit = request.sampling.max_tokens
    return Tokens(prompt + estimated_tokens(request.prefill or ""), limit or LONGEST_ANSWER)


def _taken(request: Request, attempt: Attempt) -> tuple[Tokens, bool]:
    """What an attempt took, and whether the server said so. A request that it refuses takes nothing."""
    prompt, completion = attempt.prompt_tokens, attempt.completion_tokens
    said = attempt.text + (attempt.reasoning or "")
    if prompt is not None and completion is not None:
        return Tokens(prompt, completion), True
    if attempt.delivery is Delivery.ERROR and not said and _is_refused(attempt):
        return Tokens(prompt or 0, completion or 0), True
    return Tokens(
        _most(request).prompt if prompt is None else prompt,
        estimated_tokens(said) if completion is None else completion,
    ), False


def _is_refused(attempt: Attempt) -> bool:
    from sordino.generation.refusals import status_of  # noqa: PLC0415

    return status_of(attempt) >= 300


def _mend(why: str) -> str:
    from sordino.generation.refusals import mend  # noqa: PLC0415

    return mend(why)
