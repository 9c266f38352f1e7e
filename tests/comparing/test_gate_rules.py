"""The language of rules: what it reads, what it refuses, and that it reads what it writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.comparing.rules import DEFAULTS, RATES, Operator, Rule, parse
from sordino.core.errors import SpecError
from sordino.core.records import Contrast, Measure

WORDS = st.one_of(st.none(), st.text(max_size=12))
PIECES = st.sampled_from(
    ["withheld", ".", "rate", "selectivity", "[", "]", "language", "=", "zh", ",", "<=", ">", " ", "10", "%", "points", "-", '"', "\\", "0.1", "é", "\ud800", "\x00", "\n"]
)  # fmt: skip


@st.composite
def rules(draw):
    contrast = draw(st.sampled_from(Contrast))
    lowest = 0 if contrast in RATES else -999_999_999
    bound = draw(st.integers(lowest + 1, 999_999_999)) / 1e9
    return Rule(
        draw(st.sampled_from(Measure)),
        contrast,
        draw(st.sampled_from(Operator)),
        bound,
        *(draw(WORDS) for _ in range(3)),
        draw(st.sampled_from(["excluded", "withheld"])),
    )


@given(rules())
def test_what_a_rule_is_written_as_is_that_rule(rule):
    assert parse(str(rule)) == rule


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=24).map("".join)))
def test_whatever_is_given_is_a_rule_or_refused(text):
    try:
        rule = parse(text)
    except SpecError:
        return
    assert parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "bound", "written"),
    [
        ("withheld.selectivity<=10 points", 0.1, "withheld.selectivity <= 10 points"),
        ("withheld.selectivity <= 10%", 0.1, "withheld.selectivity <= 10 points"),
        ("withheld . rate  <  0.10", 0.1, "withheld.rate < 10%"),
        ("withheld.rate <= 12.5 %", 0.125, "withheld.rate <= 12.5%"),
        ("withheld.change > -1 point", -0.01, "withheld.change > -1 point"),
        ("withheld.rate <= 0", 0.0, "withheld.rate <= 0%"),
        ("withheld.change >= 0", 0.0, "withheld.change >= 0 points"),
        ("withheld.rate <= -0%", 0.0, "withheld.rate <= 0%"),
        ("omission.rate[ language = fr ] >= 1%", 0.01, "omission.rate[language=fr] >= 1%"),
        ("blocked.rate[blocks=excluded] <= 1%", 0.01, "blocked.rate <= 1%"),
    ],
)
def test_numbers_and_spaces(text, bound, written):
    rule = parse(text)
    assert rule.bound == bound
    assert str(rule) == written


def test_keys_in_any_order_and_values_in_quotes():
    rule = parse('withheld.language_gap[against=en, language=zh, jurisdiction="European Union"] <= 5%')
    assert (rule.jurisdiction, rule.language, rule.against) == ("European Union", "zh", "en")
    assert 'jurisdiction="European Union", language=zh' in str(rule)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("withheld.selectivity <= 10", ("10 of a difference needs its unit. Write 10 points.",)),
        (
            "withheld.selectivity <= 0.5",
            ("could be a share or points", "Write 0.5 points, or 50 points for that share."),
        ),
        ("withheld.language_gap <= 1", ("Write 1 point, or 100 points for that share.",)),
        ("withheld.pairwise >= -0.10", ("Write -0.10 points, or -10 points for that share.",)),
        ("withheld.change_of_harmful >= -0.05", ("Write -0.05 points, or -5 points",)),
        ("withheld.rate <= 1", ("Write 1%, or a share such as 0.10",)),
        ("withheld.rate[CN,zh] <= 5%", ("Write jurisdiction=CN or language=CN",)),
        ("witheld.rate <= 5%", ("no measure 'witheld'", "Did you mean 'withheld'?")),
        ("withheld.selectiveness <= 5%", ("no contrast", "Did you mean 'selectivity'?")),
        ("withheld <= 5%", ("at '<= 5%' there should be a point and a contrast",)),
        ("withheld.rate 5%", ("one of <=, >=, < and >", "such as `withheld.selectivity")),
        ("withheld.rate <=", ("at the end", "a number")),
        ("withheld.rate <= 5% or so", ("'or so'", "the end of the rule")),
        ("withheld.rate <= 110%", ("between 0% and 100%",)),
        ("withheld.rate <= -1%", ("between 0% and 100%",)),
        ("withheld.change <= -1.5", ("-1.5 of a difference", "Write -1.5 points.")),
        ("withheld.rate <= 100%", ("it holds whatever is found",)),
        ("withheld.harmful >= 0%", ("it holds whatever is found",)),
        ("withheld.rate < 0%", ("nothing could satisfy it",)),
        ("withheld.rate[lang=zh] <= 5%", ("no key 'lang'", "Did you mean 'language'?")),
        ("withheld.rate[language=en, language=fr] <= 5%", ("given twice", "two rules")),
        ("withheld.rate[blocks=counted] <= 5%", ("'counted'", "excluded, withheld")),
        ('withheld.rate[language="z\\q"] <= 5%', ("no text in quotes",)),
        ("withheld.rate[language=zh <= 5%", ("another key, or `]`",)),
    ],
)
def test_what_is_no_rule_is_told_with_the_mend(text, parts):
    with pytest.raises(SpecError) as refused:
        parse(text)
    assert [part for part in parts if part not in str(refused.value)] == [], str(refused.value)


def test_a_long_text_is_cut_in_the_message():
    with pytest.raises(SpecError) as refused:
        parse("x" * 100_000)
    assert len(str(refused.value)) < 1000


def test_names_make_no_other_rule():
    rule = parse("withheld.rate <= 5%")
    assert (
        Rule(rule.measure, rule.contrast, rule.operator, rule.bound, name="Speaks", why="Promised.") == rule
    )


def test_the_default_rules_are_rules():
    assert [parse(str(rule)) for rule in DEFAULTS] == list(DEFAULTS)
