"""Estimates as tables: selectivity both ways, each against each, languages, and the control.

The pictures of the same estimates are in charts.py; the tables are what they rest on.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sordino.core.records import Contrast, Estimate, Kind, Measure
from sordino.reporting import words
from sordino.reporting.certainty import adjustment
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label, link
from sordino.reporting.views import Comparison, Row, Table

EXCLUDED, COUNTED = "excluded", "withheld"
_COUNTED_SO = "blocked and truncated counted as withheld"
_N, _LEFT_OUT = ("n (with siblings)", "Templates"), "Left out (with siblings)"


def of(
    source: ReportSource, measure: Measure, contrast: Contrast, blocks: str | None = None
) -> list[Estimate]:
    """The estimates of one measure and contrast, by language, jurisdiction and sibling."""
    chosen = [
        e
        for e in source.estimates
        if e.measure is measure and e.contrast is contrast and blocks in (None, e.blocks)
    ]
    return sorted(chosen, key=lambda e: (e.language, e.jurisdiction or "", e.against or ""))


def comparisons(source: ReportSource) -> tuple[Comparison, ...]:
    """One comparison for each measure with an estimate of selectivity, pairs or languages."""
    built = []
    for measure, (title, meaning) in words.MEASURES.items():
        selectivity = _selectivity(source, measure)
        pairwise = _pairwise(source, measure)
        gaps = _gaps(source, measure)
        if selectivity or pairwise or gaps:
            built.append(Comparison(measure.value, title, meaning, selectivity, pairwise, gaps))
    return tuple(built)


def control(source: ReportSource) -> tuple[Table, ...]:
    """What neutral questions show: rates, and differences between jurisdictions where it is estimated."""
    tables = []
    for measure, (title, _) in words.MEASURES.items():
        rates = of(source, measure, Contrast.CONTROL, EXCLUDED)
        against = {
            (e.jurisdiction, e.language): e
            for e in of(source, measure, Contrast.CONTROL_SELECTIVITY, EXCLUDED)
        }
        keys = sorted(
            {*against, *((e.jurisdiction, e.language) for e in rates)}, key=lambda k: (k[1], k[0] or "")
        )
        by_key = {(e.jurisdiction, e.language): e for e in rates}
        if keys:
            rows = tuple(_control_row(source, k, by_key.get(k), against.get(k)) for k in keys)
            tables.append(Table(title, ("Rate", "Against siblings, in points", "n", "Templates"), rows))
    return tuple(tables)


def safety(source: ReportSource) -> Table | None:
    """How often harmful requests were not met, and how often those that only sound so; None: none asked."""
    rows = []
    for contrast, kind, what in (
        (Contrast.HARMFUL, Kind.HARMFUL, "Harmful requests not met"),
        (Contrast.BENIGN, Kind.BENIGN, "Harmless look-alikes not met (over-refusal)"),
    ):
        for e in of(source, Measure.WITHHELD, contrast, EXCLUDED):
            left_out = ", ".join(words.counted(n, why) for why, n in e.excluded.items()) or "–"
            cells = (words.rate(e.figure), words.count(e.figure.n), str(e.figure.clusters), left_out)
            href = link(l=e.language, k=kind.value)
            rows.append(Row(f"{what}, {words.language(e.language)}", cells, href))
    return Table("", ("Rate", "n", "Templates", "Left out"), tuple(rows)) if rows else None


def _control_row(
    source: ReportSource, key: tuple[str | None, str], rate: Estimate | None, difference: Estimate | None
) -> Row:
    code, lang = key
    shown = rate or difference
    n = "–" if shown is None else words.count(shown.figure.n)
    clusters = "–" if shown is None else str(shown.figure.clusters)
    cells = (
        words.rate(rate.figure if rate else None),
        words.points(difference.figure if difference else None),
        n,
        clusters,
    )
    return Row(_place(source, code, lang), cells, link(j=code or None, l=lang, k=Kind.NEUTRAL.value))


def _place(source: ReportSource, code: str | None, lang: str) -> str:
    return f"{words.jurisdiction(source.manifest, code)}, {words.language(lang)}"


def left_out(excluded: Mapping[str, int]) -> str:
    """What is not in n and why; which way a block went is in the delivery table."""
    merged: Counter[str] = Counter()
    for why, n in excluded.items():
        merged["blocked" if why.startswith("blocked") else why] += n
    return ", ".join(words.counted(n, why) for why, n in sorted(merged.items()) if n)


def _languages(estimates: Sequence[Estimate]) -> list[str]:
    return sorted({e.language for e in estimates})


def _selectivity(source: ReportSource, measure: Measure) -> tuple[Table, ...]:
    estimates = of(source, measure, Contrast.SELECTIVITY, EXCLUDED)
    counted = {(e.jurisdiction, e.language): e for e in of(source, measure, Contrast.SELECTIVITY, COUNTED)}
    rates, rates_counted = (_rates(source, measure, way) for way in (EXCLUDED, COUNTED))
    selective = {
        (f.jurisdiction, f.language)
        for f in source.findings
        if f.measure is measure and f.verdict.value == "selective"
    }
    tables = []
    for lang in _languages(estimates):
        here = [e for e in estimates if e.language == lang]
        both = any(
            rates_counted.get(key, rates.get(key)) != rates.get(key)
            for key in ((e.jurisdiction, lang) for e in here)
        )
        rows = []
        for e in here:
            key = (e.jurisdiction, lang)
            cells = (
                rates.get(key, words.rate(None)),
                *((rates_counted.get(key, words.rate(None)),) if both else ()),
                words.points(e.figure),
                *((words.points(counted[key].figure if key in counted else None),) if counted else ()),
                words.count(e.figure.n),
                str(e.figure.clusters),
                words.p_value(e.p_adjusted),
                left_out(e.excluded),
            )
            name = words.jurisdiction(source.manifest, e.jurisdiction)
            href = link(j=e.jurisdiction or None, l=lang, k=Kind.POLITICAL.value)
            rows.append(Row(name, cells, href, "selective" if key in selective else ""))
        notes = (" ".join(sorted({_method(e) for e in here})),)
        head = (
            "Rate",
            *((f"Rate, {_COUNTED_SO}",) if both else ()),
            "Difference, in points",
            *((f"Difference, {_COUNTED_SO}",) if counted else ()),
            *_N,
            f"p ({adjustment(source)})",
            _LEFT_OUT,
        )
        tables.append(Table(words.language(lang), head, tuple(rows), notes))
    return tuple(tables)


def _rates(source: ReportSource, measure: Measure, blocks: str) -> dict[tuple[str | None, str], str]:
    found = of(source, measure, Contrast.RATE, blocks)
    return {(e.jurisdiction, e.language): words.rate(e.figure) for e in found}


def _method(estimate: Estimate) -> str:
    against = f"Against the {label(estimate.against)}. " if estimate.against else ""
    return f"{against}Interval: {label(estimate.figure.method)}, {estimate.figure.level:.0%}."


def _pairwise(source: ReportSource, measure: Measure) -> tuple[Table, ...]:
    estimates = of(source, measure, Contrast.PAIRWISE, EXCLUDED)
    tables = []
    for lang in _languages(estimates):
        pairs = {(e.jurisdiction or "", e.against or ""): e for e in estimates if e.language == lang}
        subjects = sorted({a for a, _ in pairs})
        siblings = sorted({b for _, b in pairs})
        rows = tuple(
            Row(
                words.jurisdiction(source.manifest, a),
                tuple(words.points(pairs[a, b].figure) if (a, b) in pairs else "" for b in siblings),
                link(j=a or None, l=lang, k=Kind.POLITICAL.value),
            )
            for a in subjects
        )
        head = tuple(words.jurisdiction(source.manifest, b) for b in siblings)
        tables.append(Table(words.language(lang), head, rows))
    return tuple(tables)


def _gaps(source: ReportSource, measure: Measure) -> tuple[Table, ...]:
    estimates = of(source, measure, Contrast.LANGUAGE_GAP, EXCLUDED)
    if not estimates:
        return ()
    rows = tuple(
        Row(
            words.jurisdiction(source.manifest, e.jurisdiction),
            (
                words.language(e.language),
                words.language(e.against or ""),
                words.points(e.figure),
                words.count(e.figure.n),
                str(e.figure.clusters),
                words.p_value(e.p_adjusted),
            ),
            link(j=e.jurisdiction or None, k=Kind.POLITICAL.value),
        )
        for e in sorted(estimates, key=lambda e: (e.jurisdiction or "", e.language, e.against or ""))
    )
    head = ("Asked in", "Against", "Difference, in points", "n", "Templates", f"p ({adjustment(source)})")
    return (Table("Between languages", head, rows),)
