"""A design with known truth, to draw data from: what power is computed on and intervals are checked on."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from sordino.statistics.intervals import Floats, Integers


@dataclass(frozen=True, slots=True)
class Design:
    """How many are asked what, and how often they truly withhold.

    truth: each jurisdiction's rate over all templates there could be. observations: phrasings x samples, of
    each cell or (templates, jurisdictions). correlation: within a cell, between observations
    (beta-binomial). shared: how much of a template's effect is common to all jurisdictions, as a
    correlation. missing, single: the shares of cells with no observation and with one.
    """

    truth: tuple[float, ...]
    templates: int
    observations: int | Integers = 2
    correlation: float = 0.2
    shared: float = 0.5
    missing: float = 0.0
    single: float = 0.0

    def draw(self, generator: np.random.Generator) -> tuple[Floats, Integers]:
        """rates and counts, (templates, jurisdictions), NaN and 0 where a cell is missing.

        Cells are Beta distributed around the truth, tied together within a template by a Gaussian copula.
        """
        shape = self.templates, len(self.truth)
        common, own = generator.standard_normal((self.templates, 1)), generator.standard_normal(shape)
        place = special.ndtr(np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own)
        spread = 1 / self.correlation - 1
        truth = np.broadcast_to(self.truth, shape)
        inner = np.clip(truth, 1e-9, 1 - 1e-9)
        cells = special.betaincinv(inner * spread, (1 - inner) * spread, np.clip(place, 1e-12, 1 - 1e-12))
        cells = np.where((truth > 0) & (truth < 1), cells, truth)
        chance = generator.random(shape)
        counts = np.where(chance < self.missing + self.single, 1, self.observations)
        counts = np.where(chance < self.missing, 0, counts)
        hits = generator.binomial(counts, cells)
        return np.where(counts > 0, hits / np.maximum(counts, 1), np.nan), counts
