"""Many questions at once: p values adjusted so that one false finding among them stays unlikely."""

import numpy as np

from sordino.statistics.intervals import Floats


def holm(p: Floats) -> Floats:
    """Holm's step-down adjusted p values (Holm 1979, Scand. J. Stat. 6), in the order given.

    p: (hypotheses,) in [0, 1]. NaN is a test that could not be made: it stays NaN and counts for nothing.
    """
    adjusted = np.full(p.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    steps = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps * p[order]), 1.0)
    return adjusted


def bonferroni(p: Floats, family: int) -> Floats:
    """p values adjusted for a family whose size was fixed before any of them was known (Dunn 1961).

    p: as in `holm`, at most `family` of them. Unlike Holm's, each depends on no other, so that what was
    certain of one stays so while others are still being asked about.
    """
    return np.minimum(family * p, 1.0)
