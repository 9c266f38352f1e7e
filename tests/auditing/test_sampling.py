"""Samples for labelling: stratified, at random within strata, and the smaller inside the larger."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sordino.auditing.sampling import LEAST_SPREAD, draw, frame, strata
from sordino.statistics.prediction_powered import allocation

STRING = pd.StringDtype("python")


def outcomes(rows):
    """rows: (language, engagement, p_complete, how many), with None for what is missing."""
    spread = [(lang, value, p) for lang, value, p, many in rows for _ in range(many)]
    total = len(spread)
    return pd.DataFrame(
        {
            "key": pd.array([f"{i:032x}" for i in range(total)], dtype=STRING),
            "language": pd.array([lang for lang, _, _ in spread], dtype=STRING),
            "engagement": pd.array([value for _, value, _ in spread], dtype=STRING),
            "p_complete": pd.array([p for _, _, p in spread], dtype="Float64"),
            "delivery": pd.array(["delivered"] * total, dtype=STRING),
            "jurisdiction": pd.array([("XA", "XB", None)[i % 3] for i in range(total)], dtype=STRING),
        }
    )


SOME = [
    ("en", "COMPLETE", 0.99, 200),
    ("en", "PARTIAL", 0.4, 40),
    ("en", "DENIAL", 0.02, 60),
    ("zh", "COMPLETE", 0.9, 120),
    ("zh", "DENIAL", 0.3, 3),
    ("zh", "PARTIAL", None, 30),
]


def keys(sample):
    return set(sample["key"])


def counts(sample):
    return sample["stratum"].value_counts().to_dict()


def test_a_stratum_is_language_value_and_how_sure():
    table = outcomes(
        [
            ("en", "COMPLETE", 0.8, 1),
            ("en", "COMPLETE", 0.79, 1),
            ("zh", "DENIAL", 0.2, 1),
            ("zh", "DENIAL", 0.21, 1),
            ("fr", "PARTIAL", None, 1),
            ("fr", None, None, 1),
            ("fr", "DENIAL", 0.1, 1),
        ]
    )
    table.loc[6, "delivery"] = "truncated"
    found = strata(table)
    assert [None if pd.isna(name) else name for name in found] == [
        "en/COMPLETE/sure",
        "en/COMPLETE/unsure",
        "zh/DENIAL/sure",
        "zh/DENIAL/unsure",
        "fr/PARTIAL/unstated",
        None,
        None,
    ]
    assert len(frame(table)) == 5


def test_what_asks_the_same_is_drawn_once():
    table = outcomes([("en", "COMPLETE", 0.9, 3)])
    table.loc[1, "key"] = table.loc[0, "key"]
    table.loc[2, "key"] = pd.NA
    assert len(frame(table)) == 1


def test_the_sizes_are_neymans():
    drawable = frame(outcomes(SOME))
    sample = draw(drawable, 100)
    found = counts(sample)
    # In the order of names: en COMPLETE DENIAL PARTIAL, zh COMPLETE DENIAL PARTIAL.
    sizes = np.array([200, 60, 40, 120, 3, 30])
    spread = np.array([LEAST_SPREAD, 0.14, 0.24**0.5, 0.3, 0.21**0.5, 0.4])
    expected = allocation(sizes, spread, 100)
    names = sorted(found)
    assert names[0] == "en/COMPLETE/sure"
    assert names[-1] == "zh/PARTIAL/unstated"
    assert np.abs(np.array([found[name] for name in names]) - expected).max() <= 1
    assert len(sample) == 100
    assert found["en/PARTIAL/unsure"] / 40 > 3 * found["en/COMPLETE/sure"] / 200


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["en", "zh"]),
            st.sampled_from(["COMPLETE", "PARTIAL", "DENIAL"]),
            st.one_of(st.none(), st.floats(0, 1)),
            st.integers(1, 25),
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(1, 120),
    st.integers(0, 60),
    st.integers(0, 3),
    st.sampled_from([(), ("jurisdiction",)]),
)
def test_a_larger_sample_holds_the_smaller(rows, small, more, seed, over):
    drawable = frame(outcomes(rows))
    one = draw(drawable, small, seed=seed, over=over)
    other = draw(drawable, small + more, seed=seed, over=over)
    assert keys(one) <= keys(other)
    assert len(one) == len(keys(one)) == min(small, len(drawable))
    assert len(other) == min(small + more, len(drawable))


def test_a_sample_is_the_same_whatever_the_order_of_rows_and_another_seed_draws_another():
    drawable = frame(outcomes(SOME))
    sample = draw(drawable, 60)
    shuffled = draw(drawable.sample(frac=1, random_state=1), 60)
    assert list(sample["key"]) == list(shuffled["key"])
    assert keys(sample) != keys(draw(drawable, 60, seed=1))


def test_a_language_alone_continues_what_was_drawn_of_it():
    drawable = frame(outcomes(SOME))
    chinese = drawable[drawable["language"] == "zh"]
    of_all, alone = draw(drawable, 100), draw(chinese, 60)
    both = {name: n for name, n in counts(of_all).items() if name.startswith("zh")}
    for name, n in both.items():
        smaller, larger = sorted([(n, of_all), (counts(alone)[name], alone)], key=lambda pair: pair[0])
        inside = keys(smaller[1][smaller[1]["stratum"] == name])
        assert inside <= keys(larger[1][larger[1]["stratum"] == name])


@pytest.mark.parametrize("over", [(), ("jurisdiction",)])
def test_within_a_stratum_everything_is_as_likely(over):
    drawable = frame(outcomes([("en", "COMPLETE", 0.9, 18)]))
    times = pd.Series(0, index=drawable["key"])
    for seed in range(240):
        times[list(draw(drawable, 6, seed=seed, over=over)["key"])] += 1
    # Each is in a third of the samples; over the 18 that are tied by their sum this is chi-square.
    statistic = ((times - 80) ** 2 / (80 * 2 / 3)).sum() * 17 / 18
    assert stats.chi2.sf(statistic, 17) > 0.001


def test_spread_over_a_column_each_value_has_its_share():
    drawable = frame(outcomes([("en", "COMPLETE", 0.9, 300)]))
    for total in (30, 60, 90):
        shares = draw(drawable, total, over=("jurisdiction",))["jurisdiction"].fillna("-").value_counts()
        assert abs(shares - total / 3).max() <= 1


def test_rows_come_in_an_order_that_tells_nothing():
    sample = draw(frame(outcomes(SOME)), 100)
    codes = sample["stratum"].astype("category").cat.codes.to_numpy()
    runs = 1 + int((np.diff(codes) != 0).sum())
    assert runs > 60, "sorted by stratum there would be six runs of rows"
