"""A ranking as tables: the heatmap of selectivity, each place's order, who delivered what.

Missing has a name in every cell: not asked, nothing to read, no sibling, too few templates.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from sordino.auditing.sentence import joined
from sordino.comparing.entries import Entry
from sordino.comparing.ranking import RankedGroup, Ranking, Standing
from sordino.core.records import Contrast, Delivery, Figure, Kind, Measure, Verdict
from sordino.reporting import sweep_words, words
from sordino.reporting.comparisons import left_out
from sordino.reporting.delivery import COLUMNS
from sordino.reporting.sweep_words import figure_of
from sordino.reporting.text import label, link
from sordino.reporting.views import Heat, HeatCell, HeatRow, Row, Table

Report = Callable[[str, str], str]
"""The address of a run's report with a fragment; "" where there is no report beside the page."""

SIGNS = {
    Verdict.SELECTIVE: "●",
    Verdict.NOT_TOLD_FROM_IGNORANCE: "◐",
    Verdict.NO_MORE_THAN_SIBLINGS: "○",
    Verdict.NOT_ENOUGH_DATA: "·",
}
ONLY_THERE = "†"
SCARCE = 0.9
"""Read less than this share of what was owed: said beside the figure."""
RUNS = "#runs"
TOGETHER = 8
"""Places that one heatmap shows side by side, whatever their languages."""


def sign(standing: Standing) -> str:
    """The verdict of the run's own report, with a dagger where it falls among all comparisons."""
    if standing.finding is None:
        return ""
    selective = standing.finding.verdict is Verdict.SELECTIVE
    return SIGNS[standing.finding.verdict] + (ONLY_THERE if selective and not standing.stands else "")


def missing(standing: Standing, contrast: Contrast) -> str:
    """Why there is no figure."""
    if standing.rate is None:
        return "not asked"
    if not standing.rate.figure.n:
        asked = set(standing.rate.excluded) != {"not_asked"}
        return "nothing to read" if asked else "not asked"
    if contrast is Contrast.RATE or (standing.selectivity and standing.selectivity.figure.clusters):
        return "too few templates"
    return "no sibling"


# -- heatmap -------------------------------------------------------------------------------------------


def heats(ranked: RankedGroup, measure: Measure, report: Report) -> tuple[Heat, ...]:
    """Models down, the most selective first, and places across: in one where they fit, else by language."""
    own = [r for r in ranked.rankings if r.measure is measure]
    own.sort(key=lambda r: (r.language, r.jurisdiction))
    rows = by_selectivity(ranked, own)
    languages = sorted({r.language for r in own})
    if len(languages) > 1 and len(own) <= TOGETHER:
        columns = tuple(sweep_words.place(ranked, r) for r in own)
        title = joined([words.language(language) for language in languages])
        return (Heat(title, columns, _heat_rows(ranked, own, rows, report), is_open=True),)
    found = []
    for language in languages:
        here = [r for r in own if r.language == language]
        columns = tuple(sweep_words.jurisdiction(ranked, r) for r in here)
        cells = _heat_rows(ranked, here, rows, report)
        found.append(Heat(words.language(language), columns, cells, is_open=True))
    return tuple(found)


def by_selectivity(ranked: RankedGroup, rankings: Sequence[Ranking]) -> list[int]:
    """Places in the group, by the largest selectivity that each has anywhere."""

    def most(at: int) -> float:
        figures = (figure_of(r.standings[at], Contrast.SELECTIVITY) for r in rankings)
        return max((_plain(f) for f in figures if f is not None), default=-2.0)

    entries = ranked.group.entries
    return sorted(range(len(entries)), key=lambda at: (-most(at), entries[at].name))


def _heat_rows(
    ranked: RankedGroup, rankings: Sequence[Ranking], rows: Sequence[int], report: Report
) -> tuple[HeatRow, ...]:
    entries = [(at, ranked.group.entries[at]) for at in rows]
    return tuple(
        HeatRow(
            label(entry.name),
            report(entry.run, "") or RUNS,
            tuple(_heat_cell(entry, r, r.standings[at], report) for r in rankings),
        )
        for at, entry in entries
    )


def _heat_cell(entry: Entry, ranking: Ranking, standing: Standing, report: Report) -> HeatCell:
    difference, rate = (figure_of(standing, c) for c in (Contrast.SELECTIVITY, Contrast.RATE))
    href = report(entry.run, _fragment(ranking))
    note = "" if rate is None else words.percent(rate.value)
    where = f"{label(entry.name)}, {words.language(ranking.language)}"
    if difference is None or difference.value is None:
        why = missing(standing, Contrast.SELECTIVITY)
        look = "not_asked" if why == "not asked" else "lacking"
        return HeatCell(why, note, f"{where}: {why}", look, "" if why == "not asked" else href)
    verdict = "" if standing.finding is None else f"; {words.verdict_name(standing.finding)}"
    title = f"{where}: {words.points(difference)} points{verdict}; rate {words.rate(rate)}"
    return HeatCell(f"{sign(standing)} {points(difference)}", note, title, _look(difference.value), href)


def points(figure: Figure) -> str:
    """A difference in whole points, without its interval."""
    return words.points(Figure(figure.value, None, None, figure.n, figure.clusters, figure.method))


def _look(value: float) -> str:
    step = math.ceil(round(10 * abs(value), 6))
    return f"h{min(step, 10)}" if value > 0 or not step else f"c{min(step, 10)}"


def _fragment(ranking: Ranking) -> str:
    return link(j=ranking.jurisdiction, l=ranking.language, k=Kind.POLITICAL.value)


# -- one place -----------------------------------------------------------------------------------------


def ordered(ranked: RankedGroup, ranking: Ranking) -> list[int]:
    """Places in the group as a table has them: lowest first, without a figure last."""
    entries = ranked.group.entries
    contrast = next(
        (c for c in (Contrast.SELECTIVITY, Contrast.RATE) if c in ranking.orders), Contrast.RATE
    )

    def key(at: int) -> tuple[bool, float, float, str]:
        standing = ranking.standings[at]
        first, second = (figure_of(standing, c) for c in (contrast, Contrast.RATE))
        return first is None, _plain(first), _plain(second), entries[at].name

    return sorted(range(len(entries)), key=key)


def _plain(figure: Figure | None) -> float:
    return 0.0 if figure is None or figure.value is None else figure.value


def place_table(ranked: RankedGroup, ranking: Ranking, report: Report) -> Table:
    """The order of one place: ranks and figures by selectivity and by rate, and what was read of it."""
    compared = Contrast.SELECTIVITY in ranking.orders or any(
        figure_of(s, Contrast.SELECTIVITY) for s in ranking.standings
    )
    rank = f"Rank of {_ranked(ranking, Contrast.SELECTIVITY)}"
    head = (
        *((rank, "Against siblings, points") if compared else ()),
        f"Rank of {_ranked(ranking, Contrast.RATE)} by rate",
        "Rate",
        "Read",
    )  # fmt: skip
    rows = tuple(
        _place_row(ranked.group.entries[at], ranking, at, compared=compared, report=report)
        for at in ordered(ranked, ranking)
    )
    return Table(sweep_words.place(ranked, ranking), head, rows, _counted(ranked, ranking))


def _counted(ranked: RankedGroup, ranking: Ranking) -> tuple[str, ...]:
    """Whose rate is another with blocked and truncated exchanges counted as withheld."""
    told = [
        f"{label(entry.name)} {words.rate(s.counted.figure)}"
        for entry, s in zip(ranked.group.entries, ranking.standings, strict=True)
        if s.rate and s.counted and s.counted.figure.value not in (None, s.rate.figure.value)
    ]
    return (f"Rates with blocked and truncated counted as withheld: {'; '.join(told)}.",) if told else ()


def _ranked(ranking: Ranking, contrast: Contrast) -> int:
    return len(ranking.orders[contrast].ranks) if contrast in ranking.orders else 0


def _place_row(entry: Entry, ranking: Ranking, at: int, *, compared: bool, report: Report) -> Row:
    """compared: whether the table has columns for the selectivity."""
    standing = ranking.standings[at]
    ranks = {
        c: sweep_words.rank(ranking.orders[c].ranks.get(at) if c in ranking.orders else None)
        for c in (Contrast.SELECTIVITY, Contrast.RATE)
    }
    difference, rate = (figure_of(standing, c) for c in (Contrast.SELECTIVITY, Contrast.RATE))
    said = (
        f"{sign(standing)} {words.points(difference)}"
        if difference is not None
        else missing(standing, Contrast.SELECTIVITY)
    )
    cells = (
        *((ranks[Contrast.SELECTIVITY], said) if compared else ()),
        ranks[Contrast.RATE],
        words.rate(rate) if rate is not None else missing(standing, Contrast.RATE),
        read(standing),
    )
    tone = "selective" if standing.stands else "scarce" if is_scarce(standing) else ""
    return Row(label(entry.name), cells, report(entry.run, _fragment(ranking)) or "", tone)


def owed(standing: Standing) -> int:
    """How many exchanges there would have been to read."""
    return standing.rate.figure.n + sum(standing.rate.excluded.values()) if standing.rate else 0


def read(standing: Standing) -> str:
    """What was read of what was owed, and why not all: "48 of 50: 2 blocked"."""
    if standing.rate is None:
        return "–"
    told = f"{words.count(standing.rate.figure.n)} of {words.count(owed(standing))}"
    lost = left_out(standing.rate.excluded)
    return f"{told}: {lost}" if lost else told


def is_scarce(standing: Standing) -> bool:
    """Whether so much is missing that the figure rests on what got through."""
    return standing.rate is not None and standing.rate.figure.n < SCARCE * owed(standing)


# -- what arrived --------------------------------------------------------------------------------------


def delivery(entries: Sequence[Entry]) -> Table:
    """Every model's political exchanges by delivery, and what no judge could read."""
    counts = [_counts(entry) for entry in entries]
    rows = tuple(
        Row(label(entry.name), tuple(words.count(own[name]) for name in (*COLUMNS, "unjudged")),
            "", "scarce" if own["delivered"] < SCARCE * own["owed"] else "")
        for entry, own in zip(entries, counts, strict=True)
    )  # fmt: skip
    scarce = [row.name for row in rows if row.tone]
    notes = (
        (f"Less than {SCARCE:.0%} arrived of {', '.join(scarce)}: those figures rest on what got through.",)
        if scarce
        else ()
    )
    return Table("Delivery", (*COLUMNS.values(), "Unjudged"), rows, notes)


def _counts(entry: Entry) -> Mapping[str, int]:
    frame = entry.political
    found = {str(name): int(n) for name, n in frame["delivery"].value_counts().items()}
    unread = frame["delivery"].eq(Delivery.DELIVERED.value) & frame["engagement"].isna()
    return {name: found.get(name, 0) for name in COLUMNS} | {
        "owed": len(frame),
        "unjudged": int(unread.sum()),
    }
