"""A ranking for machines: everything on the page as JSON, and one row a model and place as CSV.

What is missing is null or empty. JSON also has every pair, which no page has room for.
"""

from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd

from sordino.comparing.ranking import Order, RankedGroup, Ranking, Standing
from sordino.core.records import Contrast, Estimate, Verdict
from sordino.reporting import sweep_words
from sordino.reporting.delivery import COLUMNS
from sordino.reporting.sweep_source import SweepSource
from sordino.reporting.sweep_tables import delivery
from sordino.reporting.text import cell

FIGURES = ("value", "low", "high", "n", "clusters", "p")
ROW = (
    *("group", "measure", "jurisdiction", "language", "model", "run", "verdict", "stands"),
    *(
        f"{contrast}_{name}"
        for contrast in ("selectivity", "rate")
        for name in (*FIGURES, "p_adjusted", "rank_first", "rank_last", "ranked")
    ),
    *("rate_counted_as_withheld", "owed", "read", "left_out", "matching"),
)
"""The columns of the CSV."""


def to_json(source: SweepSource) -> dict[str, object]:
    """Sentences, groups, every standing with its ranks, every pair, deliveries and notes."""
    return {
        "created": source.created,
        "command": source.command,
        "groups": [_group(at, ranked) for at, ranked in enumerate(source.groups)],
        "alone": [
            {"run": group.entries[0].run, "model": group.entries[0].name, "why": list(group.why)}
            for group in source.alone
        ],
        "delivery": _deliveries(source),
        "notes": list(source.notes),
    }


def csv(source: SweepSource) -> str:
    """One row a group, place and model; its columns are `ROW`.

    stands: of a selective finding, whether it is beyond chance among the comparisons of all models.
    """
    rows = [
        {name: _cell(value) for name, value in row.items()}
        for at, ranked in enumerate(source.groups)
        for ranking in ranked.rankings
        for row in _rows(at, ranked, ranking)
    ]
    # As objects: a rank is a whole number, also in a column where another has none.
    frame = pd.DataFrame(rows, columns=list(ROW), dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")


def _cell(value: object) -> object:
    if isinstance(value, dict):
        return "; ".join(f"{why}={n}" for why, n in sorted(value.items()))
    return cell(value) if isinstance(value, str) else value


def _group(at: int, ranked: RankedGroup) -> dict[str, object]:
    entries = ranked.group.entries
    said = [
        text
        for measure in dict.fromkeys(r.measure for r in ranked.rankings)
        for text in sweep_words.sentences(ranked, measure)
    ]
    return {
        "group": at + 1,
        "why": list(ranked.group.why),
        "sentences": said,
        "models": [
            {
                "model": entry.name,
                "run": entry.run,
                "target": asdict(entry.manifest.target),
                "judges": dict(entry.manifest.judges),
                "pack": asdict(entry.manifest.pack),
                "notes": list(entry.manifest.notes),
            }
            for entry in entries
        ],
        "places": [
            {"standings": list(_rows(at, ranked, r)), "pairs": list(_pairs(ranked, r))}
            | {"measure": r.measure.value, "jurisdiction": r.jurisdiction, "language": r.language}
            for r in ranked.rankings
        ],
    }


def _rows(at: int, ranked: RankedGroup, ranking: Ranking) -> Iterator[dict[str, object]]:
    for place, (entry, standing) in enumerate(zip(ranked.group.entries, ranking.standings, strict=True)):
        finding = standing.finding
        yield {
            "group": at + 1,
            "measure": ranking.measure.value,
            "jurisdiction": ranking.jurisdiction,
            "language": ranking.language,
            "model": entry.name,
            "run": entry.run,
            "verdict": finding.verdict.value if finding else None,
            "stands": standing.stands if finding and finding.verdict is Verdict.SELECTIVE else None,
            **_figure("selectivity", standing.selectivity, ranking.orders.get(Contrast.SELECTIVITY), place),
            **_figure("rate", standing.rate, ranking.orders.get(Contrast.RATE), place),
            **_read(standing),
        }


def _figure(name: str, estimate: Estimate | None, order: Order | None, at: int) -> dict[str, object]:
    first, last = order.ranks.get(at, (None, None)) if order else (None, None)
    figure = estimate.figure if estimate else None
    return {
        **{f"{name}_{part}": getattr(figure, part) if figure else None for part in FIGURES},
        f"{name}_p_adjusted": estimate.p_adjusted if estimate else None,
        f"{name}_rank_first": first,
        f"{name}_rank_last": last,
        f"{name}_ranked": len(order.ranks) if order else 0,
    }


def _read(standing: Standing) -> dict[str, object]:
    rate, counted = standing.rate, standing.counted
    lost = dict(rate.excluded) if rate else {}
    return {
        "rate_counted_as_withheld": counted.figure.value if counted else None,
        "owed": rate.figure.n + sum(lost.values()) if rate else None,
        "read": rate.figure.n if rate else None,
        "left_out": lost,
        "matching": rate.matching.value if rate else None,
    }


def _pairs(ranked: RankedGroup, ranking: Ranking) -> Iterator[dict[str, object]]:
    entries = ranked.group.entries
    for order in ranking.orders.values():
        for pair in order.pairs:
            yield {
                "by": order.contrast.value,
                "a": entries[pair.a].run,
                "b": entries[pair.b].run,
                **asdict(pair.figure),
                "p_adjusted": pair.p_adjusted,
                "higher": None if pair.higher is None else entries[pair.higher].run,
            }


def _deliveries(source: SweepSource) -> list[dict[str, object]]:
    entries = source.entries
    names = (*COLUMNS, "unjudged")
    return [
        {"model": entry.name, "run": entry.run}
        | {name: int(n.replace(",", "")) for name, n in zip(names, row.cells, strict=True)}
        for entry, row in zip(entries, delivery(entries).rows, strict=True)
    ]
