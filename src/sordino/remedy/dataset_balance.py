"""Whether cleaning an instruction data set left the jurisdictions in the proportions in which they were.

Where a set is muted about one jurisdiction alone, taking the muted rows out leaves fewer rows about it, and
a model that learns from the rest learns less of it: the counts say so, and rows about the others can be
dropped until the ratios of before are back. Pure: counts in, counts out. No jurisdiction is special.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Stratum: TypeAlias = tuple[tuple[str, ...], str]
"""The jurisdictions that a row touches, in order of the alphabet, and its language."""
Counts: TypeAlias = Mapping[Stratum, int]

LEAST = 20
"""Rows before, of a jurisdiction in a language, from which their loss is weighed."""
FOUR_FIFTHS = 0.8
"""Of the others' share kept, below which a jurisdiction has much fewer rows left. The rule by which
selection rates are compared (US Equal Employment Opportunity Commission, Uniform Guidelines, 1978, section
4D).
"""
HALF = 0.5
"""Share kept below which nothing is dropped of the others: it would cost more than it mends."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows that touch a jurisdiction, in one language, or in all (None), before and after."""

    jurisdiction: str
    language: str | None
    before: int
    after: int

    @property
    def share(self) -> float | None:
        return self.after / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Uneven:
    """A jurisdiction that kept much less than the others: `kept` against `others`, both shares."""

    kept: Kept
    others: float


def by_jurisdiction(before: Counts, after: Counts) -> list[Kept]:
    """Each jurisdiction in each language, and in all where it has several; those with most rows first."""
    sums: dict[tuple[str, str | None], list[int]] = {}
    for at, counts in enumerate((before, after)):
        for (codes, language), n in counts.items():
            for code in codes:
                for place in ((code, language), (code, None)):
                    sums.setdefault(place, [0, 0])[at] += n
    languages = Counter(code for code, language in sums if language is not None)
    kept = [
        Kept(code, language, *n) for (code, language), n in sums.items() if language or languages[code] > 1
    ]
    whole = {code: n[0] for (code, language), n in sums.items() if language is None}
    return sorted(kept, key=lambda k: (-whole[k.jurisdiction], k.jurisdiction, k.language or ""))


def uneven(before: Counts, after: Counts) -> list[Uneven]:
    """Where filtering left a jurisdiction with much fewer rows, relative to the others.

    In a language, and over all: of at least `LEAST` rows that touch it, the share kept is below
    `FOUR_FIFTHS` of the share kept of the rows that touch other jurisdictions and not it, of which there
    must be as many.
    """
    found = []
    for kept in by_jurisdiction(before, after):
        others = [_touching_others(counts, kept) for counts in (before, after)]
        if min(kept.before, others[0]) < LEAST or kept.share is None:
            continue
        share = others[1] / others[0]
        if kept.share < FOUR_FIFTHS * share:
            found.append(Uneven(kept, share))
    return found


def _touching_others(counts: Counts, kept: Kept) -> int:
    return sum(
        n
        for (codes, language), n in counts.items()
        if codes and kept.jurisdiction not in codes and kept.language in (None, language)
    )


@dataclass(frozen=True, slots=True)
class Rebalance:
    """How many rows of each stratum are to be dropped; or why nothing is."""

    drop: Mapping[Stratum, int]
    share: float | None = None
    why_not: str = ""


def rebalance(before: Counts, after: Counts) -> Rebalance:
    """Drops by which every jurisdiction keeps, in every language, the share that the least kept one has.

    Rows that touch none are left alone, and so are those that touch the least kept one; jurisdictions with
    fewer than `LEAST` rows set no share.
    """
    weighed = [k for k in by_jurisdiction(before, after) if k.language and k.before >= LEAST]
    if not weighed:
        return Rebalance({}, None, f"no jurisdiction has {LEAST} rows in a language")
    least = min(weighed, key=lambda kept: kept.share or 0.0)
    share = least.share or 0.0
    if share < HALF:
        return Rebalance(
            {},
            share,
            f"of the rows about {least.jurisdiction} in {least.language}, {share:.0%} are left, and to "
            "bring the others down to that would cost more than half of theirs",
        )
    drop = {
        stratum: excess
        for stratum, n in after.items()
        if stratum[0]
        and not (least.jurisdiction in stratum[0] and least.language == stratum[1])
        and (excess := n - round(share * before[stratum])) > 0
    }
    return Rebalance(drop, share)
