"""Agreement from tables of counts: equal to what it is of labels, with intervals that cover the truth."""

import numpy as np
import pytest
from scipy import stats

from sordino.statistics import agreement, confusion
from sordino.statistics.confusion import Counts

LABELS = ("a", "b", "c")


def counts(truth, said, cluster):
    tables = np.zeros((max(cluster) + 1, 3, 3), int)
    np.add.at(tables, (cluster, truth, said), 1)
    return Counts(tables)


def drawn(generator, clusters=12, size=20, spread=0.0):
    """Answers of models that are right 85% of the time on average."""
    right = np.clip(0.85 + spread * generator.standard_normal(clusters), 0.02, 0.98)
    cluster = np.repeat(np.arange(clusters), size)
    truth = generator.choice(3, clusters * size, p=[0.7, 0.2, 0.1])
    wrong = (truth + generator.integers(1, 3, len(truth))) % 3
    said = np.where(generator.random(len(truth)) < right[cluster], truth, wrong)
    return truth, said, cluster


def test_the_values_are_those_of_the_labels():
    truth, said, cluster = drawn(np.random.default_rng(1))
    found, generator = counts(truth, said, cluster), np.random.default_rng(0)
    assert confusion.accuracy(found).value == pytest.approx(agreement.accuracy(list(truth), list(said)))
    assert confusion.kappa(found, generator).value == pytest.approx(
        agreement.kappa(list(truth), list(said))
    )
    assert confusion.macro_f1(found, generator).value == pytest.approx(
        agreement.macro_f1(list(truth), list(said))
    )


def test_wilson_against_scipy():
    for hits, n in ((0, 7), (3, 9), (50, 50), (812, 1000)):
        known = stats.binomtest(hits, n).proportion_ci(method="wilson")
        assert confusion.wilson(hits / n, n) == pytest.approx((known.low, known.high), abs=1e-12)


@pytest.mark.parametrize(
    ("clusters", "spread", "least"), [(10, 0.0, 0.91), (12, 0.1, 0.91), (26, 0.1, 0.92)]
)
def test_intervals_cover_the_truth_also_where_models_differ(clusters, spread, least):
    generator = np.random.default_rng(clusters)
    whole = counts(*drawn(generator, clusters=4_000, size=50, spread=spread))
    truth = {m: getattr(confusion, m)(whole, *([generator] if m != "accuracy" else [])).value
             for m in ("accuracy", "kappa", "macro_f1")}  # fmt: skip
    hits = dict.fromkeys(truth, 0)
    for _ in range(200):
        found = counts(*drawn(generator, clusters=clusters, size=50, spread=spread))
        for measure, value in truth.items():
            more = [generator] if measure != "accuracy" else []
            figure = getattr(confusion, measure)(found, *more)
            hits[measure] += figure.low <= value <= figure.high
    assert {m: n / 200 for m, n in hits.items() if n / 200 < least} == {}


def test_few_models_are_told_from_many():
    generator = np.random.default_rng(3)
    few = counts(*drawn(generator, clusters=9))
    many = counts(*drawn(generator, clusters=10))
    assert confusion.kappa(few, generator).method == "bootstrap over answers"
    assert confusion.kappa(many, generator).method == "bootstrap over 10 models"
    assert "10 models" in confusion.accuracy(many).method
    assert "answers" in confusion.accuracy(few).method


def test_what_cannot_be_said_is_none():
    generator = np.random.default_rng(0)
    nothing = confusion.kappa(Counts(np.zeros((0, 3, 3), int)), generator)
    assert (nothing.value, nothing.low, nothing.n) == (None, None, 0)
    assert confusion.accuracy(Counts(np.zeros((0, 3, 3), int))).value is None
    sure = counts([0] * 30, [0] * 30, [0] * 30)
    assert confusion.kappa(sure, generator).value is None
    assert confusion.accuracy(sure).value == 1
    assert confusion.accuracy(sure).low < 0.9
    rare = counts([0] * 200 + [1] * 4, [0] * 200 + [1, 1, 1, 0], [0] * 204)
    figure = confusion.kappa(rare, generator)
    assert figure.value == pytest.approx(agreement.kappa([0] * 200 + [1] * 4, [0] * 200 + [1, 1, 1, 0]))
    assert (figure.low, figure.high) == (None, None)


def test_the_same_seed_gives_the_same_interval():
    found = counts(*drawn(np.random.default_rng(2)))
    one, two = (confusion.kappa(found, np.random.default_rng(5)) for _ in range(2))
    assert one == two
