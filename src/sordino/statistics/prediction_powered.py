"""The rate that full labelling would show, from a judge that read every answer and people who read some.

Prediction-powered inference for a mean, by stratum: the judge's mean over all answers, corrected by how far
it was off on the labelled ones (Angelopoulos, Bates, Fannjiang, Jordan & Zrnic 2023, Science 382;
power-tuned: Angelopoulos, Duchi & Zrnic 2023, arXiv 2311.01453; stratified: Fisch et al. 2024, arXiv
2406.04291). In survey sampling it is the combined regression estimator (Cochran 1977, chapter 7). It holds
however wrong the judge is; a bad judge only makes it as wide as labels alone.

The target is the mean over the answers of this run, so nothing is said here of templates or of answers that
were never asked for. The limits are made in `stratified`, and measured by
`benchmarks/prediction_powered.py`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sordino.core.records import Figure
from sordino.statistics import rogan_gladen
from sordino.statistics.intervals import Floats, Integers
from sordino.statistics.stratified import Sample, Uncertain, allocation, sample

__all__ = ["Corrected", "allocation", "corrected_rate", "difference"]

FEWEST = 2

JUDGE = "judge's count"
CORRECTED = "stratified prediction-powered"
LABELS_ALONE = "stratified labels alone"
ROGAN_GLADEN = "Rogan-Gladen, Lang-Reiczigel"
DIFFERENCE = "stratified prediction-powered, MOVER"


@dataclass(frozen=True, slots=True)
class Corrected:
    """One rate, four ways. In every figure a label is its own cluster: what was drawn at random is labels.

    raw: what the judge counted over all answers; no interval. corrected: prediction-powered.
    labels_alone: from the same labels and strata without the judge. rogan_gladen: by sensitivity and
    specificity. Their n is `labelled`; a value is None where there is nothing to estimate it from.
    tuning: the weight of the judge in `corrected`, 0 (none) to 1; None without a value.
    labels_to_halve: how many more labels, in the same proportions, would halve the corrected interval;
      None where it has no width or no value.
    """

    raw: Figure
    corrected: Figure
    labels_alone: Figure
    rogan_gladen: Figure
    labelled: int
    total: int
    tuning: float | None
    labels_to_halve: int | None


def corrected_rate(
    labels: Floats,
    predictions: Floats,
    strata: Integers,
    said: NDArray[np.bool_] | None = None,
    level: float = 0.95,
) -> Corrected:
    """The mean label over all answers of a run.

    labels: (answers,) in [0, 1], NaN where unlabelled; within a stratum the labelled ones must be a simple
      random sample. predictions: (answers,) the judge's probability of a hit. strata: (answers,) integers.
    said: (answers,) whether the judge's value is a hit; where not given, a prediction of at least 0.5.
    Strata with few labels: `sample` and `Sample.moment`. Raises ValueError for arrays that do not pair and
    for labels and predictions outside [0, 1].
    """
    hits: Floats = np.asarray(predictions >= 0.5 if said is None else said, dtype=float)
    _check(labels, predictions, strata, hits)
    seen = ~np.isnan(labels)
    total, labelled = len(labels), int(seen.sum())
    raw = Figure(float(hits.mean()) if total else None, None, None, total, total, JUDGE, level)
    if labelled < min(FEWEST, max(total, 1)):
        none, alone, errors = (
            _figure(None, labelled, method, level) for method in (CORRECTED, LABELS_ALONE, ROGAN_GLADEN)
        )
        return Corrected(raw, none, alone, errors, labelled, total, None, None)
    drawn = sample(labels, predictions, strata)
    tuning = _tuning(drawn, predictions[seen])
    powered = _estimate(drawn, predictions[seen], tuning)
    classical = _estimate(drawn, predictions[seen], 0.0)
    return Corrected(
        raw,
        _figure((powered.value, *powered.limits(level)), labelled, CORRECTED, level),
        _figure((classical.value, *classical.limits(level)), labelled, LABELS_ALONE, level),
        _figure(_by_errors(drawn, hits, seen, level), labelled, ROGAN_GLADEN, level),
        labelled,
        total,
        tuning,
        powered.labels_to_halve(level),
    )


def difference(a: Corrected, b: Corrected) -> Figure:
    """The corrected rate of a minus that of b, two groups without an answer in common.

    Limits by the method of variance estimates recovery (MOVER, as `intervals.difference`), independent.
    Raises ValueError for two levels.
    """
    ours, theirs = a.corrected, b.corrected
    if ours.level != theirs.level:
        raise ValueError(f"a figure of level {ours.level} cannot be set against one of {theirs.level}")
    n = ours.n + theirs.n
    if ours.value is None or theirs.value is None:
        return _figure(None, n, DIFFERENCE, ours.level)
    (down, up), (their_down, their_up) = _arms(ours), _arms(theirs)
    value = ours.value - theirs.value
    low, high = value - math.hypot(down, their_up), value + math.hypot(up, their_down)
    return _figure((value, max(low, -1.0), min(high, 1.0)), n, DIFFERENCE, ours.level)


def _arms(figure: Figure) -> tuple[float, float]:
    value, low, high = figure.value, figure.low, figure.high
    assert value is not None
    assert low is not None
    assert high is not None
    return value - low, high - value


def _figure(found: tuple[float, float, float] | None, n: int, method: str, level: float) -> Figure:
    value, low, high = found or (None, None, None)
    return Figure(value, low, high, n, n, method, level)


def _check(labels: Floats, predictions: Floats, strata: Integers, said: Floats) -> None:
    shapes = [array.shape for array in (labels, predictions, strata, said)]
    if len(set(shapes)) > 1 or labels.ndim != 1:
        raise ValueError(f"labels, predictions, strata and said must pair answer by answer, not {shapes}")
    if not np.issubdtype(strata.dtype, np.integer) and strata.size:
        raise ValueError(f"strata must be integers, not {strata.dtype}")
    if ((labels < 0) | (labels > 1)).any():
        raise ValueError("labels must lie in [0, 1], or be NaN")
    if not ((predictions >= 0) & (predictions <= 1)).all():
        raise ValueError("predictions must lie in [0, 1]")


def _tuning(drawn: Sample, predictions: Floats) -> float:
    """One weight of the judge for all strata, the one with the least variance, within [0, 1].

    predictions: (labelled,). A weight for each stratum would be fitted to a handful of labels, and makes
    a judge look better than it is; this one costs a single degree of freedom (see `_estimate`).
    """
    weights = drawn.variance_weights
    alike = float(weights @ drawn.moment(drawn.labels, predictions))
    spread = float(weights @ drawn.moment(predictions, predictions))
    if spread <= 1e-12 * float(weights.sum()) or _degrees(drawn) < 2:
        return 0.0
    return min(max(alike / spread, 0.0), 1.0)


def _degrees(drawn: Sample) -> int:
    return int((drawn.drawn - 1)[drawn.drawn < drawn.sizes].sum())


def _estimate(drawn: Sample, predictions: Floats, tuning: float) -> Uncertain:
    """predictions: (labelled,). tuning 0 gives the classical stratified mean of the labels."""
    errors = drawn.labels - tuning * predictions
    means = drawn.means(drawn.labels) + tuning * (drawn.centre - drawn.means(predictions))
    least, most = drawn.bounds
    value = min(max(float(drawn.weights @ means), least), most)
    apart = tuning * (predictions - drawn.means(predictions)[drawn.stratum])
    fit = np.clip(drawn.means(drawn.labels)[drawn.stratum] + apart, 0, 1)
    degrees = _degrees(drawn)
    variance = drawn.moment(errors, errors) * (degrees / (degrees - 1) if tuning > 0 else 1.0)
    rise, fall = (np.stack([drawn.means(room**k) for k in range(1, 5)]) for room in (1 - fit, fit))
    return Uncertain(value, drawn, variance, drawn.moment(errors, errors, errors), rise, fall)


def _by_errors(
    drawn: Sample, said: Floats, seen: NDArray[np.bool_], level: float
) -> tuple[float, float, float] | None:
    """said, seen: (answers,)."""
    known = rogan_gladen.sensitivity_and_specificity(drawn, said[seen])
    return known and rogan_gladen.true_rate(rogan_gladen.everything(said), *known, level)
