"""How much more selective one side is than another: the difference of two selectivities.

Beside `paired`, which makes each of the two, and `changes`, whose median is over what changed. Here each
side keeps a median sibling of its own: the differences of many sides then add up, and can be ranked.
"""

from collections.abc import Sequence

import numpy as np

from sordino.core.records import Figure
from sordino.statistics import intervals, permutation
from sordino.statistics.intervals import Floats, Integers
from sordino.statistics.rates import FEWEST, observed

METHOD = "cluster-adjusted Jeffreys, MOVER over the middle siblings; p by sign flip"


def difference(
    rates_a: Floats,
    rates_b: Floats,
    counts: Integers,
    subject: int,
    generator: np.random.Generator,
    level: float = 0.95,
) -> Figure:
    """The subject's selectivity on side a minus that on side b, with an interval and p.

    rates_a, rates_b: (templates, jurisdictions), mean outcomes in [0, 1] over the same probes, NaN where
    there were none. counts: (templates, jurisdictions), those probes. subject: a column.
    The value is median over siblings of (subject - sibling) on side a, less the same on side b, both over
    the templates that subject and sibling share. A sibling that shares fewer than two is left out; with
    none left there is no figure (value None).
    Interval and p take the median sibling of each side (the two middle ones where their number is even) as
    if it had been chosen before: that is wider than the median's own interval where siblings are alike.
    Interval: MOVER for a sum of arms (Zou, Huang & Zhang 2009, Comput. Stat. Data Anal. 53:1080), whose
    correlation over templates is what pairing gains. p: a sign flip over templates of what each adds to the
    difference; its tail, where a family of hundreds of pairs is decided, needs no normal distribution.
    n: observations of both sides. `benchmarks/ranking.py` measures size and coverage.
    """
    seen = observed(rates_a, counts) & observed(rates_b, counts)
    siblings = [
        j
        for j in range(counts.shape[1])
        if j != subject and (seen[:, j] & seen[:, subject]).sum() >= FEWEST
    ]
    if not siblings:
        return Figure(None, None, None, 0, 0, METHOD, level)
    shared = seen[:, subject] & seen[:, siblings].any(1)
    held = seen[shared][:, [subject, *siblings]]
    numbers = np.where(held, counts[shared][:, [subject, *siblings]], 0)
    sides = [np.where(held, r[shared][:, [subject, *siblings]], 0.0) for r in (rates_a, rates_b)]
    weights = permutation.pair_weights(numbers[:, :1], numbers[:, 1:])
    gaps = [weights / weights.sum(0) * (side[:, :1] - side[:, 1:]) for side in sides]
    middles = [_middles(gap.sum(0)) for gap in gaps]
    added = [gap[:, middle].mean(1) for gap, middle in zip(gaps, middles, strict=True)]
    value = float(added[0].sum() - added[1].sum())
    p = permutation.sign_flip(added[0] - added[1], generator)
    low, high = _limits(value, sides, numbers, middles, level)
    return Figure(value, low, high, 2 * int(numbers.sum()), int(shared.sum()), METHOD, level, p)


def _middles(gaps: Floats) -> list[int]:
    """Which sibling has the median difference, or which two have those that it lies between."""
    order = np.argsort(gaps, kind="stable")
    return [int(order[at]) for at in sorted({(len(order) - 1) // 2, len(order) // 2})]


def _limits(
    value: float, sides: Sequence[Floats], numbers: Integers, middles: Sequence[list[int]], level: float
) -> tuple[float, float]:
    """MOVER: each arm's own distance to its limits, joined as the variances of their sum would be."""
    below, above, apart = [], [], []
    for sign, side, middle in zip((1, -1), sides, middles, strict=True):
        for sibling in middle:
            both = (numbers[:, 0] > 0) & (numbers[:, sibling + 1] > 0)
            weights = permutation.pair_weights(numbers[both, 0], numbers[both, sibling + 1])
            for column, way in ((0, sign), (sibling + 1, -sign)):
                arm = intervals.arm(side[both, column], numbers[both, column], weights)
                low, high = arm.limits(level)
                down, up = (arm.value - low, high - arm.value)[::way]
                below.append(way * down / len(middle))
                above.append(way * up / len(middle))
                apart.append(np.where(both, side[:, column] - arm.value, 0.0))
    alike = intervals.correlation(np.stack(apart, axis=1))
    distances = [np.sqrt(max(float(x @ alike @ x), 0.0)) for x in (np.array(below), np.array(above))]
    return value - float(distances[0]), value + float(distances[1])
