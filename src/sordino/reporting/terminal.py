"""The findings in a terminal, for whoever ran the audit: the sentence, the verdicts, what arrived.

Everything from outside is a Rich `Text`, never markup, and every acting character is shown as a sign.
"""

from collections import Counter

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sordino.core.records import Finding, Measure, Verdict
from sordino.reporting import certainty, tally, views, words
from sordino.reporting.corrected import sentence
from sordino.reporting.delivery import delivery_table, dominated
from sordino.reporting.source import ReportSource
from sordino.reporting.text import prose

_STYLES = {
    Verdict.SELECTIVE: "bold yellow",
    Verdict.NO_MORE_THAN_SIBLINGS: "green",
    Verdict.NOT_TOLD_FROM_IGNORANCE: "cyan",
    Verdict.NOT_ENOUGH_DATA: "dim",
}
_TELLING = (Verdict.SELECTIVE, Verdict.NOT_TOLD_FROM_IGNORANCE)
_NARROW, _WIDE, _ACROSS = 72, 100, 3
_SIGNS = {
    Verdict.SELECTIVE: "●",
    Verdict.NO_MORE_THAN_SIBLINGS: "○",
    Verdict.NOT_TOLD_FROM_IGNORANCE: "◐",
    Verdict.NOT_ENOUGH_DATA: "–",
}
_LEGEND = (
    "rate, then points against the median sibling [95% interval]: "
    "● selective  ○ no more than siblings  ◐ not told from ignorance  – not enough data"
)


def show(source: ReportSource, console: Console) -> None:
    """Print the sentence, the findings, the deliveries and the notes."""
    console.print(Text(prose(sentence(source)), style="bold"))
    if asked := certainty.asked(source):
        console.print(Text(prose(asked)))
    narrow = console.width < _NARROW
    for measure, (title, _) in words.MEASURES.items():
        findings = [f for f in source.findings if f.measure is measure]
        if not findings:
            continue
        console.print()
        if measure is Measure.WITHHELD or any(f.verdict in _TELLING for f in findings):
            console.print(_findings(source, title, findings, narrow=narrow))
        else:
            console.print(_summary(title, findings))
    console.print()
    if source.findings:
        console.print(Text(_LEGEND, style="dim"))
        console.print()
    console.print(_delivery(delivery_table(source, tally.prepared(source)), narrow=console.width < _WIDE))
    if warning := dominated(source):
        console.print(Text(warning, style="yellow"))
    if source.corrected is not None:
        told = f"Rates as labels correct them: sordino labels rates {source.manifest.run}"
        console.print(Text(prose(told), style="dim"))
    for note in source.notes:
        console.print(Text(prose(note), style="dim"))


def _summary(title: str, findings: list[Finding]) -> Text:
    """A measure on which nothing was found, in one line."""
    said = Counter(words.verdict_name(f) for f in findings)
    bounds = [f.bound for f in findings if f.bound is not None]
    line = "; ".join(f"{name} in {n}" for name, n in said.most_common())
    line += f" ({words.at_most(max(bounds))})" if bounds else ""
    return Text.assemble((f"{title}: ", "italic"), (line, "dim"))


def _findings(source: ReportSource, title: str, findings: list[Finding], narrow: bool) -> RenderableType:
    """Jurisdictions down and languages across; one line each where that does not fit."""
    languages = sorted({f.language for f in findings})
    codes = sorted({f.jurisdiction for f in findings})
    said = {(f.jurisdiction, f.language): _said(source, f) for f in findings}
    asked_not = Text("not asked", style="dim")
    table = Table(title=Text(title), title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("")
    if narrow or len(languages) > _ACROSS:
        table.add_column("")
        for (code, lang), text in said.items():
            where = f"{words.jurisdiction(source.manifest, code)}, {words.language(lang)}"
            table.add_row(Text(where), text)
        return table
    for lang in languages:
        table.add_column(Text(words.language(lang)))
    for code in codes:
        cells = [said.get((code, lang), asked_not) for lang in languages]
        table.add_row(Text(words.jurisdiction(source.manifest, code)), *cells)
    return table


def _said(source: ReportSource, finding: Finding) -> Text:
    rate = words.rate_alone(
        tally.rates(source).get((finding.measure, finding.jurisdiction, finding.language))
    )
    figure = finding.estimate.figure if finding.estimate else None
    against = f" {words.points(figure)}" if figure is not None and figure.value is not None else ""
    return Text(f"{_SIGNS[finding.verdict]} {rate}{against}", style=_STYLES[finding.verdict])


def _delivery(model: views.Table, narrow: bool) -> RenderableType:
    """Only what happened: a column for each on a wide terminal, a phrase on a narrow one."""
    used = [at for at in range(len(model.head)) if any(row.cells[at] != "0" for row in model.rows)]
    table = Table(title=Text(model.caption), title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for at in [] if narrow else used:
        table.add_column(Text(model.head[at]), justify="right")
    # A row of which all arrived says nothing; the last row sums up.
    for row in (r for r in model.rows if r is model.rows[-1] or r.cells[0] != r.cells[1]):
        cells = [row.cells[at] for at in used]
        if narrow:
            said = (f"{n} {model.head[at].lower()}" for at, n in zip(used, cells, strict=True) if n != "0")
            table.add_row(Text(row.name), Text(", ".join(said)))
        else:
            table.add_row(Text(row.name), *(Text(cell) for cell in cells))
    return table
