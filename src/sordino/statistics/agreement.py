"""How far two sets of labels agree: what judge cards and benchmarks state.

Labels are any hashable values; the two sequences pair by position. What cannot be said of the data given
(no items, chance agreement that is certain) is None, never zero.
"""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

BINS = 10


def accuracy(truth: Sequence[Hashable], said: Sequence[Hashable]) -> float | None:
    """The share of equal labels."""
    pairs = _pairs(truth, said)
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else None


def kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float | None:
    """Cohen's kappa (1960): agreement beyond chance. None when chance alone would agree always."""
    pairs = _pairs(first, second)
    if not pairs:
        return None
    n = len(pairs)
    ours, theirs = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(many * theirs[label] for label, many in ours.items())
    if by_chance == n * n:
        return None
    agreed = sum(a == b for a, b in pairs)
    return (agreed * n - by_chance) / (n * n - by_chance)


def macro_f1(
    truth: Sequence[Hashable], said: Sequence[Hashable], labels: Sequence[Hashable] | None = None
) -> float | None:
    """The mean over labels of F1. labels: every label in `truth` or `said` unless given; a given label
    that neither side uses has an F1 of 0, as in scikit-learn.
    """
    pairs = _pairs(truth, said)
    true, positive, hits = Counter(truth), Counter(said), Counter(a for a, b in pairs if a == b)
    known = list(labels) if labels is not None else list(dict.fromkeys([*truth, *said]))
    if not pairs or not known:
        return None
    scores = [2 * hits[k] / (true[k] + positive[k]) if true[k] + positive[k] else 0.0 for k in known]
    return sum(scores) / len(scores)


def calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = BINS) -> float | None:
    """Expected calibration error over equal-width bins (Guo et al. 2017, ICML).

    confidence: (items,) in [0, 1]; correct: (items,) booleans. The mean over items of the gap between
    a bin's mean confidence and its share of correct ones.
    """
    stated, right = np.asarray(confidence, dtype=float), np.asarray(correct, dtype=float)
    if stated.shape != right.shape or stated.ndim != 1:
        raise ValueError(f"confidence {stated.shape} and correct {right.shape} must pair item by item")
    if not stated.size:
        return None
    if not ((stated >= 0) & (stated <= 1)).all():
        raise ValueError("confidence must lie in [0, 1]")
    place = np.minimum((stated * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=stated - right, minlength=bins)
    return float(np.abs(gaps).sum() / stated.size)


def _pairs(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[Hashable, Hashable]]:
    if len(first) != len(second):
        raise ValueError(f"{len(first)} labels cannot be paired with {len(second)}")
    return list(zip(first, second, strict=True))
