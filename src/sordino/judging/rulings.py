"""What an LLM judge replied, held to its form: a ruling, or what is wrong with the reply.

Sits under `judging/llm.py`. Models put prose before their JSON and fences around it; that is let pass. A
label that does not exist, or two rulings in one reply, is never mended by guessing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sordino.core.records import Engagement
from sordino.judging.rubric import RULES

LONGEST = 10_000
"""Characters of a reply that are looked at."""
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Ruling:
    """A valid reply. value: None where the rule is `delivery`: there is no answer to judge.
    confidence: None where none in [0, 1] was stated.
    """

    rule: str
    quote: str | None = None
    confidence: float | None = None

    @property
    def value(self) -> Engagement | None:
        return RULES[self.rule]


class InvalidReplyError(Exception):
    """A reply that is no ruling; `str()` says why in a few words.

    told: the same for the judge itself, without the words of its reply: what an answer has talked it into
    saying must not come back to it as ours.
    """

    def __init__(self, why: str, told: str | None = None) -> None:
        super().__init__(why)
        self.told = told or why


def read(reply: str) -> Ruling:
    """The ruling in a reply. Raises InvalidReplyError."""
    text = reply[:LONGEST]
    if not text.strip():
        raise InvalidReplyError("the judge answered nothing")
    objects = list(_objects(text))
    if not objects:
        raise InvalidReplyError("broken JSON" if "{" in text else "the judge answered prose")
    if len(objects) > 1:
        raise InvalidReplyError("several JSON objects")
    return _ruling(objects[0])


def span(quote: str, answer: str) -> tuple[int, int] | None:
    """Where the words of a quote stand in the answer, whatever the space between them."""
    kept = [place for place, character in enumerate(answer) if not character.isspace()]
    wanted = "".join(quote.split())
    at = "".join(answer[place] for place in kept).find(wanted) if wanted else -1
    return None if at < 0 else (kept[at], kept[at + len(wanted) - 1] + 1)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of a text, none within another."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield found
        at = text.find("{", end)


def _ruling(said: Mapping[str, Any]) -> Ruling:
    rule = _word(said.get("rule")).casefold()
    if rule not in RULES:
        raise InvalidReplyError(f"wrong rule {_word(said.get('rule'))!r}", "a rule that does not exist")
    stated, value = _word(said.get("value")).upper(), RULES[rule]
    if value is None:
        fits = stated in ("", "NONE", "NULL", "DELIVERY")
    elif stated not in set(Engagement):
        raise InvalidReplyError(f"wrong label {_word(said.get('value'))!r}", "a label that does not exist")
    else:
        fits = stated == value
    if not fits:
        raise InvalidReplyError(
            f"the label {stated[:SHOWN]!r} under the rule {rule!r}",
            f"a label that is not that of the rule {rule!r}",
        )
    quote = said.get("quote")
    return Ruling(
        rule,
        quote if isinstance(quote, str) and quote.strip() else None,
        _probability(said.get("confidence")),
    )


def _probability(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value <= 1 else None


def _word(value: object) -> str:
    """A label as it was written, short enough to be shown; nothing for null."""
    return "" if value is None else str(value).strip()[:SHOWN]
