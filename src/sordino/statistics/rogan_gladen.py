"""A rate corrected by a judge's sensitivity and specificity: the older way, to compare with.

Rogan & Gladen 1978, Am. J. Epidemiol. 107:71; limits by Lang & Reiczigel 2014, Prev. Vet. Med. 113:13.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from sordino.statistics.intervals import Floats
from sordino.statistics.stratified import Sample

_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Share:
    """An estimated share and the number of independent observations it is worth; infinite when known."""

    value: float
    size: float


def true_rate(
    apparent: Share, sensitivity: Share, specificity: Share, level: float
) -> tuple[float, float, float] | None:
    """The rate behind an apparent one, and both limits; None where sensitivity + specificity is at most 1.

    The three shares are taken for independent. Limits as in equations 6 to 17 of Lang & Reiczigel, in
    [0, 1], widened to the value where their shift has passed it.
    """
    if sensitivity.value + specificity.value - 1 <= _NOTHING:
        return None
    value = _corrected(apparent.value, sensitivity.value, specificity.value)
    value = min(max(value, 0.0), 1.0)
    z = float(special.ndtri((1 + level) / 2))
    (ap, ap_size), (se, se_size), (sp, sp_size) = (
        _smoothed(one, more) for one, more in ((apparent, z * z), (sensitivity, 2.0), (specificity, 2.0))
    )
    if se + sp - 1 <= _NOTHING:
        return value, 0.0, 1.0
    centre = _corrected(ap, se, sp)
    by_se, by_sp = se * (1 - se) / se_size, sp * (1 - sp) / sp_size
    variance = ap * (1 - ap) / ap_size + centre**2 * by_se + (1 - centre) ** 2 * by_sp
    half = z * math.sqrt(variance) / (se + sp - 1)
    centre += 2 * z * z * (centre * by_se - (1 - centre) * by_sp)
    return value, min(max(centre - half, 0.0), value), max(min(centre + half, 1.0), value)


def _corrected(apparent: float, sensitivity: float, specificity: float) -> float:
    return (apparent + specificity - 1) / (sensitivity + specificity - 1)


def _smoothed(share: Share, more: float) -> tuple[float, float]:
    """Half of `more` hits and half of `more` misses added."""
    if math.isinf(share.size):
        return share.value, math.inf
    return (share.size * share.value + more / 2) / (share.size + more), share.size + more


def sensitivity_and_specificity(sample: Sample, said: Floats) -> tuple[Share, Share] | None:
    """Of the judge over all answers, from the labelled ones; None where a side has no label.

    said: (labelled,) 1 where the judge counted a hit. Every label weighs N_h / n_h. The size is that of
    the linearised variance, and at most Kish's (1965): with few errors the variance may have missed them.
    """
    hits, misses = sample.labels, 1 - sample.labels
    if hits.sum() <= _NOTHING or misses.sum() <= _NOTHING:
        return None
    return _share(sample, hits, said), _share(sample, misses, 1 - said)


def _share(sample: Sample, of: Floats, agreed: Floats) -> Share:
    weights, left = sample.weights, 1 - sample.drawn / sample.sizes
    per_label = (weights / sample.drawn)[sample.stratum]
    total = float(per_label @ of)
    value = min(float(per_label @ (of * agreed)) / total, 1.0)
    kish = float((per_label**2 * left[sample.stratum]) @ of**2) / total**2
    errors = of * (agreed - value)
    variance = float(sample.variance_weights @ sample.moment(errors, errors)) / total**2
    spread = value * (1 - value)
    inverse = max(kish, variance / spread if spread > _NOTHING else 0.0)
    return Share(value, 1 / inverse if inverse > _NOTHING else math.inf)


def everything(said: Floats) -> Share:
    """The judge's own rate over all answers of a run, which is known: nothing of it was sampled."""
    return Share(float(np.mean(said)), math.inf)
