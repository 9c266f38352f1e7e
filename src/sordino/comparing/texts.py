"""How alike the answers of two sides are, as texts: what tells one set of weights from another, and drift.

Judges do not come in here, and neither does meaning: it is the words alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import pandas as pd

from sordino.core.records import Exchange

SHINGLE = 5
"""Characters. Short enough for languages that write no spaces."""

TOGETHER = 500
"""Pairs whose texts are in memory at once."""

Exchanges = Callable[[Sequence[str]], Mapping[str, Exchange]]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Alike:
    """Of pairs that both sides delivered: how many are the same word for word, and how near the others.

    resemblance: the median over the others, in [0, 1]; None where there are none.
    """

    pairs: int
    same: int
    resemblance: float | None

    @property
    def share(self) -> float | None:
        """Of the same word for word."""
        return self.same / self.pairs if self.pairs else None


def alike(pairs: pd.DataFrame, ours: Exchanges, theirs: Exchanges, progress: Progress) -> Alike:
    """pairs: as `align.paired` makes them, of outcomes. ours, theirs: texts by key, of side a and of b."""
    both = pairs[pairs["delivery_a"].eq("delivered") & pairs["delivery_b"].eq("delivered")]
    keys = list(zip(both["key_a"].astype(str), both["key_b"].astype(str), strict=True))
    same, near = 0, list[float]()
    for at in range(0, len(keys), TOGETHER):
        progress("comparing texts", at, len(keys))
        some = keys[at : at + TOGETHER]
        first, second = ours([a for a, _ in some]), theirs([b for _, b in some])
        for a, b in some:
            one, other = _words(first[a].attempt.text), _words(second[b].attempt.text)
            if one == other:
                same += 1
            else:
                near.append(resemblance(one, other))
    progress("comparing texts", len(keys), len(keys))
    return Alike(len(keys), same, median(near) if near else None)


def resemblance(a: str, b: str) -> float:
    """The shingles that two texts share, of all that either has, in [0, 1].

    Broder 1997, On the resemblance and containment of documents, with shingles of `SHINGLE` characters.
    """
    if a == b:
        return 1.0
    ours, theirs = _shingles(a), _shingles(b)
    return len(ours & theirs) / len(ours | theirs)


def _words(text: str) -> str:
    return " ".join(text.split())


def _shingles(text: str) -> set[str]:
    return {text[at : at + SHINGLE] for at in range(max(len(text) - SHINGLE + 1, 1))}
