"""Where a row of an instruction data set keeps what was asked and what was answered.

The first step of cleaning a set. Five layouts are in use, and their columns tell them apart:

    messages        a list of {role, content}                                (OpenAI, TRL) conversations   a
    list of {from, value}                                  (ShareGPT) alpaca          instruction, input,
    output                               (also Dolly's context, response) prompt          prompt, response
    or completion question        question, answer or response

A row that cannot be read is Unread, with why: it is kept, and counted apart.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sordino.generation.columns import Row, dig

LAYOUTS = ("messages", "conversations", "alpaca", "prompt", "question")
NAMED = "named columns"
"""What the layout is called whose columns the user named."""
PAIRS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "alpaca": (("instruction",), ("output", "response")),
    "prompt": (("prompt",), ("response", "completion")),
    "question": (("question",), ("answer", "response")),
}
"""Columns of the question, and of the answer, the likeliest first."""
LISTS: Mapping[str, tuple[str, ...]] = {
    "messages": ("messages",),
    "conversations": ("conversations", "conversation"),
}
BESIDE = ("input", "context")
"""Columns of what an Alpaca instruction is about."""
USER = frozenset({"user", "human", "prompter"})
ASSISTANT = frozenset({"assistant", "gpt", "chatgpt", "bot", "model", "bard", "bing", "output"})


@dataclass(frozen=True, slots=True)
class Turn:
    """One answer and the question that it answers: the last that was asked before it."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A row of which nothing can be read, and why."""

    why: str


Said: TypeAlias = tuple[str, str]
"""A role, in small letters, and what it said."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How rows are to be read. name: one of `LAYOUTS`, or None for what the columns of each row say.

    question, answer: columns, or dotted paths, which the user named.
    """

    name: str | None = None
    question: str | None = None
    answer: str | None = None

    def of(self, row: Row) -> str | None:
        """What a row's layout is called; None where it has none that is known."""
        if self.question and self.answer:
            return NAMED
        held = [name.lower() for name, value in row.items() if value is not None]
        return self.name or layout_of(held) or layout_of([name.lower() for name in row])

    def turns(self, row: Row) -> Sequence[Turn] | Unread:
        """The answers of a row with their questions, in order; at least one."""
        name = self.of(row)
        if self.question and self.answer:
            return _pair(dig(row, self.question), dig(row, self.answer))
        columns = {name.lower(): name for name in row}
        if name is None:
            return Unread("its layout is unknown")
        if name in LISTS:
            column = next((columns[one] for one in LISTS[name] if one in columns), None)
            return Unread(f"no column {name}") if column is None else _dialogue(row[column])
        asked, answered = (_first(row, columns, names) for names in PAIRS[name])
        if name == "alpaca" and isinstance(asked, str):
            beside = _first(row, columns, BESIDE)
            asked = f"{asked}\n\n{beside}" if isinstance(beside, str) and beside.strip() else asked
        return _pair(asked, answered)

    def wanted(self, columns: Collection[str]) -> list[str]:
        """Those of a file's columns that are read."""
        told = {path.partition(".")[0] for path in (self.question, self.answer) if path} | {
            path for path in (self.question, self.answer) if path
        }
        pairs = {one for both in PAIRS.values() for names in both for one in names}
        known = {*pairs, *BESIDE, *(one for names in LISTS.values() for one in names), "model"}
        return [name for name in columns if name in told or name.lower() in known]


def layout_of(columns: Collection[str]) -> str | None:
    """The layout that columns, in small letters, have; the first of `LAYOUTS` where several would do."""
    for name in LAYOUTS:
        needed = (LISTS[name],) if name in LISTS else PAIRS[name]
        if all(any(column in columns for column in names) for names in needed):
            return name
    return None


def _first(row: Row, columns: Mapping[str, str], names: Sequence[str]) -> object:
    found = (row[columns[name]] for name in names if name in columns)
    return next((value for value in found if value is not None), None)


def _pair(asked: object, answered: object) -> Sequence[Turn] | Unread:
    if isinstance(asked, list) or isinstance(answered, list):
        # Conversational prompts and completions (TRL): the two are one dialogue.
        return _dialogue([part for part in (asked, answered) if isinstance(part, list) for part in part])
    for value, noun in ((asked, "question"), (answered, "answer")):
        if value is None or (isinstance(value, str) and not value.strip()):
            return Unread(f"no {noun}")
        if not isinstance(value, str):
            return Unread(f"its {noun} is no text")
    return (Turn(str(asked), str(answered)),)


def _dialogue(value: object) -> Sequence[Turn] | Unread:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return Unread("its turns are no list")
    if not isinstance(value, list):
        return Unread("its turns are no list")
    question, turns = "", []
    for role, text in _said(value):
        if role in USER:
            question = text
        elif role in ASSISTANT and question.strip() and text.strip():
            turns.append(Turn(question, text))
    return tuple(turns) or Unread("no answer of an assistant to a question")


def _said(value: Sequence[object]) -> Iterator[Said]:
    for item in value:
        if isinstance(item, Mapping):
            role = item.get("role") or item.get("from")
            text = next((item[name] for name in ("content", "value", "text") if item.get(name)), "")
            yield str(role or "").strip().lower(), _text(text)


def _text(value: object) -> str:
    """The text of a message, whose parts may be apart from pictures and the like."""
    if isinstance(value, list):
        parts = (part.get("text") for part in value if isinstance(part, Mapping))
        return "\n".join(part for part in parts if isinstance(part, str))
    return value if isinstance(value, str) else ""
