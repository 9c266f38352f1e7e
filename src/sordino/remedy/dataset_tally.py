"""What became of the rows of an instruction set, counted, with a few of them to look at.

Pure, and small for large sets: of a row that stays for no reason worth a look, two numbers are kept.
Samples are drawn as rows come (reservoir sampling, Vitter 1985, algorithm R), so that a seed draws the same
rows again.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sordino.remedy.dataset_balance import Stratum
from sordino.remedy.dataset_verdict import Decision, Reason

LOOK = frozenset({Reason.ASKS_FOR_HARM, Reason.SIDE_ASKED_FOR, Reason.NOT_POLITICAL})
"""Why rows stay that a person may want to see a sample of."""
_REASONS = tuple(Reason)
_NUMBER = {reason: number for number, reason in enumerate(_REASONS)}


@dataclass(frozen=True, slots=True)
class Case:
    """A row that goes, or that is worth a look: its number in the file, a key of its turns, and the turn
    that decided.
    """

    row: int
    key: str
    decision: Decision
    stratum: Stratum
    question: str
    answer: str

    @property
    def language(self) -> str:
        return self.stratum[1]

    @property
    def jurisdictions(self) -> tuple[str, ...]:
        return self.stratum[0]


class Tally:
    """The rows in order. sample: how many cases are kept of each reason; of what is unsure, all are."""

    def __init__(self, sample: int, seed: int) -> None:
        self._sample, self._draw = sample, np.random.default_rng(seed)
        self._reasons, self._strata = array("B"), array("I")
        self._known: dict[Stratum, int] = {}
        self._seen = Counter[Reason]()
        self.cases: dict[Reason, list[Case]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._reasons)

    def add(self, reason: Reason, stratum: Stratum) -> None:
        """Count the next row."""
        self._reasons.append(_NUMBER[reason])
        self._strata.append(self._known.setdefault(stratum, len(self._known)))

    def show(self, case: Case) -> None:
        """Keep a case, or not, as the draw has it."""
        reason = case.decision.reason
        kept = self.cases[reason]
        self._seen[reason] += 1
        if reason is Reason.UNSURE or len(kept) < self._sample:
            kept.append(case)
        elif self._sample and (at := int(self._draw.integers(self._seen[reason]))) < self._sample:
            kept[at] = case

    def stays(self, at: int) -> bool:
        """Whether a row stays, by its place in the set."""
        return at < len(self._reasons) and not _REASONS[self._reasons[at]].goes

    def drop(self, numbers: Mapping[Stratum, int], held: Collection[int] = ()) -> list[int]:
        """Let as many more rows of each stratum go, drawn at random; returns their places, in order.

        held: places of rows that stay whatever is drawn, as refusals of harm do.
        """
        strata, reasons = np.frombuffer(self._strata, np.uintc), np.frombuffer(self._reasons, np.uint8)
        fixed = np.isin(reasons, [_NUMBER[r] for r in Reason if r.goes or r is Reason.ASKS_FOR_HARM])
        fixed[list(held)] = True
        places: list[int] = []
        for stratum, number in sorted(numbers.items()):
            there = np.flatnonzero((strata == self._known[stratum]) & ~fixed)
            places += self._draw.choice(there, min(number, len(there)), replace=False).tolist()
        for at in places:
            self._reasons[at] = _NUMBER[Reason.REBALANCED]
        return sorted(places)

    def stratum(self, at: int) -> Stratum:
        """Of a row, by its place."""
        return self._listed()[self._strata[at]]

    @property
    def counts(self) -> Counter[tuple[Reason, Stratum]]:
        """Rows by reason and stratum."""
        strata = self._listed()
        pairs = Counter(zip(self._reasons, self._strata, strict=True))
        return Counter({(_REASONS[r], strata[s]): n for (r, s), n in pairs.items()})

    def _listed(self) -> list[Stratum]:
        return list(self._known)


def before(counts: Mapping[tuple[Reason, Stratum], int]) -> Counter[Stratum]:
    """Rows by stratum."""
    return _summed(((stratum, n) for (_, stratum), n in counts.items()))


def after(counts: Mapping[tuple[Reason, Stratum], int]) -> Counter[Stratum]:
    """Those that stay, by stratum."""
    return _summed(((stratum, n) for (reason, stratum), n in counts.items() if not reason.goes))


def _summed(pairs: Iterator[tuple[Stratum, int]]) -> Counter[Stratum]:
    total: Counter[Stratum] = Counter()
    for stratum, n in pairs:
        total[stratum] += n
    return total
