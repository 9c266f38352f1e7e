"""Which answers people are asked to label: strata of a run's answers, and a random order within each.

Rates corrected by labels use these strata too: within one, the labelled answers are a simple random sample
without replacement, whatever was drawn in one go or in several.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sordino.core.identity import digest
from sordino.statistics.intervals import Floats, Integers
from sordino.statistics.prediction_powered import allocation

SURE = 0.8
"""A judge is sure when its probability that an answer is COMPLETE, or that it is not, is at least this."""

LEAST_SPREAD = 0.1
"""A stratum is taken to vary at least so much: nobody has checked yet how sure the judge may be."""

UNSTATED_SPREAD = 0.4
"""The spread taken where the judge gives no probabilities: that of one that errs in one case of five."""

SPREAD_OVER = ("jurisdiction", "template", "kind", "phrasing")
"""Columns over which a sample can be spread within its strata."""

_DIGITS = 16**8


def strata(outcomes: pd.DataFrame) -> pd.Series:
    """The stratum of each row, such as "zh/DENIAL/unsure"; NA where nothing was delivered and judged.

    outcomes: as `Store.outcomes` returns it. By language, the judge's value, and whether it is `SURE`;
    "unstated" where it gives no probabilities.
    """
    complete = outcomes["p_complete"].astype("Float64").to_numpy(float, na_value=np.nan)
    sure = np.maximum(complete, 1 - complete) >= SURE
    how = pd.Series(
        np.select([np.isnan(complete), sure], ["unstated", "sure"], "unsure"), index=outcomes.index
    )
    judged = outcomes["delivery"].eq("delivered") & outcomes["engagement"].notna()
    names = outcomes["language"].astype(object) + "/" + outcomes["engagement"].astype(object) + "/" + how
    return names.where(judged & outcomes["key"].notna(), None).rename("stratum")


def frame(outcomes: pd.DataFrame) -> pd.DataFrame:
    """What can be drawn: the delivered and judged exchanges, each key once, with their `stratum`."""
    with_stratum = outcomes.assign(stratum=strata(outcomes))
    return with_stratum[with_stratum["stratum"].notna()].drop_duplicates("key")


def draw(drawable: pd.DataFrame, total: int, *, seed: int = 0, over: Sequence[str] = ()) -> pd.DataFrame:
    """A stratified random sample of `frame`, at most `total` rows, in an order that tells nothing.

    A larger total with the same seed holds the smaller sample. How many come from a stratum follows
    Neyman's allocation with the spread that the judge's probabilities make one expect of a label.
    over: columns (of `SPREAD_OVER`) over whose values the sample is spread in proportion within a stratum.
    """
    kept = drawable.assign(place=_places(drawable, seed, over))
    kept = kept.sort_values(["stratum", "place", "key"], kind="stable")
    counts = _counts(kept, total)
    number = kept.groupby("stratum").cumcount()
    chosen = kept[number < kept["stratum"].map(counts)].drop(columns="place")
    shown = [digest([seed, "shown", str(key)]) for key in chosen["key"]]
    return chosen.iloc[np.argsort(shown, kind="stable")]


def _places(drawable: pd.DataFrame, seed: int, over: Sequence[str]) -> Floats:
    """Where each row stands in the random order of its stratum, in [0, 1): (rows,).

    The rows that share a value of `over` lie evenly from 0 to 1, in random order from a random offset:
    however far one reads, each value has its share.
    """
    chance = pd.Series([digest([seed, "drawn", str(key)]) for key in drawable["key"]], drawable.index)
    columns = [drawable[name].astype(object).fillna("").astype(str) for name in ("stratum", *over)]
    group = pd.Series(list(zip(*columns, strict=True)), drawable.index, dtype=object)
    rank = chance.groupby(group).rank(method="first").to_numpy(float) - 1
    offset = np.array([int(digest([seed, *names])[:8], 16) / _DIGITS for names in group], dtype=float)
    return np.asarray((rank + offset) / group.map(group.value_counts()).to_numpy(float))


def _counts(drawable: pd.DataFrame, total: int) -> dict[str, int]:
    """How many to draw from each stratum, never fewer for a larger total."""
    names = sorted(set(drawable["stratum"]))
    by_name = drawable.groupby("stratum")["p_complete"]
    sizes = by_name.size().reindex(names).to_numpy(np.int64)
    spread = np.array([_spread(by_name.get_group(name)) for name in names], dtype=float)
    return dict(zip(names, (int(n) for n in _path(sizes, spread, total)), strict=True))


def _spread(complete: pd.Series) -> float:
    """The standard deviation that a label "withheld" is expected to have, were the judge calibrated."""
    p = complete.astype("Float64").to_numpy(float, na_value=np.nan)
    known = p[~np.isnan(p)]
    if not known.size:
        return UNSTATED_SPREAD
    return max(LEAST_SPREAD, float(np.sqrt((known * (1 - known)).mean())))


def _path(sizes: Integers, spread: Floats, total: int) -> Integers:
    """`allocation`, reached one by one: its rounding may take from a stratum what a smaller total gave."""
    drawn = np.zeros(len(sizes), dtype=np.int64)
    for step in range(1, min(total, int(sizes.sum())) + 1):
        drawn[np.argmax(allocation(sizes, spread, step) - drawn)] += 1
    return drawn
