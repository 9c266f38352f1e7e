"""Differences as tables: both rates, b minus a, what went in and what was left out on either side."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sordino.auditing.findings import WIDEST_BOUND
from sordino.auditing.sentence import ceiling
from sordino.comparing.differences import Change
from sordino.comparing.hosts import Gap, HostEffect
from sordino.core.records import Contrast, Estimate, Figure, Kind, Measure
from sordino.reporting import words
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.compare_views import ChangePart, HostView
from sordino.reporting.comparisons import COUNTED, EXCLUDED, left_out
from sordino.reporting.text import label, link
from sordino.reporting.views import Row, Table

_DIFFERENCE, _P, _HOLM, _PAIRS = "Difference, in points", "p", "p (Holm)", "Pairs"
SHORT = (_DIFFERENCE, _P, _HOLM, _PAIRS)
"""Columns behind the sides' own that nobody can do without."""

_KINDS = {
    Contrast.CHANGE_OF_CONTROL: (Kind.NEUTRAL, "Neutral questions"),
    Contrast.CHANGE_OF_HARMFUL: (Kind.HARMFUL, "Harmful requests not met"),
    Contrast.CHANGE_OF_BENIGN: (Kind.BENIGN, "Harmless look-alikes not met"),
}


def of(source: CompareSource, measure: Measure, contrast: Contrast, blocks: str = EXCLUDED) -> list[Change]:
    """The differences of one measure and contrast, by language and jurisdiction."""
    chosen = [
        c
        for c in source.made.changes
        if (c.estimate.measure, c.estimate.contrast, c.estimate.blocks) == (measure, contrast, blocks)
    ]
    return sorted(chosen, key=lambda c: (c.estimate.language, c.estimate.jurisdiction or ""))


def parts(source: CompareSource) -> tuple[ChangePart, ...]:
    """One part for each measure that both sides have, the telling ones first among equals of order."""
    built = []
    for measure, (title, meaning) in words.MEASURES.items():
        changes = of(source, measure, Contrast.CHANGE)
        if not changes:
            continue
        built.append(
            ChangePart(
                id=measure.value,
                measure=title,
                meaning=meaning,
                summary=_summary(changes),
                is_open=any(c.is_shown for c in changes) or measure is Measure.WITHHELD,
                tables=tuple(_tables(source, measure, changes)),
                rest=tuple(_selectivity(source, measure)),
            )
        )
    return tuple(built)


def _summary(changes: Sequence[Change]) -> str:
    """How many places differ, the bound of those where nothing is shown, and where little can be said."""
    shown = sum(c.is_shown for c in changes)
    bounds = [
        c.bound for c in changes if not c.is_shown and c.bound is not None and c.bound <= WIDEST_BOUND
    ]
    vague = len(changes) - shown - len(bounds)
    said = [f"a difference is shown at {shown} of {len(changes)} places"] if shown else []
    if bounds:
        where = f"none at {len(bounds)}" if shown else "no difference is shown"
        said.append(f"{where} (at most {ceiling(max(bounds))})")
    if vague:
        said.append(f"too few data at {vague} place{'' if vague == 1 else 's'}")
    return "; ".join(said)


def control(source: CompareSource) -> tuple[Table, ...]:
    """Neutral questions, and requests that touch no jurisdiction, where they were asked."""
    tables = []
    for contrast, (kind, title) in _KINDS.items():
        rows = [
            _row(source, c, _place(source, c), None, kind)
            for c in of(source, Measure.WITHHELD, contrast)
            if c.pairs
        ]
        if rows:
            tables.append(_telling(Table(f"{title}: withheld", _head(counted=False), tuple(rows))))
    return tuple(tables)


def host(source: CompareSource) -> HostView | None:
    """What happens on the way against how the answers read; None where the weights are not the same."""
    effect = source.made.effect
    if effect is None:
        return None
    rows = [
        _gap(f"{words.STATES[name].capitalize()}, of all that both asked", gap)
        for name, gap in effect.deliveries.items()
    ]
    rows.append(_gap("Withheld, of political answers that both delivered", effect.reading))
    head = ("A", "B", _DIFFERENCE, _P, _PAIRS, "Templates")
    return HostView(Table("", head, tuple(rows)), tuple(_texts(effect)))


def _gap(name: str, gap: Gap) -> Row:
    cells = (
        words.percent(gap.a.value),
        words.percent(gap.b.value),
        words.points(gap.figure),
        words.p_value(gap.p_adjusted),
        words.count(gap.figure.n),
        str(gap.figure.clusters),
    )
    return Row(name, cells, "", "shown" if gap.is_shown else "")


def _texts(effect: HostEffect) -> Iterator[str]:
    if effect.texts is None or effect.texts.share is None:
        return
    same, pairs, near = effect.texts.same, effect.texts.pairs, effect.texts.resemblance
    yield (
        f"Of {words.count(pairs)} answers that both delivered, {words.count(same)} "
        f"({words.percent(effect.texts.share)}) are the same word for word."
        + (
            f" Of the others, half share at least {words.percent(near)} of their text."
            if near is not None
            else ""
        )
    )
    yield (
        "The same weights need not give the same text: drawn answers differ by chance, and even greedy "
        "ones part where another processor, batch or precision rounds otherwise. Few equal texts are no "
        "proof of other weights; many are good evidence of the same."
    )


def _tables(source: CompareSource, measure: Measure, changes: Sequence[Change]) -> Iterator[Table]:
    """One table a language."""
    counted = {_key(c.estimate): c for c in of(source, measure, Contrast.CHANGE, COUNTED)}
    for language in sorted({c.estimate.language for c in changes}):
        here = [c for c in changes if c.estimate.language == language]
        # A second way of counting is worth a column where anything was blocked or cut.
        both = any(
            _key(c.estimate) in counted
            and counted[_key(c.estimate)].estimate.figure.value != c.estimate.figure.value
            for c in here
        )
        rows = tuple(
            _row(
                source,
                c,
                words.jurisdiction(source.manifest, c.estimate.jurisdiction),
                counted.get(_key(c.estimate)) if both else None,
                Kind.POLITICAL,
            )
            for c in here
        )
        caption = "" if source.between_languages else words.language(language)
        yield _telling(Table(caption, _head(counted=both), rows))


def _telling(table: Table) -> Table:
    """Without columns in which nothing stands: mostly nothing was left out."""
    kept = [at for at in range(len(table.head)) if any(row.cells[at] != "–" for row in table.rows)]
    rows = tuple(replace(row, cells=tuple(row.cells[at] for at in kept)) for row in table.rows)
    return replace(table, head=tuple(table.head[at] for at in kept), rows=rows)


def _key(estimate: Estimate) -> tuple[str | None, str]:
    return estimate.jurisdiction, estimate.language


def _head(*, counted: bool) -> tuple[str, ...]:
    more = ("With blocked and truncated as withheld",) if counted else ()
    after = (_HOLM, _PAIRS, "Templates", "Left out in A", "Left out in B")
    return ("A", "B", _DIFFERENCE, *more, *after)


def _row(source: CompareSource, change: Change, name: str, counted: Change | None, kind: Kind) -> Row:
    e = change.estimate
    cells = (
        _percent(change.a),
        _percent(change.b),
        words.points(e.figure),
        *((words.points(counted.estimate.figure),) if counted else ()),
        words.p_value(e.p_adjusted),
        _pairs(change),
        str(e.figure.clusters),
        left_out(change.missing_a) or "–",
        left_out(change.missing_b) or "–",
    )
    language = {} if source.between_languages else {"l": e.language}
    href = link(j=e.jurisdiction or None, **language, k=kind.value)
    return Row(name, cells, href, "shown" if change.is_shown else "")


def _pairs(change: Change) -> str:
    """Those of which both sides have a value, and of how many where some have none."""
    n, owed = change.estimate.figure.n, change.pairs
    return words.count(n) if n == owed else f"{words.count(n)} of {words.count(owed)}"


def _percent(figure: Figure | None) -> str:
    return words.rate_alone(figure)


def _place(source: CompareSource, change: Change) -> str:
    code = change.estimate.jurisdiction
    language = "" if source.between_languages else words.language(change.estimate.language)
    name = words.jurisdiction(source.manifest, code) if code else ""
    return ", ".join(filter(None, (name, language))) or "All"


def _selectivity(source: CompareSource, measure: Measure) -> Iterator[Table]:
    """Whether a jurisdiction changed more than its siblings did."""
    made = of(source, measure, Contrast.CHANGE_OF_SELECTIVITY)
    changes = [c for c in made if c.estimate.figure.value is not None]
    for language in sorted({c.estimate.language for c in changes}):
        here = [c for c in changes if c.estimate.language == language]
        rows = tuple(
            Row(
                words.jurisdiction(source.manifest, c.estimate.jurisdiction),
                (
                    words.points(c.estimate.figure),
                    words.p_value(c.estimate.p_adjusted),
                    words.count(c.estimate.figure.n),
                    str(c.estimate.figure.clusters),
                ),
                link(
                    j=c.estimate.jurisdiction or None,
                    **({} if source.between_languages else {"l": language}),
                    k=Kind.POLITICAL.value,
                ),
                "shown" if c.is_shown else "",
            )
            for c in here
        )
        caption = "" if source.between_languages else words.language(language)
        note = f"Interval: {label(here[0].estimate.figure.method)}, {here[0].estimate.figure.level:.0%}."
        head = ("Against the median sibling's, in points", _HOLM, _PAIRS, "Templates")
        yield Table(caption, head, rows, (note,))
