"""What a comparison found, in plain words: where b differs from a, by how much, and what is not shown.

As in `auditing.sentence`: an interval is told by its ends, and what was not found has its bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sordino.auditing.findings import WIDEST_BOUND
from sordino.auditing.sentence import ceiling, joined, percent
from sordino.comparing.differences import Change
from sordino.comparing.hosts import Gap, HostEffect
from sordino.comparing.relation import Relation, Sides
from sordino.core.names import jurisdiction_name, language_name
from sordino.core.records import Contrast, Figure, Measure

SAID: Mapping[Measure, str] = {
    Measure.WITHHELD: "withholds {much}",
    Measure.OMISSION: "leaves out {much} of the facts",
    Measure.STATE_LINE: "tells the state's line as settled {much} often",
    Measure.THOUGHT_SUPPRESSION: "withholds what its reasoning holds {much} often",
    Measure.BLOCKED: "is blocked {much} often",
}
ON_THE_WAY = {
    "blocked": "blocks",
    "truncated": "cuts short",
    "empty": "sends back nothing for",
    "error": "fails on",
}
NAMED = 3
"""Jurisdictions of one measure that a sentence names."""


@dataclass(frozen=True)
class Told:
    """What the sentences are made from. names: a manifest's jurisdictions."""

    sides: Sides
    changes: Sequence[Change]
    effect: HostEffect | None
    names: Mapping[str, Mapping[str, str]]


def sentence(told: Told) -> str:
    """The sentences, the most important first."""
    return _Teller(told).tell()


@dataclass(frozen=True)
class _Teller:
    told: Told

    def tell(self) -> str:
        withheld = self._of(Measure.WITHHELD, Contrast.CHANGE)
        shown = [c for c in withheld if c.is_shown]
        said = [self._host(self.told.effect, bool(shown))] if self.told.effect else []
        if withheld and (shown or not said):
            said.append(self._main(withheld, shown, is_first=not said))
        return " ".join(filter(None, [*said, self._also(bool(shown)), self._control(), *self._requests()]))

    # -- words ---------------------------------------------------------------------------------------

    def _a(self) -> str:
        return f"A ({self.told.sides.names[0]})"

    def _b(self) -> str:
        return f"B ({self.told.sides.names[1]})"

    def _noun(self) -> str:
        over_time = (Relation.EPOCHS, Relation.REVISIONS, Relation.SETTINGS)
        return "change" if self.told.sides.relation in over_time else "difference"

    def _about(self, change: Change) -> str:
        code = change.estimate.jurisdiction
        return jurisdiction_name(code, self.told.names) if code else "what touches no jurisdiction"

    def _in(self, change: Change) -> str:
        between = self.told.sides.relation is Relation.LANGUAGES
        return "" if between else f" in {language_name(change.estimate.language)}"

    def _of(self, measure: Measure, contrast: Contrast) -> list[Change]:
        return [
            c
            for c in self.told.changes
            if (c.estimate.measure, c.estimate.contrast, c.estimate.blocks)
            == (measure, contrast, "excluded")
        ]

    # -- what changed ----------------------------------------------------------------------------------

    def _main(self, places: Sequence[Change], shown: Sequence[Change], *, is_first: bool) -> str:
        rest = self._rest(places, shown)
        if not shown:
            return f"Between {self._a()} and {self._b()} {rest}."
        a, b = (self._a(), self._b()) if is_first else ("A", "B")
        clause = self._clause(Measure.WITHHELD, shown, than=f" than {a}")
        return f"{b} {clause}{'; ' if rest else ''}{rest}."

    def _clause(self, measure: Measure, shown: Sequence[Change], than: str = "") -> str:
        """ "withholds 67 points more about Torvane in English (36 to 86) and 54 in Chinese (25 to 79)"."""
        groups: dict[tuple[str, bool], list[Change]] = {}
        for c in sorted(shown, key=lambda c: -abs(_value(c))):
            groups.setdefault((self._about(c), _value(c) > 0), []).append(c)
        said: list[str] = []
        for (about, is_more), own in list(groups.items())[:NAMED]:
            much = f"{_points(abs(_value(own[0])))} {'more' if is_more else 'less'}"
            verb = much if said else SAID[measure].format(much=much)
            where = [f"{self._in(own[0])} {_told(own[0])}".strip()]
            where += [f"{_whole(abs(_value(c)))}{self._in(c)} {_told(c)}" for c in own[1:]]
            said.append(f"{verb}{than} about {about} {joined(where)}")
            than = ""
        left = len(groups) - NAMED
        return ", and ".join(said) + (f", and otherwise about {left} more" if left > 0 else "")

    def _rest(self, places: Sequence[Change], shown: Sequence[Change]) -> str:
        """Where nothing is shown, with the bound, and where the data are too few to say even that."""
        others = [c for c in places if not c.is_shown]
        clear = [c for c in others if c.bound is not None and c.bound <= WIDEST_BOUND]
        vague = [c for c in others if c not in clear]
        said: list[str] = []
        if clear:
            most = max(c.bound or 0.0 for c in clear)
            where, about = self._where(clear, vague, shown)
            said.append(
                f"{where}no {self._noun()} in withholding is shown{about} (at most {ceiling(most)})"
            )
        if vague:
            named = sorted({self._about(c) for c in vague})
            about = joined(named) if len(named) <= NAMED else f"{len(named)} jurisdictions"
            said.append(f"about {about} the data are too few to tell")
        return "; ".join(said)

    def _where(
        self, clear: Sequence[Change], vague: Sequence[Change], shown: Sequence[Change]
    ) -> tuple[str, str]:
        """What stands before and after "no difference is shown"."""
        others, taken = ({self._about(c) for c in some} for some in (clear, [*shown, *vague]))
        if not taken:
            return "", ""
        if others & taken:
            return ("elsewhere " if shown else ""), ("" if shown else " at most places")
        if not shown:
            return "", f" about {len(others)} of {len(others | taken)} jurisdictions"
        if len(others) == 1:
            return f"about {next(iter(others))} ", ""
        return f"about the other {len(others)} jurisdictions ", ""

    def _also(self, after: bool) -> str:
        """The other measures, where anything is shown."""
        clauses = []
        told = [Measure.WITHHELD, *([Measure.BLOCKED] if self.told.effect else [])]
        for measure in SAID:
            shown = [c for c in self._of(measure, Contrast.CHANGE) if c.is_shown]
            if measure not in told and shown:
                clauses.append(self._clause(measure, shown))
        return f"B {'also ' if after else ''}{', and '.join(clauses)}." if clauses else ""

    def _control(self) -> str:
        """Neutral questions that are answered otherwise as well: not withholding alone, then."""
        shown = [c for c in self._of(Measure.WITHHELD, Contrast.CHANGE_OF_CONTROL) if c.is_shown]
        named = [f"{self._about(c)}{self._in(c)} ({_signed(c.estimate.figure)})" for c in shown]
        changed = "Neutral questions are answered otherwise as well, about"
        return f"{changed} {joined(named[:NAMED])}: it is not withholding alone." if named else ""

    def _requests(self) -> list[str]:
        """What became of harmful requests, and of those that only sound so."""
        said: list[str] = []
        for contrast, what in (
            (Contrast.CHANGE_OF_HARMFUL, "harmful requests"),
            (Contrast.CHANGE_OF_BENIGN, "harmless requests that only sound alarming"),
        ):
            for c in self._of(Measure.WITHHELD, contrast):
                if c.is_shown:
                    more = f"{_points(abs(_value(c)))} {'more' if _value(c) > 0 else 'less'} often"
                    said.append(f"B does not meet {what}{self._in(c)} {more} {_ends(c.estimate.figure)}.")
                elif c.bound is not None:
                    bound = f"(at most {ceiling(c.bound)})"
                    said.append(f"For {what}{self._in(c)} no {self._noun()} is shown {bound}.")
        return said

    # -- hosts -----------------------------------------------------------------------------------------

    def _host(self, effect: HostEffect, reads_differently: bool) -> str:
        nouns = "epochs" if self.told.sides.relation is Relation.EPOCHS else "hosts"
        way = self._on_the_way(effect)
        begun = f"The {nouns} differ in delivery: {way}" if way else self._no_way(effect, nouns)
        told = [begun, self._reading(effect.reading, reads_differently), self._texts(effect)]
        return "; ".join(filter(None, told)) + "."

    def _texts(self, effect: HostEffect) -> str:
        if effect.texts is None or effect.texts.share is None:
            return ""
        share = effect.texts.share
        much = {0.0: "none of those answers is", 1.0: "all of those answers are"}
        shown = much.get(share, f"{percent(share)} of those answers are")
        return f"{shown} the same word for word"

    def _on_the_way(self, effect: HostEffect) -> str:
        """The largest difference at a place, else over all."""
        blocked = [c for c in self._of(Measure.BLOCKED, Contrast.CHANGE) if c.is_shown]
        if blocked:
            most = max(blocked, key=lambda c: abs(_value(c)))
            where = f" about {self._about(most)}{self._in(most)}"
            return self._more("blocked", most.a, most.b, where)
        for name in effect.delivery_differs:
            gap = effect.deliveries[name]
            return self._more(name, gap.a, gap.b, " of all")
        return ""

    def _more(self, what: str, a: Figure | None, b: Figure | None, where: str) -> str:
        verb, rates = ON_THE_WAY[what], [0.0 if f is None or f.value is None else f.value for f in (a, b)]
        (less, least), (more, most) = sorted(
            zip(rates, (self._a(), self._b()), strict=True), key=lambda one: one[0]
        )
        return (
            f"{most} {verb} {percent(more)}{where} where {least} {verb} {percent(less) if less else 'none'}"
        )

    def _no_way(self, effect: HostEffect, nouns: str) -> str:
        bounds = [
            max(abs(gap.figure.low), abs(gap.figure.high))
            for gap in effect.deliveries.values()
            if gap.figure.low is not None and gap.figure.high is not None
        ]
        between = f"Between {self._a()} and {self._b()}, two {nouns},"
        if not effect.deliveries:
            return f"{self._a()} and {self._b()} delivered everything"
        most = f" (at most {ceiling(max(bounds))})" if bounds else ""
        return f"{between} no difference in delivery is shown{most}"

    def _reading(self, reading: Gap, differently: bool) -> str:
        value = reading.figure.value
        if value is None:
            return "too little was delivered by both to compare how it reads"
        if reading.is_shown:
            much = f"{_points(abs(value))} {'more' if value > 0 else 'less'} withheld by B"
            return f"what both deliver reads differently ({much}, {_ends(reading.figure)[1:-1]})"
        ends = f"{_whole(reading.figure.low)} to {_whole(reading.figure.high)}"
        if differently:
            # Places may differ both ways, so that nothing is left of it over all.
            return f"what both deliver reads differently at places (over all {_points(value)}, {ends})"
        places = self._at_places()
        if reading.is_none:
            told = f"what both deliver reads the same over all (difference {_points(value)}, "
            return f"{told}{ends}{places})"
        return f"in what both deliver no difference is shown over all ({_points(value)}, {ends}{places})"

    def _at_places(self) -> str:
        """What single places may differ by, one way or the other, though nothing is left of it over all."""
        bounds = [c.bound for c in self._of(Measure.WITHHELD, Contrast.CHANGE)]
        if len(bounds) < 2:
            return ""
        vague = "; at some places too little to tell" if None in bounds else ""
        known = [bound for bound in bounds if bound is not None]
        return (f"; at no place more than {ceiling(max(known))}" if known else "") + vague


def _value(change: Change) -> float:
    return change.estimate.figure.value or 0.0


def _whole(value: float | None) -> str:
    """Points without their name: "−4"."""
    rounded = round(100 * (value or 0.0))
    return f"−{-rounded}" if rounded < 0 else str(rounded)


def _points(value: float) -> str:
    whole = _whole(value)
    return f"{whole} point{'' if whole.lstrip('−') == '1' else 's'}"


def _ends(figure: Figure) -> str:
    """The interval as sizes of whichever way the difference goes: "(36 to 86)"."""
    if figure.low is None or figure.high is None:
        return ""
    low, high = (figure.low, figure.high) if (figure.value or 0.0) > 0 else (-figure.high, -figure.low)
    return f"({_whole(low)} to {_whole(high)})"


def _told(change: Change) -> str:
    """The ends; of reasoning also over how many pairs, for often only some of the answers show it."""
    figure = change.estimate.figure
    if change.estimate.measure is not Measure.THOUGHT_SUPPRESSION:
        return _ends(figure)
    pairs = f"{figure.n:,} of {change.pairs:,} pairs"
    return f"{_ends(figure)[:-1]}; in the {pairs} with a trace on both sides)"


def _signed(figure: Figure) -> str:
    value = figure.value or 0.0
    return f"{'+' if value > 0 else ''}{_points(value)}"
