"""One recorded answer: a row of a recording, read into what an attempt and a probe need."""

import json
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from sordino.core.errors import RecordingError
from sordino.core.records import Attempt, Delivery
from sordino.generation import envelopes
from sordino.generation.delivery import is_block_name, settle, stated
from sordino.generation.reasoning import split

NAMES = ("template", "jurisdiction", "language", "phrasing")
"""What figures are sorted by. Texts may hold what they like, but names go through many libraries."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A recorded answer.

    row: line or row number in the file. sample: as the file has it, before numbering. prefill: how the
      answer was begun for the model.
    text, reasoning: UTF-8 with surrogates passed through, because one dash or emoji doubles or quadruples
      a Python string, and recordings are large.
    """

    row: int
    question: str
    text: bytes
    reasoning: bytes | None
    delivery: Delivery
    finish_reason: str | None
    native_finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    seconds: float | None
    route: str | None
    error: str | None
    system: str | None
    prefill: str | None
    sample: str | None
    question_id: str | None
    template: str | None
    jurisdiction: str | None
    language: str | None
    phrasing: str | None
    sibling_id: str | None

    def attempt(self, key: str) -> Attempt:
        """The attempt that settles the request with this key."""
        return Attempt(
            key=key,
            delivery=self.delivery,
            text=_unpack(self.text),
            reasoning=None if self.reasoning is None else _unpack(self.reasoning),
            finish_reason=self.finish_reason or self.native_finish_reason,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            seconds=self.seconds,
            route=self.route,
            error=self.error,
        )


def same_question(question: str) -> str:
    """What two spellings of one question have in common: NFC, and no space around."""
    return unicodedata.normalize("NFC", question).strip()


def read_answer(fields: Mapping[str, object], number: int, where: str) -> Answer:
    """An answer from a row by field (see `columns.FIELDS`).

    where: how messages name the row. Raises RecordingError for a row without a question, or with a value
    of a kind that its field cannot have.
    """
    known = _unwrapped(fields, where)
    texts = {field: _text(value) for field, value in known.items()}
    texts["error"] = stated(texts.get("error"))
    if not (question := same_question(texts.get("question") or "")):
        raise RecordingError(f"{where}: the question is missing. Fill it in or take the row out.")
    for field in NAMES:
        if _is_broken(texts.get(field) or ""):
            raise RecordingError(
                f"{where}: the {field} holds half a character (a lone surrogate). Write whole ones."
            )
    tokens = _number(known.get("completion_tokens"))
    delivery, answer, reasoning = _came(texts, None if tokens is None else int(tokens), where)
    prompt_tokens = _number(known.get("prompt_tokens"))
    return Answer(
        row=number,
        question=question,
        text=_pack(answer or ""),
        reasoning=None if reasoning is None else _pack(reasoning),
        delivery=delivery,
        finish_reason=texts.get("finish_reason"),
        native_finish_reason=texts.get("native_finish_reason"),
        prompt_tokens=None if prompt_tokens is None else int(prompt_tokens),
        completion_tokens=None if tokens is None else int(tokens),
        seconds=_number(known.get("seconds")),
        route=texts.get("provider"),
        error=_why(texts, delivery),
        system=texts.get("system"),
        prefill=texts.get("prefill"),
        sample=texts.get("sample"),
        question_id=texts.get("question_id"),
        template=texts.get("template"),
        jurisdiction=texts.get("jurisdiction"),
        language=texts.get("language"),
        phrasing=texts.get("phrasing"),
        sibling_id=texts.get("sibling_id"),
    )


def _came(
    texts: Mapping[str, str | None], tokens: int | None, where: str
) -> tuple[Delivery, str | None, str | None]:
    """The delivery, the answer and the reasoning. A row that says its delivery has them apart already."""
    response, given = texts.get("response"), texts.get("reasoning")
    if (told := texts.get("delivery")) is not None:
        return _told(told, response, where), response, given
    reasoning, answer = (given, None) if response is None else split(response, given)
    if _is_only_a_block(answer, texts):
        return Delivery.BLOCKED_OUTPUT, answer, reasoning
    delivery = settle(
        text=answer,
        reasoning=reasoning,
        finish_reason=texts.get("finish_reason"),
        native_finish_reason=texts.get("native_finish_reason"),
        error=texts.get("error"),
        status=texts.get("status"),
        completion_tokens=tokens,
    )
    return delivery, answer, reasoning


def _is_only_a_block(answer: str | None, texts: Mapping[str, str | None]) -> bool:
    """Some hosts and recorders write the reason why there is no answer where the answer would be."""
    silent = not (texts.get("finish_reason") or texts.get("native_finish_reason"))
    return silent and is_block_name((answer or "").strip())


def _told(word: str, response: str | None, where: str) -> Delivery:
    """What a recording that Sordino wrote says of its row's delivery."""
    if word not in list(Delivery):
        raise RecordingError(
            f"{where}: the delivery {word[:40]!r} is none of {', '.join(Delivery)}. Write one of them, or "
            "give the column another name if it is about something else."
        )
    if word == Delivery.DELIVERED and not (response or "").strip():
        raise RecordingError(f"{where}: the answer counts as delivered, and there is none. Mend the row.")
    return Delivery(word)


def _unwrapped(fields: Mapping[str, object], where: str) -> dict[str, object]:
    """A row whose response is a service's whole object, with that object's fields beside its own."""
    envelope = envelopes.unwrap(fields.get("response"))
    own = {field: value for field, value in fields.items() if value is not None}
    known = {**(envelope or {}), **own}
    if envelope is not None:
        known["response"] = envelope.get("response")
    for field in ("question", "response"):
        if isinstance(known.get(field), Mapping | list) and known[field]:
            raise RecordingError(
                f"{where}: the {field} is no text but an object. "
                f"Name the text inside it, as in --columns {field}={field}.0.content."
            )
    return known


def _why(texts: Mapping[str, str | None], delivery: Delivery) -> str | None:
    """What kept the answer away, as recorded."""
    if delivery is Delivery.ERROR or delivery.is_blocked:
        missing = "no response recorded" if texts.get("response") is None else None
        return texts.get("error") or texts.get("status") or missing
    return texts.get("error")


def _text(value: object) -> str | None:
    """Text as it is, numbers as Python writes them; None for a null, a NaN or an empty object."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False) if value else None
    return None if value is False or (isinstance(value, float) and math.isnan(value)) else str(value)


def _number(value: object) -> float | None:
    """A count or duration; None where it is none, for both are only shown beside an answer."""
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _is_broken(name: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in name)


def _pack(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _unpack(packed: bytes) -> str:
    return packed.decode("utf-8", "surrogatepass")
