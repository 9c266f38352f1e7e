"""A gate as JUnit XML, which every CI server shows: one test case for each rule and estimate.

In the shape that Jenkins reads (its junit-10 schema, and Ant's attributes). What is undecided fails like
what is violated, with another type; where undecided checks are allowed it is skipped, so that nobody takes
it for shown.
"""

from xml.etree import ElementTree

from sordino.comparing.gate import Check, Result
from sordino.reporting import gate_words
from sordino.reporting.gate_source import GateSource
from sordino.reporting.markdown import line

SUITE = "sordino gate"


def xml(source: GateSource) -> str:
    """The whole file. Text is made visible first, which leaves no character that XML cannot hold."""
    gate = source.gate
    failing = sum(gate.fails(check) for check in gate.checks)
    skipped = gate.count(Result.UNDECIDED) if gate.allows_undecided else 0
    root = ElementTree.Element("testsuites")
    counts = {"tests": len(gate.checks), "failures": failing, "errors": 0, "skipped": skipped}
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        {
            "name": SUITE,
            **{name: str(number) for name, number in counts.items()},
            "time": "0",
            "timestamp": source.manifest.created[:19],
            "hostname": "localhost",
        },
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(source).items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": line(value)})
    for check in gate.checks:
        _case(source, check, suite)
    told = [gate_words.verdict(gate), gate_words.MEANING, *source.notes]
    ElementTree.SubElement(suite, "system-out").text = "\n".join(map(line, told))
    ElementTree.indent(root)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
    )


def _properties(source: GateSource) -> dict[str, str]:
    manifest = source.manifest
    known = {
        "run": manifest.run,
        "model": manifest.target.name,
        "target": manifest.target.spec,
        "revision": manifest.target.revision,
        "host": manifest.target.host,
        "pack": f"{manifest.pack.name} {manifest.pack.version}",
        "pack hash": manifest.pack.hash,
        "baseline": None if source.baseline is None else source.baseline.run,
        "undecided allowed": "yes" if source.gate.allows_undecided else "no",
        "default rules": "yes" if source.gate.by_default else "no",
        **{f"judge of {axis}": judge for axis, judge in manifest.judges.items()},
    }
    return {name: value for name, value in known.items() if value is not None}


def _case(source: GateSource, check: Check, suite: ElementTree.Element) -> None:
    name = f"{check.rule}: {gate_words.place(check, source.manifest)}"
    case = ElementTree.SubElement(
        suite, "testcase", {"classname": line(check.rule.form), "name": line(name), "time": "0"}
    )
    if check.result is Result.SHOWN:
        return
    message = f"{gate_words.figure(check)}, needed {gate_words.needed(check)}"
    kind = "failure" if source.gate.fails(check) else "skipped"
    told = ElementTree.SubElement(
        case, kind, {"type": gate_words.RESULTS[check.result], "message": line(message)}
    )
    told.text = line(gate_words.told(check))
