"""Labels drawn from the strata of a run's answers: how many from each, and what an estimate is worth.

The answers of a run are finitely many, so what is uncertain is only which of them were labelled: within a
stratum of N_h answers the n_h labelled ones are a simple random sample without replacement, and a stratum
labelled to the end adds no variance (Cochran 1977, Sampling Techniques, chapters 2, 5 and 5A).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sordino.statistics.intervals import PRIOR, Floats, Integers

LEAST = 5
"""What `allocation` draws from every stratum before it looks at the spread."""

FEWEST = 3
"""A stratum with fewer labels than this borrows its variance: two labels mostly agree by chance."""

_NOTHING = 1e-12
_NEARLY_NORMAL = 1e-3


@dataclass(frozen=True, slots=True)
class Sample:
    """The labelled answers of a run, by stratum.

    labels: (labelled,) in [0, 1]. stratum: (labelled,) the place of each in the arrays by stratum.
    sizes, drawn, centre: (strata,) answers, labels (at least 1) and mean prediction over all answers.
    """

    labels: Floats
    stratum: NDArray[np.intp]
    sizes: Integers
    drawn: Integers
    centre: Floats

    @property
    def weights(self) -> Floats:
        return np.asarray(self.sizes / self.sizes.sum())

    @property
    def total(self) -> int:
        return int(self.sizes.sum())

    @property
    def variance_weights(self) -> Floats:
        """What multiplies each stratum's variance in that of a weighted mean, with (1 - n_h/N_h)."""
        return np.asarray(self.weights**2 * (1 - self.drawn / self.sizes) / self.drawn)

    @property
    def bounds(self) -> tuple[float, float]:
        """Where full labelling must end, whatever the answers without a label are."""
        hits, unseen = float(self.labels.sum()), self.total - len(self.labels)
        return hits / self.total, (hits + unseen) / self.total

    def means(self, values: Floats) -> Floats:
        """values: (labelled,). Their mean by stratum: (strata,)."""
        return np.asarray(np.bincount(self.stratum, values, len(self.sizes)) / self.drawn)

    def moment(self, *factors: Floats) -> Floats:
        """The product moment about the means, of two factors (over n - 1) or of three (over n): (strata,).

        factors: (labelled,) each. A stratum with fewer than `FEWEST` labels, unless labelled to the end,
        takes the moment over its labels and those of the strata nearest to it in mean prediction (ties:
        the lower number), as many as it takes: collapsed strata, which overstate the variance if anything.
        """
        spare = 1 if len(factors) == 2 else 0
        apart = np.prod([f - self.means(f)[self.stratum] for f in factors], axis=0)
        moments = np.bincount(self.stratum, apart, len(self.sizes)) / np.maximum(self.drawn - spare, 1)
        for few, mine in self._borrowers():
            apart = np.prod([f[mine] - f[mine].mean() for f in factors], axis=0)
            moments[few] = apart.sum() / max(int(mine.sum()) - spare, 1)
        return np.asarray(moments)

    def _borrowers(self) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        for few in np.flatnonzero((self.drawn < FEWEST) & (self.drawn < self.sizes)):
            away = _away(self.centre, self.centre[few])
            away[few] = -1
            order = np.argsort(away, kind="stable")
            enough = 1 + int(np.searchsorted(np.cumsum(self.drawn[order]), FEWEST))
            yield int(few), np.isin(self.stratum, order[:enough])


def _away(centre: Floats, other: Floats) -> Floats:
    """Rounded, so that the order of answers decides no tie."""
    return np.asarray(np.round(np.abs(centre - other), 10))


def sample(labels: Floats, predictions: Floats, strata: Integers) -> Sample:
    """The sample that labels make. A stratum without labels joins the one with labels whose mean prediction
    is nearest (ties: the lower number), so that no answer is dropped.

    labels, predictions, strata: (answers,); NaN where unlabelled; at least one label.
    """
    seen = ~np.isnan(labels)
    _, place = np.unique(strata, return_inverse=True)
    centre = np.bincount(place, predictions) / np.bincount(place)
    labelled = np.bincount(place, seen) > 0
    homes = np.flatnonzero(labelled)
    nearest = homes[_away(centre[:, None], centre[homes]).argmin(axis=1)]
    home = np.where(labelled, np.arange(len(centre)), nearest)
    _, place = np.unique(home[place], return_inverse=True)
    sizes = np.bincount(place)
    drawn = np.bincount(place[seen], minlength=len(sizes))
    return Sample(labels[seen], place[seen], sizes, drawn, np.bincount(place, predictions) / sizes)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A rate estimated from a sample, with all that its limits depend on but the number of labels.

    variance, third: (strata,) second and third moments of a label's error about its stratum's mean.
    rise, fall: (4, strata) means over the labels of r, r^2, r^3, r^4, where r is how far the rate would
      have risen (fallen) for that label alone, had it been a hit (a miss): 1 - fit, and fit.
    """

    value: float
    sample: Sample
    variance: Floats
    third: Floats
    rise: Floats
    fall: Floats

    def limits(self, level: float) -> tuple[float, float]:
        """Both limits; they hold the value, and meet only where everything is labelled.

        Each limit is a quantile of the gamma distribution with three moments: the estimate's own (the
        third doubled, as a posterior's is), and those of half an error that nobody saw - a hit among the
        answers without label for the upper limit, a miss for the lower. It may be in any stratum, as a
        further label may, where the fit leaves room for it. Half an error of the other kind pulls the
        limit back as far as the labels bear it out (`_borne_out`). With one stratum and no judge this is
        close to Jeffreys' interval; the idea is Fay & Feuer's (1997, Stat. Med. 16:791) for weighted
        counts, with half an event, as in `intervals`, where they add one.
        """
        low, high = self._limits(level, self.sample.drawn.astype(float))
        least, most = self.sample.bounds
        return max(low, least), min(high, most)

    def _limits(self, level: float, drawn: Floats) -> tuple[float, float]:
        weights, left = self.sample.weights, 1 - drawn / self.sample.sizes
        own = np.array([
            0.0,
            (weights**2 * left / drawn) @ self.variance,
            2 * (weights**3 * left * np.maximum(2 * left - 1, 0) / drawn**2) @ self.third,
        ])  # fmt: skip
        further = np.where(left > _NOTHING, drawn, 0.0), weights * left / drawn
        rise = _half_error(self.rise, *further)
        fall = _half_error(self.fall, *further) * [-1, 1, -1]
        tail = (1 - level) / 2
        low = self.value + _quantile(own + fall + _borne_out(own, rise) * rise, tail)
        high = self.value + _quantile(own + rise + _borne_out(own, fall) * fall, 1 - tail)
        return min(low, self.value), max(high, self.value)

    def labels_to_halve(self, level: float) -> int | None:
        """How many more labels, in the same proportions, halve the interval; None if it has no width."""
        sizes, drawn = self.sample.sizes, self.sample.drawn.astype(float)
        low, high = self.limits(level)
        left = int(sizes.sum() - drawn.sum())
        if left == 0 or high - low <= _NOTHING:
            return None
        most, least = left, 0
        while most - least > 1:
            more = (most + least) // 2
            raised = _filled(drawn, drawn, sizes, drawn.sum() + more)
            lower, upper = self._limits(level, raised)
            most, least = (more, least) if upper - lower <= (high - low) / 2 else (most, more)
        return most


def _half_error(reach: Floats, chance: Floats, worth: Floats) -> Floats:
    """Mean, variance and third moment of Jeffreys' half event, (3,); 0 where there is no room for one."""
    room = float(chance @ reach[0])
    if room <= _NOTHING:
        return np.zeros(3)
    events = np.array([chance @ (worth**k * reach[k]) / room for k in (1, 2, 3)])
    return np.asarray(events * [PRIOR, PRIOR, 2 * PRIOR])


def _borne_out(own: Floats, half: Floats) -> float:
    """0 where the labels show no variance, near 1 where they show far more than half an error's.

    Counted in full, as Jeffreys' prior counts both, half an unseen hit would lift the lower limit above a
    rate that a nearly perfect judge has right: it would be certain of the very errors it did not see.
    The square was chosen by simulation, over populations and judges of many kinds.
    """
    variance = float(own[1] + half[1])
    return float(own[1] / variance) ** 2 if variance > 0 else 0.0


def _quantile(moments: Floats, chance: float) -> float:
    """Of the shifted, perhaps mirrored, gamma distribution with this mean, variance and third moment."""
    mean, variance, third = (float(m) for m in moments)
    if variance <= _NOTHING**2:
        return mean
    skew = third / variance**1.5
    if abs(skew) < _NEARLY_NORMAL:
        return float(mean + variance**0.5 * special.ndtri(chance))
    shape = 4 / skew**2
    place = special.gammaincinv(shape, chance if skew > 0 else 1 - chance)
    return float(mean + variance**0.5 * (place - shape) * skew / 2)


def allocation(sizes: Integers, spread: Floats, total: int) -> Integers:
    """How many labels to draw from each stratum: (strata,), summing to min(total, answers).

    sizes: (strata,) answers. spread: (strata,) the standard deviation that a label is expected to have.
    Neyman's allocation, proportional to size x spread (1934, J. R. Stat. Soc. 97:558), but at least
    min(N_h, `LEAST`) each while the total allows, and never more than N_h. Raises ValueError for what is
    no size, spread or total.
    """
    sizes, spread = np.asarray(sizes), np.asarray(spread, dtype=float)
    if sizes.shape != spread.shape or sizes.ndim != 1:
        raise ValueError(f"sizes {sizes.shape} and spread {spread.shape} must be one a stratum")
    if total < 0 or (sizes < 0).any() or not (np.isfinite(spread) & (spread >= 0)).all():
        raise ValueError("sizes, spread and total must be 0 or more")
    total = min(int(total), int(sizes.sum()))
    least = max(k for k in range(LEAST + 1) if np.minimum(sizes, k).sum() <= total)
    most = sizes if least == LEAST else np.minimum(sizes, least + 1)
    expected = np.maximum(spread / spread.max(), 1e-9) if spread.any() else np.ones(len(sizes))
    shares = _filled(sizes * expected, np.minimum(sizes, least), most, total)
    whole = np.floor(shares + 1e-9).astype(np.int64)
    largest = np.argsort(whole - shares, kind="stable")[: total - int(whole.sum())]
    whole[largest] += 1
    return whole


def _filled(weights: Floats, least: Floats | Integers, most: Floats | Integers, total: float) -> Floats:
    """Shares proportional to weights between least and most that sum to total: (strata,)."""
    inside = weights > 0
    steps = np.concatenate([[0.0], *(edge[inside] / weights[inside] for edge in (least, most))])
    steps = np.unique(steps)
    sums = np.clip(steps[:, None] * weights, least, most).sum(axis=1)
    return np.asarray(np.clip(np.interp(total, sums, steps) * weights, least, most))
