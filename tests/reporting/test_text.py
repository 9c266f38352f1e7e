import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.reporting.text import cell, clip, label, link, token, visible

ANYTHING = st.text(st.characters())  # lone surrogates included


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[2Jgone\x00", "␛[2Jgone␀"),
        ("\u202eabc\u2066", "⟨U+202E⟩abc⟨U+2066⟩"),
        ("\ud800", "⟨U+D800⟩"),
        ("a\r\nb\rc", "a\nb␍c"),
        ("\x7f\x9b", "␡⟨U+009B⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        ("می‌خواهم 中文 👩‍🚀", "می‌خواهم 中文 👩‍🚀"),
    ],
)
def test_acting_characters_become_signs_and_scripts_stay(raw: str, shown: str) -> None:
    assert visible(raw) == shown


@given(ANYTHING)
def test_what_is_visible_can_be_written_and_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert visible(shown) == shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


@given(ANYTHING)
def test_a_token_is_safe_in_an_attribute_and_a_fragment(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]+", token(text))


def test_tokens_keep_plain_names_and_tell_others_apart() -> None:
    assert token("protest-crackdown") == "protest-crackdown"
    assert token(None) == "-"
    assert len({token(t) for t in ("-", "", '"', "'", "a b", "a&b", "\ud800", None)}) == 8


def test_links_have_one_order() -> None:
    assert link(l="zh", j="XB", t="x") == "#t=x&j=XB&l=zh"


def test_labels_are_one_short_line() -> None:
    assert label("a\n b\x00") == "a b␀"
    assert len(label("x" * 1_000_000)) == 160


def test_clipping_says_how_much_is_left() -> None:
    assert clip("x" * 1_000_000) == ("x" * 8_000, 992_000)
    assert clip("x") == ("x", 0)


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_csv_cell_is_no_formula(formula: str) -> None:
    assert cell(formula) == "'" + formula
