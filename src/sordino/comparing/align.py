"""Puts two sides next to each other, probe by probe: whatever compares runs begins here.

Probes are paired by what they ask and not by their ids, for a recording's ids contain its file's name.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import islice
from typing import TypeAlias

import pandas as pd

from sordino.core.errors import SpecError

PROBE = ("template", "jurisdiction", "kind", "language", "phrasing", "sample")
"""What makes a probe and its sample the same on both sides, from the coarsest to the finest."""

BETWEEN_LANGUAGES = tuple(name for name in PROBE if name != "language")
"""The same for one language against another."""

NAMED = 3
"""Duplicates that an error names."""

MEND = "Give its questions a phrasing each (--columns phrasing=COLUMN) and audit it again."
"""For a run that holds a probe twice."""

Place: TypeAlias = tuple[Hashable, ...]


def paired(a: pd.DataFrame, b: pd.DataFrame, on: Sequence[str] = PROBE) -> pd.DataFrame:
    """One row for each probe and sample that both sides owe, in the order of a.

    a, b: one row an owed probe, as `Store.outcomes` returns it, with any columns more. on: what pairs
    them, of the columns of both.
    Returns: the columns of `on` as a has them, all others twice, with `_a` and `_b` behind their names.
    A missing jurisdiction meets a missing one. A probe that was never asked has no sample, and meets the
    other side's first.
    Raises SpecError for a side that holds one place twice, and names it.
    """
    ours, theirs = _places(a, on, "first"), _places(b, on, "second")
    both = [place for place in ours if place in theirs]
    left = a.iloc[[ours[place] for place in both]].reset_index(drop=True)
    right = b.iloc[[theirs[place] for place in both]].reset_index(drop=True)
    alone = left.drop(columns=list(on)).add_suffix("_a"), right.drop(columns=list(on)).add_suffix("_b")
    return pd.concat([left[list(on)], *alone], axis=1)


def unpaired(
    a: pd.DataFrame, b: pd.DataFrame, on: Sequence[str] = PROBE
) -> tuple[dict[str, int], dict[str, int]]:
    """How many rows of a, and of b, have no partner, by the first column of `on` on which they part.

    {"jurisdiction": 12}: of twelve rows the other side has the template, but not about that jurisdiction.
    Raises SpecError as `paired` does.
    """
    ours, theirs = list(_places(a, on, "first")), list(_places(b, on, "second"))
    return _parted(ours, theirs, on), _parted(theirs, ours, on)


def _places(frame: pd.DataFrame, on: Sequence[str], side: str) -> dict[Place, int]:
    """The row of each place."""
    places = list(zip(*(plain(frame[name]) for name in on), strict=True))
    rows = {place: row for row, place in enumerate(places)}
    if len(rows) < len(places):
        raise SpecError(_twice(places, on, side))
    return rows


def plain(column: pd.Series) -> list[Hashable]:
    """A column of `PROBE` as plain values, for pandas cannot join on the lone surrogates of a recording.

    None where one is missing, and the first sample.
    """
    missing = 0 if column.name == "sample" else None
    return [value if known else missing for value, known in zip(column, column.notna(), strict=True)]


def _twice(places: Sequence[Place], on: Sequence[str], side: str) -> str:
    repeated = [place for place, n in Counter(places).items() if n > 1]
    told = "; ".join(
        ", ".join(f"{name} {value!r}" for name, value in zip(on, place, strict=True))
        for place in islice(repeated, NAMED)
    )
    more = f" and {len(repeated) - NAMED} more" if len(repeated) > NAMED else ""
    return f"The {side} side holds a probe twice, so it cannot be paired: {told}{more}. {MEND}"


def _parted(own: Sequence[Place], other: Sequence[Place], on: Sequence[str]) -> dict[str, int]:
    beginnings = [{place[: depth + 1] for place in other} for depth in range(len(on))]
    parted: Counter[str] = Counter()
    for place in own:
        for depth, name in enumerate(on):
            if place[: depth + 1] not in beginnings[depth]:
                parted[name] += 1
                break
    return {name: parted[name] for name in on if parted[name]}
