"""Which statistics make an audit's figures: those of a fixed design, or those that allow to stop early.

Apart from `estimates`, which makes the same comparisons with either.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sordino.core.records import Figure
from sordino.statistics import multiplicity, paired, rates, sequential
from sordino.statistics.intervals import Floats, Integers


class Rate(Protocol):
    """As `statistics.rates.rate`."""

    def __call__(self, values: Floats, counts: Integers) -> Figure: ...


class Difference(Protocol):
    """As `statistics.paired.difference`."""

    def __call__(
        self,
        rates_a: Floats,
        counts_a: Integers,
        rates_b: Floats,
        counts_b: Integers,
        generator: np.random.Generator,
        /,
    ) -> Figure: ...


class Selectivity(Protocol):
    """As `statistics.paired.selectivity`."""

    def __call__(
        self, rates: Floats, counts: Integers, subject: int, generator: np.random.Generator, /
    ) -> Figure: ...


class Adjustment(Protocol):
    """p values of a family of which so many were planned, adjusted; NaN stays NaN."""

    def __call__(self, p: Floats, planned: int, /) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Methods:
    """One statistic for each kind of figure."""

    rate: Rate
    difference: Difference
    selectivity: Selectivity
    adjusted: Adjustment


FIXED = Methods(rates.rate, paired.difference, paired.selectivity, lambda p, _: multiplicity.holm(p))
"""For questions whose number nothing that was answered has decided."""
ANYTIME = Methods(sequential.rate, sequential.difference, sequential.selectivity, multiplicity.bonferroni)
"""For questions that were asked until enough was certain."""
