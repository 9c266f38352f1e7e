"""Rows of a file as a judge takes them, each model's answers by the part of the judge that never saw them.

Sits between a file of answers (wiring/answer_files.py) and the judge of `sordino judge`. What is wrong with
one row is said of that row, and the others are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import lru_cache, partial
from types import TracebackType
from typing import Self

from sordino.core.errors import JudgeError, RecordingError
from sordino.core.identity import make_request
from sordino.core.protocols import Item, Judge
from sordino.core.records import Axis, Delivery, Exchange, Reading, Unjudged
from sordino.generation.answers import Answer, read_answer
from sordino.store.deliveries import NOT_ASKED
from sordino.wiring import judges
from sordino.wiring.answer_files import named

NEEDED = (
    *("question", "response", "reasoning", "finish_reason", "native_finish_reason"),
    *("error", "status", "delivery", "completion_tokens"),
)
NAMES = 4_096
"""Model names whose fold is remembered."""

BATCH, ASKED = 500, 64
"""Rows that are read together, and those that a language model is asked about between two signs of life."""

IN_A_ROW = 32
"""Failures after which a server is given up, that would keep a command busy for hours."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One row: what a judge is to read, or why there is nothing to read; and whose answer it is."""

    item: Item | None
    why: str
    model: str | None

    @property
    def texts(self) -> tuple[str, str]:
        """Question and answer; empty where there is none."""
        if self.item is None:
            return "", ""
        return self.item[1].request.question, self.item[1].attempt.text


def asked(fields: Mapping[str, object], number: int) -> Asked:
    """A row by field (see `columns.FIELDS`), its reasoning taken apart and its envelope taken off."""
    model = named(fields.get("model"))
    if not str(fields.get("question") or "").strip():
        return Asked(None, "no question", model)
    if fields.get("delivery") == NOT_ASKED:
        return Asked(None, "not asked", model)
    try:
        answer = read_answer({f: fields.get(f) for f in NEEDED}, number, "row")
    except RecordingError as error:
        return Asked(None, str(error).removeprefix("row: "), model)
    if why := _nothing(answer, fields.get("response")):
        return Asked(None, why, model)
    # The row's number is in the key: one question may have come many answers.
    request = make_request(answer.question, "a file of answers", sample=number)
    return Asked((None, Exchange(request, answer.attempt(request.key))), "", model)


def _nothing(answer: Answer, response: object) -> str:
    """Why there is no answer to read, where the row says no more than that there is none."""
    if answer.delivery is Delivery.ERROR and response is None and answer.error == "no response recorded":
        return "no response"
    return "empty response" if answer.delivery is Delivery.EMPTY else ""


class Readers:
    """The judge that a command names, once for each part of it that some model needs; closed on leaving."""

    def __init__(self, spec: str, model: str | None = None) -> None:
        """model: whose answers they are where a row does not say it.

        Raises SpecError or JudgeError, before anything is read, for a judge that is not there.
        """
        self._spec, self._model = spec, model
        self._failures, self._held = 0, ExitStack()
        self._last, self._has_read = "", False
        self._own: dict[str, str] = {}
        self._fold = lru_cache(NAMES)(partial(judges.fold, spec))
        self._judges: dict[int | None, Judge] = {}
        self.unsure_below = judges.unsure_below(spec)
        self.id = self._of(None).id
        self.batch = ASKED if judges.is_llm(spec) else BATCH

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def read(self, rows: Sequence[Asked]) -> list[Reading | Unjudged]:
        """One result a row, in order. Raises JudgeError for a server that is not there."""
        chosen = [self._of(row.model) for row in rows]
        found: dict[int, Reading | Unjudged] = {}
        for judge in {id(judge): judge for judge in chosen}.values():
            own = [at for at, other in enumerate(chosen) if other is judge]
            self._look_for_itself(judge, {rows[at].model or self._model for at in own})
            readable = [(at, item) for at in own if (item := rows[at].item) is not None]
            results = {r.key: r for r in self._results(judge, [item for _, item in readable])}
            found |= {at: Unjudged("", Axis.ENGAGEMENT, judge.id, rows[at].why) for at in own}
            found |= {at: results[item[1].key] for at, item in readable}
        return [found[at] for at in range(len(rows))]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where a language model has read what seem to be its own answers."""
        return tuple(self._own.values())

    def check(self) -> None:
        """Raise JudgeError where a language model failed and nothing was read: that is no table."""
        if self._last and not self._has_read:
            raise JudgeError(self._given_up(f"{self.id} read nothing", self._last))

    def fold(self, model: str | None) -> int | None:
        """The part of the judge that left this model out; None where it was not trained on it."""
        return self._fold(model or self._model)

    def _look_for_itself(self, judge: Judge, models: set[str | None]) -> None:
        from sordino.judging.llm import LLMJudge  # noqa: PLC0415
        from sordino.wiring import llm_judging  # noqa: PLC0415 - knows every backend

        for model in models:
            if isinstance(judge, LLMJudge) and model and llm_judging.is_named_alike(judge.identity, model):
                self._own[model] = llm_judging.reads_itself(judge.identity, model)

    def _results(self, judge: Judge, items: Sequence[Item]) -> Iterator[Reading | Unjudged]:
        """In any order. What a language model says comes one by one, so that failures are seen in time."""
        from sordino.judging.llm import FAILURE, LLMJudge  # noqa: PLC0415

        for result in judge.stream(items) if isinstance(judge, LLMJudge) else judge.read(items):
            failed = isinstance(result, Unjudged) and result.why.startswith(FAILURE)
            self._failures = self._failures + 1 if failed else 0
            self._has_read |= isinstance(result, Reading)
            if isinstance(result, Unjudged) and failed:
                self._last = result.why.removeprefix(f"{FAILURE}: ")[:200]
            if self._failures >= IN_A_ROW:
                raise JudgeError(self._given_up(f"{judge.id} failed {IN_A_ROW} times in a row", self._last))
            yield result

    @staticmethod
    def _given_up(what: str, why: str) -> str:
        return (
            f"{what}, the last time with {why!r}. Check that its server runs, the model's name and the key "
            "(SORDINO_JUDGE_KEY); the same command begins again."
        )

    def _of(self, model: str | None) -> Judge:
        name = model or self._model
        fold = self._fold(name)
        if fold not in self._judges:
            judge = judges.named(self._spec, name)
            if isinstance(judge, AbstractContextManager):
                self._held.enter_context(judge)
            self._judges[fold] = judge
        return self._judges[fold]
