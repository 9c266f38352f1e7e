import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.core import patterns
from sordino.core.errors import PackError


@pytest.mark.parametrize(
    ("written", "text", "expected"),
    [
        (["tué"], "Il fut TUÉ là", "TUÉ"),
        (["屠殺", "镇压"], "我們記得屠殺。", "屠殺"),
        (["b", "a"], "xxab", "a"),
        (["l'événement"], "de L’ÉVÉNEMENT", "L’ÉVÉNEMENT"),
        (["l’événement"], "de l'événement", "l'événement"),
        (["well-known"], "a well\u2011known name", "well\u2011known"),
        (["well\u2011known"], "a well-known name", "well-known"),
        (["a b"], "a\u00a0b", "a\u00a0b"),
        (["1961"], "１９６１年", "１９６１"),
        (["mort"], "\ud800𝒳 mort", "mort"),
        (["a.b"], "a\ud83db", "a\ud83db"),
        (["absent"], "nothing", None),
        ([], "nothing", None),
        (["a"], "", None),
    ],
)
def test_first(written, text, expected):
    span = patterns.compile(written).first(text)
    assert (None if span is None else text[span[0] : span[1]]) == expected


@given(
    before=st.text(st.characters()), after=st.text(st.characters()), word=st.sampled_from(["zq1", "é屠𝒳"])
)
def test_offsets_are_characters_of_the_text_itself(before, after, word):
    """Any text, lone surrogates included. The first plain occurrence, or a folded one before it."""
    text = before + word + after
    start, end = patterns.compile([word]).first(text)
    assert start <= text.index(word)
    assert end - start == len(word)


@given(text=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=60))
def test_agrees_with_re_on_ascii(text):
    pattern = r"a[bc]+|[0-9]{2}|x.y"
    found = re.search(pattern, text, re.IGNORECASE)
    assert patterns.compile([pattern]).first(text) == (found.span() if found else None)


@pytest.mark.parametrize("catastrophic", ["(a+)+$", "(a|aa)+$", "(.*a){12}$", "([a-z]+)*[0-9]", "(x+x+)+y"])
def test_catastrophic_patterns_end(catastrophic):
    """Each takes a backtracking engine longer than a test run; here the test ends or hangs."""
    assert patterns.compile([catastrophic]).first("ax" * 20_000 + "!") is None


@pytest.mark.parametrize(
    "wrong", ["(", "a{2,1}", "(?=a)", r"(a)\1", "a++", "[z-a]", "\ud800", "", " ", "x*", "^", "a|"]
)
def test_refused(wrong):
    assert patterns.problem(wrong)
    with pytest.raises(PackError):
        patterns.compile(["fine", wrong])


@pytest.mark.parametrize(
    "sound",
    [
        "a",
        "(soldats|troops)",
        r"[0-9]+",
        "(a)?b",
        r"\bword\b",
        "a.{0,80}b",
        r"\p{Han}{2,4}",
        "^a$",
        "屠殺|镇压",
    ],
)
def test_accepted(sound):
    assert patterns.problem(sound) is None


def test_two_halves_do_not_make_a_whole():
    """Joined by `|` they would compile; each by itself does not."""
    with pytest.raises(PackError, match="unexpected"):
        patterns.compile(["a)|(b", "c"])


def test_quoting_is_refused_because_it_would_swallow_the_next_pattern():
    assert "quotes whatever follows" in str(patterns.problem(r"a\Qb"))
    assert patterns.problem(r"a\\Qb") is None


@given(st.text(st.sampled_from(r"ab|()[]{}*+?.\0123,^$-pLQE\ud8é"), max_size=12))
def test_what_is_accepted_compiles_and_never_matches_nothing(pattern):
    if patterns.problem(pattern) is None:
        for text in ("", " ", "a b", "-", "é"):
            span = patterns.compile([pattern]).first(text)
            assert span is None or span[0] < span[1]
