"""One row of a recording in Sordino's own form: what importers make, and what every command reads as it is.

The form says the delivery of each row, so that nobody settles it a second time from less than there was.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sordino.core.errors import RecordingError
from sordino.core.identity import digest
from sordino.core.records import Delivery
from sordino.generation.answers import Answer
from sordino.generation.growing import Add, Columns, growing
from sordino.generation.readers import place

_TEXTS = (
    *("question", "response", "reasoning", "language", "jurisdiction", "template", "phrasing"),
    *("question_id", "question_set", "model", "sample", "system", "prefill"),
    *("delivery", "finish_reason", "native_finish_reason", "provider", "error"),
)
COLUMNS: Columns = {
    **dict.fromkeys(_TEXTS, str),
    "prompt_tokens": int,
    "completion_tokens": int,
    "seconds": float,
    **dict.fromkeys(("timestamp", "label", "label_given", "label_judge"), str),
}
"""In order; `label` is an engagement, `label_given` the word for it that the source has."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An answer with whose it is and what the source says beside it.

    sample: where several answers to one question are told apart; None where nothing is said.
    timestamp: of the answer, as the source writes it. label_judge: who labelled.
    """

    answer: Answer
    model: str
    question_set: str | None = None
    timestamp: str | None = None
    label: str | None = None
    label_given: str | None = None
    label_judge: str | None = None

    def row(self, sample: str) -> dict[str, object]:
        """By column."""
        answer, attempt = self.answer, self.answer.attempt("")
        told = {
            "response": shown(attempt.text, answer.delivery.value),
            "reasoning": attempt.reasoning,
            "delivery": answer.delivery.value,
            "provider": answer.route,
            "sample": sample,
        }
        return {name: told[name] if name in told else self._value(name) for name in COLUMNS}

    def _value(self, name: str) -> object:
        return getattr(self, name) if name in Recorded.__slots__ else getattr(self.answer, name)


def shown(text: str | None, delivery: str) -> str | None:
    """The text as a table shows it: where no answer came there is none, and an empty one is empty."""
    return text or ("" if delivery in (Delivery.EMPTY, Delivery.TRUNCATED) else None)


def recording(path: Path) -> AbstractContextManager[Add]:
    """A recording that grows (see `growing.growing`): Parquet, or JSON Lines by its suffix."""
    return growing(path, COLUMNS, {"sordino.recording": "1"})


class Doubles:
    """Rows that came before, of one file or of several. Memory grows by some 200 bytes a row.

    mend: what to do about two that differ.
    """

    def __init__(self, mend: str = "Take one of them out.") -> None:
        self._mend = mend
        self._seen: dict[bytes, tuple[Path, int, bytes]] = {}
        self.dropped = 0

    def is_new(self, key: object, content: object, at: tuple[Path, int], what: str) -> bool:
        """Whether nothing with this key came before; what is equal to what came is counted as dropped.

        key, content: JSON values. at: the file, and the number of the row in it. what: the key in words.
        Raises RecordingError where the content differs.
        """
        mine = (*at, _hash(content))
        first = self._seen.setdefault(_hash(key), mine)
        if first is mine:
            return True
        if first[-1] != mine[-1]:
            raise RecordingError(f"{_both(first[:2], at)}: {what} twice, and they differ. {self._mend}")
        self.dropped += 1
        return False


def _both(first: tuple[Path, int], second: tuple[Path, int]) -> str:
    """How messages name two rows: by their file, or each by its own."""
    here, there = place(*first), place(*second)
    if first[0] != second[0]:
        return f"{here}, and {there}"
    head, _, number = here.rpartition(" ")
    return f"{head}s {number} and {second[1]}"


def _hash(value: object) -> bytes:
    return bytes.fromhex(digest(value))
