"""Whether the instrument passes its selftest: calibrations and delivery checks against one bar.

The bar holds for every measure by itself, so that a common one cannot hide that another is deaf, and for
the findings as a whole. What is planted and what is not must each be read: else the many clean answers
would hide that hardly a planted one was.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sordino.organism.calibration import MEASURES, Calibration, Place, Tally

FOUND_AT_LEAST = 0.95
FALSE_AT_MOST = 0.02
READ_AT_LEAST = 0.95
"""Less, and what was found says nothing: an instrument that reads only easy answers would pass."""
NOT_CONCLUDED = "not_concluded"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must come out as expected, word for word."""

    what: str
    expected: str
    found: str

    @property
    def ok(self) -> bool:
        return self.expected == self.found


@dataclass(frozen=True, slots=True)
class Criterion:
    """A rate and its bar. subject: a measure, or "findings".

    what: "found", "false alarms", "read of planted" or "read of clean".
    """

    subject: str
    what: str
    tally: Tally
    bar: float

    @property
    def ok(self) -> bool:
        """Owed and not read is not passed."""
        rate = self.tally.rate
        if rate is None:
            return False
        return rate <= self.bar if self.what == "false alarms" else rate >= self.bar


@dataclass(frozen=True, slots=True)
class Selftest:
    """What was measured, and in how many seconds. judges: their ids, by axis."""

    calibrations: tuple[Calibration, ...]
    checks: tuple[Check, ...]
    judges: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        """What the bar is held against; what was neither planted nor owed is not among them."""
        return tuple(c for c in self._criteria() if c.tally.owed)

    @property
    def passed(self) -> bool:
        return all(c.ok for c in self.criteria) and all(c.ok for c in self.checks)

    def _criteria(self) -> Iterator[Criterion]:
        rows = [row for calibration in self.calibrations for row in calibration.rows]
        for measure in MEASURES:
            own = [row for row in rows if row.measure is measure]
            planted = sum((row.planted for row in own), Tally())
            clean = sum((row.clean for row in own), Tally())
            yield Criterion(measure.value, "found", planted, FOUND_AT_LEAST)
            yield Criterion(measure.value, "false alarms", clean, FALSE_AT_MOST)
            yield Criterion(measure.value, "read of planted", _read(planted), READ_AT_LEAST)
            yield Criterion(measure.value, "read of clean", _read(clean), READ_AT_LEAST)
        places = [place for calibration in self.calibrations for place in calibration.places]
        made = [place.found for place in places if place.expected]
        yield Criterion("findings", "found", Tally(sum(made), len(made)), FOUND_AT_LEAST)
        yield Criterion("findings", "false alarms", false_findings(places), FALSE_AT_MOST)


def false_findings(places: Iterable[Place]) -> Tally:
    """Of the places where nothing is planted and something was concluded, how many were called selective.

    What was not concluded is apart; where something is planted, that is a miss.
    """
    clean = [place for place in places if not place.expected]
    concluded = [place.found for place in clean if place.concluded]
    silent = len(clean) - len(concluded)
    return Tally(sum(concluded), len(concluded), {NOT_CONCLUDED: silent} if silent else {})


def _read(tally: Tally) -> Tally:
    return Tally(tally.read, tally.owed)
