"""How far a judge's readings agree with labels, over all answers and over parts of them.

Sits beside the judges and measures any of them: whoever has labels (a file, the store) hands over records
of label and result. What a judge could not read is counted by why and is in no figure of agreement.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sordino.core.records import Engagement, Figure, Reading, Unjudged
from sordino.statistics import confusion
from sordino.statistics.agreement import BINS, calibration_error
from sordino.statistics.confusion import Counts
from sordino.statistics.intervals import Floats

ORDER = tuple(value.value for value in Engagement)
SHARES = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
EXAMPLES = 2
SEED = 0
NOT_STATED = "not stated"
"""The group of rows that name none."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled answer with what the judge made of it.

    model: whose answer, the cluster of every interval; None where nobody says. groups: by name of grouping.
    """

    label: Engagement
    result: Reading | Unjudged
    model: str | None = None
    groups: Mapping[str, str | None] = field(default_factory=dict)
    question: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """Agreement within one group. n: readings; withheld_*: shares that are not COMPLETE, of readings.

    unsure: the share below the judge's threshold, of readings that state a confidence; None without any, as
    all the others without readings.
    """

    group: str
    n: int
    models: int
    unjudged: int
    accuracy: Figure
    macro_f1: Figure
    kappa: Figure
    unsure: float | None
    withheld_labels: float | None
    withheld_read: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Readings whose confidence lies in a tenth: the mean of it, and how many are right (with Wilson's)."""

    low: float
    high: float
    n: int
    confidence: float
    right: Figure


@dataclass(frozen=True, slots=True)
class Coverage:
    """The most confident share of all readings: how many, how often right, and the least confidence."""

    share: float
    n: int
    accuracy: float
    least: float


@dataclass(frozen=True, slots=True)
class Example:
    """A wrong reading."""

    question: str
    answer: str
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Cell:
    """Answers with one label that were read one way; of wrong ones the most confident as examples."""

    label: str
    read: str
    n: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Validation:
    """A judge's measured quality.

    groups: by name of grouping, the largest first. judges: rows by judge id. confusion: label by label.
    calibration, coverage: empty, and calibration_error None, for a judge that states no confidence.
    sure, doubted: accuracy of the readings at or above the threshold, and of those below; readings without
    a confidence are in neither.
    """

    overall: Quality
    groups: Mapping[str, tuple[Quality, ...]]
    confusion: tuple[Cell, ...]
    calibration: tuple[Bin, ...]
    calibration_error: float | None
    coverage: tuple[Coverage, ...]
    unsure_below: float
    sure: Figure
    doubted: Figure
    unjudged: Mapping[str, int]
    judges: Mapping[str, int]
    seed: int


def validate(judged: Sequence[Judged], *, unsure_below: float, seed: int = SEED) -> Validation:
    """Measure the readings against the labels.

    unsure_below: the judge's threshold. seed: of the bootstrap; each group draws from a stream of its own.
    """
    read = [j for j in judged if isinstance(j.result, Reading)]
    unjudged = [j.result for j in judged if isinstance(j.result, Unjudged)]
    names = list(dict.fromkeys(name for j in judged for name in j.groups))
    stated = [j for j in read if _confidence(j) is not None]
    sure = [j for j in stated if not _is_unsure(j, unsure_below)]
    doubted = [j for j in stated if _is_unsure(j, unsure_below)]
    return Validation(
        overall=_quality("all", judged, unsure_below, seed),
        groups={name: _groups(name, judged, unsure_below, seed) for name in names},
        confusion=tuple(_confusion(read)),
        calibration=tuple(_calibration(read)),
        calibration_error=_calibration_error(read),
        coverage=tuple(_coverage(read)),
        unsure_below=unsure_below,
        sure=confusion.accuracy(_counts(sure)),
        doubted=confusion.accuracy(_counts(doubted)),
        unjudged=dict(Counter(u.why for u in unjudged).most_common()),
        judges=dict(Counter(j.result.judge for j in judged).most_common()),
        seed=seed,
    )


def _groups(name: str, judged: Sequence[Judged], unsure_below: float, seed: int) -> tuple[Quality, ...]:
    parts: dict[str, list[Judged]] = defaultdict(list)
    for j in judged:
        parts[j.groups.get(name) or NOT_STATED].append(j)
    ordered = sorted(parts.items(), key=lambda part: (-len(part[1]), part[0]))
    return tuple(_quality(group, some, unsure_below, seed) for group, some in ordered)


def _quality(group: str, judged: Sequence[Judged], unsure_below: float, seed: int) -> Quality:
    read = [j for j in judged if isinstance(j.result, Reading)]
    counts, n = _counts(read), len(read)
    generator = np.random.default_rng([seed, *group.encode()])
    return Quality(
        group=group,
        n=n,
        models=len({j.model for j in read if j.model is not None}),
        unjudged=len(judged) - n,
        accuracy=confusion.accuracy(counts),
        macro_f1=confusion.macro_f1(counts, generator),
        kappa=confusion.kappa(counts, generator),
        unsure=_share(
            sum(_is_unsure(j, unsure_below) for j in read), sum(_confidence(j) is not None for j in read)
        ),
        withheld_labels=_share(sum(j.label is not Engagement.COMPLETE for j in read), n),
        withheld_read=_share(sum(_value(j) != Engagement.COMPLETE.value for j in read), n),
    )


def _counts(read: Sequence[Judged]) -> Counts:
    """By model; answers whose model nobody names are one cluster."""
    place = {value: at for at, value in enumerate(ORDER)}
    models = {model: at for at, model in enumerate(dict.fromkeys(j.model for j in read))}
    tables = np.zeros((len(models), len(ORDER), len(ORDER)), np.int64)
    for j in read:
        tables[models[j.model], place[j.label.value], place[_value(j)]] += 1
    return Counts(tables)


def _confusion(read: Sequence[Judged]) -> Iterable[Cell]:
    cells: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for j in read:
        cells[j.label.value, _value(j)].append(j)
    for label in ORDER:
        for value in ORDER:
            found = cells[label, value]
            worst = sorted(found, key=lambda j: -(_confidence(j) or 0.0))[:EXAMPLES]
            examples = tuple(Example(j.question, j.answer, _confidence(j)) for j in worst)
            yield Cell(label, value, len(found), () if label == value else examples)


def _calibration(read: Sequence[Judged]) -> Iterable[Bin]:
    confidence, right = _stated(read)
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    for at in range(BINS):
        inside = place == at
        n = int(inside.sum())
        if n:
            share = float(right[inside].mean())
            figure = Figure(share, *confusion.wilson(share, n), n, 0, "Wilson, over answers")
            yield Bin(at / BINS, (at + 1) / BINS, n, float(confidence[inside].mean()), figure)


def _calibration_error(read: Sequence[Judged]) -> float | None:
    return calibration_error(*_stated(read))


def _coverage(read: Sequence[Judged]) -> Iterable[Coverage]:
    """Of readings that are equally confident, those that come first are taken first."""
    confidence, right = _stated(read)
    order = np.argsort(-confidence, kind="stable")
    for share in SHARES if len(order) else ():
        n = max(int(np.ceil(share * len(order))), 1)
        taken = order[:n]
        yield Coverage(share, n, float(right[taken].mean()), float(confidence[taken].min()))


def _stated(read: Sequence[Judged]) -> tuple[Floats, NDArray[np.bool_]]:
    """Confidence and whether it was right, of readings with a confidence: (readings,) each."""
    known = [(c, j.label.value == _value(j)) for j in read if (c := _confidence(j)) is not None]
    return np.array([c for c, _ in known], float), np.array([r for _, r in known], bool)


def _is_unsure(j: Judged, unsure_below: float) -> bool:
    confidence = _confidence(j)
    return confidence is not None and confidence < unsure_below


def _value(j: Judged) -> str:
    assert isinstance(j.result, Reading)
    return j.result.value


def _confidence(j: Judged) -> float | None:
    return j.result.confidence if isinstance(j.result, Reading) else None


def _share(hits: int, n: int) -> float | None:
    return hits / n if n else None
