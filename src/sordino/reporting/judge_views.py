"""What a page about a judge says, as typed, finished words: for the shipped card and for an evaluation.

Every string is ready to be read; escaping is left to whoever renders. Figures that are drawn stay figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sordino.core.records import Figure
from sordino.reporting.views import Table


@dataclass(frozen=True, slots=True)
class ModelRead:
    """One model's answers. fold: the part of the judge that read them and had left the model out.

    fold is None where the judge was not trained on that model, or nobody says whose answers they are.
    """

    model: str | None
    n: int
    fold: int | None


@dataclass(frozen=True, slots=True)
class About:
    """What a judge was measured on, as recorded.

    label: the column of labels; empty where people gave them in the store. columns: of fields.
    left_out: rows by why they have no label.
    """

    judge: str
    source: str
    label: str
    columns: Mapping[str, str]
    models: tuple[ModelRead, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """One group in a chart."""

    name: str
    accuracy: Figure
    kappa: Figure


@dataclass(frozen=True, slots=True)
class Part:
    """Answers parted in one way: a chart of bars and the table of it."""

    bars: tuple[Bar, ...]
    table: Table


@dataclass(frozen=True, slots=True)
class Point:
    """Of a curve: what the judge said (or the share taken), and how often it was right."""

    x: float
    right: Figure


@dataclass(frozen=True, slots=True)
class Mistake:
    """A wrong reading; `left` says how much of the answer is not shown."""

    question: str
    answer: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Confused:
    """Answers with one label that were read as another."""

    label: str
    read: str
    n: str
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class JudgePage:
    """A judge's quality. Empty parts were not measured, and are not shown.

    headline: the figures to know. calibration, coverage: by stated confidence, each as curve and table.
    confusion: labels down, readings across. rest: tables of further figures.
    """

    title: str
    kicker: str
    name: str
    id: str
    sentence: str
    size: str
    about: tuple[str, ...]
    headline: Table
    calibration: tuple[Point, ...]
    coverage: tuple[Point, ...]
    curves: tuple[Table, ...]
    parts: tuple[Part, ...]
    confusion: tuple[Table, ...]
    mistakes: tuple[Confused, ...]
    rest: tuple[Table, ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...] = ()
