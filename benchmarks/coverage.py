"""How often the 95% intervals of this room hold the truth, at the designs audits have.

Baseline in the same run: a percentile bootstrap over templates. Aim: 93 to 98% in every design that is
not all zero, and no interval of zero width. Where every observation is 0 any interval that reaches 0
holds the truth, so there the width is the point: it must not be zero and must shrink with templates.

The truth is the superpopulation's: the subject's rate minus the (median) sibling's. Cells are
beta-binomial around it, half of a template's effect is shared between jurisdictions; "unequal" misses 10%
of the cells and has one observation instead of two in another 20%.
"""

import argparse
import time
from itertools import product

import numpy as np

from sordino.statistics.design import Design
from sordino.statistics.intervals import median_of_columns
from sordino.statistics.paired import difference, selectivity
from sordino.statistics.rates import rate

TRUTHS = ((0.50, 0.05), (0.10, 0.03), (0.95, 0.02), (0.0, 0.0))
TEMPLATES = (8, 12, 14)
RESAMPLES = 400


def bootstrap(rates, counts, generator):
    """The percentile interval of subject - median sibling, resampling templates. (low, high) or None."""
    times = generator.multinomial(len(rates), np.full(len(rates), 1 / len(rates)), RESAMPLES)
    seen = times @ counts
    means = times @ (counts * np.nan_to_num(rates)) / np.where(seen > 0, seen, np.nan)
    gaps = means[:, 0] - (median_of_columns(means[:, 1:]) if means.shape[1] > 1 else 0.0)
    gaps = gaps[~np.isnan(gaps)]
    return np.quantile(gaps, [0.025, 0.975]) if gaps.size else None


def figure(rates, counts, generator):
    """What the room gives for this many jurisdictions."""
    if rates.shape[1] == 1:
        return rate(rates[:, 0], counts[:, 0])
    if rates.shape[1] == 2:
        return difference(rates[:, 0], counts[:, 0], rates[:, 1], counts[:, 1], generator)
    return selectivity(rates, counts, 0, generator)


def measure(design, simulations, generator):
    """Arrays of (low, high) of the room and of the baseline, one row a simulation."""
    ours, theirs = [], []
    while len(ours) < simulations:
        data = design.draw(generator)
        found, base = figure(*data, generator), bootstrap(*data, generator)
        if found.low is not None and base is not None:
            ours.append((found.low, found.high))
            theirs.append(base)
    return np.array(ours), np.array(theirs)


def row(name, design, simulations, generator):
    """One printed line; the room's coverage, whether the design is all zero, and the least width."""
    truth = design.truth[0] - (np.median(design.truth[1:]) if len(design.truth) > 1 else 0.0)
    ours, theirs = measure(design, simulations, generator)
    low, high = ours.T
    held = (low <= truth + 1e-9) & (truth <= high + 1e-9)
    base = ((theirs[:, 0] <= truth + 1e-9) & (truth <= theirs[:, 1] + 1e-9)).mean()
    width, narrow = (high - low).mean(), (theirs[:, 1] - theirs[:, 0]).mean()
    error = np.sqrt(max(held.mean() * (1 - held.mean()), 1 / simulations) / simulations)
    rates = " v ".join(f"{100 * t:.0f}" for t in design.truth[:2])
    print(
        f"{name:14s} {rates:>8s} {design.templates:3d}  {'unequal' if design.missing else 'full':8s}"
        f"{100 * held.mean():5.1f} ± {100 * error:.1f}   {100 * (truth < low).mean():4.1f} {100 * (truth > high).mean():4.1f}"
        f"   {width:.3f}  {(high - low).min():.3f}   {100 * base:5.1f}   {narrow:.3f}  "
        f"{f'{width / narrow:5.2f}' if narrow > 0 else '    -'}",
        flush=True,
    )
    return held.mean(), not any(design.truth), (high - low).min()


def main():
    """Print the table and how many designs meet the aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=300, help="per design")
    parser.add_argument("--correlation", type=float, default=0.2, help="within a template")
    parser.add_argument("--shared", type=float, default=0.5, help="of a template's effect, 0 to 1")
    parser.add_argument("--templates", type=int, nargs="+", default=TEMPLATES)
    parser.add_argument("--seed", type=int, default=20260801)
    options = parser.parse_args()
    generator, started = np.random.default_rng(options.seed), time.perf_counter()
    print(f"{options.simulations} simulations a design, correlation {options.correlation:g}, nominal 95%")
    print(
        "                                        sordino                                 percentile bootstrap"
    )
    print(
        "figure            truth   T  cells   coverage ± SE  below above   width  least    coverage  width  ratio"
    )
    results = []
    kinds = (("rate", 0), ("difference", 1), ("selectivity/3", 3), ("selectivity/5", 5))
    for (name, siblings), (subject, sibling), templates, unequal in product(
        kinds, TRUTHS, options.templates, (False, True)
    ):
        design = Design(
            (subject,) + (sibling,) * siblings, templates, correlation=options.correlation,
            shared=options.shared, missing=0.1 * unequal, single=0.2 * unequal,
        )  # fmt: skip
        results.append(row(name, design, options.simulations, generator))
    coverage = np.array([held for held, zero, _ in results if not zero])
    within = ((coverage >= 0.93) & (coverage <= 0.98)).sum()
    print(
        f"{within} of {len(coverage)} designs in 93-98%; {(coverage < 0.93).sum()} below, {(coverage > 0.98).sum()} above;"
        f" lowest {100 * coverage.min():.1f}, highest {100 * coverage.max():.1f}; least width of all {min(w for *_, w in results):.3f};"
        f" {time.perf_counter() - started:.0f} s"
    )


if __name__ == "__main__":
    main()
