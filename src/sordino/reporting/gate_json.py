"""A gate as plain JSON values, for machines."""

from sordino.comparing.gate import Check
from sordino.reporting import gate_words
from sordino.reporting.gate_source import GateSource
from sordino.reporting.text import visible


def to_json(source: GateSource) -> dict[str, object]:
    """Everything that the other outputs say, numbers unrounded; missing ones are null."""
    gate, manifest = source.gate, source.manifest
    return {
        "run": manifest.run,
        "target": manifest.target.name,
        "pack": manifest.pack.name,
        "baseline": None if source.baseline is None else source.baseline.run,
        "passed": gate.passed,
        "undecided_allowed": gate.allows_undecided,
        "default_rules": gate.by_default,
        "sentence": visible(source.sentence),
        "verdict": gate_words.verdict(gate),
        "meaning": gate_words.MEANING,
        "rules": [{"rule": str(rule), "name": rule.name, "why": rule.why} for rule in gate.rules],
        "checks": [_check(source, check) for check in source.checks],
        "notes": [visible(note) for note in source.notes],
    }


def _check(source: GateSource, check: Check) -> dict[str, object]:
    one, figure = check.estimate, check.estimate.figure
    return {
        "rule": str(check.rule),
        "measure": one.measure.value,
        "contrast": one.contrast.value,
        "jurisdiction": one.jurisdiction or None,
        "language": one.language,
        "against": one.against,
        "blocks": one.blocks,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "level": figure.level,
        "n": figure.n,
        "templates": figure.clusters,
        "excluded": dict(one.excluded),
        "bound": check.rule.bound,
        "result": check.result.value,
        "reason": check.reason.value,
        "p": check.p,
        "best": check.best,
        "fails": source.gate.fails(check),
        "place": gate_words.place(check, source.manifest),
        "told": gate_words.told(check),
    }
