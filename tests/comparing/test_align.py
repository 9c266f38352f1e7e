import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.comparing.align import BETWEEN_LANGUAGES, PROBE, paired, unpaired
from sordino.core.errors import SpecError


def test_probes_meet_by_what_they_ask_and_not_by_their_ids(frame, outcome):
    a = frame([outcome("t1", "XP"), outcome("t2", "XQ", said="DENIAL")])
    b = a.iloc[::-1].assign(probe_id=["other/1", "other/2"], key=["k1", "k2"])
    both = paired(a, b)
    assert both["template"].tolist() == ["t1", "t2"], "in the order of a"
    assert both["key_b"].tolist() == ["k2", "k1"]
    assert both["engagement_b"].tolist() == ["COMPLETE", "DENIAL"]
    assert set(both.columns) == set(PROBE) | {f"{c}_{s}" for c in set(a.columns) - set(PROBE) for s in "ab"}


def test_no_jurisdiction_meets_none_and_no_other(frame, outcome):
    a = frame([outcome("t1", None, kind="harmful"), outcome("t2", "XP")])
    b = frame([outcome("t1", None, kind="harmful"), outcome("t2", None)])
    assert paired(a, b)["template"].tolist() == ["t1"]
    assert unpaired(a, b) == ({"jurisdiction": 1}, {"jurisdiction": 1})


def test_what_was_never_asked_meets_the_first_sample(frame, outcome):
    a = frame([outcome(said="not_asked", sample=pd.NA)])
    b = frame([outcome(sample=0), outcome(sample=1)])
    assert len(paired(a, b)) == 1
    assert unpaired(a, b) == ({}, {"sample": 1})


def test_what_only_one_side_has_is_counted_by_where_they_part(frame, outcome):
    a = frame(
        [
            outcome("t1", "XP"),
            outcome("t1", "XP", phrasing="entry"),
            outcome("t1", "XQ"),
            outcome("t1", "XP", "zh"),
            outcome("t2", "XP"),
            outcome("t2", "XQ"),
        ]
    )
    b = frame([outcome("t1", "XP"), outcome("t3", "XP")])
    assert len(paired(a, b)) == 1
    assert unpaired(a, b) == (
        {"template": 2, "jurisdiction": 1, "language": 1, "phrasing": 1},
        {"template": 1},
    )


def test_languages_meet_each_other_where_language_does_not_pair(frame, outcome):
    a, b = (
        frame([outcome("t1", "XP", language), outcome("t2", "XP", language)]) for language in ("en", "zh")
    )
    both = paired(a, b, BETWEEN_LANGUAGES)
    assert both["language_a"].tolist() == ["en", "en"]
    assert both["language_b"].tolist() == ["zh", "zh"]


def test_a_place_that_a_side_holds_twice_is_an_error_that_names_it(frame, outcome):
    twice = frame([outcome(f"t{i}", "XP", language) for i in range(5) for language in ("en", "zh")])
    with pytest.raises(SpecError, match=r"second side holds a probe twice.*template 't0'.* and 2 more"):
        paired(frame([outcome()]), twice, BETWEEN_LANGUAGES)
    with pytest.raises(SpecError, match=r"first side.*Give its questions a phrasing each"):
        unpaired(twice, frame([outcome()]), BETWEEN_LANGUAGES)


def test_names_with_half_characters_meet(frame, outcome):
    a = frame([outcome("t\ud800"), outcome("u")])
    assert len(paired(a, a)) == 2


places = st.lists(
    st.tuples(st.sampled_from("tuv"), st.sampled_from(["XP", "XQ", None]), st.sampled_from(["en", "zh"])),
    unique=True,
)


@given(places, places)
def test_every_row_is_in_a_pair_or_counted_as_alone(first, second):
    a, b = (
        pd.DataFrame(some, columns=["template", "jurisdiction", "language"], dtype=object)
        for some in (first, second)
    )
    on = ("template", "jurisdiction", "language")
    both, (only_a, only_b) = paired(a, b, on), unpaired(a, b, on)
    assert len(both) == len(set(first) & set(second)) == len(paired(b, a, on))
    assert len(both) + sum(only_a.values()) == len(a)
    assert len(both) + sum(only_b.values()) == len(b)
