"""The findings strip: every jurisdiction x language x measure with its verdict in words, gaps included."""

from collections import Counter

import pandas as pd

from sordino.core.records import Figure, Finding, Kind, Measure, Verdict
from sordino.reporting import tally, words
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label, link, visible
from sordino.reporting.views import VerdictCell, VerdictRow, VerdictTable

TONES = {
    Verdict.SELECTIVE: "selective",
    Verdict.NO_MORE_THAN_SIBLINGS: "bounded",
    Verdict.NOT_TOLD_FROM_IGNORANCE: "unclear",
    Verdict.NOT_ENOUGH_DATA: "missing",
}


def verdict_tables(source: ReportSource, frame: pd.DataFrame) -> tuple[VerdictTable, ...]:
    """One table for each measure that has a finding, in the order of `words.MEASURES`."""
    rates = tally.rates(source)
    findings = {(f.measure, visible(f.jurisdiction), visible(f.language)): f for f in source.findings}
    political = frame[frame["kind"] == Kind.POLITICAL.value]
    codes = sorted({*tally.order(political["jurisdiction"]), *(j for _, j, _ in findings)} - {""})
    languages = sorted({*tally.order(political["language"]), *(lang for _, _, lang in findings)})
    asked_rows = political.loc[political["state"] != "not_asked", ["jurisdiction", "language"]]
    asked = set(asked_rows.drop_duplicates().itertuples(index=False, name=None))
    tables = []
    for measure in words.MEASURES:
        if not any(m is measure for m, _, _ in findings):
            continue
        rows = tuple(
            VerdictRow(
                words.jurisdiction(source.manifest, code),
                tuple(
                    _cell(findings.get(at := (measure, code, lang)), rates.get(at), code, lang, asked)
                    for lang in languages
                ),
            )
            for code in codes
        )
        tables.append(_table(measure, languages, rows))
    return tuple(tables)


def _table(measure: Measure, languages: list[str], rows: tuple[VerdictRow, ...]) -> VerdictTable:
    title, meaning = words.MEASURES[measure]
    said = Counter(cell.words for row in rows for cell in row.cells)
    summary = "; ".join(f"{text} in {n}" for text, n in said.most_common())
    telling = (words.SELECTIVE[measure], words.BLOCKED_AS_SUCH)
    is_open = measure is Measure.WITHHELD or any(text in said for text in telling)
    return VerdictTable(title, meaning, tuple(words.language(c) for c in languages), rows, summary, is_open)


def _cell(
    finding: Finding | None, rate: Figure | None, code: str, lang: str, asked: set[tuple[str, str]]
) -> VerdictCell:
    href = link(j=code, l=lang, k=Kind.POLITICAL.value)
    if (code, lang) not in asked:
        return VerdictCell("not asked", "", "No question of this jurisdiction was asked.", "missing", "")
    if finding is None:
        return VerdictCell("not measured", "", "Nothing was read on this measure.", "missing", href)
    detail = words.rate(rate) if rate is not None and rate.value is not None else ""
    if finding.verdict is Verdict.NOT_ENOUGH_DATA:
        why = label(finding.why).rstrip(".")
        detail = f"{detail}; {why[:1].lower()}{why[1:]}" if detail else why
    if finding.verdict is Verdict.SELECTIVE and finding.estimate is not None:
        detail += f", {words.points(finding.estimate.figure)} points"
    if finding.verdict is Verdict.NO_MORE_THAN_SIBLINGS and finding.bound is not None:
        detail += f", {words.at_most(finding.bound)}"
    return VerdictCell(
        words.verdict_name(finding), detail, label(finding.why), TONES[finding.verdict], href
    )
