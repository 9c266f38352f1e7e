"""The engagement judge that asks a language model, by a rubric that people can read and change.

It is given a backend, whichever, and knows none. It shows the model the question and the answer, never the
reasoning, who answered or about whom. A model that fails to judge, by silence, prose, a label that does not
exist or an error on the way, leaves the exchange unjudged: its failure is never a reading.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import TracebackType
from typing import Self, TypeAlias

from sordino.core.identity import digest, make_request
from sordino.core.names import target_name
from sordino.core.protocols import Backend, Item, TargetIdentity
from sordino.core.records import (
    Attempt,
    Axis,
    Delivery,
    Exchange,
    Mark,
    Reading,
    Request,
    Sampling,
    Unjudged,
)
from sordino.core.tokens import estimated_tokens
from sordino.judging import rulings
from sordino.judging.cache import Kept, RulingCache
from sordino.judging.facts import unreadable
from sordino.judging.rubric import FENCE, FORM, RULES, Rubric
from sordino.judging.rulings import InvalidReplyError, Ruling

VERSION = "1"
SAMPLING = Sampling(temperature=0.0, top_p=1.0, max_tokens=300)
NO_ANSWER = "the judge finds no answer in it"
"""Why an exchange is unjudged by the rule `delivery`: a ruling, not a failure of the judge."""
NO_WORDS = "empty text"
NOTHING_TO_READ = (NO_ANSWER, NO_WORDS)
"""Why an exchange stays unjudged, however often this judge is asked."""
FAILURE = "judge error"
"""How the why of an exchange begins whose judge could not be asked."""

Result: TypeAlias = Reading | Unjudged


@dataclass
class Tally:
    """What judging took so far.

    requests: sent, second tries of unusable replies among them. failed: of these, how many brought an
    error. estimated: how many whose tokens no server stated, so that they were estimated. cached: answers
    whose ruling was known. quotes_not_found: readings whose quote does not stand in the answer; they stand
    without one.
    """

    requests: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: int = 0
    cached: int = 0
    quotes_not_found: int = 0


@dataclass
class _Case:
    """One question with its answer, asked once for all exchanges that have both alike."""

    request: Request
    answer: str
    asked_by: list[tuple[int, str]] = field(default_factory=list)
    wrong: InvalidReplyError | None = None


class LLMJudge:
    """Judge of engagement.

    backend: opened by whoever gives it, or by entering the judge. cache: None keeps rulings for the judge's
    own life, so that equal answers are asked once.
    """

    axis = Axis.ENGAGEMENT

    def __init__(
        self,
        backend: Backend,
        rubric: Rubric | None = None,
        *,
        sampling: Sampling = SAMPLING,
        cache: RulingCache | None = None,
    ) -> None:
        self._backend, self._rubric, self._sampling = backend, rubric or Rubric.shipped(), sampling
        self._cache = cache or RulingCache()
        self.identity: TargetIdentity = backend.identity
        self.tally = Tally()
        content = [FENCE, FORM, self._rubric.text, self.identity.name, self.identity.revision]
        drawn = [sampling.temperature, sampling.top_p, sampling.max_tokens]
        name = re.sub(r"[^\w.:-]+", "_", target_name(self.identity.name), flags=re.ASCII)[:60]
        self._id = f"llm:{name}@{VERSION}-{digest([content, drawn])[:8]}"

    @property
    def id(self) -> str:
        """`llm:NAME@VERSION-DIGEST`; the digest is of the rubric, the model and its sampling."""
        return self._id

    @property
    def sampling(self) -> Sampling:
        return self._sampling

    def __enter__(self) -> Self:
        self._backend.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._backend.__exit__(kind, error, trace)
        self._cache.close()

    def read(self, items: Sequence[Item]) -> list[Result]:
        """One result for each item, in order."""
        found = dict(self._numbered(items))
        return [found[place] for place in range(len(items))]

    def stream(self, items: Iterable[Item]) -> Iterator[Result]:
        """One result for each item, as they come. Items are taken when there is room to ask about them."""
        return (result for _, result in self._numbered(items))

    def request(self, item: Item) -> Request | None:
        """What would be asked about an item; None where nothing would: it cannot be read, or its ruling is
        known.
        """
        request = None if _why_not(item[1]) else self._request(item)
        return None if request is None or self._cache.get(self._key(request)) else request

    # -- asking ----------------------------------------------------------------------------------------

    def _numbered(self, items: Iterable[Item]) -> Iterator[tuple[int, Result]]:
        """Results with the places of their items. Unusable replies are asked for once more, at the end."""
        cases: dict[str, _Case] = {}
        ready: deque[tuple[int, Result]] = deque()
        for attempt in self._asked(self._first(items, cases, ready)):
            self._take(attempt, cases, ready, last=False)
            yield from _drained(ready)
        yield from _drained(ready)  # what needed no asking, behind the last that did
        again = {self._second(case).key: case for case in cases.values() if case.wrong}
        for attempt in self._asked(self._second(case) for case in list(again.values())):
            self._take(attempt, again, ready, last=True)
            yield from _drained(ready)
        silent = [case for case in cases.values() if not case.wrong] + list(again.values())
        for case in silent:
            yield from self._unjudged(case, f"{FAILURE}: no attempt came back")

    def _first(
        self, items: Iterable[Item], cases: dict[str, _Case], ready: deque[tuple[int, Result]]
    ) -> Iterator[Request]:
        """The requests that must be sent. What needs none is ready at once; what is asked already waits."""
        for place, item in enumerate(items):
            exchange = item[1]
            if why := _why_not(exchange):
                ready.append((place, Unjudged(exchange.key, self.axis, self.id, why)))
                continue
            request = self._request(item)
            if case := cases.get(request.key):
                case.asked_by.append((place, exchange.key))
            elif kept := self._cache.get(self._key(request)):
                self.tally.cached += 1
                ready.append((place, self._result(exchange.key, kept)))
            else:
                cases[request.key] = _Case(request, exchange.attempt.text, [(place, exchange.key)])
                yield request

    def _asked(self, requests: Iterable[Request]) -> Iterator[Attempt]:
        sent: dict[str, Request] = {}

        def noted() -> Iterator[Request]:
            for request in requests:
                sent[request.key] = request
                yield request

        for attempt in chain.from_iterable(self._backend.generate(noted())):
            self._count(sent.pop(attempt.key), attempt)
            yield attempt

    def _take(
        self,
        attempt: Attempt,
        cases: dict[str, _Case],
        ready: deque[tuple[int, Result]],
        *,
        last: bool,
    ) -> None:
        case = cases[attempt.key]
        if why := _lost(attempt):
            ready.extend(self._unjudged(cases.pop(attempt.key), why))
            return
        try:
            kept = self._kept(rulings.read(attempt.text), case.answer)
        except InvalidReplyError as error:
            case.wrong = error
            if last:
                cut = f" (cut off at {self._sampling.max_tokens} tokens)"
                is_cut = attempt.delivery is Delivery.TRUNCATED
                ready.extend(self._unjudged(cases.pop(attempt.key), str(error) + cut * is_cut))
            return
        self._cache.put(self._key(case.request), kept)
        ready.extend((place, self._result(key, kept)) for place, key in cases.pop(attempt.key).asked_by)

    # -- results ---------------------------------------------------------------------------------------

    def _unjudged(self, case: _Case, why: str) -> Iterator[tuple[int, Result]]:
        for place, key in case.asked_by:
            yield place, Unjudged(key, self.axis, self.id, why)

    def _kept(self, ruling: Ruling, answer: str) -> Kept:
        if ruling.quote is None:
            return Kept(ruling.rule, ruling.confidence)
        found = rulings.span(ruling.quote, answer)
        self.tally.quotes_not_found += found is None
        return Kept(ruling.rule, ruling.confidence, *(found or ()))

    def _result(self, key: str, kept: Kept) -> Result:
        value = RULES[kept.rule]
        if value is None:
            return Unjudged(key, self.axis, self.id, NO_ANSWER)
        marks = () if kept.start is None else (Mark("quote", True, kept.start, kept.stop),)
        return Reading(key, self.axis, self.id, value.value, kept.confidence, marks=marks)

    def _count(self, request: Request, attempt: Attempt) -> None:
        tally = self.tally
        tally.requests += 1
        if attempt.delivery is Delivery.ERROR:
            tally.failed += 1
            return
        tally.estimated += attempt.prompt_tokens is None
        given, came = attempt.prompt_tokens, attempt.completion_tokens
        tally.prompt_tokens += _size(request) if given is None else given
        said = attempt.text + (attempt.reasoning or "")
        tally.completion_tokens += estimated_tokens(said) if came is None else came

    # -- requests --------------------------------------------------------------------------------------

    def _request(self, item: Item) -> Request:
        probe, exchange = item
        question = probe.question if probe else exchange.request.question
        return self._ask(self._rubric.prompt(question, exchange.attempt.text))

    def _second(self, case: _Case) -> Request:
        """The same with what was wrong; in one message, for some servers refuse two in a row or an empty
        one.
        """
        first = case.request.messages[0].content
        told = case.wrong.told if case.wrong else "it was none"
        return self._ask(f"{first}\n\nYour last reply could not be used: {told}. {FORM}")

    def _ask(self, prompt: str) -> Request:
        return make_request(prompt, self.identity.revision, sampling=self._sampling)

    def _key(self, request: Request) -> str:
        return digest([self.id, request.key])


def _lost(attempt: Attempt) -> str | None:
    """Why a reply never came from the model, if so. To ask again at once would bring the same."""
    if attempt.delivery.is_blocked:
        return f"the judge's host blocked it: {attempt.delivery.value}"
    return f"{FAILURE}: {attempt.error or 'unknown'}" if attempt.delivery is Delivery.ERROR else None


def _why_not(exchange: Exchange) -> str | None:
    return unreadable(exchange) or (None if exchange.attempt.text.strip() else NO_WORDS)


def _drained(ready: deque[tuple[int, Result]]) -> Iterator[tuple[int, Result]]:
    while ready:
        yield ready.popleft()


def _size(request: Request) -> int:
    return sum(estimated_tokens(message.content) for message in request.messages)
