"""What two sides that were asked the same differ by: for each measure, at each place, b minus a.

A place is a jurisdiction in a language. Only pairs count of which both sides have a value: what one side
blocked or failed to deliver says nothing of how the other would have compared. Each figure is made as an
audit's own are: template means, templates as clusters. What is drawn for a figure is seeded by what it is
about, so that it does not depend on which others were computed.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from sordino.auditing.estimates import COUNTED, MEDIAN_SIBLING
from sordino.auditing.outcomes import scored
from sordino.comparing.align import PROBE, paired
from sordino.core.identity import digest
from sordino.core.records import Contrast, Estimate, Figure, Kind, Matching, Measure
from sordino.statistics import rates
from sordino.statistics.changes import adjusted, change, selectivity_change
from sordino.statistics.intervals import Floats, Integers

CONTRASTS: Mapping[Kind, Contrast] = {
    Kind.POLITICAL: Contrast.CHANGE,
    Kind.NEUTRAL: Contrast.CHANGE_OF_CONTROL,
    Kind.HARMFUL: Contrast.CHANGE_OF_HARMFUL,
    Kind.BENIGN: Contrast.CHANGE_OF_BENIGN,
}

NOTHING = Figure(None, None, None, 0, 0, "")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Change:
    """One measure at one place: the difference as an estimate, and what it is made from.

    estimate: b - a. Its n counts pairs; `against` is the other language between languages, the median
      sibling for a change of selectivity, else None; `excluded` counts each left-out pair once, by side
      a's reason, or b's where a has none.
    a, b: the rates over the same pairs; None for a change of selectivity.
    interval_p: one less the level at which the interval ends at zero, which is what a family adjusts.
    pairs: what both sides owe here. missing_a, missing_b: pairs without a value on that side, by why.
    """

    estimate: Estimate
    pairs: int
    a: Figure | None = None
    b: Figure | None = None
    interval_p: float | None = None
    missing_a: Mapping[str, int] = field(default_factory=dict)
    missing_b: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_shown(self) -> bool:
        """Beyond chance: the interval leaves zero out, and so does the adjusted p at 5%."""
        low, high, p = self.estimate.figure.low, self.estimate.figure.high, self.estimate.p_adjusted
        return low is not None and high is not None and (low > 0 or high < 0) and p is not None and p < 0.05

    @property
    def bound(self) -> float | None:
        """The largest difference, either way, that the data do not exclude."""
        low, high = self.estimate.figure.low, self.estimate.figure.high
        return None if low is None or high is None else max(abs(low), abs(high))


def changes(
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    on: Sequence[str] = PROBE,
    seed: int = 0,
    progress: Progress = lambda _stage, _done, _total: None,
) -> list[Change]:
    """All differences b - a, in the order measure, way of counting, contrast, language, jurisdiction.

    a, b: one row an owed probe, as `Store.outcomes` returns it. on: what pairs them (see `align.paired`).
    A measure is there when any pair has it on both sides; withholding always is.
    p is adjusted over the places of one measure, contrast and way of counting (see `adjusted` in
    `statistics.changes`).
    """
    found: list[Change] = []
    for done, measure in enumerate(Measure):
        progress("comparing", done, len(Measure))
        for blocks in COUNTED if measure is Measure.WITHHELD else COUNTED[:1]:
            ours, theirs = (_told(scored(side, measure, blocks=blocks), on) for side in (a, b))
            pairs = _placed(paired(ours, theirs, on), on)
            if measure is Measure.WITHHELD or _both(pairs).any():
                found += _adjusted([*_measure(pairs, measure, blocks, seed)])
    progress("comparing", len(Measure), len(Measure))
    return found


@dataclass(frozen=True, slots=True)
class Difference:
    """b - a over some pairs, both rates over the same, and the interval's own p (see `Change`)."""

    figure: Figure
    a: Figure
    b: Figure
    interval_p: float | None


def pooled(
    pairs: pd.DataFrame, value_a: pd.Series, value_b: pd.Series, generator: np.random.Generator
) -> Difference:
    """The difference over all pairs with both values, whatever their place; templates are clusters.

    pairs: as `align.paired` makes them. value_a, value_b: (pairs,), in [0, 1] or NaN.
    """
    values = {"value_a": value_a.astype(float), "value_b": value_b.astype(float)}
    return _difference(_moved(pairs[["template"]].assign(**values)), generator)


def _told(outcomes: pd.DataFrame, on: Sequence[str]) -> pd.DataFrame:
    """The columns that a figure needs."""
    return outcomes[list(dict.fromkeys((*on, "language", "matching", "value", "why")))]


def _placed(pairs: pd.DataFrame, on: Sequence[str]) -> pd.DataFrame:
    """Pairs with a plain `jurisdiction` ("" for none), `language` and `against` whatever pairs them, and
    how much each went up and down.
    """
    if "language" not in on:
        pairs = pairs.assign(language=pairs["language_b"], against=pairs["language_a"])
    return _moved(pairs.assign(jurisdiction=pairs["jurisdiction"].fillna("")))


def _both(pairs: pd.DataFrame) -> pd.Series:
    return pairs["value_a"].notna() & pairs["value_b"].notna()


def _measure(pairs: pd.DataFrame, measure: Measure, blocks: str, seed: int) -> Iterator[Change]:
    for kind, contrast in CONTRASTS.items():
        own = pairs[pairs["kind"].eq(kind.value)]
        for language, spoken in own.groupby("language", sort=True, observed=True):
            about = Estimate(
                measure=measure,
                contrast=contrast,
                jurisdiction=None,
                language=str(language),
                figure=NOTHING,
                against=str(spoken["against"].iloc[0]) if "against" in spoken else None,
                blocks=blocks,
                matching=_matching(spoken),
            )
            for code, place in spoken.groupby("jurisdiction", sort=True, observed=True):
                yield _change(place, replace(about, jurisdiction=str(code) or None), seed)
            if kind is Kind.POLITICAL and about.matching is not Matching.NONE:
                yield from _selectivity(spoken, about, seed)


def _matching(pairs: pd.DataFrame) -> Matching:
    """The looser of both sides, and of all pairs."""
    held = {*pairs["matching_a"].unique(), *pairs["matching_b"].unique()}
    return next(
        (m for m in (Matching.NONE, Matching.FORM, Matching.ITEM) if m.value in held), Matching.NONE
    )


def _change(place: pd.DataFrame, about: Estimate, seed: int) -> Change:
    found = _difference(place, _generator(seed, about))
    return Change(
        estimate=replace(about, figure=found.figure, excluded=_counted(_lost(place))),
        pairs=len(place),
        a=found.a,
        b=found.b,
        interval_p=found.interval_p,
        missing_a=_counted(place["why_a"][place["value_a"].isna()]),
        missing_b=_counted(place["why_b"][place["value_b"].isna()]),
    )


def _lost(pairs: pd.DataFrame) -> pd.Series:
    """Why a pair does not count: side a's reason, or b's where a has none."""
    return pairs["why_a"].where(pairs["why_a"].notna(), pairs["why_b"])[~_both(pairs)]


def _difference(frame: pd.DataFrame, generator: np.random.Generator) -> Difference:
    """Over the pairs with both values."""
    by_template = frame[_both(frame)].groupby("template", observed=True)
    counts = by_template.size().to_numpy(int)
    a, b, up, down = (by_template[name].mean().to_numpy(float) for name in _MOVED)
    figure, interval_p = change(up, down, counts, generator)
    return Difference(figure, rates.rate(a, counts), rates.rate(b, counts), interval_p)


_MOVED = ("value_a", "value_b", "up", "down")


def _moved(frame: pd.DataFrame) -> pd.DataFrame:
    """With how much each pair went up and down, NaN where a value is missing."""
    step = frame["value_b"] - frame["value_a"]
    return frame.assign(up=step.clip(lower=0.0), down=(-step).clip(lower=0.0))


def _counted(why: pd.Series) -> dict[str, int]:
    return dict(sorted(Counter(map(str, why)).items()))


def _selectivity(spoken: pd.DataFrame, about: Estimate, seed: int) -> Iterator[Change]:
    """Each jurisdiction's change against its siblings' within one language, where there are siblings.

    A jurisdiction of which no pair has both values is there without a figure.
    """
    named = spoken[spoken["jurisdiction"].ne("")]
    codes = sorted(str(code) for code in named["jurisdiction"].unique())
    if len(codes) < 2:
        return
    known = named[_both(named)]
    up, down, counts = _table(known, codes)
    lost = _counted(_lost(named))
    for at, code in enumerate(codes):
        one = replace(
            about, contrast=Contrast.CHANGE_OF_SELECTIVITY, jurisdiction=code, against=MEDIAN_SIBLING
        )
        figure = selectivity_change(up, down, counts, at, _generator(seed, one))
        unmatched = {"no_sibling": len(known) - figure.n} if len(known) > figure.n else {}
        about_it = replace(one, figure=figure, excluded={**lost, **unmatched})
        yield Change(about_it, len(named), interval_p=figure.p)


def _table(known: pd.DataFrame, codes: Sequence[str]) -> tuple[Floats, Floats, Integers]:
    """Mean up, mean down and pairs, (templates, codes); NaN and 0 where there are none."""
    rows = known.groupby("template", observed=True).ngroup().to_numpy(int)
    # Not by pandas, which can make no index of the lone surrogates of a recording.
    columns = np.array([codes.index(str(code)) for code in known["jurisdiction"]], dtype=int)
    shape = rows.max(initial=-1) + 1, len(codes)
    cells, size = rows * len(codes) + columns, shape[0] * shape[1]
    counts = np.bincount(cells, minlength=size)
    sums = (np.bincount(cells, known[name].to_numpy(float), size) for name in ("up", "down"))
    up, down = (np.where(counts > 0, one / np.maximum(counts, 1), np.nan).reshape(shape) for one in sums)
    return up, down, counts.reshape(shape)


def _generator(seed: int, about: Estimate) -> np.random.Generator:
    label = [seed, about.measure, about.contrast, about.jurisdiction, about.language, about.against]
    return np.random.default_rng(int(digest([*label, about.blocks]), 16))


def _adjusted(found: Sequence[Change]) -> list[Change]:
    """Within a contrast, over jurisdiction x language."""
    result = list(found)
    for contrast in {c.estimate.contrast for c in found}:
        places = [i for i, c in enumerate(found) if c.estimate.contrast is contrast]
        family = [found[i] for i in places]
        told = adjusted([c.estimate.figure for c in family], [c.interval_p for c in family])
        for i, p in zip(places, told, strict=True):
            result[i] = replace(found[i], estimate=replace(found[i].estimate, p_adjusted=p))
    return result
