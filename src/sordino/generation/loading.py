"""Reads one model's answers out of a file and checks that there is one for each question and sample."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sordino.core.errors import RecordingError, unknown
from sordino.core.records import Delivery
from sordino.generation.answers import Answer, read_answer
from sordino.generation.columns import ColumnMap, Row, dig
from sordino.generation.delivery import is_block_name, is_known
from sordino.generation.readers import place, read_rows
from sordino.store.deliveries import NOT_ASKED

Held: TypeAlias = Mapping[tuple[str, int], Answer]
"""Answers by question and sample; the samples of a question count from 0."""


@dataclass(frozen=True)
class Loaded:
    """What a file holds of one model.

    model: None where neither the file nor the caller names one.
    """

    answers: Held
    model: str | None
    notes: tuple[str, ...]


def load(path: Path, columns: Mapping[str, str], model: str | None, siblings: str | None) -> Loaded:
    """Read a file. Raises RecordingError, or SpecError for a field that does not exist."""
    reading = _Reading(path, ColumnMap(columns), model, siblings)
    answers = list(reading.answers())
    chosen = reading.checked_model(bool(answers))
    held = _numbered(answers, path)
    return Loaded(held, chosen, (*reading.notes, *_doubts(answers)))


class _Reading:
    """One pass over a file."""

    def __init__(self, path: Path, columns: ColumnMap, model: str | None, siblings: str | None) -> None:
        self.path, self.columns, self.model, self.siblings = path, columns, model, siblings
        self.models: dict[str, None] = {}
        self.notes: list[str] = []
        self.unasked = 0

    def answers(self) -> Iterator[Answer]:
        """The chosen model's answers; without a choice those of the first that shows."""
        for number, row in read_rows(self.path, self._used, self.notes):
            fields, where = self.columns.values(row), place(self.path, number)
            if self.columns.of("question") is None:
                raise self.columns.missing("question", self.path.name)
            if self._is_of_another_model(fields, where):
                continue
            if fields.get("delivery") == NOT_ASKED:
                self.unasked += 1
                continue
            if self.siblings is not None:
                fields["sibling_id"] = self._sibling_id(fields, row)
            yield read_answer(fields, number, where)

    def checked_model(self, any_answers: bool) -> str | None:
        """The name of the model whose answers were read. Raises where there is not one such model."""
        name, found = self.path.name, sorted(self.models)
        if self.model is not None and found and self.model not in found:
            raise RecordingError(f"{name}: {unknown('model', self.model, found)}")
        if self.model is None and len(found) > 1:
            raise RecordingError(
                f"{name} holds {len(found)} models. Choose one with --model: {', '.join(found)}."
            )
        if not any_answers:
            raise RecordingError(" ".join([f"{name} holds no answers.", *self.notes]))
        self.columns.check(name)
        if self.unasked:
            self.notes.append(f"{self.unasked:,} rows of {name} are of questions that were not asked.")
        if self.model is not None and not found:
            self.notes.append(f"{name} names no model: all of its answers are taken for {self.model}'s.")
        return self.model or (found[0] if found else None)

    def _used(self, names: Iterable[str]) -> list[str]:
        present = list(names)
        return list(
            dict.fromkeys([*self.columns.used(present), *(n for n in present if n == self.siblings)])
        )

    def _is_of_another_model(self, fields: Row, where: str) -> bool:
        if self.columns.of("model") is None:
            return False
        model = str(fields.get("model") or "").strip()
        if not model:
            raise RecordingError(f"{where}: the model is missing, in a file that names models. Fill it in.")
        self.models.setdefault(model)
        return model != (self.model or next(iter(self.models)))

    def _sibling_id(self, fields: Row, row: Row) -> object:
        """By field or by column. A row without one has no siblings."""
        column = self.siblings or ""
        return fields[column] if column in fields else dig(row, column)


def _numbered(answers: Sequence[Answer], path: Path) -> Held:
    """Answers by question and sample. Raises for two answers that nothing tells apart."""
    by_question: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_question[answer.question].append(answer)
    held: dict[tuple[str, int], Answer] = {}
    for question, given in by_question.items():
        taken: dict[str | None, Answer] = {}
        for answer in given:
            if (other := taken.setdefault(answer.sample, answer)) is not answer:
                raise RecordingError(_twice(other, answer, path))
        for number, answer in enumerate(sorted(given, key=lambda a: _sample_order(a.sample))):
            held[question, number] = answer
    return held


def _sample_order(sample: str | None) -> tuple[float, str]:
    try:
        return float(sample or ""), ""
    except ValueError:
        return float("inf"), sample or ""


def _twice(first: Answer, second: Answer, path: Path) -> str:
    noun = place(path, second.row).rpartition(", ")[2].partition(" ")[0]
    which = f"{path.name}, {noun}s {first.row} and {second.row}: the same question of the same model"
    if second.sample is not None:
        return f"{which}, both sample {second.sample!r}. Number the samples apart or take one row out."
    return (
        f"{which} twice. Number repeats in a column `sample` (--columns sample=COLUMN) or take one row out."
    )


def _doubts(answers: Sequence[Answer]) -> Iterator[str]:
    """What the metadata says that a reader of the report should weigh."""
    reasons = (r for a in answers for r in (a.finish_reason, a.native_finish_reason) if r)
    for reason, count in sorted(Counter(reasons).items()):
        if not is_known(reason):
            yield f"Finish reason {reason!r} of {count} answers is not known: the text alone decided."
    named = [a for a in answers if len(a.text) < 40 and is_block_name(a.text.decode("utf-8", "replace"))]
    bare = Counter(a.delivery for a in named)
    what = "answers are nothing but a service's name for a block (such as SAFETY)"
    if blocked := bare[Delivery.BLOCKED_OUTPUT]:
        yield f"{blocked} {what}, and count as blocked on the way out."
    if delivered := bare[Delivery.DELIVERED]:
        yield (
            f"{delivered} {what}, with a finish reason that says otherwise. They count as delivered; a "
            "status column (--columns status=COLUMN) would tell."
        )
    if prompted := sum(a.system is not None for a in answers):
        yield f"{prompted} answers were given under a system prompt that the recording states."
    if begun := sum(a.prefill is not None for a in answers):
        yield f"{begun} answers were begun for the model with words that the recording states."
