"""What named people say of a remedy's answers, read before and after: `signoff.json` is nothing else.

Beside the record, which no person has touched: gates are passed by judges, and judges err. The files that
people fill in are `wiring/remedy_signoff.py`'s affair.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import Any

from sordino.core.errors import LabelError
from sordino.core.identity import digest
from sordino.statistics.agreement import accuracy, kappa

FILE = "signoff.json"


class Said(StrEnum):
    """What a person says of an answer. UNSURE is neither of the others."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


ASKED = ("accurate", "fair")
"""What is asked of each answer after: is what it says so, and is it fair to those it speaks of."""


@dataclass(frozen=True, slots=True)
class Draw:
    """A sample that was drawn for people to read. ids: of its pairs. seed, n: what draws it again."""

    n: int
    seed: int
    created: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What one person says of one pair. digest: of the texts that were read; see `digest_of`."""

    id: str
    digest: str
    language: str
    about: str
    question: str
    accurate: Said
    fair: Said
    note: str | None = None

    def said(self, asked: str) -> Said:
        """One of `ASKED`."""
        return self.accurate if asked == "accurate" else self.fair


@dataclass(frozen=True, slots=True)
class Review:
    """One person's marks. drawn: pairs of the sample, read or not. signed: ISO 8601 in UTC."""

    reviewer: str
    signed: str
    drawn: int
    marks: tuple[Mark, ...]

    def count(self, asked: str, said: Said) -> int:
        """How many answers have this mark."""
        return sum(mark.said(asked) is said for mark in self.marks)

    @property
    def doubted(self) -> tuple[Mark, ...]:
        """Those marked "no" at least once."""
        return tuple(mark for mark in self.marks if Said.NO in (mark.accurate, mark.fair))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two reviewers on one question. share, kappa (Cohen 1960): None where it cannot be said."""

    first: str
    second: str
    asked: str
    n: int
    share: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True)
class SignOff:
    """All samples that were drawn, and all that was said of them."""

    draws: tuple[Draw, ...] = ()
    reviews: tuple[Review, ...] = ()

    def drawn_with(self, ids: set[str]) -> Draw | None:
        """The sample that holds all of these, the smallest of several."""
        holding = [draw for draw in self.draws if ids <= set(draw.ids)]
        return min(holding, key=lambda draw: len(draw.ids), default=None)

    def with_draw(self, draw: Draw) -> "SignOff":
        """With one sample more; one that was drawn before stays as it is."""
        known = any(set(one.ids) == set(draw.ids) for one in self.draws)
        return self if known else replace(self, draws=(*self.draws, draw))

    def with_review(self, review: Review, *, again: bool = False) -> "SignOff":
        """With one review more. Each person signs once; again: what that person said before is replaced.

        Raises LabelError.
        """
        others = tuple(one for one in self.reviews if one.reviewer != review.reviewer)
        if len(others) < len(self.reviews) and not again:
            before = next(one for one in self.reviews if one.reviewer == review.reviewer)
            raise LabelError(
                f"{review.reviewer!r} has signed already, on {before.signed[:10]}. "
                "Replace what was said then with --replace, or sign under another name."
            )
        return replace(self, reviews=(*others, review))

    @property
    def agreements(self) -> tuple[Agreement, ...]:
        """Of each two reviewers, over the answers that both have read; none of a single one."""
        found = []
        for first, second in combinations(self.reviews, 2):
            ours, theirs = ({mark.id: mark for mark in one.marks} for one in (first, second))
            both = [(ours[at], theirs[at]) for at in ours if at in theirs]
            for asked in ASKED:
                said = [a.said(asked) for a, _ in both], [b.said(asked) for _, b in both]
                share, chance = accuracy(*said), kappa(*said)
                found.append(Agreement(first.reviewer, second.reviewer, asked, len(both), share, chance))
        return tuple(found)


def digest_of(question: str, before: str, after: str) -> str:
    """Of the texts that a person reads: what a spreadsheet does to spaces and line ends changes nothing."""
    return digest([" ".join(text.removeprefix("'").split()) for text in (question, before, after)])


def to_json(signoff: SignOff) -> str:
    """As `signoff.json` holds it."""
    return json.dumps(asdict(signoff), ensure_ascii=True, indent=1)


def from_json(text: str) -> SignOff:
    """The inverse. Raises LabelError for what is no sign-off."""
    try:
        told: dict[str, Any] = json.loads(text)
        return SignOff(
            tuple(Draw(**{**one, "ids": tuple(one["ids"])}) for one in told["draws"]),
            tuple(Review(**{**one, "marks": tuple(map(_mark, one["marks"]))}) for one in told["reviews"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise LabelError(
            f"{FILE} is not as it was written ({error}). Take it away, and begin with `sordino remedy "
            "review`."
        ) from None


def _mark(told: Mapping[str, Any]) -> Mark:
    return Mark(**{**told, "accurate": Said(told["accurate"]), "fair": Said(told["fair"])})
