"""The rate of one jurisdiction in one language, with an interval that knows its templates are clusters."""

import numpy as np

from sordino.core.records import Figure
from sordino.statistics.intervals import Floats, Integers, arm

FEWEST = 2
METHOD = "cluster-adjusted Jeffreys"


def rate(values: Floats, counts: Integers, level: float = 0.95) -> Figure:
    """The mean over observations.

    values: (templates,), each template's mean outcome in [0, 1], NaN where nothing was observed.
    counts: (templates,), observations behind each. Method: see `intervals`.
    With fewer than two observed templates there is no figure (value None).
    """
    seen = observed(values, counts)
    n, clusters = int(counts[seen].sum()), int(seen.sum())
    if clusters < FEWEST:
        return Figure(None, None, None, n, clusters, METHOD, level)
    weights = counts[seen].astype(float)
    one = arm(values[seen], counts[seen], weights)
    return Figure(one.value, *one.limits(level), n, clusters, METHOD, level)


def observed(values: Floats, counts: Integers) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Where there is something: of the shape of `values`. Raises ValueError for what is no rate."""
    if values.shape != counts.shape:
        raise ValueError(f"values {values.shape} and counts {counts.shape} must have one shape")
    seen = (counts > 0) & ~np.isnan(values)
    if ((values[seen] < 0) | (values[seen] > 1)).any():
        raise ValueError("values must lie in [0, 1]")
    return seen
