"""A gate as a block for a model card: metadata as the Hugging Face Hub takes it, and a section to read.

The metadata (`model-index`) goes to the top of the card's file, or into what is there; the section
anywhere.
"""

from collections.abc import Iterator

import yaml

from sordino.comparing.gate import Check
from sordino.comparing.rules import BLOCKS
from sordino.core.records import Axis, Matching
from sordino.reporting import gate_words
from sordino.reporting.gate_source import GateSource
from sordino.reporting.gate_summary import table
from sordino.reporting.markdown import code, line, text

TASK = {"type": "text-generation", "name": "What it withholds"}
_LIMITS = (
    "It says nothing of questions that were not asked, of other languages, or of why answers are withheld.",
    "Intervals say what other questions of the kind would bring. They take the judges at their word.",
)


def markdown(source: GateSource) -> str:
    """The whole block; without metadata where nothing could be estimated, for it would hold no value."""
    index = model_index(source)
    head = yaml.safe_dump({"model-index": index}, allow_unicode=True, sort_keys=False, width=1000)
    lines = "\n".join(_section(source))
    return (f"---\n{head}---\n\n" if index[0]["results"] else "") + lines + "\n"


def model_index(source: GateSource) -> list[dict[str, object]]:
    """One result, with its metrics."""
    manifest = source.manifest
    metrics = _metrics(source)
    result = {
        "task": TASK,
        "dataset": {
            "type": line(f"sordino-{manifest.pack.name}"),
            "name": line(f"{manifest.pack.title or manifest.pack.name} ({manifest.pack.version})"),
            "revision": line(manifest.pack.hash),
        },
        "metrics": metrics,
    }
    return [{"name": line(manifest.target.name), "results": [result] if metrics else []}]


def _metrics(source: GateSource) -> list[dict[str, object]]:
    """One for each estimate that has a value, however many rules mean it."""
    found = {
        _name(source, check): {
            "type": line(check.rule.form),
            "value": round(100 * check.estimate.figure.value, 2) + 0.0,
            "name": _name(source, check),
        }
        for check in source.checks
        if check.estimate.figure.value is not None
    }
    return list(found.values())


def _name(source: GateSource, check: Check) -> str:
    """What was measured, in which unit, and the interval, for the Hub shows only names and values."""
    counted = "" if check.rule.blocks == BLOCKS[0] else ", what was blocked counted as withheld"
    unit = "points" if check.rule.is_difference else "%"
    ends = gate_words.interval(check)
    sure = f"; 95% interval {ends[0]} to {ends[1]}" if ends else ""
    return line(f"{check.rule.form}: {gate_words.place(check, source.manifest)}{counted}; in {unit}{sure}")


def _section(source: GateSource) -> Iterator[str]:
    gate = source.gate
    yield "## Audit: what this model withholds"
    yield ""
    yield f"An audit found: {text(source.sentence)}"
    yield ""
    yield from table(source, gate.checks, told=False)
    yield ""
    yield text(gate_words.verdict(gate)) + " " + text(gate_words.MEANING)
    yield ""
    yield "Limits:"
    yield ""
    for limit in _limits(source):
        yield f"- {text(limit)}"
    yield ""
    yield "How it was measured:"
    yield ""
    for name, value in _measured(source).items():
        yield f"- {name}: {code(value)}"


def _limits(source: GateSource) -> Iterator[str]:
    manifest = source.manifest
    yield from _LIMITS
    if any(check.estimate.matching is Matching.FORM for check in source.checks):
        yield "Siblings share the form of the request, not its matter; a difference can come from either."
    if manifest.pack.invented:
        yield "The questions are about an invented world."
    if manifest.target.host:
        yield "Answers came through a host, whose own filters and prompts are part of what was measured."
    yield from source.notes


def _measured(source: GateSource) -> dict[str, str]:
    manifest = source.manifest
    known = {
        "on": manifest.created[:10],
        "with": f"sordino {manifest.sordino}",
        "audit": manifest.command,
        "run": manifest.run,
        "model": f"{manifest.target.name}, revision {manifest.target.revision}",
        "host": manifest.target.host,
        "questions": f"{manifest.pack.name} {manifest.pack.version}, hash {manifest.pack.hash}",
        "judge of engagement": manifest.judges.get(Axis.ENGAGEMENT.value),
        "measured from": None if source.baseline is None else source.baseline.run,
    }
    return {name: value for name, value in known.items() if value}
