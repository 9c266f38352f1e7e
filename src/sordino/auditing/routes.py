"""Which route answered, and whether one of them does the blocking.

A router sends one model's requests to several hosts, and their filters differ. Where one host does nearly
all of the blocking, the blocks say something of that host and nothing of the model.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sordino.auditing.outcomes import states
from sordino.core.records import Delivery
from sordino.statistics import multiplicity
from sordino.statistics.intervals import Arm, difference

UNKNOWN = ""
"""The route of what came back without one."""

ALPHA = 0.05
MOST = 0.5
"""Of all blocks: a route that holds more dominates them."""

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Route:
    """One route's share in what came back.

    name: as the host gave it, UNKNOWN where it gave none. counts: by delivery.
    settled: without errors, of which a block's rate is taken. p: Fisher's exact test of its blocks against
      all other routes', two-sided, by Holm over the routes; None where there is nothing to test.
    """

    name: str
    counts: dict[Delivery, int]
    p_adjusted: float | None = None

    @property
    def settled(self) -> int:
        return sum(n for delivery, n in self.counts.items() if delivery is not Delivery.ERROR)

    @property
    def blocked(self) -> int:
        return sum(n for delivery, n in self.counts.items() if delivery.is_blocked)


@dataclass(frozen=True, slots=True)
class Dominance:
    """A route that blocks more than all others together, and more often.

    others_blocked, others_settled: of all other routes. low, high: 95% limits of how much more often, were
    exchanges independent of each other.
    """

    route: Route
    others_blocked: int
    others_settled: int
    low: float
    high: float
    p_adjusted: float


def routes(outcomes: pd.DataFrame) -> list[Route]:
    """The routes of whatever was asked, the one with most blocks first; empty where none is known.

    outcomes: one row an owed probe, as `Store.outcomes` returns it.
    """
    asked = outcomes[states(outcomes).ne("not_asked")]
    if not asked["route"].notna().any():
        return []
    names = asked["route"].astype(object).where(asked["route"].notna(), UNKNOWN)
    counts: dict[str, dict[Delivery, int]] = {}
    for (name, delivery), n in Counter(zip(names, asked["delivery"], strict=True)).items():
        counts.setdefault(str(name), {})[Delivery(delivery)] = n
    found = [Route(name, own) for name, own in counts.items()]
    tested = [Route(one.name, one.counts, p) for one, p in zip(found, _p(found), strict=True)]
    return sorted(tested, key=lambda one: (-one.blocked, one.name))


def dominance(outcomes: pd.DataFrame) -> Dominance | None:
    """The route that dominates the blocks; None where none does, or nothing can be said.

    It must hold more than half of all blocks and block more often than the others do (Fisher's exact test,
    R. A. Fisher 1935, J. R. Stat. Soc. 98; Holm over the routes; 5%). The limits are MOVER's on
    Jeffreys' (see `statistics.intervals`). Test and limits take exchanges as independent; but filters block
    by question, and blocks that gather on few templates say less than as many that do not. Nor do routers
    draw routes by chance: a route that was sent other questions may block more for that reason. Whoever
    reports this says both.
    """
    found = routes(outcomes)
    blocked, settled = (sum(getattr(one, what) for one in found) for what in ("blocked", "settled"))
    for one in found:
        others_blocked, others_settled = blocked - one.blocked, settled - one.settled
        if one.p_adjusted is None or one.p_adjusted >= ALPHA or one.blocked <= MOST * blocked:
            continue
        own, others = _arm(one.blocked, one.settled), _arm(others_blocked, others_settled)
        if own.value > others.value:
            low, high = difference(own, others, 0.0, LEVEL)
            return Dominance(one, others_blocked, others_settled, low, high, one.p_adjusted)
    return None


def _arm(blocked: int, settled: int) -> Arm:
    return Arm(blocked / settled, float(settled))


def _p(found: Sequence[Route]) -> list[float | None]:
    blocked, settled = (sum(getattr(one, what) for one in found) for what in ("blocked", "settled"))
    if not blocked or len(found) < 2:
        return [None] * len(found)
    from scipy.stats import fisher_exact  # noqa: PLC0415 - half a second, for the few that need it

    raw = np.full(len(found), np.nan)
    for at, one in enumerate(found):
        others_blocked, others = blocked - one.blocked, settled - one.settled
        if one.settled and others:
            own = one.blocked, one.settled - one.blocked
            table = np.array([own, (others_blocked, others - others_blocked)])
            raw[at] = fisher_exact(table).pvalue
    return [None if np.isnan(p) else float(p) for p in multiplicity.holm(raw)]
