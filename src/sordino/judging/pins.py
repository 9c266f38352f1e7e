"""What a judge said of the reference set on one day, kept so that its next word can be held against it.

Beside the shipped classifier's weights lies `pins.json`; pins of other judges lie where their user keeps
them. Pins hold ids and readings, no texts. A case that was not read is kept as such, and is no reading.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from sordino.core.errors import JudgeError
from sordino.core.records import Engagement, Reading, Unjudged
from sordino.judging.reference_set import ReferenceSet

FILE = "pins.json"
KEPT = 5
"""Pins in one file: the newest."""

DIGITS = 3
VALUES = tuple(value.value for value in Engagement)
_SUM = 0.01
"""How far rounded probabilities may be from a sum of 1."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a judge said of one case. probabilities: by `VALUES`; empty for a judge that states none."""

    value: str
    probabilities: tuple[float, ...] = ()


def read_of(result: Reading | Unjudged) -> Read | None:
    """What a result says; None where the judge did not read the case."""
    if isinstance(result, Unjudged):
        return None
    found = result.probabilities
    return Read(result.value, tuple(found[v] for v in VALUES) if all(v in found for v in VALUES) else ())


@dataclass(frozen=True, slots=True)
class Pin:
    """One judge on the whole reference set.

    reference: the set's hash. judged: the day, ISO 8601. readings: by the case's id; None is unread.
    """

    judge: str
    reference: str
    judged: str
    readings: Mapping[str, Read | None]

    @classmethod
    def of(
        cls, judge: str, reference: ReferenceSet, results: Mapping[str, Reading | Unjudged], judged: str
    ) -> "Pin":
        """A pin of results by the case's id, probabilities rounded to `DIGITS`."""
        said = {case.id: read_of(results[case.id]) for case in reference.cases}
        return cls(judge, reference.hash, judged, {name: _rounded(read) for name, read in said.items()})


def added(pins: Sequence[Pin], pin: Pin) -> list[Pin]:
    """The pins with one more, the newest last; an older one of the same judge and set gives way.

    One that says the same again leaves all as it was.
    """
    same = [p for p in pins if (p.judge, p.reference) == (pin.judge, pin.reference)]
    if any(p.readings == pin.readings for p in same):
        return list(pins)
    return [*(p for p in pins if p not in same), pin][-KEPT:]


def shipped() -> list[Pin]:
    """The pins beside the shipped weights, the newest last; none before the first. Raises JudgeError."""
    source = files("sordino.judging").joinpath("weights", FILE)
    if not source.is_file():
        return []
    return parsed(source.read_text(encoding="utf-8"), f"judging/weights/{FILE}")


def text(pins: Sequence[Pin]) -> str:
    """The pins as JSON, one on a line."""
    lines = ",\n".join(json.dumps(_plain(pin), separators=(",", ":")) for pin in pins)
    return f'{{"pins":[\n{lines}\n]}}\n'


def parsed(content: str, where: str) -> list[Pin]:
    """The pins of a file's text, the newest last. Raises JudgeError, naming the pin and case at fault."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    listed = found.get("pins") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        raise JudgeError(f"{where} is no file of pins. `sordino judge drift --pin` writes one.")
    return [_pin(one, f"{where}, pin {number}") for number, one in enumerate(listed, 1)]


# ------------------------------------------------------------------------------------------------------


def _plain(pin: Pin) -> dict[str, object]:
    said = {n: None if r is None else [r.value, *r.probabilities] for n, r in pin.readings.items()}
    return {"judge": pin.judge, "reference": pin.reference, "judged": pin.judged, "readings": said}


def _pin(value: object, where: str) -> Pin:
    names = ("judge", "reference", "judged")
    if not isinstance(value, dict) or not isinstance(value.get("readings"), dict):
        raise JudgeError(f"{where} has no readings. Pin that judge again: `sordino judge drift --pin`.")
    for name in names:
        if not isinstance(value.get(name), str):
            raise JudgeError(f"{where}: {name!r} is no text. Pin that judge again.")
    readings = {
        str(i): _read(one, f"{where}, case {str(i)[:40]!r}") for i, one in value["readings"].items()
    }
    return Pin(value["judge"], value["reference"], value["judged"], readings)


def _read(value: object, where: str) -> Read | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) not in {1, 1 + len(VALUES)} or value[0] not in VALUES:
        raise JudgeError(f"{where}: {str(value)[:40]!r} is no reading. Pin that judge again.")
    if not all(_is_probability(p) for p in value[1:]) or (value[1:] and abs(sum(value[1:]) - 1) > _SUM):
        raise JudgeError(f"{where}: {str(value[1:])[:60]} are no probabilities. Pin that judge again.")
    return Read(value[0], tuple(float(p) for p in value[1:]))


def _is_probability(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _rounded(read: Read | None) -> Read | None:
    return None if read is None else Read(read.value, tuple(round(p, DIGITS) for p in read.probabilities))
