"""The selftest on a terminal and as JSON: what was planted, what was found, and what was seen wrongly."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sordino.core.names import language_name
from sordino.core.records import Measure
from sordino.organism.calibration import CLEAN, MEASURES, Calibration, Difference, Ground, Row, Tally
from sordino.organism.verdict import Criterion, Selftest, false_findings
from sordino.reporting import words
from sordino.reporting.text import visible

DIFFERENCES = 2
"""Shown on a terminal for each row and kind; JSON has them all."""

NOTE = (
    "No judge was trained on a text of the shipped organisms, whose state lines were written without "
    "sight of the flags' patterns. Where an organism strayed and gave another answer than it was taught, "
    "that tells nothing about the instrument; the findings saw those answers all the same. Intervals "
    "are Clopper-Pearson at 95%, every probe for itself. Not counted, and in no rate: what strayed, was "
    "blocked, cut short, empty, lost, unjudged or not concluded."
)
_GROUNDS = {
    Ground.PLANTED: "planted and not found",
    Ground.SPARED: "false alarms where this is not planted about its jurisdiction",
    Ground.ELSEWHERE: "false alarms about other jurisdictions",
    Ground.NEUTRAL: "false alarms on neutral questions",
}
_HEADS = {
    Ground.SPARED: "same place, not planted",
    Ground.ELSEWHERE: "elsewhere",
    Ground.NEUTRAL: "neutral",
}
_SUBJECTS = {m.value: title for m, (title, _) in words.MEASURES.items()} | {"findings": "Findings"}


def show(test: Selftest, console: Console) -> None:
    """Print the tables, the differences behind them, and last the line that says whether it passed."""
    makers = (_found, _alarms_by_ground, _alarms_by_language, _findings)
    for table in (*(make(test.calibrations) for make in makers), _deliveries(test)):
        if table.row_count:
            console.print(table)
            console.print()
    for line in (*_missed_findings(test.calibrations), *_differences(test.calibrations)):
        console.print(line)
    console.print(_criteria(test.criteria))
    console.print()
    console.print(Text(NOTE, style="dim"))
    console.print(Text(verdict(test), style="bold green" if test.passed else "bold red"))


def verdict(test: Selftest) -> str:
    """One line: passed or failed, by what, and how long it took."""
    names = ", ".join(c.organism for c in test.calibrations)
    took = f"{names}; {test.seconds:.0f} s"
    if test.passed:
        found, clean = (_pooled(test, what) for what in ("found", "false alarms"))
        planted = f"planted found {_rate(found)}, " if found.owed else "nothing planted, "
        return f"PASSED: {planted}false alarms {_rate(clean)} ({took})"
    failed = [f"{_subject(c)} {c.what} {_rate(c.tally)}" for c in test.criteria if not c.ok]
    failed += [f"{c.what}: {c.found}" for c in test.checks if not c.ok]
    return f"FAILED: {'; '.join(failed)} ({took})"


def to_json(test: Selftest) -> dict[str, object]:
    """Everything as plain JSON values; rates and limits are None where nothing was read."""
    return {
        "passed": test.passed,
        "verdict": verdict(test),
        "note": NOTE,
        "seconds": test.seconds,
        "judges": dict(test.judges),
        "criteria": [
            {"subject": c.subject, "what": c.what, "bar": c.bar, "ok": c.ok} | _tally(c.tally)
            for c in test.criteria
        ],
        "organisms": [
            {
                "organism": one.organism,
                "about": one.about,
                "rows": [_row(row) for row in one.rows],
                "findings": [
                    asdict(place) | {"found": place.found, "concluded": place.concluded}
                    for place in one.places
                ],
            }
            for one in test.calibrations
        ],
        "deliveries": [asdict(check) | {"ok": check.ok} for check in test.checks],
    }


def _row(row: Row) -> dict[str, object]:
    return {
        "measure": row.measure,
        "language": row.language,
        "behaviour": row.behaviour,
        "precision": row.precision,
        "grounds": {ground.value: _tally(tally) for ground, tally in row.tallies.items()},
        "differences": [asdict(one) for one in row.differences],
    }


def _tally(tally: Tally) -> dict[str, object]:
    return {
        "marked": tally.marked,
        "read": tally.read,
        "rate": tally.rate,
        "interval": tally.interval,
        "unread": dict(tally.unread),
    }


def _table(title: str, *heads: str) -> Table:
    table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    return table


def _add(table: Table, *cells: str, style: str = "") -> None:
    table.add_row(*(Text(visible(cell), style=style) for cell in cells))


def _found(calibrations: Sequence[Calibration]) -> Table:
    table = _table(
        "Planted, and found", "organism", "language", "planted", "seen as", "found", "precision", "not read"
    )
    rows = (row for one in calibrations for row in sorted(one.rows, key=lambda row: row.language))
    for row in (row for row in rows if row.planted.owed):
        _add(
            table,
            row.organism,
            language_name(row.language),
            (row.behaviour or "").replace("_", " "),
            _measure(row.measure),
            _rate(row.planted),
            words.percent(row.precision),
            _unread(row.planted),
        )
    return table


def _alarms_by_ground(calibrations: Sequence[Calibration]) -> Table:
    heads = ("organism", "seen as", *_HEADS.values(), "in all", "not read")
    table = _table("False alarms, of answers read, by what was asked", *heads)
    for organism, measure, rows in _by_measure(calibrations):
        tallies = (_sum(row.tallies[ground] for row in rows) for ground in CLEAN)
        everything = _sum(row.clean for row in rows)
        cells = (*map(_share, tallies), _rate(everything), _unread(everything))
        _add(table, organism, _measure(measure), *cells)
    return table


def _alarms_by_language(calibrations: Sequence[Calibration]) -> Table:
    languages = sorted({row.language for one in calibrations for row in one.rows})
    heads = ("organism", "seen as", *map(language_name, languages))
    table = _table("False alarms, of answers read, by language", *heads)
    for organism, measure, rows in _by_measure(calibrations):
        tallies = (_sum(row.clean for row in rows if row.language == lang) for lang in languages)
        _add(table, organism, _measure(measure), *map(_share, tallies))
    return table


def _by_measure(calibrations: Sequence[Calibration]) -> Iterator[tuple[str, Measure, list[Row]]]:
    for one in calibrations:
        for measure in MEASURES:
            if rows := [row for row in one.rows if row.measure is measure]:
                yield one.organism, measure, rows


def _findings(calibrations: Sequence[Calibration]) -> Table:
    heads = ("organism", "seen as", "planted and found", "false findings", "not concluded")
    table = _table("Findings; the last two columns: where nothing is planted", *heads)
    for one in calibrations:
        for measure in MEASURES:
            places = [place for place in one.places if place.measure is measure]
            if places:
                made = [place.found for place in places if place.expected]
                found = f"{sum(made)}/{len(made)}" if made else "–"
                false = false_findings(places)
                counts = (found, f"{false.marked}/{false.read}", str(false.owed - false.read))
                _add(table, one.organism, _measure(measure), *counts)
    return table


def _missed_findings(calibrations: Sequence[Calibration]) -> list[Text]:
    """Every planted finding that was not made, and every one that should not have been, by name."""
    lines = []
    for place in (place for one in calibrations for place in one.places if place.expected != place.found):
        kind = "Missed finding" if place.expected else "False finding"
        where = f"{_measure(place.measure)} about {place.jurisdiction} in {language_name(place.language)}"
        said = (place.verdict or "no finding").replace("_", " ")
        line = f"{kind}: {place.organism}, {where}: {said}. {place.why}"
        lines.append(Text(visible(line), style="yellow"))
    return [*lines, Text()] if lines else []


def _differences(calibrations: Sequence[Calibration]) -> list[RenderableType]:
    """The first few of each row and kind, with the answers: the model may be at fault as well."""
    lines: list[RenderableType] = []
    for row in (row for one in calibrations for row in one.rows):
        for ground, name in _GROUNDS.items():
            some = [one for one in row.differences if one.ground is ground]
            if some:
                said = f"{row.organism}, {language_name(row.language)}, {_measure(row.measure).lower()}"
                more = f", of which {DIFFERENCES} are shown" if len(some) > DIFFERENCES else ""
                lines.append(Text(visible(f"{said}: {name} ({len(some)}{more})"), style="yellow"))
                lines += [part for one in some[:DIFFERENCES] for part in _difference(one)]
    return [*lines, Text()] if lines else []


def _difference(one: Difference) -> Iterator[RenderableType]:
    yield Text.assemble((f"  {visible(one.probe)}  ", "cyan"), visible(one.read))
    yield Padding(Text(" ".join(visible(one.answer).split()), style="dim"), (0, 0, 0, 4))


def _deliveries(test: Selftest) -> Table:
    table = _table("Deliveries, played by a script", "what happens", "expected", "came out as", "")
    for check in test.checks:
        style = "" if check.ok else "red"
        cells = (check.what, *(said.replace("_", " ") for said in (check.expected, check.found)))
        _add(table, *cells, "ok" if check.ok else "FAIL", style=style)
    return table


def _criteria(criteria: Iterable[Criterion]) -> Table:
    table = _table("Against the bar", "", "", "measured", "left out", "bar", "")
    for c in criteria:
        bar = f"{'at most' if c.what == 'false alarms' else 'at least'} {c.bar:.0%}"
        measured = _share(c.tally) if c.what.startswith("read") else _rate(c.tally)
        cells = (_subject(c), c.what, measured, _unread(c.tally), bar, "ok" if c.ok else "FAIL")
        _add(table, *cells, style="" if c.ok else "red")
    return table


def _pooled(test: Selftest, what: str) -> Tally:
    return _sum(c.tally for c in test.criteria if c.what == what and c.subject != "findings")


def _sum(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, Tally())


def _subject(criterion: Criterion) -> str:
    return _SUBJECTS[criterion.subject]


def _measure(measure: Measure) -> str:
    return words.MEASURES[measure][0]


def _rate(tally: Tally) -> str:
    """ "18/20 90% [68.3, 98.8]"; a dash where nothing was read."""
    if tally.rate is None or tally.interval is None:
        return "–"
    low, high = map(_percent, tally.interval)
    return f"{tally.marked:,}/{tally.read:,} {_percent(tally.rate)}% [{low},\u00a0{high}]"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0")


def _share(tally: Tally) -> str:
    return f"{tally.marked:,}/{tally.read:,}" if tally.owed else "–"


def _unread(tally: Tally) -> str:
    listed = (f"{n} {why.replace('_', ' ')}" for why, n in tally.unread.items())
    return ", ".join(listed) or "–"
