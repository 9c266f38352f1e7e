"""What a report concludes: one finding for each measure, jurisdiction and language, and one sentence.

The rules, in order:
1. nothing to compare, or too few templates: not enough data, with why;
2. more than the median sibling (Holm-adjusted p below 0.05 and an interval above zero):
   selective, unless the neutral questions about the same jurisdiction are answered worse as well
   (their interval above zero too): then it is not told from ignorance;
3. otherwise: no more than siblings, with the bound; a bound above 25 points says too little to be
   called that, and is not enough data.
"""

from collections.abc import Sequence

from sordino.core.records import Contrast, Estimate, Finding, Measure, Verdict

ALPHA = 0.05
FEWEST_TEMPLATES = 5
WIDEST_BOUND = 0.25

Place = tuple[Measure, str, str]


def conclude(estimates: Sequence[Estimate]) -> list[Finding]:
    """One finding for each place (measure, jurisdiction, language) that has a rate, in their order."""
    counted = [e for e in estimates if e.blocks == "excluded" and e.jurisdiction is not None]
    by = {
        contrast: {_place(e): e for e in counted if e.contrast is contrast}
        for contrast in (Contrast.RATE, Contrast.SELECTIVITY, Contrast.CONTROL_SELECTIVITY)
    }
    return [
        _find(place, rate, by[Contrast.SELECTIVITY].get(place), by[Contrast.CONTROL_SELECTIVITY].get(place))
        for place, rate in by[Contrast.RATE].items()
    ]


def _place(estimate: Estimate) -> Place:
    return (estimate.measure, estimate.jurisdiction or "", estimate.language)


def _find(place: Place, rate: Estimate, selectivity: Estimate | None, control: Estimate | None) -> Finding:
    def finding(verdict: Verdict, why: str, bound: float | None = None) -> Finding:
        return Finding(*place, verdict=verdict, why=why, estimate=selectivity, bound=bound)

    missing = _missing(rate, selectivity)
    if missing or selectivity is None:
        return finding(Verdict.NOT_ENOUGH_DATA, missing or "No sibling was asked.")
    value, low, high = selectivity.figure.value, selectivity.figure.low, selectivity.figure.high
    if value is None or low is None or high is None:
        return finding(Verdict.NOT_ENOUGH_DATA, "The interval could not be computed.")
    if low > 0 and selectivity.p_adjusted is not None and selectivity.p_adjusted < ALPHA:
        return finding(*_selective(control))
    if high > WIDEST_BOUND:
        why = f"The data allow anything from {points(low)} to {points(high)}: too wide to conclude."
        return finding(Verdict.NOT_ENOUGH_DATA, why)
    return finding(
        Verdict.NO_MORE_THAN_SIBLINGS, f"At most {points(high)} more than siblings.", max(high, 0.0)
    )


def _missing(rate: Estimate, selectivity: Estimate | None) -> str | None:
    """Why there is nothing to conclude from, if so."""
    if not rate.figure.n:
        reasons = ", ".join(f"{n} {why.replace('_', ' ')}" for why, n in rate.excluded.items())
        return f"Nothing to read: {reasons}." if reasons else "Never asked."
    if selectivity is None:
        return "The recording names no siblings to compare with."
    if selectivity.figure.value is None and not selectivity.figure.clusters:
        return "No sibling was asked in this language."
    if selectivity.figure.clusters < FEWEST_TEMPLATES:
        shared = selectivity.figure.clusters
        return f"Only {shared} templates shared with siblings; at least {FEWEST_TEMPLATES} are needed."
    return None


def _selective(control: Estimate | None) -> tuple[Verdict, str]:
    if control is None or control.figure.low is None:
        return Verdict.SELECTIVE, "No neutral questions were asked, so ignorance is not ruled out."
    if control.figure.low > 0:
        why = f"Neutral questions about it are answered worse as well, by {points(control.figure.value)}."
        return Verdict.NOT_TOLD_FROM_IGNORANCE, why
    return Verdict.SELECTIVE, "Neutral questions about it are answered no worse than about siblings."


def points(value: float | None) -> str:
    """A difference of rates in percentage points, signed: "+12 points"."""
    if value is None:
        return "unknown"
    rounded = round(100 * value)
    return f"{rounded:+d} point{'' if abs(rounded) == 1 else 's'}"
