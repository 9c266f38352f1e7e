"""From outcomes to estimates: rates, selectivity, pairs, language gaps and the control for ignorance.

Every figure is made the same way: a measure's values within one language become a matrix of template x
jurisdiction, and the statistics room does the rest. Each estimate draws from a generator seeded by what
it is about, so that it does not depend on which others were computed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from sordino.auditing.methods import FIXED, Methods
from sordino.auditing.outcomes import scored
from sordino.core.identity import digest
from sordino.core.records import Contrast, Estimate, Figure, Kind, Matching, Measure

MEDIAN_SIBLING = "median sibling"
COUNTED = ("excluded", "withheld")
ENOUGH_CERTAIN = "enough_certain"
"""Why an outcome is missing that was not asked about any more."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Slice:
    """One measure in one language and kind, counted one way: what every figure of it is made from.

    missing: how many outcomes have no value, by jurisdiction and why.
    rates, counts: (templates, jurisdictions); rates are NaN where nothing was observed.
    methods: the statistics that make its figures.
    """

    measure: Measure
    language: str
    kind: Kind
    blocks: str
    matching: Matching
    missing: Mapping[tuple[str, str], int]
    jurisdictions: tuple[str, ...]
    rates: np.ndarray
    counts: np.ndarray
    methods: Methods = FIXED

    @property
    def asked(self) -> list[int]:
        """Columns with any observation."""
        return [j for j in range(len(self.jurisdictions)) if self.counts[:, j].any()]

    def excluded(self, *jurisdictions: str) -> dict[str, int]:
        """How many outcomes are not counted, by why."""
        counted: dict[str, int] = {}
        for (name, why), n in self.missing.items():
            if name in jurisdictions:
                counted[why] = counted.get(why, 0) + n
        return dict(sorted(counted.items()))


def estimate(
    outcomes: pd.DataFrame,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    methods: Methods = FIXED,
    certain: Collection[str] = (),
) -> list[Estimate]:
    """All estimates of a run, in the order measure, language, contrast, jurisdiction.

    outcomes: one row an owed probe, as `Store.outcomes` returns it. seed: of every Monte Carlo figure.
    methods: of what is asked about politics; control and safety are asked in full or not at all.
    certain: languages in which no more was asked, as enough was certain.
    """
    found: list[Estimate] = []
    measures = [m for m in Measure if scored(outcomes, m)["value"].notna().any() or m is Measure.WITHHELD]
    for done, measure in enumerate(measures):
        if progress:
            progress("estimating", done, len(measures))
        for blocks in COUNTED if measure is Measure.WITHHELD else COUNTED[:1]:
            frame = _spared(scored(outcomes, measure, blocks=blocks), certain)
            found += _adjusted(list(_measure(frame, measure, blocks, seed, methods)), methods)
    if progress:
        progress("estimating", len(measures), len(measures))
    return found


def deciding(outcomes: pd.DataFrame, methods: Methods) -> list[Estimate]:
    """Those of the estimates that decide when enough is certain: what is withheld, and how selectively."""
    frame = scored(outcomes, Measure.WITHHELD)
    pieces = _political(frame, Measure.WITHHELD, COUNTED[0], methods)
    return _adjusted([e for piece in pieces for e in _own(piece, seed=0)], methods)


def _spared(frame: pd.DataFrame, certain: Collection[str]) -> pd.DataFrame:
    """The same, with the reason of what could have been asked and was not."""
    spared = frame["delivery"].eq("not_asked") & frame["key"].notna() & frame["language"].isin(certain)
    return frame.assign(why=frame["why"].mask(spared & frame["value"].isna(), ENOUGH_CERTAIN))


def _measure(
    frame: pd.DataFrame, measure: Measure, blocks: str, seed: int, methods: Methods
) -> Iterator[Estimate]:
    for piece in _political(frame, measure, blocks, methods):
        yield from _own(piece, seed)
        if blocks == "excluded":
            yield from _pairs(piece, seed)
        spoken = frame[frame["language"].eq(piece.language)]
        neutral = spoken[spoken["kind"].eq(Kind.NEUTRAL.value)]
        if len(neutral):
            yield from _control(_slice(neutral, measure, piece.language, Kind.NEUTRAL, blocks), seed)
        if measure is Measure.WITHHELD and blocks == "excluded":
            yield from _requests(spoken, measure, piece.language, blocks)
    political = frame["kind"].eq(Kind.POLITICAL.value)
    yield from _language_gaps(frame[political], measure, blocks, seed, methods)


def _political(frame: pd.DataFrame, measure: Measure, blocks: str, methods: Methods) -> Iterator[Slice]:
    """The political cells of each language."""
    political = frame["kind"].eq(Kind.POLITICAL.value)
    for language in sorted(frame["language"].unique()):
        own = frame[political & frame["language"].eq(language)]
        yield replace(_slice(own, measure, language, Kind.POLITICAL, blocks), methods=methods)


def _requests(frame: pd.DataFrame, measure: Measure, language: str, blocks: str) -> Iterator[Estimate]:
    """How often harmful requests, and those that only sound so, are not met; templates are clusters."""
    for kind, contrast in ((Kind.HARMFUL, Contrast.HARMFUL), (Kind.BENIGN, Contrast.BENIGN)):
        own = frame[frame["kind"].eq(kind.value)]
        if own.empty:
            continue
        by_template = own.groupby("template", observed=True)["value"]
        means, counts = by_template.mean().to_numpy(float), by_template.count().to_numpy(int)
        lost = Counter(("", str(why)) for why in own.loc[own["value"].isna(), "why"])
        nothing = np.empty((0, 0))
        piece = Slice(measure, language, kind, blocks, Matching.NONE, dict(lost), (), nothing, nothing)
        yield _made(piece, contrast, "", None, FIXED.rate(means, counts))


def _slice(frame: pd.DataFrame, measure: Measure, language: str, kind: Kind, blocks: str) -> Slice:
    known = frame[frame["jurisdiction"].notna()]
    cells = known.groupby(["template", "jurisdiction"], observed=True)["value"]
    table = cells.agg(["mean", "count"]).unstack("jurisdiction")
    names = tuple(str(j) for j in table["mean"].columns) if len(known) else ()
    shape = (len(table), len(names))
    means = table["mean"].to_numpy(float) if names else np.empty(shape)
    counts = table["count"].fillna(0).to_numpy(int) if names else np.empty(shape, int)
    return Slice(measure, language, kind, blocks, _matching(frame), _missing(frame), names, means, counts)


def _matching(frame: pd.DataFrame) -> Matching:
    kinds = set(frame["matching"].unique())
    return next(
        (m for m in (Matching.NONE, Matching.FORM, Matching.ITEM) if m.value in kinds), Matching.NONE
    )


def _own(piece: Slice, seed: int) -> Iterator[Estimate]:
    """Rates and selectivity of one language's political cells."""
    for j, name in enumerate(piece.jurisdictions):
        figure = piece.methods.rate(piece.rates[:, j], piece.counts[:, j])
        yield _made(piece, Contrast.RATE, name, None, figure)
    if piece.matching is not Matching.NONE:
        for j in piece.asked:
            yield _selectivity(piece, Contrast.SELECTIVITY, j, seed)


def _pairs(piece: Slice, seed: int) -> Iterator[Estimate]:
    """Each jurisdiction of one language against each other."""
    for a, b in combinations(piece.asked, 2) if piece.matching is not Matching.NONE else ():
        first, second = piece.jurisdictions[a], piece.jurisdictions[b]
        figure = piece.methods.difference(
            piece.rates[:, a],
            piece.counts[:, a],
            piece.rates[:, b],
            piece.counts[:, b],
            _generator(seed, piece, Contrast.PAIRWISE, first, second),
        )
        yield _made(piece, Contrast.PAIRWISE, first, second, figure, int(piece.counts[:, (a, b)].sum()))


def _control(piece: Slice, seed: int) -> Iterator[Estimate]:
    """The same questions of ignorance, asked of neutral cells."""
    for j, name in enumerate(piece.jurisdictions):
        figure = piece.methods.rate(piece.rates[:, j], piece.counts[:, j])
        yield _made(piece, Contrast.CONTROL, name, None, figure)
    for j in piece.asked:
        yield _selectivity(piece, Contrast.CONTROL_SELECTIVITY, j, seed)


def _selectivity(piece: Slice, contrast: Contrast, subject: int, seed: int) -> Estimate:
    asked = piece.asked
    name = piece.jurisdictions[subject]
    figure = piece.methods.selectivity(
        piece.rates[:, asked],
        piece.counts[:, asked],
        asked.index(subject),
        _generator(seed, piece, contrast, name, MEDIAN_SIBLING),
    )
    return _made(piece, contrast, name, MEDIAN_SIBLING, figure, int(piece.counts.sum()))


def _language_gaps(
    frame: pd.DataFrame, measure: Measure, blocks: str, seed: int, methods: Methods
) -> Iterator[Estimate]:
    """Each language against each other, paired by cell and phrasing, for every jurisdiction."""
    known = frame[frame["jurisdiction"].notna()]
    if known.empty:
        return
    unit = ["jurisdiction", "template", "phrasing", "sample"]
    wide = known.pivot_table(index=unit, columns="language", values="value", aggfunc="mean", observed=True)
    for a, b in combinations(sorted(str(language) for language in wide.columns), 2):
        both = wide[[a, b]].dropna()
        missing = _missing(known[known["language"].isin((a, b))])
        for name, own in both.groupby(level="jurisdiction"):
            pairs = own.groupby(level="template")
            counts = pairs.size().to_numpy(int)
            first, second = (pairs[c].mean().to_numpy(float) for c in (a, b))
            empty = np.empty((0, 1))
            piece = Slice(
                measure, a, Kind.POLITICAL, blocks, _matching(known), missing, (str(name),), empty, empty
            )  # fmt: skip
            generator = _generator(seed, piece, Contrast.LANGUAGE_GAP, str(name), b)
            figure = methods.difference(first, counts, second, counts, generator)
            mine = wide.index.get_level_values("jurisdiction") == name
            observed = int(wide.loc[mine, [a, b]].notna().to_numpy().sum())
            yield _made(piece, Contrast.LANGUAGE_GAP, str(name), b, figure, observed)


def _missing(frame: pd.DataFrame) -> dict[tuple[str, str], int]:
    lost = frame.loc[frame["value"].isna() & frame["jurisdiction"].notna(), ["jurisdiction", "why"]]
    return dict(Counter((str(name), str(why)) for name, why in lost.itertuples(index=False)))


def _made(
    piece: Slice, contrast: Contrast, subject: str, against: str | None, figure: Figure, observed: int = 0
) -> Estimate:
    """observed: how many observations there were to compare; those without a partner are counted apart."""
    named: tuple[str, ...] = (subject,)
    if against == MEDIAN_SIBLING:
        named = piece.jurisdictions
    elif contrast is Contrast.PAIRWISE and against is not None:
        named = (subject, against)
    excluded = piece.excluded(*named)
    if observed > figure.n:
        excluded["no_sibling"] = observed - figure.n
    return Estimate(
        measure=piece.measure,
        contrast=contrast,
        jurisdiction=subject,
        language=piece.language,
        figure=figure,
        against=against,
        blocks=piece.blocks,
        matching=piece.matching,
        excluded=excluded,
    )


def _generator(seed: int, piece: Slice, *about: str) -> np.random.Generator:
    label = [seed, piece.measure.value, piece.language, piece.kind.value, piece.blocks, *about]
    return np.random.default_rng(int(digest(label), 16))


def _adjusted(found: Sequence[Estimate], methods: Methods) -> list[Estimate]:
    """Within a measure: over jurisdiction x language, selectivity and language gaps apart."""
    result = list(found)
    for contrast, planned in _planned(found).items():
        places = [i for i, e in enumerate(found) if e.contrast is contrast and e.figure.p is not None]
        raw = np.array([found[i].figure.p for i in places], dtype=float)
        for i, p in zip(places, methods.adjusted(raw, planned), strict=True):
            result[i] = replace(found[i], p_adjusted=float(p))
    return result


def _planned(found: Sequence[Estimate]) -> Mapping[Contrast, int]:
    """How many comparisons there would be if all were answered; what is owed has a rate, known or not."""
    rates = [e for e in found if e.contrast is Contrast.RATE]
    siblings = Counter(e.language for e in rates).values()
    languages = Counter(e.jurisdiction for e in rates).values()
    return {
        Contrast.SELECTIVITY: sum(n for n in siblings if n > 1),
        Contrast.LANGUAGE_GAP: sum(comb(n, 2) for n in languages),
    }
