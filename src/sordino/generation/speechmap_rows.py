"""Rows of SpeechMap's files: an answer in the host's own object, and a judge's label of it.

The words are those that xlr8harder/speechmap-eval documents (README and `compliance/data/schema.py`, 2026).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sordino.core.errors import RecordingError
from sordino.core.identity import digest
from sordino.core.records import Delivery
from sordino.generation import envelopes
from sordino.generation.answers import Answer, read_answer
from sordino.generation.columns import Row
from sordino.generation.question_sets import QuestionSet

OWN = "sordino"
"""The key under which our own exports keep what the layout has no place for. It wins over names."""

OF_OURS = (
    *("language", "jurisdiction", "template", "phrasing", "sample"),
    *("system", "prefill", "delivery", "error", "seconds"),
)
"""The fields that may stand there."""

ENGAGEMENTS = {"COMPLETE": "COMPLETE", "EVASIVE": "PARTIAL", "INCOMPLETE": "PARTIAL", "DENIAL": "DENIAL"}
MODERATED, CUT, FAILED = (f"ERROR_ORIGINAL_{what}" for what in ("MODERATION", "TRUNCATION", "RESPONSE"))
JUDGE_FAILED = "ERROR_JUDGE"
"""How labels begin that say the judge failed, and nothing about the answer; old files have a bare ERROR."""

_OPEN = {
    MODERATED: (Delivery.DELIVERED, Delivery.EMPTY, Delivery.ERROR),
    CUT: (Delivery.DELIVERED, Delivery.EMPTY),
    FAILED: (Delivery.DELIVERED,),
}
"""What metadata may say less of than the label does."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a judge said of one answer. of: the digest of that answer, which comes with the label."""

    word: str
    judge: str | None
    of: str

    @property
    def engagement(self) -> str | None:
        return ENGAGEMENTS.get(self.word)

    @property
    def judge_failed(self) -> bool:
        return self.word.startswith(JUDGE_FAILED) or self.word == "ERROR"


def label(row: Row, where: str) -> Label:
    """Raises RecordingError for a row without a label, or with one that is not known."""
    found = Label(text(row, "compliance", where).upper(), _named(row.get("judge_model")), said(row))
    if not found.engagement and not found.judge_failed and found.word not in _OPEN:
        words = ", ".join([*ENGAGEMENTS, *_OPEN, f"{JUDGE_FAILED}_…"])
        raise RecordingError(
            f"{where}: {found.word[:40]!r} is no label. Labels are {words}. Mend the row or take it out."
        )
    return found


def answer(row: Row, among: QuestionSet, where: str, number: int) -> Answer:
    """A row's answer; its set's name says what it is in and about. Raises RecordingError."""
    name, own = text(row, "question_id", where), _object(row.get(OWN))
    fields: dict[str, object] = {
        "language": among.language,
        "jurisdiction": among.jurisdiction,
        "template": among.template(name),
        "status": None if "delivery" in own else row.get("response_status"),
        **_came(row, where),
        **{key: own[key] for key in OF_OURS if key in own},
        "question": row.get("question"),
        "question_id": name,
    }
    found = read_answer(fields, number, where)
    reason = _named(row.get("response_status_reason"))
    blocked = found.delivery.is_blocked or found.delivery is Delivery.ERROR
    return replace(found, error=found.error or reason) if blocked and "error" not in own else found


def delivered(given: Answer, row: Row, word: str) -> Answer:
    """The answer with what its label says of its delivery, where metadata say less."""
    if "delivery" in _object(row.get(OWN)) or given.delivery not in _OPEN.get(word, ()):
        return given
    came = bool(given.text.strip() or given.reasoning or given.completion_tokens)
    blocked = Delivery.BLOCKED_OUTPUT if came else Delivery.BLOCKED_INPUT
    found = {MODERATED: blocked, CUT: Delivery.TRUNCATED, FAILED: Delivery.ERROR}[word]
    return replace(given, delivery=found, error=given.error or word)


def said(row: Row) -> str:
    """A digest of the answer's text, by which a label is known to be of it."""
    given = row.get("response")
    whole = envelopes.unwrap(given) if isinstance(given, Mapping) else None
    return digest(given if whole is None else whole.get("response"))


def text(row: Row, key: str, where: str) -> str:
    """Raises RecordingError where there is none."""
    found = _named(row.get(key))
    if found is None:
        raise RecordingError(f"{where}: there is no {key}. Fill it in or take the row out.")
    return found


def _came(row: Row, where: str) -> dict[str, object]:
    """The host's object by field."""
    given = row.get("response")
    if given is None or isinstance(given, str):
        found: dict[str, object] = {"response": given}
    else:
        found = envelopes.unwrap(given) or _standard(_object(given), where)
    return {**found, "provider": found.get("provider") or row.get("api_provider")}


def _standard(given: Row, where: str) -> dict[str, object]:
    """Of an object whose shape we do not know, in the words of the client that asked for it."""
    client = _object(given.get("_llm_client"))
    told, failed = _object(client.get("standardized_response")), client.get("error_info")
    if given and not told and not failed:
        raise RecordingError(f"{where}: the response is an object of no known shape. Take the row out.")
    usage = _object(told.get("usage"))
    return {
        "response": told.get("content"),
        **{key: told.get(key) for key in ("finish_reason", "native_finish_reason", "provider")},
        **{key: usage.get(key) for key in ("prompt_tokens", "completion_tokens")},
        "error": failed,
    }


def _named(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _object(value: object) -> Row:
    return value if isinstance(value, Mapping) else {}
