"""The whole page model of a comparative report, from its source: no HTML, no pictures, nothing written."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from babel.dates import format_date

from sordino.comparing.entries import RANKED, Entry
from sordino.comparing.ranking import MEASURES, RankedGroup, Ranking
from sordino.core.records import Measure
from sordino.reporting import sweep_tables, sweep_words, words
from sordino.reporting.sweep_source import SweepSource
from sordino.reporting.sweep_tables import Report
from sordino.reporting.sweep_views import RankedMeasure, RankedPart, RankedPlace, SweepPage
from sordino.reporting.text import label, prose
from sordino.reporting.views import Row, Table

_METHOD = (
    "Each model's figures are those of its own report. Two models are compared over the questions that "
    "both answered and a judge could read, paired by template: the rates by a paired difference, the "
    "selectivities by the difference between the two, each model against its own median sibling.",
    "They are told apart where that difference points one way with an adjusted p below 0.05 and a 95% "
    "interval that excludes zero; by selectivity, where the higher one is selective in its own report, for "
    "a model that withholds less about a jurisdiction than about its siblings makes no other selective. "
    "p comes from sign flips over templates and is adjusted by Holm's method "
    "over both directions of all pairs of one order: one measure about one jurisdiction in one language. "
    "So the chance that any pair of an order is told apart wrongly is at most 5%; over several orders it "
    "adds up.",
    "Rank 1 is the lowest. A rank runs from 1 plus the models that were found lower to the number of "
    "models less those that were found higher; all intervals of an order hold at once (Mogstad, Romano, "
    "Shaikh & Wilhelm 2024, “Inference for Ranks”, Rev. Econ. Stud. 91; Holm as in Bazylik et al. "
    "2021).",
    "Not told apart is not equal: ranks that overlap say that these questions do not decide, and more "
    "templates could.",
)
_OWN = (
    "The command sordino report RUN writes a run's own report. One that lies beside this page as "
    "report-RUN.html when the page is written is linked from here."
)
_LIMITS = (
    "A rank is among these models and these questions only. Another model added or left out changes ranks, "
    "and can change which pairs are told apart.",
    "What did not arrive is in no rate. Where a host blocks what a model would have withheld, its rate "
    "looks low: where more than a tenth was blocked or cut off, there is no rank.",
    "One judge reads all models of a group. If it errs more on one model's style than on another's, the "
    "difference is in the ranks.",
    "A difference says that models answer differently, not why, nor who wanted it.",
)


def page(source: SweepSource, report: Report) -> SweepPage:
    """The page model; `report` gives the address of a run's own report."""
    entries = source.entries
    told = _told(source)
    return SweepPage(
        title=f"{_heading(source)}: Sordino",
        heading=_heading(source),
        date=_date(source.created),
        headline=told[0],
        told=tuple(told[1:]),
        size=_size(source),
        invented=any(entry.manifest.pack.invented for entry in entries),
        groups=tuple(_part(source, at, ranked, report) for at, ranked in enumerate(source.groups)),
        alone=tuple(
            Row(label(group.entries[0].name), (prose(" ".join(group.why)),)) for group in source.alone
        ),
        runs=_runs(entries, report),
        delivery=sweep_tables.delivery(entries),
        matchings=matchings(entries),
        method=_METHOD,
        limits=_LIMITS,
        notes=tuple(_notes(source)),
        judges=tuple(_judges(entries)),
        command=prose(source.command),
    )


def chart_id(group: int, ranking: Ranking) -> str:
    """By which a place finds its chart."""
    return f"{group}/{ranking.measure.value}/{ranking.jurisdiction}/{ranking.language}"


def measures(ranked: RankedGroup) -> list[Measure]:
    """Those of which anything was read, in order."""
    found = {r.measure for r in ranked.rankings}
    return [measure for measure in MEASURES if measure in found]


def _told(source: SweepSource) -> list[str]:
    """What was found stands first, of whichever group it is."""
    told: list[str] = []
    for number, ranked in sorted(enumerate(source.groups, 1), key=lambda one: not _has_findings(one[1])):
        head = f"{source.called(number - 1)}: " if len(source.groups) > 1 else ""
        told += [prose(head + one) for one in sweep_words.said(ranked)]
    return told or [sweep_words.NONE_READ if source.groups else sweep_words.NONE_COMPARABLE]


def _has_findings(ranked: RankedGroup) -> bool:
    return any(sweep_words.findings(ranked, measure) for measure in measures(ranked))


def _heading(source: SweepSource) -> str:
    ranked = sum(len(one.group.entries) for one in source.groups)
    heading = f"{ranked} models ranked" if ranked else "No models ranked"
    return f"{heading}, {len(source.alone)} not comparable" if source.alone else heading


def _date(created: str) -> str:
    return str(format_date(datetime.fromisoformat(created), "d MMMM y", locale="en"))


def _size(source: SweepSource) -> str:
    entries = source.entries
    questions = {place for entry in entries for place in entry.questions}
    numbers = {
        "models": len(entries),
        "templates": len({place[0] for place in questions}),
        "jurisdictions": len({place[1] for place in questions}),
        "languages": len({place[3] for place in questions}),
        "political exchanges": sum(int(e.political["delivery"].ne("not_asked").sum()) for e in entries),
    }
    return " · ".join(f"{words.count(n)} {noun if n != 1 else noun[:-1]}" for noun, n in numbers.items())


def _part(source: SweepSource, at: int, ranked: RankedGroup, report: Report) -> RankedPart:
    entries = ranked.group.entries
    several = len(source.groups) > 1
    title = f"{source.called(at)}: {len(entries)} models" if several else ""
    own = tuple(_measure(at, ranked, measure, report) for measure in measures(ranked))
    return RankedPart(title, tuple(prose(why) for why in ranked.group.why), own)


def _measure(at: int, ranked: RankedGroup, measure: Measure, report: Report) -> RankedMeasure:
    title, meaning = words.MEASURES[measure]
    own = sweep_words.by_effect([r for r in ranked.rankings if r.measure is measure])
    told, rest = (
        tuple(_place(at, ranked, r, report) for r in own if sweep_words.decides(r) is decided)
        for decided in (True, False)
    )
    heats = sweep_tables.heats(ranked, measure, report)
    return RankedMeasure(title, meaning, measure is Measure.WITHHELD, heats, told, rest)


def _place(at: int, ranked: RankedGroup, ranking: Ranking, report: Report) -> RankedPlace:
    return RankedPlace(
        chart_id(at, ranking),
        sweep_words.place(ranked, ranking),
        prose(sweep_words.undecided(ranking)),
        sweep_tables.place_table(ranked, ranking, report),
    )


def _runs(entries: Sequence[Entry], report: Report) -> Table:
    rows = []
    for entry in entries:
        target = entry.manifest.target
        cells = (entry.run, target.spec, target.host or "–", target.revision[:12])
        rows.append(Row(label(entry.name), tuple(label(cell) for cell in cells), report(entry.run, "")))
    return Table("Runs", ("Run", "Target", "Host", "Revision"), tuple(rows), (_OWN,))


def matchings(entries: Sequence[Entry]) -> tuple[str, ...]:
    """How alike the questions about siblings are, a text for each way that there is."""
    seen = {str(value) for entry in entries for value in entry.political["matching"].dropna().unique()}
    return tuple(text for name, text in words.MATCHINGS.items() if name in seen)


def _notes(source: SweepSource) -> Iterator[str]:
    """Those of the report, then those of the runs, each once."""
    yield from map(prose, source.notes)
    said = Counter(note for entry in source.entries for note in entry.manifest.notes)
    every = len(source.entries)
    for note, n in said.items():
        whose = "" if n == every else f" ({n} of {every} runs)"
        yield prose(f"{note}{whose}")


def _judges(entries: Sequence[Entry]) -> Iterator[Row]:
    """Which judge read which axis in how many runs."""
    for axis in RANKED:
        ids = (e.manifest.judges[axis] for e in entries if axis in e.manifest.judges)
        # The parts of a classifier that left out different models are one judge.
        read = Counter(judge.partition("/fold")[0] for judge in ids)
        for judge, n in sorted(read.items()):
            yield Row(axis.value.capitalize(), (label(judge), f"{n} {'run' if n == 1 else 'runs'}"))
