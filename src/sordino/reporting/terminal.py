"""The findings in a terminal, for whoever ran the audit: the sentence, the verdicts, what arrived.

Everything from outside is a Rich `Text`, never markup, and every acting character is shown as a sign.
"""

from collections import Counter

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from sordino.core.records import Finding, Measure, Verdict
from sordino.reporting import tally, views, words
from sordino.reporting.delivery import delivery_table
from sordino.reporting.source import ReportSource
from sordino.reporting.text import prose

_STYLES = {
    Verdict.SELECTIVE: "bold yellow",
    Verdict.NO_MORE_THAN_SIBLINGS: "green",
    Verdict.NOT_TOLD_FROM_IGNORANCE: "cyan",
    Verdict.NOT_ENOUGH_DATA: "dim",
}
_TELLING = (Verdict.SELECTIVE, Verdict.NOT_TOLD_FROM_IGNORANCE)
_NARROW, _WIDE = 72, 100


def show(source: ReportSource, console: Console) -> None:
    """Print the sentence, the findings, the deliveries and the notes."""
    console.print(Text(prose(source.sentence), style="bold"))
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
    console.print(_delivery(delivery_table(source, tally.prepared(source)), narrow=console.width < _WIDE))
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
    rates = tally.rates(source)
    table = Table(title=Text(title), title_justify="left", box=None, pad_edge=False)
    heads = (
        ("Where", "What")
        if narrow
        else ("Jurisdiction", "Language", "Rate", "Selectivity, points", "Verdict")
    )
    for head in heads:
        table.add_column(head)
    for finding in sorted(findings, key=lambda f: (f.jurisdiction, f.language)):
        figure = finding.estimate.figure if finding.estimate else None
        rate = words.rate(rates.get((finding.measure, finding.jurisdiction, finding.language)))
        where = words.jurisdiction(source.manifest, finding.jurisdiction), words.language(finding.language)
        verdict = Text(words.verdict(finding), style=_STYLES[finding.verdict])
        if narrow:
            table.add_row(
                Text(", ".join(where)), Text.assemble(rate, " ", words.points(figure), " ", verdict)
            )
        else:
            table.add_row(Text(where[0]), Text(where[1]), Text(rate), Text(words.points(figure)), verdict)
    return table


def _delivery(model: views.Table, narrow: bool) -> RenderableType:
    """Only what happened: a column for each on a wide terminal, a phrase on a narrow one."""
    used = [at for at in range(len(model.head)) if any(row.cells[at] != "0" for row in model.rows)]
    table = Table(title=Text(model.caption), title_justify="left", box=None, pad_edge=False)
    table.add_column("")
    for at in [] if narrow else used:
        table.add_column(Text(model.head[at]), justify="right")
    for row in model.rows:
        cells = [row.cells[at] for at in used]
        if narrow:
            said = (f"{n} {model.head[at].lower()}" for at, n in zip(used, cells, strict=True) if n != "0")
            table.add_row(Text(row.name), Text(", ".join(said)))
        else:
            table.add_row(Text(row.name), *(Text(cell) for cell in cells))
    return table
