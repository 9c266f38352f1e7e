"""The pinned reference set: questions with answers that never change, by which a judge is held to itself.

Sits beside the judges; its texts lie in `reference/`. They were composed for Sordino (see
`recipes/classifier/reference.py`), and stand still from then on: what differs is the judge that reads them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from importlib.resources import files

from sordino.core.errors import JudgeError
from sordino.core.identity import digest, make_request
from sordino.core.protocols import Item
from sordino.core.records import Attempt, Delivery, Engagement, Exchange

FILE = "engagement.jsonl"
HASH_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Case:
    """One question with one answer.

    intended: how the answer was made to meet the question; that a judge reads it so is no proof of quality.
    style: the manner in which it was made.
    """

    id: str
    language: str
    style: str
    intended: str
    question: str
    answer: str


@dataclass(frozen=True)
class ReferenceSet:
    """The cases in their order."""

    cases: tuple[Case, ...]

    @cached_property
    def hash(self) -> str:
        """What the set is: every field of every case, in order."""
        return digest([list(astuple(case)) for case in self.cases])[:HASH_LENGTH]

    @cached_property
    def items(self) -> Sequence[tuple[str, Item]]:
        """What a judge is given for each case, with the case's id."""
        return [(case.id, (None, _exchange(case))) for case in self.cases]

    @classmethod
    def shipped(cls) -> "ReferenceSet":
        """The set in `judging/reference/`. Raises JudgeError when it is missing or torn."""
        source = files("sordino.judging").joinpath("reference", FILE)
        try:
            return cls(tuple(_cases(source.read_text(encoding="utf-8").splitlines())))
        except (OSError, ValueError, TypeError) as error:
            raise JudgeError(
                f"The reference set (judging/reference/{FILE}) cannot be read: {error}. Reinstall sordino."
            ) from error

    def text(self) -> str:
        """The set as JSON Lines, as `shipped` reads it."""
        names = Case.__slots__
        rows = (dict(zip(names, astuple(case), strict=True)) for case in self.cases)
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def case_id(language: str, question: str, answer: str) -> str:
    """The id of a case: its language and what its texts are."""
    return f"{language}-{digest([question, answer])[:8]}"


def _cases(lines: Iterable[str]) -> list[Case]:
    """Raises ValueError or TypeError, naming the line, for what is no case."""
    cases = []
    for number, line in enumerate(lines, 1):
        try:
            case = Case(**json.loads(line))
            Engagement(case.intended)
        except (ValueError, TypeError) as error:
            raise ValueError(f"line {number}: {error}") from error
        if case.id != case_id(case.language, case.question, case.answer):
            raise ValueError(f"line {number}: {case.id} is not the id of these texts")
        cases.append(case)
    if len({case.id for case in cases}) < len(cases) or not cases:
        raise ValueError("there are no cases, or one twice")
    return cases


def _exchange(case: Case) -> Exchange:
    # The id is in the key: two cases may ask the same.
    request = make_request(case.question, f"reference {case.id}")
    return Exchange(request, Attempt(request.key, Delivery.DELIVERED, case.answer))
