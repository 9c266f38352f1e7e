"""The page of a judge measured on labelled answers, from its figures to words."""

from collections.abc import Iterator, Mapping

from sordino.core.records import Figure
from sordino.judging.card import JudgeCard
from sordino.judging.validation import ORDER, Cell, Quality, Validation
from sordino.reporting import words
from sordino.reporting.judge_views import About, Bar, Confused, JudgePage, Mistake, Part, Point
from sordino.reporting.text import label, prose, visible
from sordino.reporting.views import Row, Table

GROUPS_SHOWN = 30
MODELS_SHOWN = 400
REASONS_SHOWN = 12
"""A server's words differ each time. JSON has them all."""

_METHOD = (
    "Accuracy is the share of readings that say what the label says. Kappa (Cohen) is the agreement "
    "beyond chance: where few answers are withheld, a judge that always says COMPLETE is often right and "
    "has a kappa of 0. Macro-F1 is the mean over the labels that occur.",
    "Intervals are at 95%. Answers of one model are alike: with ten models or more, kappa and macro-F1 "
    "have a bootstrap that draws whole models (expanded percentiles, Hesterberg 2015), and accuracy has "
    "Wilson's interval with their design effect. With fewer they are over answers, and narrower than the "
    "truth. Kappa and macro-F1 have none where fewer than five answers have another label than the "
    "commonest.",
    "A confidence is the judge's own probability of what it says. Calibration compares it with how often "
    "that is right, in tenths; the expected calibration error is the mean gap. Coverage takes the most "
    "confident answers first.",
    "Unjudged answers are in no figure, and are counted by why. Labels err as well: a disagreement is not "
    "always the judge's mistake.",
)


def page(validation: Validation, about: About, card: JudgeCard | None) -> JudgePage:
    """The page model; the limits are those of the judge's own card, where it has one."""
    overall = validation.overall
    name, source = label(about.judge.partition("@")[0]), label(about.source)
    return JudgePage(
        title=f"{name} on {source}: Sordino judge",
        kicker="Sordino · a judge measured",
        name=f"{name} on {source}",
        id=label(about.judge),
        sentence=_sentence(overall),
        size=_size(overall, about),
        about=tuple(_about(validation, about)),
        headline=_headline(validation),
        calibration=tuple(Point(b.confidence, b.right) for b in validation.calibration),
        coverage=tuple(
            Point(c.share, Figure(c.accuracy, None, None, c.n, 0, "")) for c in validation.coverage
        ),
        curves=tuple(_curves(validation)),
        parts=tuple(_part(grouping, some) for grouping, some in validation.groups.items()),
        confusion=(confusion({(c.label, c.read): c.n for c in validation.confusion}, "All answers"),),
        mistakes=tuple(_confused(c) for c in validation.confusion if c.examples),
        rest=(_models(about),) if about.models else (),
        method=_METHOD,
        limits=tuple(prose(limit) for limit in card.limits) if card else (),
        notes=tuple(prose(note) for note in about.notes),
    )


def share(value: float | None) -> str:
    """A rate in percent with a decimal, because a judge's errors are in it."""
    return "–" if value is None else f"{value:.1%}"


def shares(figure: Figure) -> str:
    """A rate with its interval: "96.9% [96.1, 97.5]"."""
    if figure.low is None or figure.high is None:
        return share(figure.value)
    return f"{share(figure.value)} [{100 * figure.low:.1f},\u00a0{100 * figure.high:.1f}]"


def numbers(figure: Figure) -> str:
    """A coefficient with its interval: "0.80 [0.74, 0.86]"."""
    if figure.value is None:
        return "–"
    if figure.low is None or figure.high is None:
        return _coefficient(figure.value)
    return f"{_coefficient(figure.value)} [{_coefficient(figure.low)},\u00a0{_coefficient(figure.high)}]"


def confusion(counts: Mapping[tuple[str, str], int], caption: str) -> Table:
    """Labels down, readings across."""
    rows = tuple(
        Row(
            f"labelled {given}",
            tuple(words.count(counts.get((given, read), 0)) for read in ORDER),
        )
        for given in ORDER
    )
    return Table(caption, tuple(f"read as {read}" for read in ORDER), rows)


def _coefficient(value: float) -> str:
    # Adding nothing takes the sign off a rounded zero.
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _sentence(overall: Quality) -> str:
    if not overall.n:
        return "No labelled answer could be read, so nothing can be said of this judge."
    return (
        f"Of {words.count(overall.n)} labelled answers it reads {share(overall.accuracy.value)} as their "
        f"label says; beyond chance, kappa is {numbers(overall.kappa)}."
    )


def _size(overall: Quality, about: About) -> str:
    parts = [f"{words.count(overall.n)} readings"]
    if overall.models:
        parts.append(f"{words.count(overall.models)} model{'s' if overall.models > 1 else ''}")
    if overall.unjudged:
        parts.append(f"{words.count(overall.unjudged)} unjudged")
    if left_out := sum(about.left_out.values()):
        parts.append(f"{words.count(left_out)} rows without a label left out")
    return " · ".join(parts)


def _about(validation: Validation, about: About) -> Iterator[str]:
    column = f"the column {label(about.label)} of {label(about.source)}"
    yield f"Labels: {column if about.label else f'what people say of {label(about.source)}'}."
    trained = [m for m in about.models if m.fold is not None]
    if trained:
        n = words.count(sum(m.n for m in trained))
        yield (
            f"{n} answers are by {len(trained)} of the models that the judge was trained on. Each was read "
            "by the part of the judge that left its model out."
        )
    others = sum(m.n for m in about.models if m.fold is None and m.model is not None)
    if others:
        yield (
            f"{words.count(others)} answers are by models that the judge was not trained on: read by the "
            "whole of it."
        )
    for what, counts in (("Unjudged", validation.unjudged), ("Without a label", about.left_out)):
        if counts:
            listed = [f"{label(why)} ({words.count(n)})" for why, n in list(counts.items())[:REASONS_SHOWN]]
            if rest := sum(list(counts.values())[REASONS_SHOWN:]):
                listed.append(f"other reasons ({words.count(rest)})")
            yield f"{what}: {', '.join(listed)}."


def _headline(validation: Validation) -> Table:
    overall = validation.overall
    rows = [
        Row("Accuracy", (shares(overall.accuracy), overall.accuracy.method)),
        Row("Kappa", (numbers(overall.kappa), overall.kappa.method)),
        Row("Macro-F1", (numbers(overall.macro_f1), overall.macro_f1.method)),
        Row("Expected calibration error", (_error(validation.calibration_error), "tenths of confidence")),
        Row("Withheld, by the labels", (share(overall.withheld_labels), "PARTIAL or DENIAL")),
        Row("Withheld, as read", (share(overall.withheld_read), "PARTIAL or DENIAL")),
        Row("Unsure", (share(overall.unsure), f"confidence below {validation.unsure_below:g}")),
        Row("Accuracy where it is sure", (shares(validation.sure), validation.sure.method)),
        Row("Accuracy where it is unsure", (shares(validation.doubted), validation.doubted.method)),
    ]
    return Table("Agreement with the labels", ("Value", "How"), tuple(rows))


def _error(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _curves(validation: Validation) -> Iterator[Table]:
    if not validation.coverage:
        return
    yield Table(
        "Accuracy of the most confident answers",
        ("Answers", "Accuracy", "Least confidence"),
        tuple(
            Row(f"{c.share:.0%}", (words.count(c.n), share(c.accuracy), f"{c.least:.2f}"))
            for c in validation.coverage
        ),
    )
    yield Table(
        "Calibration",
        ("Answers", "Mean confidence", "Right"),
        tuple(
            Row(f"{b.low:.1f} to {b.high:.1f}", (words.count(b.n), share(b.confidence), shares(b.right)))
            for b in validation.calibration
        ),
    )


def _part(grouping: str, groups: tuple[Quality, ...]) -> Part:
    shown = groups[:GROUPS_SHOWN]
    rows = tuple(
        Row(
            label(q.group),
            (
                words.count(q.n),
                shares(q.accuracy),
                numbers(q.kappa),
                numbers(q.macro_f1),
                f"{share(q.withheld_labels)} / {share(q.withheld_read)}",
                share(q.unsure),
                words.count(q.unjudged),
            ),
        )
        for q in shown
    )
    head = ("n", "Accuracy", "Kappa", "Macro-F1", "Withheld, label / read", "Unsure", "Unjudged")
    left = len(groups) - len(shown)
    notes = (f"{left:,} smaller groups are not shown; --json has them.",) if left else ()
    over = sum(q.kappa.method.endswith("answers") for q in shown if q.n)
    if over:
        notes = (*notes, f"Intervals of {over} of these groups are over answers, for want of ten models.")
    bars = tuple(Bar(label(q.group), q.accuracy, q.kappa) for q in shown if q.n)
    return Part(bars, Table(f"By {label(grouping)}", head, rows, notes))


def _confused(cell: Cell) -> Confused:
    mistakes = tuple(
        Mistake(
            visible(e.question), visible(e.answer), "–" if e.confidence is None else f"{e.confidence:.2f}"
        )
        for e in cell.examples
    )
    return Confused(cell.label, cell.read, words.count(cell.n), mistakes)


def _models(about: About) -> Table:
    rows = tuple(
        Row(
            label(m.model) if m.model else "not stated",
            (words.count(m.n), "whole" if m.fold is None else f"fold {m.fold}, which left it out"),
        )
        for m in about.models[:MODELS_SHOWN]
    )
    return Table("Models, and the part of the judge that read them", ("Answers", "Read by"), rows)
