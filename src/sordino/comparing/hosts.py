"""Whether a difference lies in the host or in the weights, where both sides claim the same weights.

A host may block, cut or lose answers, and may add a prompt or another build of the model. What it does on
the way shows in deliveries, from metadata alone; what it does to the answers shows in how those read that
both sides delivered. The two are estimated apart and said apart. Drift between epochs is the same question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sordino.comparing.changed import RANK
from sordino.comparing.differences import pooled
from sordino.comparing.texts import Alike
from sordino.core.identity import digest
from sordino.core.records import Figure, Kind
from sordino.statistics.changes import adjusted

ON_THE_WAY = ("blocked", "truncated", "empty", "error")
ALPHA = 0.05
SAME = 0.10
"""A difference that is at most this, either way, is called none."""


@dataclass(frozen=True, slots=True)
class Gap:
    """b - a over all pairs, whatever their place, with both shares; templates are clusters.

    p_adjusted: over all that was looked at of the kind.
    """

    figure: Figure
    a: Figure
    b: Figure
    p_adjusted: float | None

    @property
    def is_shown(self) -> bool:
        """Beyond chance."""
        return self.p_adjusted is not None and self.p_adjusted < ALPHA

    @property
    def is_none(self) -> bool:
        """Surely small, which is more than not shown."""
        low, high = self.figure.low, self.figure.high
        return low is not None and high is not None and max(abs(low), abs(high)) <= SAME


@dataclass(frozen=True, slots=True)
class HostEffect:
    """What is on the way and what is in the answers.

    deliveries: by what happened, of all pairs that both asked; p by Holm over them. reading: withheld, of
      political pairs that both delivered and a judge read. texts: how alike as words, where looked at.
    """

    deliveries: Mapping[str, Gap]
    reading: Gap
    texts: Alike | None = None

    @property
    def delivery_differs(self) -> Sequence[str]:
        """What happens on the way more often on one side, beyond chance, the largest difference first."""
        shown = [name for name, gap in self.deliveries.items() if gap.is_shown]
        return sorted(shown, key=lambda name: -abs(self.deliveries[name].figure.value or 0.0))


def host_effect(pairs: pd.DataFrame, texts: Alike | None = None, *, seed: int = 0) -> HostEffect:
    """pairs: as `changed.with_changes` makes them. seed: of the Monte Carlo figures."""
    state_a, state_b = both = pairs["state_a"], pairs["state_b"]
    asked = state_a.ne("not_asked") & state_b.ne("not_asked")
    happened = {
        name: [state.eq(name).astype(float).where(asked) for state in both]
        for name in ON_THE_WAY
        if (state_a.eq(name) | state_b.eq(name)).any()
    }
    political = pairs["kind"].eq(Kind.POLITICAL.value)
    withheld = [
        state.map(RANK).gt(0).astype(float).where(political & state.isin(list(RANK))) for state in both
    ]
    (reading,) = _gaps(pairs, {"reading": withheld}, seed).values()
    return HostEffect(_gaps(pairs, happened, seed), reading, texts)


def _gaps(pairs: pd.DataFrame, values: Mapping[str, Sequence[pd.Series]], seed: int) -> dict[str, Gap]:
    """The gaps of one family. values: of a and of b, by what they say."""
    found = [
        pooled(pairs, a, b, np.random.default_rng(int(digest([seed, name]), 16)))
        for name, (a, b) in values.items()
    ]
    told = adjusted([one.figure for one in found], [one.interval_p for one in found])
    return {
        name: Gap(one.figure, one.a, one.b, p) for name, one, p in zip(values, found, told, strict=True)
    }
