"""What the name of a set of questions says of its language and its jurisdiction (`zh_china_criticism`)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sordino.core.names import jurisdiction_name, language_name
from sordino.generation.codes import jurisdiction_code, language_code

LANGUAGE = "en"
"""Of a set whose name begins with its jurisdiction, as SpeechMap names them."""

LONGEST = 3
"""Words in a jurisdiction's name."""

_FOR_USERS = re.compile(r"X[A-Z]")  # ISO 3166-1 leaves these to whoever needs codes of their own


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """A set by its name. head: what its questions' ids begin with, and siblings' ids do not."""

    name: str
    language: str | None = None
    jurisdiction: str | None = None
    head: str = ""

    @classmethod
    def named(cls, name: str) -> Self:
        """Of LANGUAGE_JURISDICTION_… or JURISDICTION_…; any other name says nothing.

        >>> QuestionSet.named("zh_china_criticism")
        QuestionSet(name='zh_china_criticism', language='zh', jurisdiction='CN', head='china_')
        """
        first, *rest = name.split("_")
        if _is_language(first) and (found := _place(rest)):
            return cls(name, language_code(first), *found)
        if found := _place([first, *rest]):
            return cls(name, LANGUAGE, *found)
        return cls(name)

    def template(self, question_id: str) -> str:
        """The id without the jurisdiction at its head: siblings share it."""
        return question_id.removeprefix(self.head) or question_id


def _is_language(name: str) -> bool:
    code = language_code(name)
    return code is not None and language_name(code) != code


def _place(words: Sequence[str]) -> tuple[str, str] | None:
    """The jurisdiction that the words begin with, and how it is written there; names have up to three."""
    for several in range(min(LONGEST, len(words)), 0, -1):
        code = _code(" ".join(words[:several]))
        if code is not None:
            return code, "".join(f"{word}_" for word in words[:several])
    return None


def _code(name: str) -> str | None:
    code = jurisdiction_code(name) or ""
    known = len(code) == 2 and jurisdiction_name(code, {}) != code
    return code if known else name.upper() if _FOR_USERS.fullmatch(name.upper()) else None
