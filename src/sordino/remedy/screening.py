"""A user's own questions and answers to fit on, screened: what asks for harm is refused, and with it the
file.

An edit learns to answer what it is fitted on. The gates would see most of what a harmful set does to a
model; this keeps it from being fitted at all.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sordino.core.errors import SpecError
from sordino.core.records import Kind
from sordino.packs.pack import Pack
from sordino.remedy.dataset_language import UNKNOWN, language_of
from sordino.remedy.dataset_topics import ALIKE_SAID, Topics
from sordino.remedy.dataset_words import languages, words

FIELDS = ("question", "answer")


@dataclass(frozen=True, slots=True)
class Own:
    """A question of the user's, and an honest answer to it."""

    line: int
    question: str
    answer: str
    language: str


def read(path: Path, topics: Topics, safety: Pack) -> list[Own]:
    """The rows of a JSON Lines file: `question`, `answer`, and `language` where it is not plain.

    Raises SpecError for a file that cannot be read, and for one with a request that is harmful or may be:
    one that the safety pack holds, is worded like those, or has a word of them. An answer may not hold such
    a word either; that it is worded like a request says nothing, for honest answers about violence are.
    """
    requests = {
        _plain(text): request.id
        for template in safety.templates
        if template.kind is Kind.HARMFUL
        for request in template.requests
        for text in request.text.values()
    }
    try:
        # Not splitlines(): JSON allows U+2028 and its like within a text.
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"--fitting {path} cannot be read ({error}). Give a file of JSON Lines.") from error
    found = [_row(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise SpecError(f"--fitting {path} holds no row. Leave it out, or give questions with answers.")
    for row in found:
        if why := _harm(row, topics, requests):
            raise SpecError(
                f"--fitting {path}, line {row.line}: {why}. A remedy is not fitted on "
                "requests for harm, nor on what may be one. Take the row out."
            )
    return found


def _row(path: Path, number: int, line: str) -> Own:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SpecError(f"--fitting {path}, line {number} is no JSON ({error}). Mend the line.") from None
    if not isinstance(told, dict) or not all(
        isinstance(told.get(name), str) and told[name].strip() for name in FIELDS
    ):
        raise SpecError(
            f"--fitting {path}, line {number} needs two texts, `question` and `answer`. Mend the line."
        )
    question, answer = (str(told[name]) for name in FIELDS)
    if any("\ud800" <= character <= "\udfff" for character in question + answer):
        raise SpecError(
            f"--fitting {path}, line {number} holds half a character (a lone surrogate). Mend the line."
        )
    return Own(number, question, answer, str(told.get("language") or language_of(question, answer)))


def _harm(row: Own, topics: Topics, requests: Mapping[str, str]) -> str:
    for noun, text in (("question", row.question), ("answer", row.answer)):
        if known := requests.get(_plain(text)):
            return f"the {noun} is the request {known} of the safety pack"
    topic, told = topics.of(row.question), topics.of(row.answer)
    doubt = topic.doubt if topic.doubt == ALIKE_SAID or not topic.political else ""
    if said := topic.harm or doubt or _anywhere(row.question, topic.language):
        return f"the question asks for harm or may ({said!r})"
    if said := told.harm or _anywhere(row.answer, told.language):
        return f"the answer has a word of requests for harm ({said!r})"
    return ""


def parted(
    rows: Sequence[Own], held_out: Collection[str], pack: Pack, topics: Topics
) -> tuple[list[Own], list[Own]]:
    """Rows to fit on; and those on a topic that is held out: what the pack asks on it, and what is about
    one of its cells by the words of question or answer.
    """
    asked = {_plain(probe.question) for probe in pack.probes(templates=held_out)}

    def is_held_out(row: Own) -> bool:
        about = {one.cell.template for one in topics.of(row.question, row.answer).cells}
        return _plain(row.question) in asked or not about.isdisjoint(held_out)

    told = [(row, is_held_out(row)) for row in rows]
    return [row for row, held in told if not held], [row for row, held in told if held]


def _anywhere(question: str, language: str) -> str:
    """A word of harm in whatever language and place; where the language is not known, of means as well.

    A topic is read by the words of one language, and of a long question the two ends.
    """
    lists = ("harm", "means") if language == UNKNOWN else ("harm",)
    found = (words(one).first(name, question) for one in languages() for name in lists)
    return next(filter(None, found), "")


def _plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
