"""Which pairs changed, how, and by how much: what the side-by-side transcripts and the flow rest on."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sordino.auditing.outcomes import states
from sordino.core.records import Engagement

RANK: Mapping[str, int] = {Engagement.COMPLETE: 0, Engagement.PARTIAL: 1, Engagement.DENIAL: 2}
"""How much is withheld."""

UNDELIVERED = ("blocked", "truncated", "empty")
"""What happened to an answer on the way; an error or an unread answer says less of either side."""

KINDS = (
    "more_withheld",
    "less_withheld",
    "delivery",
    "unread",
    "facts_lost",
    "facts_gained",
    "flags_gained",
    "flags_lost",
    "reasoning",
)
"""What may have changed, from a to b. "unread": delivered on both sides, and read by a judge on one only.
Facts and flags by their number, not one by one.
"""

_WEIGHT_DELIVERY, _WEIGHT_LESS = 2.0, 0.5


@dataclass(frozen=True, slots=True)
class Flow:
    """How many pairs of one kind at one place went from one state to another (see `outcomes.states`)."""

    kind: str
    jurisdiction: str | None
    language: str
    a: str
    b: str
    n: int


def with_changes(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with `state_a`, `state_b`, `changes` and `size`.

    pairs: as `align.paired` makes them, of outcomes. changes: those of KINDS that happened, parted by
    spaces, "" for none. size: how much changed, 0 for nothing; a step of engagement counts 1, a delivery 2,
    facts and flags by their share.
    """
    state_a, state_b = (states(_side(pairs, side)) for side in "ab")
    made = pairs.assign(state_a=state_a, state_b=state_b)
    asked = state_a.ne("not_asked") & state_b.ne("not_asked")
    step = state_b.map(RANK) - state_a.map(RANK)
    parted = asked & state_a.ne(state_b) & step.isna()
    came = pairs["delivery_a"].eq("delivered") & pairs["delivery_b"].eq("delivered")
    came = came.fillna(value=False).astype(bool)
    weight = (state_a.isin(UNDELIVERED) | state_b.isin(UNDELIVERED)).map(
        {True: _WEIGHT_DELIVERY, False: _WEIGHT_LESS}
    )
    facts, flags = (_gained(made, name) for name in ("facts", "flags"))
    rethought = asked & _differ(made["reasoning_a"], made["reasoning_b"])
    happened = pd.DataFrame(
        {
            "more_withheld": step > 0,
            "less_withheld": step < 0,
            "delivery": parted & ~came,
            "unread": parted & came,
            "facts_lost": facts < 0,
            "facts_gained": facts > 0,
            "flags_gained": flags > 0,
            "flags_lost": flags < 0,
            "reasoning": rethought,
        },
        columns=list(KINDS),
    )
    size = step.abs().fillna(0.0) + weight * parted + facts.abs() + flags.abs() + _WEIGHT_LESS * rethought
    rows = happened.to_numpy(bool)
    told = [" ".join(kind for kind, so in zip(KINDS, row, strict=True) if so) for row in rows]
    return made.assign(changes=told, size=size.astype(float))


def flows(pairs: pd.DataFrame) -> list[Flow]:
    """Counts of all pairs by kind, place and both states, in their order.

    pairs: as `with_changes` makes them.
    """
    language = pairs["language"] if "language" in pairs else pairs["language_b"]
    by = [pairs["kind"], pairs["jurisdiction"].fillna(""), language, pairs["state_a"], pairs["state_b"]]
    counted = Counter(zip(*by, strict=True))
    return [
        Flow(str(kind), str(code) or None, str(spoken), str(a), str(b), n)
        for (kind, code, spoken, a, b), n in sorted(counted.items())
    ]


def _side(pairs: pd.DataFrame, side: str) -> pd.DataFrame:
    return pairs[[f"delivery_{side}", f"engagement_{side}"]].set_axis(["delivery", "engagement"], axis=1)


def _gained(pairs: pd.DataFrame, what: str) -> pd.Series:
    """The share of facts or flags found in b less that in a; 0 where either side has none to read."""
    shares = []
    for side in "ab":
        hit, of = (
            pairs[f"{what}_{n}_{side}"].astype("Float64").to_numpy(float, na_value=np.nan)
            for n in ("hit", "all")
        )
        delivered = pairs[f"delivery_{side}"].eq("delivered").to_numpy(bool)
        shares.append(np.where(delivered & (of > 0), hit / np.where(of > 0, of, np.nan), np.nan))
    return pd.Series(shares[1] - shares[0], index=pairs.index).fillna(0.0)


def _differ(a: pd.Series, b: pd.Series) -> pd.Series:
    """Where both were read, and otherwise."""
    known = a.notna() & b.notna()
    return known & a.where(known, "").astype(object).ne(b.where(known, "").astype(object))
