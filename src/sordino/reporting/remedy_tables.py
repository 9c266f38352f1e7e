"""A remedy's figures, gates, ladder and controls as tables, missing ones as dashes and never as zero."""

import json
from collections.abc import Iterator, Mapping, Sequence

from sordino.core.records import Figure
from sordino.remedy.record import Control, Gate, Measured, Record, Rung, Tried, Verdict
from sordino.reporting import remedy_words, words
from sordino.reporting.remedy_sentence import because
from sordino.reporting.remedy_source import RemedySource, measured
from sordino.reporting.remedy_views import RungView
from sordino.reporting.text import label, prose
from sordino.reporting.views import Row, Table

FIGURES = ("Before", "After", "Change, in points", "n", "Topics")
GATES = ("Result", "Limit", "Why")
LADDER = ("What came of it", "Gates passed", "It changes", "Time")
ORIGINAL = "original"
NO_GATES = "never came to the gates"
TENSORS = 12
"""Tensors of a rung that are named."""


def figures(record: Record, found: Sequence[Measured], caption: str = "Before and after") -> Table:
    """A line for each figure; the first of each kind is marked."""
    rows: list[Row] = []
    kinds: set[str] = set()
    for one in found:
        cells = (
            remedy_words.value(one, one.before),
            remedy_words.value(one, one.after),
            remedy_words.change(one),
            remedy_words.size(one),
            remedy_words.topics(one),
        )
        rows.append(Row(_named(record, one), cells, tone="" if one.what in kinds else "first"))
        kinds.add(one.what)
    return Table(caption, FIGURES, tuple(rows))


def meanings(found: Sequence[Measured]) -> tuple[Row, ...]:
    """What each kind of figure counts."""
    return tuple(
        Row(remedy_words.what(name), (remedy_words.meaning(name),))
        for name in dict.fromkeys(one.what for one in found)
        if remedy_words.meaning(name)
    )


def _named(record: Record, one: Measured) -> str:
    what = remedy_words.what(one.what)
    return (
        what
        if one.group == remedy_words.ALL
        else f"{what}, {remedy_words.group(one.group, record.languages)}"
    )


def gates(found: Sequence[Gate], caption: str = "Gates") -> Table:
    """A line for each gate: what came of it, its limit, and the sentence with the figure that decided."""
    rows = (
        Row(
            label(gate.name),
            (remedy_words.VERDICTS[gate.verdict], prose(gate.limit), prose(gate.why)),
            tone=gate.verdict.value,
        )
        for gate in found
    )
    return Table(caption, GATES, tuple(rows))


def ladder(source: RemedySource) -> Table:
    """A line for each rung, lowest first, also for those that were not tried."""
    tried = source.record.tried
    climbed = {one.rung for one in tried}
    rows = [
        Row(
            remedy_words.rung(one.rung),
            (came(one), _passed(one), _changed(one), remedy_words.seconds(one.seconds)),
            tone="accepted" if one.is_accepted else "stopped",
        )
        for one in tried
    ]
    rest = [rung for rung in Rung if rung not in climbed]
    rows += [Row(remedy_words.rung(rung), ("not tried", "–", "–", "–")) for rung in rest]
    return Table("The ladder", LADDER, tuple(sorted(rows, key=lambda row: row.name)))


def came(tried: Tried) -> str:
    """What came of a rung, in a few words."""
    if tried.is_accepted:
        return "accepted"
    return NO_GATES if tried.stopped_by is None else f"stopped by “{label(tried.stopped_by.name)}”"


def _passed(tried: Tried) -> str:
    if not tried.gates:
        return "–"
    verdicts = [gate.verdict for gate in tried.gates]
    blind = verdicts.count(Verdict.NOT_MEASURED)
    more = f", {blind} not measured" if blind else ""
    return f"{verdicts.count(Verdict.PASSED)} of {len(verdicts)}{more}"


def _changed(tried: Tried) -> str:
    tensors, numbers = len(tried.changed), sum(tried.changed.values())
    if not tensors:
        return "nothing"
    return f"{words.count(numbers)} numbers in {words.count(tensors)} tensor{'s' if tensors != 1 else ''}"


def rungs(source: RemedySource) -> tuple[RungView, ...]:
    """Each rung that was tried, with all that is known of it."""
    return tuple(_rung(source, one) for one in source.record.tried)


def _rung(source: RemedySource, tried: Tried) -> RungView:
    is_told = tried is source.told
    own = () if is_told else measured(tried)
    stopped = tried.stopped_by
    return RungView(
        title=remedy_words.rung(tried.rung),
        came=came(tried) + (f": {because(stopped)}" if stopped is not None else ""),
        gates=None if is_told or not tried.gates else gates(tried.gates),
        figures=figures(source.record, own) if own else None,
        details=tuple(_details(tried)),
    )


def _details(tried: Tried) -> Iterator[Row]:
    for name, value in tried.settings.items():
        yield Row(label(str(name)), (label(plain(value)),))
    for tensor, numbers in list(tried.changed.items())[:TENSORS]:
        yield Row(f"changes {label(str(tensor))}", (f"{words.count(numbers)} numbers",))
    if (left := len(tried.changed) - TENSORS) > 0:
        yield Row("changes further", (f"{words.count(left)} tensors",))
    if tried.run is not None:
        yield Row("run", (label(tried.run),))


def plain(value: object) -> str:
    """A setting as people write it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case None:
            return "none"
        case float():
            return f"{value:.6g}"
        case list() | tuple():
            return ", ".join(map(plain, value)) or "none"
        case Mapping():
            return json.dumps(dict(value), ensure_ascii=False, default=str)
    return str(value)


# -- controls ------------------------------------------------------------------------------------------


def controls(source: RemedySource) -> Table:
    """A line for each figure that a control has, and beside the controls, which only an accepted remedy
    has, what it does.
    """
    record, own = source.record, {(one.what, one.group): one for one in measured(source.told)}
    named = [(control.name, _by_place(control)) for control in record.controls]
    places = dict.fromkeys(place for _, by_place in named for place in by_place)
    heads = [*(label(name).capitalize() for name, _ in named), "This remedy"]
    rows = []
    for place in places:
        one = own.get(place)
        cells = [_control(by_place.get(place)) for _, by_place in named]
        cells.append("–" if one is None else remedy_words.value(one, one.after))
        shown = next(by_place[place] for _, by_place in named if place in by_place)
        rows.append(Row(_named(record, shown), tuple(cells)))
    return Table("Beside controls", tuple(heads), tuple(rows))


def _by_place(control: Control) -> Mapping[tuple[str, str], Measured]:
    return {(one.what, one.group): one for one in control.measured}


def _control(one: Measured | None) -> str:
    return "–" if one is None else remedy_words.value(one, outcome_of(one))


def outcome_of(one: Measured) -> Figure | None:
    """What a control ends at; of the original, which changes nothing, there may be only a before."""
    return one.before if one.after is None else one.after


def about_controls(source: RemedySource) -> tuple[Row, ...]:
    """What each control is."""
    return tuple(Row(label(one.name).capitalize(), (prose(one.about),)) for one in source.record.controls)


# -- sets ----------------------------------------------------------------------------------------------


def sets(record: Record) -> Table:
    """Prompts that were fitted on: kinds down, languages across."""
    counted = {tuple(name.partition("/")[::2]): n for name, n in record.sets.items()}
    kinds = dict.fromkeys(kind for kind, _ in counted)
    languages = dict.fromkeys(language for _, language in counted)
    rows = (
        Row(
            remedy_words.SETS.get(kind, label(kind.replace("_", " "))),
            tuple(
                "–" if (kind, code) not in counted else words.count(counted[kind, code])
                for code in languages
            ),
        )
        for kind in kinds
    )
    heads = tuple(words.language(code) if code else "any language" for code in languages)
    return Table("Prompts that it was fitted on", heads, tuple(rows))


def topics(source: RemedySource) -> tuple[Row, ...]:
    """Which topics were fitted, and which only the gates saw."""

    def named(templates: Sequence[str]) -> str:
        return ", ".join(label(source.titles.get(one, one)) for one in templates) or "none"

    return (
        Row("Fitted on", (named(source.record.fitted),)),
        Row("Held out, seen by the gates alone", (named(source.record.held_out),)),
    )
