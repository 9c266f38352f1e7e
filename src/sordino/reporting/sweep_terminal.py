"""A ranking in a terminal, for whoever ran the sweep: the sentences, then a table a language.

Everything from outside is a Rich `Text`, never markup, and every acting character is shown as a sign.
"""

import math
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sordino.comparing.ranking import RankedGroup, Ranking
from sordino.core.records import Contrast, Measure, Verdict
from sordino.reporting import sweep_tables, sweep_words, words
from sordino.reporting.sweep_source import SweepSource
from sordino.reporting.sweep_words import figure_of
from sordino.reporting.text import label, prose

_NAME, _LEAST, _GAP = 30, 8, 2
"""Characters: the most of a model's name, the fewest of a place, and what is left between places."""

_LEGEND = (
    "rate, points against the median sibling, rank (1 the lowest; a range is not told apart): "
    "● selective  ●† in its own report only  ◐ not told from ignorance  ○ no more than siblings  "
    "· not enough data"
)
_STYLES = {Verdict.SELECTIVE: "bold yellow", Verdict.NOT_TOLD_FROM_IGNORANCE: "cyan"}


def show(source: SweepSource, console: Console) -> None:
    """Print the sentences, the ranks by language, what is missing, and the notes."""
    several = len(source.groups) > 1
    for at, ranked in enumerate(source.groups[1:], 1):
        why = " ".join(ranked.group.why)
        console.print(
            Text(prose(f"Not ranked together: {source.called(0)} and {source.called(at)}. {why}"))
        )
    for at, ranked in enumerate(source.groups):
        if several:
            console.print(Text(f"{source.called(at)}: {len(ranked.group.entries)} models", style="bold"))
        _group(ranked, console)
    if any(ranked.rankings for ranked in source.groups):
        console.print(Text(_LEGEND, style="dim"))
    else:
        none = sweep_words.NONE_READ if source.groups else sweep_words.NONE_COMPARABLE
        console.print(Text(none, style="bold"))
    for group in source.alone:
        console.print(
            Text(prose(f"Not ranked: {group.entries[0].name}. {' '.join(group.why)}"), style="yellow")
        )
    for note in source.notes:
        console.print(Text(prose(note), style="dim"))


def _group(ranked: RankedGroup, console: Console) -> None:
    for at, text in enumerate(sweep_words.said(ranked)):
        console.print(Text(prose(text), style="" if at else "bold"))
    console.print()
    for table in _tables(ranked, console.width):
        console.print(table)
        console.print()
    lost = sweep_tables.delivery(ranked.group.entries)
    for row in lost.rows:
        missing = [
            f"{n} {head.lower()}"
            for head, n in zip(lost.head[2:], row.cells[2:], strict=True)
            if n != "0"
        ]  # fmt: skip
        if missing:
            told = f"{row.name}: {row.cells[1]} of {row.cells[0]} delivered; {', '.join(missing)}"
            console.print(Text(told, style="yellow" if row.tone else "dim"))


def _tables(ranked: RankedGroup, width: int) -> Iterator[Table]:
    """What is withheld: a table a language, its places by name; several where they do not fit."""
    measure = Measure.WITHHELD
    longest = max(len(label(entry.name)) for entry in ranked.group.entries)
    own = sorted((r for r in ranked.rankings if r.measure is measure), key=lambda r: r.jurisdiction)
    rows = sweep_tables.by_selectivity(ranked, own)
    widest = max((_cell(r, at).cell_len for r in own for at in rows), default=_LEAST)
    fits = max((width - min(longest, _NAME) - _GAP) // (max(widest, _LEAST) + _GAP), 1)
    for language in sorted({r.language for r in own}):
        here = [r for r in own if r.language == language]
        size = math.ceil(len(here) / math.ceil(len(here) / fits))
        for start in range(0, len(here), size):
            yield _table(ranked, here[start : start + size], rows)


def _table(ranked: RankedGroup, rankings: Sequence[Ranking], rows: Sequence[int]) -> Table:
    title = f"{words.MEASURES[rankings[0].measure][0]}, {words.language(rankings[0].language)}"
    table = Table(
        title=Text(title), title_justify="left", box=None, pad_edge=False, padding=(0, _GAP, 0, 0)
    )
    table.add_column("", overflow="ellipsis", no_wrap=True, max_width=_NAME)
    for r in rankings:
        table.add_column(Text(sweep_words.jurisdiction(ranked, r)), overflow="fold", min_width=_LEAST)
    for at in rows:
        name = Text(label(ranked.group.entries[at].name))
        table.add_row(name, *(_cell(r, at) for r in rankings))
    return table


def _cell(ranking: Ranking, at: int) -> Text:
    standing = ranking.standings[at]
    rate, difference = (figure_of(standing, c) for c in (Contrast.RATE, Contrast.SELECTIVITY))
    if rate is None:
        return Text(sweep_tables.missing(standing, Contrast.RATE), style="dim")
    contrast = Contrast.SELECTIVITY if difference is not None else Contrast.RATE
    order = ranking.orders.get(contrast)
    ranks = sweep_words.rank(order.ranks.get(at) if order else None)
    against = (
        f" {sweep_tables.sign(standing)}{sweep_tables.points(difference)}" if difference is not None else ""
    )
    verdict = standing.finding.verdict if standing.finding else None
    style = _STYLES.get(verdict, "") if verdict and (standing.stands or verdict in _STYLES) else ""
    return Text(f"{words.percent(rate.value)}{against} {ranks}", style=style)
