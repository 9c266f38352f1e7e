"""How far a judge has moved since it was pinned: one set of readings against another, on the same answers.

Pure logic. Whoever has a pin and fresh readings (`wiring/drift.py`) hands them over. A case that only one
side has read is counted as such and is in no figure of readings.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from sordino.core.errors import JudgeError
from sordino.core.records import Engagement, Figure
from sordino.judging.pins import Pin, Read
from sordino.judging.reference_set import Case, ReferenceSet
from sordino.statistics import paired
from sordino.statistics.agreement import accuracy, kappa

TOLERANCE = 0.02
"""The share of readings that may change before a judge counts as another."""
ALIKE = 0.005
"""Probabilities that differ by no more are the same: pins are rounded, and sums differ in last bits."""
EXAMPLES = 5
METHOD = "paired by case, Jeffreys, MOVER"


class Verdict(StrEnum):
    """UNCHANGED: the same readings, and probabilities within `ALIKE`. SHIFTED: the same readings with other
    probabilities. MOVED: any other reading, or a case read on one side only.
    """

    UNCHANGED = "unchanged"
    SHIFTED = "shifted"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Both:
    """One case as the pin has it and as it is read now."""

    case: Case
    before: Read
    now: Read

    @property
    def changed(self) -> bool:
        return self.before.value != self.now.value

    @property
    def distances(self) -> tuple[float, ...]:
        """How far each probability moved; empty where a side states none."""
        if not self.before.probabilities or not self.now.probabilities:
            return ()
        pairs = zip(self.before.probabilities, self.now.probabilities, strict=True)
        return tuple(abs(a - b) for a, b in pairs)


@dataclass(frozen=True, slots=True)
class Part:
    """The cases of one language. before, now: the withheld rates; probability: mean absolute change."""

    name: str
    n: int
    changed: int
    before: float
    now: float
    probability: float | None


@dataclass(frozen=True, slots=True)
class Intended:
    """Agreement with how the answers were made. No measure of quality: they are answers of one maker."""

    accuracy: float | None
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Drift:
    """What became of a judge's readings.

    judge: who reads now. pin: what it is held against, without its readings. n: cases that both have read.
    directions: changed readings by ("COMPLETE", "PARTIAL"), the most frequent first. languages: those that
    moved most first. kappa: with the pin. probability: mean absolute change, and the largest; None where a
    side states none. before, now: withheld rates, shift: their difference. newly_unread, newly_read: cases
    that only the pin, or only the judge now, has read; unread: neither.
    """

    judge: str
    pin: Pin
    n: int
    changed: int
    directions: Mapping[tuple[str, str], int]
    languages: Sequence[Part]
    kappa: float | None
    probability: float | None
    largest: float | None
    before: float
    now: float
    shift: Figure
    intended_before: Intended
    intended_now: Intended
    newly_unread: int
    newly_read: int
    unread: int
    examples: Sequence[Both]

    @property
    def share(self) -> float:
        """The share of readings that changed."""
        return self.changed / self.n

    @property
    def verdict(self) -> Verdict:
        if self.changed or self.newly_unread or self.newly_read:
            return Verdict.MOVED
        return Verdict.SHIFTED if (self.largest or 0.0) > ALIKE else Verdict.UNCHANGED

    def beyond(self, tolerance: float = TOLERANCE) -> list[str]:
        """Why the judge has moved beyond what is tolerated, in words; empty where it has not."""
        one_sided = self.newly_unread + self.newly_read
        why = []
        if self.share > tolerance:
            why.append(f"{self.share:.1%} of the readings changed, and {tolerance:.1%} are tolerated")
        if one_sided > tolerance * (self.n + one_sided):
            why.append(f"{one_sided:,} cases are read on one side only")
        if self.changed and excludes_zero(self.shift):
            why.append("the withheld rate has shifted: its interval excludes 0")
        return why


def excludes_zero(figure: Figure) -> bool:
    """Whether an interval lies on one side of 0."""
    return figure.low is not None and figure.high is not None and not figure.low <= 0 <= figure.high


def compare(reference: ReferenceSet, pin: Pin, judge: str, now: Mapping[str, Read | None]) -> Drift:
    """Fresh readings (by the case's id) against a pin.

    Raises JudgeError for a pin of another reference set, or when fewer than two cases were read by both.
    """
    check(pin, reference)
    said = [(case, pin.readings.get(case.id), now.get(case.id)) for case in reference.cases]
    both = [Both(case, before, read) for case, before, read in said if before and read]
    if len(both) < 2:
        raise JudgeError(
            f"Only {len(both)} cases were read both by {judge} and in the pin of {pin.judge}: too few to "
            "say anything. See why so little is read, and pin it again."
        )
    distances = [d for one in both for d in one.distances]
    shift = _shift(both)
    return Drift(
        judge=judge,
        pin=pin,
        n=len(both),
        changed=sum(one.changed for one in both),
        directions=_directions(both),
        languages=_languages(both),
        kappa=kappa([one.before.value for one in both], [one.now.value for one in both]),
        probability=_mean(distances),
        largest=max(distances, default=None),
        before=_rate(one.before for one in both),
        now=_rate(one.now for one in both),
        shift=shift,
        intended_before=_intended(both, [one.before for one in both]),
        intended_now=_intended(both, [one.now for one in both]),
        newly_unread=sum(before is not None and read is None for _, before, read in said),
        newly_read=sum(before is None and read is not None for _, before, read in said),
        unread=sum(before is None and read is None for _, before, read in said),
        examples=_examples(both),
    )


def check(pin: Pin, reference: ReferenceSet) -> None:
    """Raise JudgeError for a pin that was made with another reference set."""
    if pin.reference != reference.hash:
        raise JudgeError(
            f"The pin of {pin.judge} ({pin.judged}) was made with another reference set ({pin.reference}; "
            f"this Sordino has {reference.hash}): they cannot be compared. Pin the judge anew with --pin, "
            "or use the Sordino that made the pin."
        )


def _directions(both: Sequence[Both]) -> dict[tuple[str, str], int]:
    return dict(Counter((one.before.value, one.now.value) for one in both if one.changed).most_common())


def _languages(both: Sequence[Both]) -> list[Part]:
    parts: dict[str, list[Both]] = defaultdict(list)
    for one in both:
        parts[one.case.language].append(one)
    found = [
        Part(
            name,
            len(some),
            sum(one.changed for one in some),
            _rate(one.before for one in some),
            _rate(one.now for one in some),
            _mean([d for one in some for d in one.distances]),
        )
        for name, some in parts.items()
    ]
    return sorted(found, key=lambda p: (-p.changed / p.n, -(p.probability or 0.0), p.name))


def _shift(both: Sequence[Both]) -> Figure:
    """The withheld rate now minus that of the pin, every case its own pair."""
    now, before = (np.array([_withheld(read) for read in some], float) for some in _sides(both))
    ones = np.ones(len(both), np.int64)
    figure = paired.difference(now, ones, before, ones, np.random.default_rng(0))
    return replace(figure, n=len(both), method=METHOD)


def _sides(both: Sequence[Both]) -> tuple[list[Read], list[Read]]:
    return [one.now for one in both], [one.before for one in both]


def _examples(both: Sequence[Both]) -> list[Both]:
    """Changed readings: of different languages as far as it goes, and those that moved most first."""
    changed = sorted((one for one in both if one.changed), key=lambda o: (-sum(o.distances), o.case.id))
    seen: Counter[str] = Counter()
    ranked = []
    for one in changed:
        ranked.append((seen[one.case.language], one))
        seen[one.case.language] += 1
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])][:EXAMPLES]


def _intended(both: Sequence[Both], read: Sequence[Read]) -> Intended:
    meant, said = [one.case.intended for one in both], [one.value for one in read]
    return Intended(accuracy(meant, said), kappa(meant, said))


def _rate(read: Iterable[Read]) -> float:
    withheld = [_withheld(one) for one in read]
    return sum(withheld) / len(withheld)


def _withheld(read: Read) -> bool:
    return read.value != Engagement.COMPLETE.value


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
