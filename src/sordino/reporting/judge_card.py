"""The page of a shipped judge, from the card beside its weights to words.

A card is what its recipe wrote: what a card does not hold is not shown.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from sordino.core.records import Figure
from sordino.judging.card import CardFigure, JudgeCard
from sordino.judging.validation import ORDER
from sordino.reporting import words
from sordino.reporting.judge_measured import confusion, numbers, share, shares
from sordino.reporting.judge_views import Bar, JudgePage, Part, Point
from sordino.reporting.text import label, prose
from sordino.reporting.views import Row, Table

NAMES = {"accuracy": "Accuracy", "kappa": "Kappa", "macro-F1": "Macro-F1"}
HEADLINE = 3
"""A card's first figures are the ones to know."""

ALWAYS = "calibration error"
_COEFFICIENTS = re.compile("kappa|F1", re.IGNORECASE)
_GROUPING = re.compile(r"(language|jurisdiction|family|style) (\S.*)")


def page(card: JudgeCard) -> JudgePage:
    """The page model of a shipped judge."""
    calibration = tuple(_calibration(card))
    matrices = tuple(_matrices(card))
    return JudgePage(
        title=f"{label(card.name)}: Sordino judge card",
        kicker="Sordino · judge card",
        name=f"Judge of {label(card.axis)}: {label(card.name)}",
        id=label(card.id),
        sentence="",
        size=f"version {label(card.version)}",
        about=(prose(card.summary),),
        headline=Table("The figures to know", ("Value", "n"), headline(card.figures)),
        calibration=calibration,
        coverage=(),
        curves=(_bins(calibration),) if calibration else (),
        parts=tuple(_parts(card)),
        confusion=matrices,
        mistakes=(),
        rest=tuple(_rest(card)),
        method=(),
        limits=tuple(prose(limit) for limit in card.limits),
    )


def headline(figures: Sequence[CardFigure]) -> tuple[Row, ...]:
    """The figures that nobody should miss: the first, and how far the stated confidence is off."""
    first = list(figures[:HEADLINE])
    also = [f for f in figures[HEADLINE:] if ALWAYS in f.label.lower()]
    return tuple(map(row, first + also))


def row(figure: CardFigure) -> Row:
    """A figure as a line: its value, and over how many."""
    return Row(label(figure.label), (quality(figure), _count(figure.n)))


def quality(figure: CardFigure) -> str:
    """A rate as percent; kappa, F1 and errors are no rates and read as they are published: 0.80."""
    if figure.value is not None and ALWAYS in figure.label.lower():
        return f"{figure.value:.3f}"
    return numbers(_figure(figure)) if _COEFFICIENTS.search(figure.label) else share(figure.value)


def _count(n: int | None) -> str:
    return "–" if n is None else words.count(n)


def _parts(card: JudgeCard) -> Iterator[Part]:
    """Figures named "language en: kappa", parted by their first word."""
    found: dict[str, dict[str, dict[str, CardFigure]]] = {}
    for figure in _all(card):
        name, measure = _parted(figure.label)
        grouping = _GROUPING.fullmatch(name)
        if grouping and measure in NAMES:
            groups = found.setdefault(grouping[1], {})
            groups.setdefault(grouping[2], {})[measure] = figure
    for kind, groups in found.items():
        bars = tuple(
            Bar(label(name), _figure(by.get("accuracy")), _figure(by.get("kappa")))
            for name, by in groups.items()
        )
        yield Part(bars, _pivot(f"By {kind}", groups))


def _rest(card: JudgeCard) -> Iterator[Table]:
    """All other figures: those of the usual measures side by side, and the others as they come."""
    pivot: dict[str, dict[str, CardFigure]] = {}
    plain: list[CardFigure] = []
    for figure in _all(card):
        name, measure = _parted(figure.label)
        if measure not in NAMES:
            plain.append(figure)
        elif not _GROUPING.fullmatch(name):
            pivot.setdefault(name, {})[measure] = figure
    if pivot:
        yield _pivot("Where it was tested", pivot)
    if plain:
        yield Table("Further figures", ("Value", "n"), tuple(map(row, plain)))
    if sources := tuple(_sources(card)):
        yield Table("What it learned from", ("Rows", "Licence"), sources)


def _pivot(caption: str, groups: Mapping[str, Mapping[str, CardFigure]]) -> Table:
    used = [measure for measure in NAMES if any(measure in by for by in groups.values())]
    rows = []
    for name, by in groups.items():
        cells = [
            (shares if measure == "accuracy" else numbers)(_figure(by.get(measure))) for measure in used
        ]
        n = next((f.n for f in by.values() if f.n is not None), None)
        rows.append(Row(label(name), (*cells, _count(n))))
    return Table(caption, (*(NAMES[m] for m in used), "n"), tuple(rows))


def _all(card: JudgeCard) -> Iterator[CardFigure]:
    yield from card.figures
    for given in _rows(card.detail.get("by_family")):
        if isinstance(given.get("label"), str):
            yield CardFigure(str(given["label"]), _number(given.get("value")), _whole(given.get("n")))


def _parted(text: str) -> tuple[str, str]:
    name, _, measure = text.rpartition(": ")
    return name, measure


def _figure(figure: CardFigure | None) -> Figure:
    if figure is None:
        return Figure(None, None, None, 0, 0, "")
    return Figure(figure.value, None, None, figure.n or 0, 0, "")


def _calibration(card: JudgeCard) -> Iterator[Point]:
    for given in _rows(card.detail.get("calibration")):
        said, right = _number(given.get("confidence")), _number(given.get("right"))
        if said is not None and right is not None:
            yield Point(said, Figure(right, None, None, _whole(given.get("n")) or 0, 0, ""))


def _bins(points: Sequence[Point]) -> Table:
    rows = tuple(Row(share(p.x), (share(p.right.value), words.count(p.right.n))) for p in points)
    return Table("Calibration: mean confidence, and how often that is right", ("Right", "Answers"), rows)


def _matrices(card: JudgeCard) -> Iterator[Table]:
    given = card.detail.get("confusion")
    if not isinstance(given, Mapping) or list(given.get("order", ())) != list(ORDER):
        return
    for name, matrix in given.items():
        if isinstance(matrix, list) and len(matrix) == len(ORDER) and isinstance(matrix[0], list):
            pairs = [
                (a, b, n)
                for a, line in zip(ORDER, matrix, strict=True)
                for b, n in zip(ORDER, line, strict=True)
            ]
            yield confusion({(a, b): int(n) for a, b, n in pairs}, f"{label(str(name))} answers")


def _sources(card: JudgeCard) -> Iterator[Row]:
    training = card.detail.get("training")
    given = training.get("sources") if isinstance(training, Mapping) else None
    for source in _rows(given):
        n = source.get("n")
        counts = n if isinstance(n, Mapping) else {"": n}
        rows = ", ".join(f"{name} {_count(_whole(many))}".strip() for name, many in counts.items())
        yield Row(label(str(source.get("name", ""))), (rows, label(str(source.get("licence", "–")))))


def _rows(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, Mapping))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) else None
