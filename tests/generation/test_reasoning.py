"""Splitting traces from answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.generation.reasoning import split


@pytest.mark.parametrize(
    ("text", "field", "expected"),
    [
        ("<think>\nHm.\n</think>\n\nYes.", None, ("Hm.", "Yes.")),
        ("\n<think>Hm.</think>Yes.", None, ("Hm.", "Yes.")),
        ("<thinking>Hm.</thinking> Yes.", None, ("Hm.", "Yes.")),
        ("<think>\n\n</think>\n\nYes.", None, ("", "Yes.")),
        ("Hm.\n</think>\n\nYes.", None, ("Hm.", "Yes.")),
        ("</think>Yes.", None, ("", "Yes.")),
        ("<think>Hm, and then", None, ("Hm, and then", "")),
        ("<think>", None, ("", "")),
        ("A long answer.", None, (None, "A long answer.")),
        ("", None, (None, "")),
        ("Write <think>so</think> in XML.", None, (None, "Write <think>so</think> in XML.")),
        ("Yes.", "Hm.", ("Hm.", "Yes.")),
        ("Yes.", "", ("", "Yes.")),
        ("<think>Hm.</think>Yes.", "Hm.", ("Hm.", "Yes.")),
        ("<think>Other.</think>Yes.", "Hm.", ("Hm.", "<think>Other.</think>Yes.")),
        ("<think>Hm.</think>Yes.", "", ("Hm.", "Yes.")),
        ("<think>One</think>Two</think>Three", None, ("One", "Two</think>Three")),
    ],
)
def test_splits(text, field, expected):
    assert split(text, field) == expected


WORDS = st.text().filter(lambda t: "<" not in t)


@given(trace=WORDS, answer=WORDS)
def test_nothing_but_outer_space_is_lost(trace, answer):
    assert split(f"<think>{trace}</think>{answer}") == (trace.strip(), answer.lstrip())


@given(st.text().filter(lambda t: "think" not in t))
def test_texts_without_tags_are_untouched(text):
    assert split(text) == (None, text)
