"""The plain sentences at the top of a report: what was found, how sure, what was not found.

The lower end of the interval is what is promised ("at least 55 points more"), the upper end what cannot be
excluded ("at most +10 points"): nobody needs to know what an interval is to read them rightly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sordino.auditing.findings import ALPHA
from sordino.core.names import jurisdiction_name, language_name
from sordino.core.records import Contrast, Estimate, Finding, Matching, Measure, Verdict

SAID: Mapping[Measure, str] = {
    Measure.WITHHELD: "withholds answers",
    Measure.OMISSION: "leaves out facts",
    Measure.STATE_LINE: "tells the state's line as settled",
    Measure.THOUGHT_SUPPRESSION: "withholds what its reasoning holds",
    Measure.BLOCKED: "has answers blocked by its host",
}


def sentence(
    target: str,
    findings: Sequence[Finding],
    estimates: Sequence[Estimate],
    names: Mapping[str, Mapping[str, str]],
) -> str:
    """What the run found, in words. `names` are the manifest's jurisdictions."""
    return _Teller(target, findings, estimates, names).tell()


@dataclass(frozen=True)
class _Teller:
    target: str
    findings: Sequence[Finding]
    estimates: Sequence[Estimate]
    names: Mapping[str, Mapping[str, str]]

    def tell(self) -> str:
        found = [self._about(code) for code in self._hit()]
        lonely = self._lonely()
        if not found and not lonely:
            return " ".join([f"{self.target}: {_small(self._rest(False))}", *self._form()])
        said = [f"{self.target} {'; it '.join(found)}."] if found else []
        if not found:
            lonely[0] = f"{self.target}: {_small(lonely[0])}"
        return " ".join(filter(None, [*said, *lonely, self._rest(bool(lonely)), *self._form()]))

    def _form(self) -> list[str]:
        form = any(e.matching is Matching.FORM for e in self.estimates)
        return ["Siblings share the form of the request, not its matter."] if form else []

    def _hit(self) -> list[str]:
        """Jurisdictions found selective on any measure, the withheld ones first."""
        order = {measure: place for place, measure in enumerate(SAID)}
        found = [f for f in self.findings if f.verdict is Verdict.SELECTIVE]
        return list(dict.fromkeys(f.jurisdiction for f in sorted(found, key=lambda f: order[f.measure])))

    def _name(self, code: str) -> str:
        return jurisdiction_name(code, self.names)

    def _rate(self, measure: Measure, code: str, language: str) -> str:
        place = (Contrast.RATE, measure, code, language, "excluded")
        for e in self.estimates:
            if (e.contrast, e.measure, e.jurisdiction, e.language, e.blocks) == place:
                return percent(e.figure.value)
        return percent(None)

    def _about(self, code: str) -> str:
        """One clause: the first measure with its bound, the others with their rates alone."""
        clauses: list[str] = []
        for measure, verb in SAID.items():
            own = [
                (f, f.estimate.figure.low)
                for f in self.findings
                if (f.measure, f.jurisdiction, f.verdict) == (measure, code, Verdict.SELECTIVE)
                and f.estimate
            ]
            if not own:
                continue
            rates = joined(
                [f"{self._rate(measure, code, f.language)} in {language_name(f.language)}" for f, _ in own]
            )
            more = min(low for _, low in own if low is not None)
            told = f"; at least {floor(more)} more than about siblings" if not clauses else ""
            about = f" about {self._name(code)}" if not clauses else ""
            clauses.append(f"{verb}{about} ({rates}{told})")
        return clauses[0] + (f"; there it also {joined(clauses[1:])}" if clauses[1:] else "")

    def _lonely(self) -> list[str]:
        """Languages in which no sibling was asked: what is withheld there, where that stands out."""
        compared = {
            (f.jurisdiction, f.language)
            for f in self.findings
            if f.estimate and f.estimate.figure.clusters and f.measure is Measure.WITHHELD
        }
        selective = {f.jurisdiction for f in self.findings if f.verdict is Verdict.SELECTIVE}
        said = []
        for e in self.estimates:
            if e.contrast is not Contrast.LANGUAGE_GAP or e.measure is not Measure.WITHHELD:
                continue
            if e.blocks != "excluded" or e.jurisdiction is None or e.against is None:
                continue
            alone = [c for c in (e.language, e.against) if (e.jurisdiction, c) not in compared]
            if len(alone) != 1:
                continue
            gap = self._gap(e, alone[0])
            if gap or e.jurisdiction in selective:
                rate = self._rate(Measure.WITHHELD, e.jurisdiction, alone[0])
                where = f"In {language_name(alone[0])}, where no sibling was asked,"
                said.append(
                    f"{where} it withholds {rate} of answers about {self._name(e.jurisdiction)}{gap}."
                )
        return said

    def _gap(self, estimate: Estimate, alone: str) -> str:
        """How much more than in the other language, where that is beyond chance."""
        figure, other = (
            estimate.figure,
            estimate.against if alone == estimate.language else estimate.language,
        )
        bound = figure.low if alone == estimate.language else None if figure.high is None else -figure.high
        if bound is None or bound <= 0 or estimate.p_adjusted is None or estimate.p_adjusted >= ALPHA:
            return ""
        return f", at least {floor(bound)} more than in {language_name(other or '')}"

    def _rest(self, lonely: bool) -> str:
        """What was looked for and not found, with the bound."""
        withheld = [f for f in self.findings if f.measure is Measure.WITHHELD]
        clear = [f for f in withheld if f.verdict is Verdict.NO_MORE_THAN_SIBLINGS]
        hit = {f.jurisdiction for f in self.findings if f.verdict is Verdict.SELECTIVE}
        quiet = [f for f in clear if f.jurisdiction not in hit]
        bounds = [f.bound for f in quiet if f.bound is not None]
        most = (
            f" (at most {ceiling(max(bounds))} more than about siblings)"
            if bounds and max(bounds) > 0
            else ""
        )
        if not quiet:
            return "" if hit or lonely else "Not enough data to conclude anything."
        listed = joined([self._name(c) for c in dict.fromkeys(f.jurisdiction for f in quiet)])
        where = "Where siblings were asked, no" if lonely else "No"
        return f"{where} selective withholding was found about {listed}{most}."


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def percent(value: float | None) -> str:
    """A rate as a whole percentage; a missing one says so."""
    return "an unknown share" if value is None else f"{100 * value:.0f}%"


def floor(value: float) -> str:
    """A lower bound in points, rounded down."""
    return _points(math.floor(round(100 * value, 6)))


def ceiling(value: float) -> str:
    """An upper bound in points, rounded up."""
    return _points(math.ceil(round(100 * value, 6)))


def _points(whole: int) -> str:
    return f"{whole} point{'' if abs(whole) == 1 else 's'}"


def joined(parts: Sequence[str]) -> str:
    """A list in words: "a, b and c"."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
