"""`sordino import table`: any table of answers as a recording, with everything that is wrong with it said.

What it does beyond a copy: columns get their names, envelopes are taken off and reasoning apart, deliveries
are settled, codes and labels are brought to one form, and rows that come twice are found.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sordino.core.errors import LabelError, RecordingError
from sordino.core.records import Axis
from sordino.generation.answers import Answer, read_answer
from sordino.generation.codes import jurisdiction_code, language_code
from sordino.generation.columns import ColumnMap, Row, dig
from sordino.generation.readers import place as row_place
from sordino.generation.readers import read_rows
from sordino.generation.recorded import Doubles, Recorded
from sordino.generation.unlisted import Unlisted
from sordino.judging.human import value_of
from sordino.store.deliveries import NOT_ASKED
from sordino.wiring.answer_files import named, top
from sordino.wiring.importing import Imported, Place, Progress, write
from sordino.wiring.judge_evaluation import LABELS, LOST

SHOWN = 10
"""Problems in a message."""

EVERY = 5_000
"""Rows between two signs of life."""

BESIDE = ("question_set", "timestamp", "label_judge")
"""Columns of a recording that are no fields of an answer."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the rows do not say. columns: by field. label: the column of labels, looked for where None."""

    columns: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    language: str | None = None
    jurisdiction: str | None = None
    label: str | None = None


def table(
    source: Path, place: Place, told: Told, progress: Progress = lambda _stage, _done, _total: None
) -> Imported:
    """Write the recording. Raises RecordingError with what is wrong, SpecError for an option."""
    place.check(source)
    reading = _Reading(source, told)
    counts = write(reading.answers(progress), place, source.name)
    return Imported(
        source.name, place.output, counts, dict(reading.left_out), dict(reading.noted), tuple(reading.notes)
    )


class _Reading:
    """One pass over a table."""

    def __init__(self, source: Path, told: Told) -> None:
        self._source, self._told, self._columns = source, told, ColumnMap(told.columns)
        self._doubles = Doubles("Number repeats in a column `sample`, or take one of them out.")
        self._problems: list[str] = []
        self._wrong = self._rows_wrong = 0
        self._seen: dict[str, None] = {}
        self._labels: set[str] = set()
        self._unlisted = Unlisted()
        self.left_out, self.noted = Counter[str](), Counter[str]()
        self.notes: list[str] = []

    def answers(self, progress: Progress) -> Iterator[Recorded]:
        """Those that can be taken; raises at the end for those that cannot."""
        number = 0
        for number, (line, row) in enumerate(read_rows(self._source, list, self.notes), 1):
            fields = self._columns.values(row)
            self._seen.update(dict.fromkeys(row))
            self._check_columns()
            if number % EVERY == 0:
                progress("reading rows", number, None)
            if fields.get("delivery") == NOT_ASKED:
                self.left_out["rows of questions that were not asked"] += 1
                continue
            wrong = self._wrong
            one = self._recorded(fields, row, line)
            self._rows_wrong += self._wrong > wrong
            if one is not None:
                self._note(one)
                yield one
        if number >= EVERY:
            progress("reading rows", number, number)
        self._raise()
        self._say_left_out()

    def _check_columns(self) -> None:
        name = self._source.name
        if self._columns.of("question") is None:
            raise self._columns.missing("question", name)
        if self._columns.of("model") is None and self._told.model is None:
            raise RecordingError(
                f"{name}: no column says whose answers these are. Give --model NAME, or name the column "
                "with --columns model=COLUMN."
            )

    def _recorded(self, fields: Row, row: Row, line: int) -> Recorded | None:
        """None where it came before or something is wrong, of which all is told: one may hide another."""
        where, wrong = row_place(self._source, line), self._wrong
        model = named(fields.get("model")) or self._told.model
        if model is None:
            self._tell(f"{where}: the model is missing. Fill it in, or give --model NAME.")
        label, given = self._labelled(row, where)
        try:
            answer = self._coded(read_answer(fields, line, where))
        except RecordingError as error:
            self._tell(str(error))
            return None
        word = named(row.get("label_given")) or given
        beside = {column: named(row.get(column)) for column in BESIDE}
        one = Recorded(answer, model or "", label=label, label_given=word, **beside)
        try:
            is_new = model is not None and self._is_new(one, line)
        except RecordingError as error:
            self._tell(str(error))
            return None
        return one if self._wrong == wrong and is_new else None

    def _tell(self, problem: str) -> None:
        self._wrong += 1
        if self._wrong <= SHOWN:
            self._problems.append(problem)

    def _note(self, one: Recorded) -> None:
        self._unlisted.see(one.answer.language, one.answer.jurisdiction)
        if one.answer.language is None:
            self.noted["answers that say no language"] += 1
        if one.label is None and self._labels:
            self.noted["answers without a label"] += 1

    def _coded(self, answer: Answer) -> Answer:
        return replace(
            answer,
            language=language_code(answer.language or self._told.language),
            jurisdiction=jurisdiction_code(answer.jurisdiction or self._told.jurisdiction),
            sample=answer.sample or "0",
        )

    def _labelled(self, row: Row, where: str) -> tuple[str | None, str | None]:
        """The engagement, and the word that stands there for it."""
        given = self._label(row)
        if given is None or given.upper().startswith(LOST):
            return None, given
        try:
            return value_of(given, Axis.ENGAGEMENT), given
        except LabelError as error:
            self._tell(f"{where}: {error}")
            return None, given

    def _label(self, row: Row) -> str | None:
        if self._told.label is not None:
            self._labels.add(top(self._told.label, row))
            return named(dig(row, self._told.label))
        by_lower = {name.lower(): name for name in row}
        column = next((by_lower[name] for name in LABELS if name in by_lower), None)
        if column is None:
            return None
        self._labels.add(column)
        return named(row[column])

    def _is_new(self, one: Recorded, line: int) -> bool:
        answer = one.answer
        key = [one.model, answer.question, answer.sample]
        content = one.row(answer.sample or "")
        return self._doubles.is_new(
            key, content, (self._source, line), "the same question of the same model"
        )

    def _say_left_out(self) -> None:
        self.noted.update(self._unlisted.told())
        if self._doubles.dropped:
            self.left_out["rows that repeat another exactly"] = self._doubles.dropped
        taken = {*self._columns.used(self._seen), *self._labels, *BESIDE, "label_given"}
        if rest := [name for name in self._seen if name not in taken]:
            self.notes.append(f"Columns that a recording has no place for, left out: {', '.join(rest)}.")

    def _raise(self) -> None:
        if self._seen:
            self._columns.check(self._source.name)
        if (label := self._told.label) and self._seen and top(label, self._seen) not in self._seen:
            there = ", ".join(list(self._seen)[:40])
            raise RecordingError(
                f"{self._source.name}: there is no column {label!r} of labels. Its columns: {there}."
            )
        if not self._wrong:
            return
        shown: Sequence[str] = self._problems
        if self._wrong == 1:
            raise RecordingError(shown[0])
        more = f" And {self._wrong - len(shown):,} more." if self._wrong > len(shown) else ""
        rows = "1 row" if self._rows_wrong == 1 else f"{self._rows_wrong:,} rows"
        raise RecordingError(f"{self._source.name}: {rows} cannot be taken. {' '.join(shown)}{more}")
