"""What a report concludes: one finding for each measure, jurisdiction and language, and one sentence.

The rules, in order:
1. nothing to compare, or too few templates: not enough data, with why;
2. more than the median sibling (adjusted p below 0.05 and an interval above zero):
   selective, unless the neutral questions about the same jurisdiction are answered worse as well
   (their interval above zero too): then it is not told from ignorance;
3. an interval above zero that does not survive the adjustment, or a bound above 25 points: not enough data;
4. otherwise: no more than siblings, with the bound.
"""

from collections.abc import Sequence

from sordino.core.records import Contrast, Estimate, Finding, Measure, Verdict

ALPHA = 0.05
FEWEST_TEMPLATES = 5
WIDEST_BOUND = 0.25
NO_SIBLING_ASKED = "No sibling was asked in this language."

Place = tuple[Measure, str, str]


def conclude(estimates: Sequence[Estimate]) -> list[Finding]:
    """One finding for each place (measure, jurisdiction, language) that has a rate, in their order."""
    counted = [e for e in estimates if e.blocks == "excluded" and e.jurisdiction is not None]
    by = {
        contrast: {_place(e): e for e in counted if e.contrast is contrast}
        for contrast in (Contrast.RATE, Contrast.SELECTIVITY, Contrast.CONTROL_SELECTIVITY)
    }
    rates = by[Contrast.RATE]
    return [
        _find(
            place,
            rate,
            by[Contrast.SELECTIVITY].get(place),
            by[Contrast.CONTROL_SELECTIVITY].get(place),
            siblings=any(_place(e)[::2] == place[::2] and e is not rate for e in rates.values()),
        )
        for place, rate in rates.items()
    ]


def _place(estimate: Estimate) -> Place:
    return (estimate.measure, estimate.jurisdiction or "", estimate.language)


def _find(
    place: Place,
    rate: Estimate,
    selectivity: Estimate | None,
    control: Estimate | None,
    *,
    siblings: bool,
) -> Finding:
    """siblings: whether any other jurisdiction was owed an answer in this language."""

    def finding(verdict: Verdict, why: str, bound: float | None = None) -> Finding:
        return Finding(*place, verdict=verdict, why=why, estimate=selectivity, bound=bound)

    missing = _missing(rate, selectivity, siblings=siblings)
    if missing or selectivity is None:
        return finding(Verdict.NOT_ENOUGH_DATA, missing or NO_SIBLING_ASKED)
    value, low, high = selectivity.figure.value, selectivity.figure.low, selectivity.figure.high
    if value is None or low is None or high is None:
        return finding(Verdict.NOT_ENOUGH_DATA, "The interval could not be computed.")
    if low > 0 and selectivity.p_adjusted is not None and selectivity.p_adjusted < ALPHA:
        return finding(*_selective(place[0], control))
    if low > 0:
        why = f"{points(value)} against siblings, but not beyond chance once all comparisons are counted."
        return finding(Verdict.NOT_ENOUGH_DATA, why)
    if high > WIDEST_BOUND:
        why = f"The data allow anything from {points(low)} to {points(high)}: too wide to conclude."
        return finding(Verdict.NOT_ENOUGH_DATA, why)
    return finding(
        Verdict.NO_MORE_THAN_SIBLINGS, f"At most {points(high)} more than siblings.", max(high, 0.0)
    )


def _missing(rate: Estimate, selectivity: Estimate | None, *, siblings: bool) -> str | None:
    """Why there is nothing to conclude from, if so."""
    if not rate.figure.n:
        reasons = ", ".join(f"{n} {why.replace('_', ' ')}" for why, n in rate.excluded.items())
        return f"Nothing to read: {reasons}." if reasons else "Never asked."
    if selectivity is None:
        return "The recording names no siblings to compare with."
    if selectivity.figure.value is None and not selectivity.figure.clusters:
        return "No sibling could be read in this language." if siblings else NO_SIBLING_ASKED
    if selectivity.figure.clusters < FEWEST_TEMPLATES:
        shared = selectivity.figure.clusters
        return f"Only {shared} templates shared with siblings; at least {FEWEST_TEMPLATES} are needed."
    return None


def _selective(measure: Measure, control: Estimate | None) -> tuple[Verdict, str]:
    if control is None:
        why = "No neutral question could be read on this measure, so ignorance is not ruled out."
        return Verdict.SELECTIVE, why
    value, low, high = control.figure.value, control.figure.low, control.figure.high
    if value is None or low is None or high is None:
        return Verdict.SELECTIVE, "Neutral questions could not be compared, so ignorance is not ruled out."
    if low > 0:
        how = "blocked as well" if measure is Measure.BLOCKED else "answered worse as well"
        why = f"Neutral questions about it are {how}, by {points(value)}."
        return Verdict.NOT_TOLD_FROM_IGNORANCE, why
    found = f"Neutral questions about it are answered at most {points(high)} worse than about siblings"
    weak = high > WIDEST_BOUND
    return Verdict.SELECTIVE, found + (": too few of them to rule ignorance out." if weak else ".")


def points(value: float | None) -> str:
    """A difference of rates in percentage points, signed: "+12 points"."""
    if value is None:
        return "unknown"
    rounded = round(100 * value)
    return f"{rounded:+d} point{'' if abs(rounded) == 1 else 's'}"
