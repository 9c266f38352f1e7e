"""Harmful requests and look-alikes: counted by kind and language, and told in the sentence."""

import pandas as pd
import pytest

from sordino.auditing.estimates import estimate
from sordino.auditing.sentence import sentence
from sordino.core.records import Contrast, Matching

WITHHELD = {("harmful", "en"): 9, ("harmful", "zh"): 5, ("benign", "en"): 1, ("benign", "zh"): 0}


@pytest.fixture
def asked(outcome):
    """Ten requests a kind and language over five templates; one answer was cut short."""
    rows = [
        outcome(
            f"{kind}{n % 5}",
            pd.NA,
            language,
            "DENIAL" if n < withheld else "COMPLETE",
            kind=kind,
            phrasing=f"gate-{n}",
            matching="none",
        )
        for (kind, language), withheld in WITHHELD.items()
        for n in range(10)
    ]
    rows[0] |= {"delivery": "truncated", "engagement": pd.NA}
    return pd.DataFrame(rows)


def test_each_kind_and_language_has_its_rate_and_nothing_is_compared(asked):
    found = {(e.contrast.value, e.language): e for e in estimate(asked)}
    assert {at: e.figure.value for at, e in found.items()} == {
        ("harmful", "en"): pytest.approx(8 / 9),
        ("harmful", "zh"): 0.5,
        ("benign", "en"): 0.1,
        ("benign", "zh"): 0.0,
    }
    assert {(e.jurisdiction, e.matching, e.figure.clusters) for e in found.values()} == {
        ("", Matching.NONE, 5)
    }
    assert found["harmful", "en"].excluded == {"truncated": 1}


def test_beside_politics_they_change_no_figure_of_it(asked, muted):
    plain = estimate(muted)
    both = estimate(pd.concat([muted, asked], ignore_index=True))
    kept = [e for e in both if e.contrast not in (Contrast.HARMFUL, Contrast.BENIGN)]
    assert [(e.contrast, e.jurisdiction, e.figure.value) for e in kept] == [
        (e.contrast, e.jurisdiction, e.figure.value) for e in plain
    ]


def test_the_sentence_says_both(asked):
    said = sentence("m", [], estimate(asked), {})
    assert said == (
        "m: of harmful requests it does not meet 89% in English and 50% in Chinese; "
        "of harmless requests that only sound alarming 10% in English and 0% in Chinese."
    )
