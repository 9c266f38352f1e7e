"""What a design can do, before anything is asked.

The smallest selectivity that it finds four times in five, and how often its figures keep to a bound.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from sordino.core.errors import SpecError
from sordino.core.records import Figure
from sordino.statistics.design import Design
from sordino.statistics.intervals import Floats, Integers
from sordino.statistics.paired import selectivity

POWER = 0.8
ALPHA = 0.05
SIMULATIONS = 200
STEP = 0.05

Figures: TypeAlias = Callable[[Floats, Integers, np.random.Generator], Iterator[Figure]]
"""The figures of interest from rates and counts, (templates, jurisdictions)."""


@dataclass(frozen=True, slots=True)
class Detectable:
    """selectivity: the smallest true difference found with at least `power`; None when none is.

    reached: how often it was found in the simulation.
    """

    selectivity: float | None
    reached: float
    power: float
    design: Design


def smallest_selectivity(
    design: Design,
    generator: np.random.Generator,
    *,
    comparisons: int = 1,
    power: float = POWER,
    simulations: int = SIMULATIONS,
) -> Detectable:
    """The smallest selectivity, in steps of 5 points, that an audit of this design finds.

    design: its first jurisdiction is the subject, given at the siblings' rate; what is added is sought.
    comparisons: how many jurisdictions x languages Holm's adjustment has to bear (its hardest step).
    Found means what it means in an audit: an interval above zero and an adjusted p below 0.05.
    """
    base = design.truth[0]
    fewest = int(np.min(design.observations))
    if len(design.truth) < 2 or design.templates < 2 or fewest < 1 or not 0 <= base < 1:
        raise SpecError(
            "Power needs at least 2 templates, 2 jurisdictions, 1 observation a cell and a base rate in "
            f"[0, 1): got {design.templates}, {len(design.truth)}, {fewest} and {base}."
        )
    seed = int(generator.integers(2**63))
    steps = [float(s) for s in np.arange(STEP, 1 - base + 1e-9, STEP)]
    reached: dict[int, float] = {}
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        muted = replace(design, truth=(base + steps[middle], *design.truth[1:]))
        reached[middle] = _found(muted, seed, comparisons, simulations)
        low, high = (low, middle) if reached[middle] >= power else (middle + 1, high)
    if low == len(steps):
        return Detectable(None, max(reached.values(), default=0.0), power, design)
    return Detectable(round(steps[low], 6), reached[low], power, design)


def _found(design: Design, seed: int, comparisons: int, simulations: int) -> float:
    """How often the subject's selectivity is found. One seed for all sizes, so that more is easier."""
    generator = np.random.default_rng(seed)
    figures = (selectivity(*design.draw(generator), 0, generator) for _ in range(simulations))
    found = sum(
        f.low is not None and f.low > 0 and f.p is not None and f.p * comparisons < ALPHA for f in figures
    )
    return found / simulations


def chance(
    design: Design,
    figures: Figures,
    holds: Callable[[Figure], bool],
    generator: np.random.Generator,
    simulations: int = SIMULATIONS,
) -> float:
    """How often all figures of an audit of this design hold what is asked of them, by simulation.

    Where every answer is the same there is one audit, and it is drawn once.
    """
    if all(rate in (0.0, 1.0) for rate in design.truth):
        simulations = 1
    held = sum(all(map(holds, figures(*design.draw(generator), generator))) for _ in range(simulations))
    return held / simulations
