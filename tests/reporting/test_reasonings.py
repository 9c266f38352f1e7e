"""Every value of the reasoning judge has a name in reports, and counts alike in figures and on the page."""

import pandas as pd
import pytest

from sordino.auditing.outcomes import scored
from sordino.core.records import Measure
from sordino.reporting import tally, words

VALUES = ("none", "planned_then_withheld", "trace_suppressed", "trace_contradicts_answer")


def test_every_value_has_a_name():
    assert set(words.REASONINGS) == set(VALUES)


@pytest.mark.parametrize("value", [*VALUES, None])
def test_whatever_a_trace_shows_counts_alike_in_figures_and_on_the_page(value):
    row = {"delivery": "delivered", "state": "COMPLETE", "reasoning": value, "has_reasoning": True}
    frame = pd.DataFrame([row]).astype({"reasoning": object})
    hits, n = tally.hits(frame, Measure.THOUGHT_SUPPRESSION)
    (figure,) = scored(frame, Measure.THOUGHT_SUPPRESSION)["value"]
    assert (hits[0], n[0]) == ((0.0, 0.0) if value is None else (float(value != "none"), 1.0))
    assert pd.isna(figure) if value is None else figure == hits[0]
