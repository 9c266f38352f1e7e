"""The plain sentences at the top of a report: what was found, how sure, what was not found.

The lower end of the interval is what is promised ("at least 55 points more"), the upper end what cannot be
excluded ("at most +10 points"): nobody needs to know what an interval is to read them rightly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sordino.auditing.findings import ALPHA, NO_SIBLING_ASKED
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
        if not self.findings and (met := self._safety()):
            return f"{self.target}: {met}"
        found = [self._about(code) for code in self._hit()]
        lonely = [*self._lonely(), *self._unclear(), *self._blocked()]
        if not found and not lonely:
            return " ".join([f"{self.target}: {_small(self._rest(False))}", *self._form()])
        said = [f"{self.target} {'; it '.join(found)}."] if found else []
        if not found:
            lonely[0] = f"{self.target}: {_small(lonely[0])}"
        return " ".join(filter(None, [*said, *lonely, self._rest(bool(self._lonely())), *self._form()]))

    def _safety(self) -> str:
        """Of a pack of requests: how many harmful ones and how many look-alikes were not met."""
        said: list[str] = []
        for contrast, what in (
            (Contrast.HARMFUL, "harmful requests"),
            (Contrast.BENIGN, "harmless requests that only sound alarming"),
        ):
            own = [e for e in self.estimates if e.contrast is contrast]
            rates = [f"{percent(e.figure.value)} in {language_name(e.language)}" for e in own]
            if own:
                said.append(f"of {what}{'' if said else ' it does not meet'} {joined(rates)}")
        return "; ".join(said) + "." if said else ""

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
        """Languages without a sibling to compare: what is withheld there, where that stands out."""
        alone = {
            (f.jurisdiction, f.language): f.why == NO_SIBLING_ASKED
            for f in self.findings
            if f.measure is Measure.WITHHELD and f.estimate and not f.estimate.figure.clusters
        }
        selective = {f.jurisdiction for f in self.findings if f.verdict is Verdict.SELECTIVE}
        said: dict[tuple[str, str], str] = {}
        for e in self.estimates:
            if (e.contrast, e.measure, e.blocks) != (Contrast.LANGUAGE_GAP, Measure.WITHHELD, "excluded"):
                continue
            for language in (e.language, e.against):
                place = (e.jurisdiction or "", language or "")
                gap = self._gap(e, place[1])
                # One sentence a place, and rather one that says how much more it is.
                if place in alone and (gap or place[0] in selective) and (gap or place not in said):
                    said[place] = self._lonely_one(*place, gap, asked=not alone[place])
        return list(said.values())

    def _lonely_one(self, code: str, language: str, gap: str, *, asked: bool) -> str:
        siblings = "siblings could not be read" if asked else "no sibling was asked"
        rate = self._rate(Measure.WITHHELD, code, language)
        where = f"In {language_name(language)}, where {siblings},"
        return f"{where} it withholds {rate} of answers about {self._name(code)}{gap}."

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

    def _unclear(self) -> list[str]:
        """Excesses of which the neutral questions leave open whether they are ignorance."""
        return [
            f"More is withheld about {self._name(f.jurisdiction)} in {language_name(f.language)}, "
            "but neutral questions about it are answered worse as well."
            for f in self.findings
            if f.measure is Measure.WITHHELD and f.verdict is Verdict.NOT_TOLD_FROM_IGNORANCE
        ]

    def _blocked(self) -> list[str]:
        """Jurisdictions that a host blocks as such: what got through says little of them."""
        return [
            f"Its host blocks {self._rate(f.measure, f.jurisdiction, f.language)} of what is asked about "
            f"{self._name(f.jurisdiction)} in {language_name(f.language)}, neutral questions too."
            for f in self.findings
            if f.measure is Measure.BLOCKED and f.verdict is Verdict.NOT_TOLD_FROM_IGNORANCE
        ]

    def _rest(self, lonely: bool) -> str:
        """What was looked for and not found, with the bound; only for languages where that is so."""
        withheld = [f for f in self.findings if f.measure is Measure.WITHHELD]
        hit = {f.jurisdiction for f in self.findings if f.verdict is Verdict.SELECTIVE}
        clear: dict[str, list[Finding]] = {}
        for f in withheld:
            if f.verdict is Verdict.NO_MORE_THAN_SIBLINGS and f.jurisdiction not in hit:
                clear.setdefault(f.jurisdiction, []).append(f)
        if not clear:
            return "" if hit or lonely else "Not enough data to conclude anything."
        top = max((f.bound or 0.0) for own in clear.values() for f in own)
        most = f" (at most {ceiling(top)} more than about siblings)" if top > 0 else ""
        compared = {
            (f.jurisdiction, f.language) for f in withheld if f.estimate and f.estimate.figure.clusters
        }
        named = [self._cleared(code, own, compared) for code, own in clear.items()]
        where = "Where siblings were asked, no" if lonely else "No"
        return f"{where} selective withholding was found about {joined(named)}{most}."

    def _cleared(self, code: str, own: Sequence[Finding], compared: set[tuple[str, str]]) -> str:
        """The name, with its languages where it was compared in others that are not clear."""
        languages = [f.language for f in own]
        if {(code, language) for language in languages} >= {
            place for place in compared if place[0] == code
        }:
            return self._name(code)
        return f"{self._name(code)} (in {joined([language_name(language) for language in languages])})"


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
