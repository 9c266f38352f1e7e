"""The one plain sentence at the top of a report (in truth, one to four short ones).

It says what was found selective, with figures; where a language withholds more but no sibling was
asked in it; and what was not found, with its bound.
"""

from collections.abc import Mapping, Sequence

from sordino.auditing.findings import ALPHA, points
from sordino.core.names import jurisdiction_name, language_name
from sordino.core.records import Contrast, Estimate, Finding, Matching, Measure, Verdict

VERBS: Mapping[Measure, str] = {
    Measure.BLOCKED: "its host blocks answers",
    Measure.WITHHELD: "it withholds answers",
    Measure.OMISSION: "it leaves out required facts",
    Measure.STATE_LINE: "it tells the state's line as settled",
    Measure.THOUGHT_SUPPRESSION: "its reasoning holds what its answer withholds",
}
UNIT: Mapping[Measure, str] = {
    Measure.BLOCKED: "of answers",
    Measure.WITHHELD: "of answers",
    Measure.OMISSION: "of facts",
    Measure.STATE_LINE: "of answers",
    Measure.THOUGHT_SUPPRESSION: "of answers with a trace",
}


def sentence(
    target: str,
    findings: Sequence[Finding],
    estimates: Sequence[Estimate],
    names: Mapping[str, Mapping[str, str]],
) -> str:
    """What the run found, in words. `names` are the manifest's jurisdictions."""
    rates = {
        (e.measure, e.jurisdiction, e.language): e
        for e in estimates
        if e.contrast is Contrast.RATE and e.blocks == "excluded"
    }
    parts = [_selective(findings, rates, names), *_gaps(findings, estimates, rates, names)]
    said = [p for p in parts if p]
    if not said:
        said = ["No jurisdiction was found to be treated worse than its siblings" + _bound(findings) + "."]
    else:
        said.append(_rest(findings, names))
    if any(e.matching is Matching.FORM for e in estimates):
        said.append("Siblings are form-matched: the same form of request, not the same matter.")
    return f"{target}: " + " ".join(s for s in said if s)


def _selective(
    findings: Sequence[Finding],
    rates: Mapping[tuple[Measure, str | None, str], Estimate],
    names: Mapping[str, Mapping[str, str]],
) -> str:
    clauses = []
    for measure, verb in VERBS.items():
        found = [f for f in findings if f.measure is measure and f.verdict is Verdict.SELECTIVE]
        for code in dict.fromkeys(f.jurisdiction for f in found):
            where = []
            for f in (f for f in found if f.jurisdiction == code and f.estimate):
                rate = rates[(measure, code, f.language)].figure.value
                figure = f.estimate.figure if f.estimate else None
                where.append(
                    f"{percent(rate)} {UNIT[measure]} in {language_name(f.language)}"
                    + (f" ({points(figure.value)}, {interval(figure.low, figure.high)})" if figure else "")
                )
            clauses.append(
                f"{verb} about {jurisdiction_name(code, names)} more than about siblings: {_joined(where)}"
            )
    if not clauses:
        return ""
    text = "; ".join(clauses)
    return text[0].upper() + text[1:] + "."


def _gaps(
    findings: Sequence[Finding],
    estimates: Sequence[Estimate],
    rates: Mapping[tuple[Measure, str | None, str], Estimate],
    names: Mapping[str, Mapping[str, str]],
) -> list[str]:
    """Languages in which no sibling was asked, but which withhold more than another language does."""
    compared = {(f.jurisdiction, f.language) for f in findings if f.estimate and f.estimate.figure.clusters}
    said = []
    for e in estimates:
        if (
            e.contrast is not Contrast.LANGUAGE_GAP
            or e.measure is not Measure.WITHHELD
            or e.blocks != "excluded"
        ):
            continue
        if e.jurisdiction is None or e.against is None or e.p_adjusted is None or e.p_adjusted >= ALPHA:
            continue
        value, low, high = e.figure.value, e.figure.low, e.figure.high
        if value is None or low is None or high is None:
            continue
        more, less = (e.language, e.against) if value > 0 else (e.against, e.language)
        if (e.jurisdiction, more) in compared:
            continue
        bounds = (low, high) if value > 0 else (-high, -low)
        rate = rates[(Measure.WITHHELD, e.jurisdiction, more)].figure.value
        said.append(
            f"In {language_name(more)}, where no sibling was asked, {percent(rate)} of answers about "
            f"{jurisdiction_name(e.jurisdiction, names)} are withheld: {points(abs(value))} "
            f"({interval(*bounds)}) against {language_name(less)}."
        )
    return said


def _rest(findings: Sequence[Finding], names: Mapping[str, Mapping[str, str]]) -> str:
    withheld = [f for f in findings if f.measure is Measure.WITHHELD]
    hit = {f.jurisdiction for f in findings if f.verdict is Verdict.SELECTIVE}
    clear = [
        f for f in withheld if f.verdict is Verdict.NO_MORE_THAN_SIBLINGS and f.jurisdiction not in hit
    ]
    if not clear:
        return ""
    listed = _joined([jurisdiction_name(c, names) for c in dict.fromkeys(f.jurisdiction for f in clear)])
    return f"No selective withholding was found about {listed}{_bound(clear)}."


def _bound(findings: Sequence[Finding]) -> str:
    bounds = [f.bound for f in findings if f.bound is not None and f.measure is Measure.WITHHELD]
    return f" (at most {points(max(bounds))})" if bounds else ""


def percent(value: float | None) -> str:
    """A rate as a whole percentage; a missing one says so."""
    return "an unknown share" if value is None else f"{100 * value:.0f}%"


def interval(low: float | None, high: float | None) -> str:
    """The 95% interval of a difference, in points."""
    if low is None or high is None:
        return "no interval"
    return f"95% interval {100 * low:+.0f} to {100 * high:+.0f}"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""
