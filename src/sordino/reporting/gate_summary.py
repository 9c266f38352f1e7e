"""A gate as GitHub Markdown: what a workflow's summary page shows."""

from collections.abc import Iterator, Sequence

from sordino.comparing.gate import Check, Result
from sordino.reporting import gate_words
from sordino.reporting.gate_source import GateSource
from sordino.reporting.markdown import code, text

_SIGNS = {Result.SHOWN: "✅ shown", Result.VIOLATED: "❌ violated", Result.UNDECIDED: "❔ undecided"}


def markdown(source: GateSource) -> str:
    """A section of its own: the verdict, what failed, and all checks folded away."""
    return "\n".join(_lines(source)) + "\n"


def _lines(source: GateSource) -> Iterator[str]:
    gate, manifest = source.gate, source.manifest
    yield "## Sordino gate: " + ("passed" if gate.passed else "failed")
    yield ""
    yield f"Model {code(manifest.target.name)}, run {code(manifest.run)}. {gate_words.verdict(gate)}"
    yield ""
    standing = [check for check in gate.checks if check.result is not Result.SHOWN]
    if standing:
        yield from table(source, standing, told=True)
        yield ""
    yield f"<details><summary>All {len(gate.checks)} checks</summary>"
    yield ""
    yield from table(source, gate.checks, told=False)
    yield ""
    yield "</details>"
    yield ""
    yield f"What the run found: {text(source.sentence)}"
    yield ""
    for note in source.notes:
        yield f"Note: {text(note)}"
        yield ""
    yield text(gate_words.MEANING)
    yield ""


def table(source: GateSource, checks: Sequence[Check], *, told: bool) -> Iterator[str]:
    """A row a check. told: whether a last column says what would show it."""
    heads = ["rule", "about", "value [95% interval]", "result", *(["what would show it"] if told else [])]
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    for check in checks:
        cells = [
            code(str(check.rule), in_table=True),
            text(gate_words.place(check, source.manifest)),
            text(gate_words.figure(check)),
            _SIGNS[check.result],
            *([text(gate_words.told(check))] if told else []),
        ]
        yield f"| {' | '.join(cells)} |"
