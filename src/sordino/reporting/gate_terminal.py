"""A gate in a terminal: each rule with its checks, what would show those that are not, and the verdict."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sordino.comparing.gate import Check, Result
from sordino.comparing.rules import Rule
from sordino.reporting import gate_words
from sordino.reporting.gate_source import GateSource
from sordino.reporting.markdown import line

_SIGNS = {Result.SHOWN: "✓", Result.VIOLATED: "✗", Result.UNDECIDED: "?"}
_STYLES = {Result.SHOWN: "green", Result.VIOLATED: "bold red", Result.UNDECIDED: "yellow"}
_ROWS = 40
"""Checks of one rule that are listed; of more, those that are shown are only counted."""
_NAMED = 4
"""Places that are named where one thing is said of several."""


def show(source: GateSource, out: Console) -> None:
    """Print the verdict and what it stands on."""
    gate = source.gate
    for rule in gate.rules:
        checks = [check for check in source.checks if check.rule == rule]
        out.print(_heading(rule))
        out.print(_table(source, checks))
        for told in _told(source, checks):
            out.print(Text(told, style="dim"))
        out.print()
    for note in source.notes:
        out.print(Text(line(note), style="yellow"))
    if source.notes:
        out.print()
    out.print(Text(gate_words.MEANING, style="dim"))
    out.print()
    out.print(Text(gate_words.verdict(gate), style="bold green" if gate.passed else "bold red"))


def _heading(rule: Rule) -> Text:
    heading = Text(line(str(rule)), style="bold")
    if rule.name:
        heading.append(f"  {line(rule.name)}", style="not bold")
    if rule.why:
        heading.append(f"\n{line(rule.why)}", style="not bold dim")
    return heading


def _told(source: GateSource, checks: Sequence[Check]) -> Iterator[str]:
    """What would show those that are not shown; what holds of several is said once."""
    places: dict[str, list[str]] = {}
    for check in checks:
        if told := gate_words.told(check):
            places.setdefault(told, []).append(gate_words.place(check, source.manifest))
    for told, some in places.items():
        more = f"; and {len(some) - _NAMED} more" if len(some) > _NAMED else ""
        yield f"{'; '.join(some[:_NAMED])}{more}: {told}"


def _table(source: GateSource, checks: Sequence[Check]) -> Table:
    listed = checks if len(checks) <= _ROWS else [c for c in checks if c.result is not Result.SHOWN]
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for folds in (False, True, False):
        table.add_column(no_wrap=not folds, overflow="fold")
    for check in listed:
        table.add_row(
            Text(f"{_SIGNS[check.result]} {gate_words.RESULTS[check.result]}", style=_STYLES[check.result]),
            Text(gate_words.place(check, source.manifest)),
            Text(gate_words.figure(check)),
        )
    if left := len(checks) - len(listed):
        table.add_row(Text(f"✓ {gate_words.RESULTS[Result.SHOWN]}", style="green"), Text(f"{left} more"))
    return table
