"""`sordino judge evaluate`: a judge's readings of answers that have labels, held against the labels.

    rows with labels -> what the judge is to read -> readings beside labels -> figures

Labels come from a column of a file. Whoever has them from elsewhere makes `Labelled` and calls `measure`,
or, where the readings are there too, `judging.validation.validate`.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

from sordino.core.errors import LabelError, RecordingError, SpecError, unknown
from sordino.core.records import Axis, Engagement
from sordino.generation.columns import FIELDS, dig
from sordino.judging.human import ALSO, value_of
from sordino.judging.validation import SEED, Judged, Validation, validate
from sordino.reporting import judge_measured
from sordino.reporting.judge_views import About, JudgePage, ModelRead
from sordino.wiring import cards
from sordino.wiring.answer_files import AnswerFile, Progress, named, top
from sordino.wiring.judge_rows import Asked, Readers, asked

LABELS = ("label", "engagement_label", "human_label", "label_grok", "label_gpt4o")
"""Where labels are looked for, the likeliest first."""

LOST = "ERROR"
"""How labels begin that say there was no answer to label."""

GROUPS = ("language", "jurisdiction", "family")
CLIPPED = 300
"""Characters of a question or an answer that an example shows."""

UNKNOWN_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Task:
    """What `sordino judge evaluate` is told.

    label: the column of labels; groups: columns to part the answers by; both are found where not told.
    columns, model: as for `sordino judge read`. seed: of the bootstrap.
    """

    source: Path
    columns: Mapping[str, str] = field(default_factory=dict)
    judge: str = "classifier"
    model: str | None = None
    label: str | None = None
    groups: tuple[str, ...] = ()
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Labelled:
    """An answer with its label, and the groups it belongs to by name of grouping."""

    row: Asked
    label: Engagement
    groups: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A judge measured on one file; `about` says which, and by which labels."""

    about: About
    validation: Validation
    seconds: float

    def summary(self) -> dict[str, object]:
        """Everything as plain JSON values; what cannot be said is null."""
        return {**asdict(self.about), **asdict(self.validation), "seconds": round(self.seconds, 3)}

    def page(self, judge: str) -> JudgePage:
        """The page about it. judge: the name of the shipped card whose limits it states, if any."""
        return judge_measured.page(self.validation, self.about, cards.shipped(judge))


def evaluate(task: Task, progress: Progress = lambda _stage, _done, _total: None) -> Evaluated:
    """Measure a judge on a labelled file.

    Raises RecordingError for the file, LabelError for its labels, SpecError for an option, JudgeError for
    the judge.
    """
    begun = time.monotonic()
    with Readers(task.judge, task.model) as readers:
        given = AnswerFile.open(
            task.source, task.columns, progress, also=lambda names: (_label(names, task), *task.groups)
        )
        label = given.also[0]
        left_out = _check_labels(given, label)
        rows = _labelled(given, label, _groupings(given, task), task.model)
        judged = list(measure(rows, readers, given.rows - sum(left_out.values()), progress))
        readers.check()
    about = About(
        judge=readers.id,
        source=task.source.name,
        label=label,
        columns=given.taken(),
        models=tuple(_models(judged, readers)),
        left_out=left_out,
        notes=(*given.notes, *readers.warnings, *_doubts(given, task)),
    )
    validation = validate(judged, unsure_below=readers.unsure_below, seed=task.seed)
    return Evaluated(about, validation, time.monotonic() - begun)


def measure(rows: Iterable[Labelled], readers: Readers, total: int, progress: Progress) -> Iterator[Judged]:
    """Read labelled answers, each model's by the part of the judge that left it out."""
    waiting, done = iter(rows), 0
    while batch := list(islice(waiting, readers.batch)):
        for one, result in zip(batch, readers.read([one.row for one in batch]), strict=True):
            question, answer = map(_clipped, one.row.texts)
            yield Judged(one.label, result, one.row.model, one.groups, question, answer)
        done += len(batch)
        progress("reading answers", done, total)


def _clipped(text: str) -> str:
    return text if len(text) <= CLIPPED else f"{text[:CLIPPED]} …"


def _labelled(
    given: AnswerFile, label: str, groups: Mapping[str, str], model: str | None
) -> Iterator[Labelled]:
    for number, row in given.lines():
        text = named(dig(row, label))
        if text is None or text.upper().startswith(LOST):
            continue
        one = asked(given.columns.values(row), number)
        whose = one.model or model
        found = {
            name: _family(whose) if column == "" else named(dig(row, column))
            for name, column in groups.items()
        }
        yield Labelled(one, Engagement(value_of(text, Axis.ENGAGEMENT)), found)


def _label(names: Sequence[str], task: Task) -> str:
    """The column of labels."""
    by_lower = {name.lower(): name for name in names}
    label = task.label or next((by_lower[name] for name in LABELS if name in by_lower), None)
    if label is None or top(label, names) not in names:
        looked = f"no column holds labels (looked for: {', '.join(LABELS)})"
        wrong = f"there is no column {label!r}" if label else looked
        there = ", ".join(list(names)[:40])
        raise RecordingError(
            f"{task.source.name}: {wrong}. Its columns: {there}. Name it with --label COLUMN."
        )
    return label


def _check_labels(given: AnswerFile, label: str) -> dict[str, int]:
    """Rows without a label, by why. Raises LabelError for labels that are none."""
    left_out, wrong, known = Counter[str](), Counter[str](), 0
    for text in given.column(label):
        if text is None:
            left_out["no label"] += 1
        elif text.upper().startswith(LOST):
            left_out[text] += 1
        elif _is_label(text):
            known += 1
        elif text in wrong or len(wrong) < UNKNOWN_SHOWN:
            wrong[text] += 1
    words = f"{', '.join(value.value for value in Engagement)} (also {', '.join(ALSO)} for PARTIAL)"
    if wrong:
        listed = ", ".join(f"{text[:40]!r} ({n:,})" for text, n in wrong.most_common())
        raise LabelError(
            f"{given.path.name}: the column {label!r} holds what is no label: {listed}. Labels are "
            f"{words}; those that begin with {LOST} are left out. Mend them, or name another column with "
            "--label."
        )
    if not known:
        raise LabelError(
            f"{given.path.name}: the column {label!r} holds no label at all. Labels are {words}."
        )
    return dict(left_out.most_common())


def _is_label(text: str) -> bool:
    try:
        value_of(text, Axis.ENGAGEMENT)
    except LabelError:
        return False
    return True


def _groupings(given: AnswerFile, task: Task) -> dict[str, str]:
    """The column of each grouping; empty for the family, which is read off the model."""
    found = {name: given.columns.of(name) or "" for name in FIELDS if given.columns.of(name)}
    found |= {name: name for name in given.kinds if name not in found}
    if "model" in found or task.model:
        found.setdefault("family", "")
    for name in task.groups:
        if name not in found and top(name, given.kinds) in given.kinds:
            found[name] = name
        if name not in found:
            raise SpecError(f"--by: {unknown('column', name, found)}")
    return {name: found[name] for name in task.groups or GROUPS if name in found}


def _family(model: str | None) -> str | None:
    """The organisation before a model's name: the text before the first "/" or "_"."""
    return None if model is None else model.replace("_", "/").partition("/")[0]


def _models(judged: Sequence[Judged], readers: Readers) -> Iterator[ModelRead]:
    counts: dict[str | None, int] = defaultdict(int)
    for one in judged:
        counts[one.model] += 1
    for model, n in sorted(counts.items(), key=lambda item: (-item[1], item[0] or "")):
        yield ModelRead(model, n, readers.fold(model))


def _doubts(given: AnswerFile, task: Task) -> Iterator[str]:
    if given.columns.of("model") is None and task.model is None:
        yield (
            "Nothing says whose answers these are: they were read as if the judge had not been trained on "
            "them. Where it was, the figures flatter it; --model or a column of models tells."
        )
