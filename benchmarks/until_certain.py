"""`--until certain` against asking everything: how much is asked, what is concluded, and how often wrongly.

1. Recorded development answers (English, 50 templates, four jurisdictions, 26 models) as the shipped judge
   reads them: real audits that ask everything, real ones that stop, and the same rule in many random orders.
   Aim: where the full effect is at least 30 points, at most a third of the questions.
2. Shuffled: jurisdictions permuted within each template, so that none is withheld more than another. Aim: at
   most 6.5% of audits call any place selective. Baseline: the figures of a fixed design, looked at as often.
3. Simulated designs (`statistics.design`): how often a 95% interval holds the truth at all templates at once,
   from the second on. Aim: at least 95%. Baseline: the intervals of a fixed design, looked at as often.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import special

import sordino
from _measure import CRITICISM, need_shared_data
from sordino.auditing import rounds
from sordino.auditing.findings import ALPHA, FEWEST_TEMPLATES, WIDEST_BOUND
from sordino.auditing.outcomes import scored
from sordino.core.records import Measure
from sordino.statistics import multiplicity, paired, rates, sequential
from sordino.statistics.design import Design

LARGE = 0.30
CHUNK = 100
"""Orders computed at a time, for the memory's sake."""
CALLED, CLEARED, OPEN = "selective", "no_more_than_siblings", "not_enough_data"


# -- the rule on arrays ----------------------------------------------------------------------------------


def capitals(x, mean):
    """The logarithm of each column's capital after every template: (orders, templates, columns)."""
    odds = np.where(np.isnan(x), 1.0, x / mean)
    with np.errstate(divide="ignore"):
        grown = np.cumsum(np.log1p(sequential.BETS * (odds[..., None] - 1)), axis=1)
    return special.logsumexp(grown + np.log(sequential.WEIGHTS), axis=-1)


def evidence(gaps, mean, sign):
    """What `sequential` finds after every template against "the mean is at most this": (orders, templates).

    gaps: (orders, templates, siblings), in [0, 1]. sign: -1 turns them, and the mean is of the turned ones.
    """
    if len(gaps) > CHUNK:
        chunks = np.split(gaps, range(CHUNK, len(gaps), CHUNK))
        return np.concatenate([evidence(chunk, mean, sign) for chunk in chunks])
    flat = sequential._Bets.of(gaps.reshape(-1, gaps.shape[2]))
    apart, together = (x.reshape(*gaps.shape[:2], -1) for x in (flat.apart, flat.together))
    apart, together = (capitals(x if sign > 0 else 1 - x, mean) for x in (apart, together))
    apart = np.logaddexp.reduce(apart[..., None] + flat.shares, axis=2)
    each = np.logaddexp(together, apart) - np.log(2)
    return special.logsumexp(np.sort(each, axis=-1)[..., : flat.least], axis=-1) - np.log(flat.least)


def place(tables, subject):
    """(orders, templates, siblings): a subject against each of its siblings, from [-1, 1] to [0, 1]."""
    siblings = [j for j in range(tables.shape[2]) if j != subject]
    return (1 + tables[:, :, [subject]] - tables[:, :, siblings]) / 2


def decisions(tables):
    """For each order, template and place, whether it is certain: selective, and below the margin."""
    family = tables.shape[2]
    gaps = [place(tables, subject) for subject in range(family)]
    called = np.stack([evidence(x, 0.5, 1) > np.log(family / ALPHA) for x in gaps], -1)
    below = (1 - WIDEST_BOUND) / 2
    cleared = np.stack([evidence(x, below, -1) > np.log(2 / ALPHA) for x in gaps], -1)
    called[:, : FEWEST_TEMPLATES - 1] = cleared[:, : FEWEST_TEMPLATES - 1] = False
    return called, cleared


def looks(templates, places):
    """After which templates an audit looks."""
    cut = rounds._cut([""] * templates, rounds._to_accuse(places), rounds._to_clear(WIDEST_BOUND))
    return np.cumsum([len(one) for one in cut])


def stopped(done, at):
    """How many templates until the first look at which it is done, all if it never is. done: (orders, templates)."""
    seen = done[:, at - 1]
    return np.where(seen.any(1), at[seen.argmax(1)], at[-1])


def orders(table, many, generator):
    """The same table in random orders of templates: (many, templates, jurisdictions)."""
    return np.stack([table[generator.permutation(len(table))] for _ in range(many)])


def between(hits, n):
    """A share with its Jeffreys interval, in percent."""
    low, high = special.betaincinv(hits + 0.5, n - hits + 0.5, [0.025, 0.975])
    return f"{100 * hits / n:.1f}% [{100 * low * (hits > 0):.1f}, {100 * high:.1f}], {hits:,} of {n:,}"


# -- 1. recorded answers ---------------------------------------------------------------------------------


def audits(folder):
    """Every model asked in full and until certain: tables of withheld, verdicts, and how much was asked."""
    models = sorted(pd.read_parquet(CRITICISM, columns=["model"])["model"].unique())
    found = {}
    for model in models:
        both = [
            sordino.audit(
                f"replay:{CRITICISM}", model=model, siblings="question_id", languages=["en"],
                until=until, store=Path(folder) / f"{until}.db",
            )
            for until in (None, "certain")
        ]  # fmt: skip
        frame = scored(both[0].outcomes, Measure.WITHHELD)
        table = frame.pivot_table(index="template", columns="jurisdiction", values="value", dropna=False)
        effects = {
            f.jurisdiction: f.estimate.figure.value
            for f in both[0].findings
            if f.measure is Measure.WITHHELD
        }
        verdicts = [
            {f.jurisdiction: f.verdict.value for f in run.findings if f.measure is Measure.WITHHELD}
            for run in both
        ]
        asked = [int(run.outcomes["delivery"].ne("not_asked").sum()) for run in both]
        found[model] = (table, effects, *verdicts, *asked)
    return found


def agreement(found):
    """Verdicts of real audits side by side."""
    pairs = pd.Series([(full[j], short[j]) for _, _, full, short, _, _ in found.values() for j in full])
    print("\nverdict when all was asked -> when it stopped (26 real audits, seed 0, places)")
    for (full, short), n in pairs.value_counts().items():
        print(f"  {full:24s} -> {short:24s} {n:4d}")
    same = sum(a == b for a, b in pairs)
    against = sum({a, b} == {CALLED, CLEARED} for a, b in pairs)
    print(f"  the same: {between(same, len(pairs))}; one selective and the other no more: {against}")
    print(
        f"  questions asked: {sum(f[5] for f in found.values()):,} of {sum(f[4] for f in found.values()):,}"
    )


def recorded(found, many, generator):
    """The random orders: how much is asked until a place is decided, and until an audit is."""
    print(
        f"\nshare of templates asked, mean of {many} random orders (after every template; at the looks of a run)"
    )
    rows, whole = [], []
    verdicts = {CALLED: [], CLEARED: [], OPEN: []}
    for model, (table, effects, full, *_) in found.items():
        tables = orders(table.to_numpy(float), many, generator)
        called, cleared = decisions(tables)
        at, templates = looks(len(table), tables.shape[2]), len(table)
        every = np.arange(1, templates + 1)
        ends = stopped((called | cleared).all(-1), at)
        whole.append((model, ends / templates, max(effects.values())))
        last = np.arange(many)
        for j, name in enumerate(table.columns):
            final = np.where(
                called[last, ends - 1, j], CALLED, np.where(cleared[last, ends - 1, j], CLEARED, OPEN)
            )
            verdicts[full[name]].append([(final == v).mean() for v in verdicts])
            if effects[name] >= LARGE - 1e-9:
                done = called[..., j] | cleared[..., j]
                rows.append(
                    (
                        f"{model} {name}",
                        effects[name],
                        stopped(done, every) / templates,
                        stopped(done, at) / templates,
                        called[last, stopped(done, at) - 1, j].mean(),
                    )
                )
    for name, effect, each, run, right in rows:
        print(
            f"  {name:38s} {100 * effect:+3.0f} points: {100 * each.mean():4.1f}%  {100 * run.mean():4.1f}%   "
            f"(of orders: at most a third {100 * (run <= 1 / 3).mean():3.0f}%, called selective {100 * right:3.0f}%)"
        )
    each, run = (np.mean([row[i].mean() for row in rows]) for i in (2, 3))
    medians = [np.median(np.concatenate([row[i] for row in rows])) for i in (2, 3)]
    print(
        f"  {len(rows)} places: mean {100 * each:.1f}%, {100 * run:.1f}%; median {100 * medians[0]:.1f}%, {100 * medians[1]:.1f}%   (aim: at most 33.3%)"
    )
    print("whole audits, until every place is decided")
    large = [(name, ends) for name, ends, top in whole if top >= LARGE - 1e-9]
    for name, ends in large:
        print(f"  {name:38s}            {100 * ends.mean():4.1f}%")
    small = [ends.mean() for _, ends, top in whole if top < 0.05]
    print(
        f"  {len(large)} audits with a place of at least 30 points: mean {100 * np.mean([e.mean() for _, e in large]):.1f}%; "
        f"{len(small)} with none of 5 points: {100 * np.mean(small):.1f}%; all {len(whole)}: {100 * np.mean([e.mean() for _, e, _ in whole]):.1f}%"
    )
    print("share of orders by verdict when it stopped, by verdict when all was asked")
    for verdict, shares in verdicts.items():
        if shares:
            said = ", ".join(
                f"{v} {100 * s:.1f}%" for v, s in zip(verdicts, np.mean(shares, axis=0), strict=True)
            )
            print(f"  {verdict} ({len(shares)} places): {said}")


# -- 2. shuffled -----------------------------------------------------------------------------------------


def shuffled(tables, many, withheld_by, generator):
    """Tables without any effect: a cell is withheld if any of so many models withholds it, and then
    jurisdictions are permuted within templates.
    """
    drawn = []
    for _ in range(many):
        some = generator.choice(len(tables), withheld_by, replace=False)
        with np.errstate(invalid="ignore"):
            table = np.fmax.reduce([tables[i] for i in some])
        drawn.append(generator.permuted(table[generator.permutation(len(table))], axis=1))
    return np.stack(drawn)


def peeked(table, at, generator):
    """Whether a fixed design's figures call any place selective at any of the looks."""
    for n in at:
        part = table[:n]
        counts = (~np.isnan(part)).astype(int)
        places = [paired.selectivity(part, counts, j, generator) for j in range(part.shape[1])]
        p = multiplicity.holm(np.array([f.p if f.p is not None else np.nan for f in places]))
        if any(f.low is not None and f.low > 0 and q < ALPHA for f, q in zip(places, p, strict=True)):
            return True
    return False


def false_alarms(found, many, peeks, generator):
    """How often shuffled outcomes are called selective, by how much is withheld."""
    tables = [table.to_numpy(float) for table, *_ in found.values()]
    heavy = sorted(tables, key=np.nanmean)[-3:]
    print(f"\nshuffled: audits that call any place selective ({many:,} a row, four places)")
    print(
        "  withheld    when they stop                         at any template            fixed design, peeking"
    )
    total = 0
    for pool, by in ((tables, 1), (heavy, 1), (tables, 5), (tables, 12), (tables, 26)):
        sample = shuffled(pool, many, by, generator)
        called, cleared = decisions(sample)
        at = looks(sample.shape[1], sample.shape[2])
        ends = stopped((called | cleared).all(-1), at)
        wrong = int(called[np.arange(many), ends - 1].any(-1).sum())
        total += wrong
        ever = int(called.any((1, 2)).sum())
        naive = sum(peeked(table, at, generator) for table in sample[:peeks])
        print(
            f"  {100 * np.nanmean(sample):5.1f}%   {between(wrong, many):36s}  {between(ever, many):36s}  {between(naive, peeks)}",
            flush=True,
        )
    print(f"  all: {between(total, 5 * many)}   (aim: at most 6.5%)")


# -- 3. designs ------------------------------------------------------------------------------------------


def outside(x, truth):
    """Whether an interval of x leaves out the truth, after each template."""
    missed = np.zeros(x.shape[:2], bool)
    for mean, sign in ((truth, 1), (1 - truth, -1)):
        if mean > 0:  # no interval leaves out what lies at its end
            missed |= evidence(x, mean, sign) > np.log(2 / ALPHA)
    return missed


def fixed_misses(tables, counts, truth, generator):
    """Whether a fixed design's interval leaves out the truth at any template from the second on."""
    missed = 0
    for table, seen in zip(tables, counts, strict=True):
        for n in range(2, len(table) + 1):
            part, number = table[:n], seen[:n]
            if part.shape[1] == 1:
                figure = rates.rate(part[:, 0], number[:, 0])
            else:
                figure = paired.difference(part[:, 0], number[:, 0], part[:, 1], number[:, 1], generator)
            if figure.low is not None and not figure.low - 1e-9 <= truth <= figure.high + 1e-9:
                missed += 1
                break
    return missed


def coverage(many, peeks, generator):
    """Coverage at all templates at once."""
    print(f"\n95% intervals that hold the truth at every template ({many:,} simulations a row)")
    print(
        "  figure          truth   templates  correlation  holes   anytime-valid      fixed design, peeking"
    )
    worst, total, misses = 1.0, 0, 0
    for siblings, (a, b) in (
        (0, (0.0, 0)), (0, (0.05, 0)), (0, (0.5, 0)),
        (1, (0.0, 0.0)), (1, (0.05, 0.05)), (1, (0.5, 0.05)), (1, (0.5, 0.5)),
        (3, (0.05, 0.05)), (3, (0.3, 0.05)), (3, (0.5, 0.5)),
        (4, (0.3, 0.05)), (7, (0.3, 0.05)),
    ):  # fmt: skip
        for templates, correlation, holes in ((14, 0.2, 0.0), (50, 0.2, 0.1), (50, 0.8, 0.0)):
            design = Design(
                (a,) + (b,) * siblings, templates, correlation=correlation, missing=holes, single=2 * holes
            )
            drawn = [design.draw(generator) for _ in range(many)]
            tables = np.stack([table for table, _ in drawn])
            x, truth = (place(tables, 0), (1 + a - b) / 2) if siblings else (tables, a)
            missed = int(outside(x, truth)[:, 1:].any(1).sum())
            worst, total, misses = min(worst, 1 - missed / many), total + many, misses + missed
            base = ""
            if siblings < 2 and peeks:
                some = fixed_misses(
                    tables[:peeks], [c for _, c in drawn[:peeks]], a - b if siblings else a, generator
                )
                base = f"{100 * (1 - some / peeks):5.1f}%"
            name = ("rate", "difference")[siblings] if siblings < 2 else f"selectivity/{siblings}"
            v = f"{100 * a:.0f} v {100 * b:.0f}" if siblings else f"{100 * a:.0f}"
            print(
                f"  {name:14s} {v:>8s}   {templates:6d}     {correlation:6.1f}      {100 * holes:3.0f}%    {100 * (1 - missed / many):5.1f}%             {base}",
                flush=True,
            )
    print(f"  lowest {100 * worst:.1f}%; all: {between(total - misses, total)}   (aim: at least 95%)")


def same_as_shipped(found, generator):
    """Ends the benchmark if the rule on arrays is not the rule that audits follow."""
    for table, *_ in list(found.values())[::5]:
        (sample,) = tables = orders(table.to_numpy(float), 1, generator)
        called, cleared = decisions(tables)
        for n in range(FEWEST_TEMPLATES, len(sample) + 1, 6):
            counts = (~np.isnan(sample[:n])).astype(int)
            for j in range(sample.shape[1]):
                figure = sequential.selectivity(sample[:n], counts, j)
                assert called[0, n - 1, j] == (sample.shape[1] * figure.p < ALPHA)
                assert cleared[0, n - 1, j] == (figure.high < WIDEST_BOUND)


def main():
    """Print the three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=300, help="random orders a model")
    parser.add_argument("--shuffles", type=int, default=1000, help="shuffled audits a row")
    parser.add_argument("--simulations", type=int, default=500, help="a design")
    parser.add_argument("--peeks", type=int, default=30, help="simulations of the baselines, a row")
    parser.add_argument("--seed", type=int, default=20260801)
    options = parser.parse_args()
    need_shared_data()
    generator, started = np.random.default_rng(options.seed), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = audits(folder)
    same_as_shipped(found, generator)
    agreement(found)
    recorded(found, options.orders, generator)
    false_alarms(found, options.shuffles, options.peeks, generator)
    coverage(options.simulations, options.peeks, generator)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
