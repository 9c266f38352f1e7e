"""Differences paired by template: one arm against another, and a jurisdiction against its siblings.

A template touches both sides of every comparison here with the same weight, so hard templates and easy
ones cancel. Templates that only one side has are left out.
"""

import numpy as np

from sordino.core.records import Figure
from sordino.statistics import intervals, permutation
from sordino.statistics.intervals import Floats, Integers
from sordino.statistics.rates import FEWEST, observed

DIFFERENCE = "cluster-adjusted Jeffreys, MOVER"
SELECTIVITY = "cluster-adjusted Jeffreys, median sibling by Monte Carlo"


def difference(
    rates_a: Floats,
    counts_a: Integers,
    rates_b: Floats,
    counts_b: Integers,
    generator: np.random.Generator,
    level: float = 0.95,
) -> Figure:
    """The rate of a minus the rate of b over the templates that both have, with a sign-flip p.

    rates_a, rates_b: (templates,), mean outcomes in [0, 1], NaN where nothing was observed.
    counts_a, counts_b: (templates,), observations behind them.
    Interval: MOVER on cluster-adjusted arms (see `intervals`). With fewer than two shared templates there
    is no figure (value None).
    """
    shared = observed(rates_a, counts_a) & observed(rates_b, counts_b)
    a, b, counts = rates_a[shared], rates_b[shared], (counts_a[shared], counts_b[shared])
    n, clusters = int(sum(c.sum() for c in counts)), int(shared.sum())
    if clusters < FEWEST:
        return Figure(None, None, None, n, clusters, DIFFERENCE, level)
    weights = permutation.pair_weights(*counts)
    arms = intervals.arm(a, counts[0], weights), intervals.arm(b, counts[1], weights)
    alike = intervals.correlation(np.stack([a - arms[0].value, b - arms[1].value], axis=1))[0, 1]
    low, high = intervals.difference(*arms, float(alike), level)
    p = permutation.sign_flip(weights * (a - b), generator)
    return Figure(arms[0].value - arms[1].value, low, high, n, clusters, DIFFERENCE, level, p)


def selectivity(
    rates: Floats, counts: Integers, subject: int, generator: np.random.Generator, level: float = 0.95
) -> Figure:
    """The rate of the subject against the median sibling, paired by template.

    rates, counts: (templates, jurisdictions) as in `difference`; subject: a column.
    The value is the median over siblings of the paired difference subject - sibling; where every cell is
    observed that is the subject's rate minus the median of the siblings' rates. A second muted
    jurisdiction therefore does not hide the first. Siblings that share fewer than two templates with the
    subject are left out; with none left there is no figure (value None).
    Interval and p: Monte Carlo from the cluster-adjusted arms (see `intervals.median_difference`). A
    permutation of jurisdictions would test that all are alike, and so lose the first muted one in the
    noise of the second. One sibling alone is `difference`.
    """
    seen = observed(rates, counts)
    siblings = [
        j for j in range(rates.shape[1]) if j != subject and (seen[:, j] & seen[:, subject]).sum() >= FEWEST
    ]
    if len(siblings) == 1:
        (only,) = siblings
        return difference(
            rates[:, subject], counts[:, subject], rates[:, only], counts[:, only], generator, level
        )
    chosen = [subject, *_arranged(np.where(seen, rates, -1.0), counts, siblings)]
    shared = seen[:, subject] & seen[:, siblings].any(1)
    n, clusters = int(np.where(seen, counts, 0)[shared][:, chosen].sum()), int(shared.sum())
    if not siblings:
        return Figure(None, None, None, n, clusters, SELECTIVITY, level)
    held = seen[shared][:, chosen]
    values = np.where(held, rates[shared][:, chosen], 0.0)
    numbers = np.where(held, counts[shared][:, chosen], 0)
    subjects, others = _arms(values, numbers)
    value = float(np.median([a.value - b.value for a, b in zip(subjects, others, strict=True)]))
    means = (numbers * values).sum(0) / numbers.sum(0)
    alike = intervals.correlation(np.where(held, values - means, 0.0))
    low, high, p = intervals.median_difference(subjects, others, alike, level, generator)
    return Figure(value, min(low, value), max(high, value), n, clusters, SELECTIVITY, level, p)


def _arranged(rates: Floats, counts: Integers, siblings: list[int]) -> list[int]:
    """The siblings in an order that only their data decide: random draws go by column, and the figure
    must not depend on how columns happen to be arranged.
    """
    return sorted(siblings, key=lambda j: (rates[:, j].tolist(), counts[:, j].tolist()))


def _arms(values: Floats, counts: Integers) -> tuple[list[intervals.Arm], list[intervals.Arm]]:
    """The subject's arm and the sibling's over the templates they share, for each sibling."""
    subjects, siblings = [], []
    for j in range(1, values.shape[1]):
        both = (counts[:, 0] > 0) & (counts[:, j] > 0)
        weights = permutation.pair_weights(counts[both, 0], counts[both, j])
        subjects.append(intervals.arm(values[both, 0], counts[both, 0], weights))
        siblings.append(intervals.arm(values[both, j], counts[both, j], weights))
    return subjects, siblings
