"""`sordino judge read`: a file of anybody's answers in, the same file with a judge's readings out.

    rows of the file -> what a judge is to read -> readings -> rows with more columns

Memory holds one batch of rows at a time. What is unjudged is written with why, never left out.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sordino.core.errors import SpecError
from sordino.core.records import Engagement, Reading, Unjudged
from sordino.wiring.answer_files import AnswerFile, Progress
from sordino.wiring.judge_rows import Readers, asked
from sordino.wiring.judged_tables import ADDED, check_place, table

DIGITS = 6
"""Of a probability."""


@dataclass(frozen=True, slots=True)
class Job:
    """What `sordino judge read` is told.

    columns: field to column, where common names do not say it. model: whose answers they are where a row
    does not say it. prefix: what the added columns' names begin with. force: an output there is replaced.
    keep_formulas: CSV cells are written as they are, also those that a spreadsheet would run.
    """

    source: Path
    output: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    judge: str = "classifier"
    model: str | None = None
    prefix: str = ""
    force: bool = False
    keep_formulas: bool = False


@dataclass
class Counts:
    """What came of the rows. judges: rows by the judge that had them.

    unsure: of the rows with a stated confidence.
    """

    rows: int = 0
    engagement: Counter[str] = field(default_factory=Counter)
    stated: int = 0
    unsure: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    judges: Counter[str] = field(default_factory=Counter)

    def add(self, result: Reading | Unjudged, *, unsure: bool | None) -> None:
        """Count one row. unsure: None where no confidence is stated."""
        self.rows += 1
        self.judges[result.judge] += 1
        if isinstance(result, Unjudged):
            self.unjudged[result.why] += 1
        else:
            self.engagement[result.value] += 1
            self.stated += unsure is not None
            self.unsure += bool(unsure)


@dataclass(frozen=True, slots=True)
class Done:
    """What was written, from which columns, and what came of the rows."""

    job: Job
    counts: Counts
    taken: Mapping[str, str]
    unsure_below: float
    seconds: float
    notes: tuple[str, ...]

    def summary(self) -> dict[str, object]:
        """Everything as plain JSON values."""
        counts = self.counts
        return {
            "file": str(self.job.source),
            "output": str(self.job.output),
            "columns": dict(self.taken),
            "rows": counts.rows,
            "engagement": {value.value: counts.engagement[value] for value in Engagement},
            "unsure": counts.unsure if counts.stated else None,
            "unsure_below": self.unsure_below,
            "unjudged": dict(counts.unjudged.most_common()),
            "judges": dict(counts.judges.most_common()),
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }


def read_file(job: Job, progress: Progress = lambda _stage, _done, _total: None) -> Done:
    """Read every answer of a file and write the table.

    Raises RecordingError for the file, SpecError for an option, JudgeError for the judge and ReportError
    for the place; then nothing is written.
    """
    begun = time.monotonic()
    check_place(job.output, job.source, force=job.force)
    with Readers(job.judge, job.model) as readers:
        given = AnswerFile.open(job.source, job.columns, progress)
        _check_names(given, job.prefix)
        counts = Counts()
        with table(job.output, given, job.prefix, keep_formulas=job.keep_formulas) as growing:
            for batch in given.batches(readers.batch):
                rows = [asked(given.columns.values(row), number) for number, row in batch.rows]
                results = readers.read(rows)
                growing.write(batch, [_columns(r, readers.unsure_below, job.prefix) for r in results])
                for result in results:
                    counts.add(result, unsure=_unsure(result, readers.unsure_below))
                progress("reading answers", counts.rows, given.rows)
            readers.check()
    notes = (*given.notes, *readers.warnings, *_defused(growing.formulas))
    seconds = time.monotonic() - begun
    return Done(job, counts, given.taken(), readers.unsure_below, seconds, notes)


def _check_names(given: AnswerFile, prefix: str) -> None:
    there = [prefix + name for name in ADDED if prefix + name in given.kinds]
    if there:
        raise SpecError(
            f"{given.path.name} already has a column {there[0]!r}, which would be lost. "
            f"Give the new columns another beginning: --prefix {prefix}sordino_."
        )


def _columns(result: Reading | Unjudged, unsure_below: float, prefix: str) -> dict[str, object]:
    """The added columns of one row."""
    if isinstance(result, Unjudged):
        values: Sequence[object] = (None, None, None, None, None, result.why, result.judge)
    else:
        found = [result.probabilities.get(value.value) for value in Engagement]
        rounded = [None if p is None else round(p, DIGITS) for p in found]
        values = (result.value, *rounded, _unsure(result, unsure_below), None, result.judge)
    return {prefix + name: value for name, value in zip(ADDED, values, strict=True)}


def _unsure(result: Reading | Unjudged, unsure_below: float) -> bool | None:
    """None for what is unjudged, and for a judge that states no confidence."""
    if isinstance(result, Unjudged) or result.confidence is None:
        return None
    return result.confidence < unsure_below


def _defused(formulas: int) -> tuple[str, ...]:
    if not formulas:
        return ()
    return (
        f"Cells that begin as a formula does: {formulas:,}. They were written with ' before them, so that "
        "no spreadsheet runs them; --keep-formulas writes them as they are.",
    )
