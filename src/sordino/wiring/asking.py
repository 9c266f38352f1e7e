"""LLM judges put to a run that is stored: which answers, at what cost, and what came of it.

Readings are stored as they come, so that a command that is stopped at any moment goes on where it was.
They stand beside those of the run's own judges, and change nothing that the run concluded.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from sordino.core.errors import JudgeError, SpecError, unknown
from sordino.core.protocols import Item
from sordino.core.records import Axis, Delivery, Reading, Unjudged
from sordino.core.tokens import estimated_tokens
from sordino.judging.llm import FAILURE, NOTHING_TO_READ, LLMJudge
from sordino.store.store import Store
from sordino.wiring.agreement import Agreement, agreements
from sordino.wiring.llm_judging import judges_itself
from sordino.wiring.prices import Budget, Price, Tokens

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 256
"""Answers of which the unusable replies are asked for again together."""
IN_A_ROW = 32
"""Failures after which a judge is given up: a server that is gone would keep a command busy for hours."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """Which of a run's delivered answers are judged. limit: None means all; drawn by `seed`, so that the
    same command means the same answers, and every judge reads the same.
    """

    languages: tuple[str, ...] = ()
    limit: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """What asking will take, before it is done. requests: fewer than answers, where rulings are known or
    answers are equal. tokens: estimated, with replies as long as they may be.
    """

    answers: int
    requests: int
    tokens: Tokens
    cost: float | None


@dataclass(frozen=True, slots=True)
class Came:
    """What one judge has said of the sample, and what this command took for it.

    values: readings by value. unjudged: by why; of these, failures are asked again by the same command.
    owed: answers not read yet, failures among them. tokens: as the server stated them; estimated: for how
    many requests they had to be estimated.
    """

    judge: str
    values: Mapping[str, int]
    unjudged: Mapping[str, int]
    owed: int
    requests: int
    cached: int
    tokens: Tokens
    estimated: int
    cost: float | None
    quotes_not_found: int


@dataclass
class Asking:
    """Judges before the answers of one run. prices: by the judge's id, where known."""

    store: Store
    run: str
    judges: Sequence[LLMJudge]
    sample: Sample = Sample()
    prices: Mapping[str, Price] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)

    @property
    def warnings(self) -> list[str]:
        """Where a judge is the model under audit."""
        target = self.store.manifest(self.run).target
        return [w for judge in self.judges if (w := judges_itself(judge.identity, target))]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The answers of the sample. Raises SpecError where there are none."""
        frame = self._outcomes("")
        known = sorted(frame["language"].unique())
        for language in self.sample.languages:
            if language not in known:
                raise SpecError(f"--language: {unknown('language', language, known)}")
        keys = order(frame, self.sample.languages, self.sample.seed)
        if not keys:
            raise SpecError(f"The run {self.run!r} has no delivered answers there. Choose other languages.")
        return frozenset(keys if self.sample.limit is None else keys[: self.sample.limit])

    def expected(self, judge: LLMJudge, progress: Progress) -> Expected:
        """What this judge's reading of the rest of the sample will take."""
        tokens, seen, answers, total = Tokens(), set[str](), 0, len(self._due(judge))
        for item in self._items(judge):
            answers += 1
            progress("estimating", answers, total)
            request = judge.request(item)
            if request is not None and request.key not in seen:
                seen.add(request.key)
                tokens += _most(judge, request.messages[0].content)
        price = self.prices.get(judge.id)
        return Expected(answers, len(seen), tokens, price.of(tokens) if price else None)

    def ask(self, judge: LLMJudge, progress: Progress) -> None:
        """Have a judge read what it has not read, within the budget.

        Raises JudgeError where it does nothing but fail; the failures are stored, and give way later.
        """
        if not (total := len(self._due(judge))):
            return
        done, in_a_row, why = 0, 0, ""
        stage, items = f"asking {judge.identity.name}"[:40], self._items(judge)
        progress(stage, done, total)
        while not self.budget.is_spent and (chunk := list(islice(items, CHUNK))):
            for result in self._results(judge, chunk):
                done += 1
                progress(stage, done, total)
                if isinstance(result, Unjudged) and result.why.startswith(FAILURE):
                    in_a_row, why = in_a_row + 1, result.why
                else:
                    in_a_row = 0
                if in_a_row >= IN_A_ROW:
                    raise JudgeError(_given_up(judge, in_a_row, why))
        if judge.tally.failed and judge.tally.failed == judge.tally.requests:
            raise JudgeError(_given_up(judge, judge.tally.failed, why))

    def came(self, judge: LLMJudge) -> Came:
        """What the store holds of this judge on the sample."""
        frame = self._sampled(judge)
        read, unread = frame[frame["engagement"].notna()], frame[frame["engagement"].isna()]
        why = unread["engagement_why"].dropna()
        tally, price = judge.tally, self.prices.get(judge.id)
        tokens = Tokens(tally.prompt_tokens, tally.completion_tokens)
        return Came(
            judge=judge.id,
            values=dict(Counter(map(str, read["engagement"]))),
            unjudged=dict(Counter(_kind(str(one)) for one in why).most_common()),
            owed=len(self._due(judge)),
            requests=tally.requests,
            cached=tally.cached,
            tokens=tokens,
            estimated=tally.estimated,
            cost=price.of(tokens) if price else None,
            quotes_not_found=tally.quotes_not_found,
        )

    def agreement(self) -> list[Agreement]:
        """Each pair of judges, the run's own among them, over what both have read of the sample."""
        own = self.store.manifest(self.run).judges.get(Axis.ENGAGEMENT.value)
        ids = [*([own] if own else []), *(judge.id for judge in self.judges)]
        frames = {one: self._outcomes(one) for one in dict.fromkeys(ids)}
        said = {
            one: {k: str(v) for k, v in zip(f["key"], f["engagement"], strict=True) if _is_there(v)}
            for one, f in frames.items()
        }
        sampled = {one: {k: v for k, v in read.items() if k in self.keys} for one, read in said.items()}
        first = next(iter(frames.values()))
        return agreements(sampled, dict(zip(first["key"], first["language"], strict=True)))

    # --------------------------------------------------------------------------------------------------

    def _results(self, judge: LLMJudge, chunk: Sequence[Item]) -> Iterator[Reading | Unjudged]:
        price = self.prices.get(judge.id)
        wanted = ((item[1].key, _most_of(judge, item), item) for item in chunk)
        counted = _taken(judge)
        for result in judge.stream(self.budget.within(wanted, price)):
            self.store.append_readings([result])
            now = _taken(judge)
            spent = Tokens(now.prompt - counted.prompt, now.completion - counted.completion)
            self.budget.spend(spent, price)
            self.budget.release(result.key)
            counted = now
            yield result

    def _items(self, judge: LLMJudge) -> Iterator[Item]:
        due = self._due(judge)
        for batch in self.store.unread(self.run, Axis.ENGAGEMENT, judge.id, again=True):
            yield from (item for item in batch if item[1].key in due)

    def _due(self, judge: LLMJudge) -> frozenset[str]:
        """Of the sample: what this judge has neither read nor found without anything to read."""
        frame = self._sampled(judge)
        ruled = frame["engagement"].notna() | frame["engagement_why"].isin(NOTHING_TO_READ)
        return frozenset(frame.loc[~ruled, "key"])

    def _sampled(self, judge: LLMJudge) -> "pd.DataFrame":
        frame = self._outcomes(judge.id)
        return frame[frame["key"].isin(self.keys)]

    def _outcomes(self, judge: str) -> "pd.DataFrame":
        """One row a request that was asked; two probes may share one."""
        frame = self.store.outcomes(self.run, {Axis.ENGAGEMENT.value: judge})
        return frame[frame["key"].notna()].drop_duplicates("key")


def order(outcomes: "pd.DataFrame", languages: Collection[str], seed: int) -> list[str]:
    """The keys of delivered answers in the order in which a limit takes them; of all languages where empty.

    outcomes: of any judge. The first so many are a simple random sample of all.
    """
    asked = outcomes[outcomes["key"].notna()].drop_duplicates("key")
    kept = asked[asked["language"].isin(languages)] if languages else asked
    there = (kept["delivery"] == Delivery.DELIVERED.value) & (kept["characters"] > 0)
    keys = [str(key) for key in kept.loc[there.fillna(value=False), "key"]]
    return [keys[place] for place in np.random.default_rng(seed).permutation(len(keys))]


def _most(judge: LLMJudge, prompt: str) -> Tokens:
    return Tokens(estimated_tokens(prompt), judge.sampling.max_tokens or 0)


def _most_of(judge: LLMJudge, item: Item) -> Tokens:
    request = judge.request(item)
    return Tokens() if request is None else _most(judge, request.messages[0].content)


def _taken(judge: LLMJudge) -> Tokens:
    return Tokens(judge.tally.prompt_tokens, judge.tally.completion_tokens)


def _kind(why: str) -> str:
    """A failure without what its server said of it, which differs each time."""
    return ": ".join(why.split(": ")[:2]).partition(" (asked to wait")[0]


def _is_there(value: object) -> bool:
    return isinstance(value, str)


def _given_up(judge: LLMJudge, failures: int, why: str) -> str:
    times = "once" if failures == 1 else f"{failures} times in a row"
    why = why.removeprefix(f"{FAILURE}: ").rstrip(".")
    mend = "Check its address, the model's name and the key (SORDINO_JUDGE_KEY)"
    if judge.identity.host is None:
        mend = "Take another model"
    return (
        f"The judge {judge.identity.spec} failed {times}; the last time: {why}. {mend}; what was read "
        "before is stored, and the same command goes on."
    )
