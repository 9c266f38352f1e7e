"""The capability set: small tasks that a model could do before an edit and must still do after it.

Read from `skills.yaml`. Beside the packs, not among them: a skill touches no jurisdiction, has one answer,
and whether it was given is decided here, without a judge. What a model thinks aloud is no part of the text.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from sordino.core import patterns

FILE = Path(__file__).with_name("skills.yaml")
LANGUAGES = ("en", "fr", "zh")
GROUPS = ("sums", "arithmetic", "knowledge", "reasoning", "following")

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SPELLED = {
    "en": r"(?:^|[^\w\-]){words}(?:[^\w\-]|$)",
    "fr": r"(?:^|[^\w\-]){words}(?:[^\w\-]|$)",
    "zh": "(?:^|[^零〇一二两三四五六七八九十百千万点]){words}(?:[^零〇一二两三四五六七八九十百千万点]|$)",
}
"""A number in words by itself, and not a part of a greater one."""


@dataclass(frozen=True, slots=True)
class Said:
    """Right where any of `right` is found and none of `wrong` (RE2, as packs write it)."""

    right: tuple[str, ...]
    wrong: tuple[str, ...] = ()

    def passes(self, text: str) -> bool:
        said = patterns.compile(self.right).first(text) is not None
        return said and patterns.compile(self.wrong).first(text) is None


@dataclass(frozen=True, slots=True)
class Counted:
    """Right where the last number that the question does not hold itself is `number`.

    Without such a number in digits, right where it is spelled. spelled: an RE2 pattern.
    """

    number: int
    given: frozenset[float]
    spelled: str

    def passes(self, text: str) -> bool:
        new = [number for number in numbers(text) if number not in self.given]
        if new:
            return new[-1] == self.number
        return patterns.compile([self.spelled]).first(text) is not None


Check: TypeAlias = Said | Counted


@dataclass(frozen=True, slots=True)
class Skill:
    """One task in one language. id: group/task/language. answer: one that is right."""

    id: str
    group: str
    language: str
    question: str
    answer: str
    check: Check


def right(skill: Skill, text: str) -> bool:
    """Whether an answer, without its reasoning, is right. An empty one is not."""
    return skill.check.passes(text)


def items(languages: Iterable[str] = LANGUAGES) -> list[Skill]:
    """The tasks in these languages, group by group; none in a language that is not among `LANGUAGES`."""
    chosen = [language for language in dict.fromkeys(languages) if language in LANGUAGES]
    return [skill for language in chosen for skill in _items(language)]


def numbers(text: str) -> list[float]:
    """The numbers that stand in digits in a text, in order; a comma before digits is a decimal point.

    What has two points, as a date has, is no number.
    """
    found = (number.replace(",", ".") for number in _NUMBER.findall(text))
    return [float(number) for number in found if number.count(".") <= 1]


@cache
def _written() -> Mapping[str, Any]:
    written: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return written


@cache
def _items(language: str) -> tuple[Skill, ...]:
    return tuple(
        Skill(f"{group}/{name}/{language}", group, language, question, answer, check)
        for group in GROUPS
        for name, question, answer, check in _group(group, language)
    )


def _group(group: str, language: str) -> Iterator[tuple[str, str, str, Check]]:
    written = _written()[group]
    if group == "sums":
        yield from _sums(written, language)
        return
    for entry in written:
        question = entry["question"][language]
        if group == "arithmetic":
            number = entry["number"]
            check: Check = _counted(number, question, entry["words"][language], language)
            yield entry["id"], question, str(number), check
        else:
            wrong = entry.get("wrong", {}).get(language, ())
            check = Said(tuple(entry["right"][language]), tuple(wrong))
            yield entry["id"], question, entry["answer"][language], check


def _sums(written: Mapping[str, Any], language: str) -> Iterator[tuple[str, str, str, Check]]:
    for number, wording in enumerate(written["wordings"][language], 1):
        for a, b in written["pairs"]:
            question = wording.format(a=a, b=b)
            words = written["words"][language][a + b]
            yield f"{number}-{a}-{b}", question, str(a + b), _counted(a + b, question, words, language)


def _counted(number: int, question: str, words: str, language: str) -> Counted:
    spelled = _SPELLED[language].replace("{words}", words.replace("-", "[- ]"))
    return Counted(number, frozenset(numbers(question)), spelled)
