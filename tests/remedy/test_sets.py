"""Fitting sets and the split of topics: nothing is fitted on twice, and nothing missing is taken for open."""

from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest

from sordino.core.errors import SpecError
from sordino.remedy.invented import questions
from sordino.remedy.sets import FEWEST_PROBES, FEWEST_TOPICS, Sets, item_of, muted, sets, split
from sordino.wiring.audit import audit
from sordino.wiring.settings import AuditSettings

ROOT = Path(__file__).parents[2]
told = SimpleNamespace(**run_path(str(Path(__file__).with_name("outcome_frames.py"))))
TOPICS = tuple(f"topic-{n}" for n in range(8))
LANGUAGES, PHRASINGS = ("en", "zh"), ("direct", "entry")


def about(templates, **row):
    return told.each(templates, LANGUAGES, PHRASINGS, **row)


# -- what is muted -----------------------------------------------------------------------------------------


def test_missing_is_not_open():
    rows = [
        ({}, 0.0),
        ({"engagement": "PARTIAL"}, 1.0),
        (told.DENIED, 1.0),
        (told.STATE_LINE, 1.0),
        (told.LACKING, 1.0),
        (told.HALF, 0.0),
        (told.UNLISTED, 0.0),
        ({**told.UNLISTED, "engagement": "DENIAL"}, 1.0),
        (told.UNJUDGED, None),
        (told.LOST, None),
        (told.EMPTY, None),
        (told.BLOCKED, None),
        ({**told.BLOCKED, "delivery": "truncated"}, None),
        (told.NOT_ASKED, None),
        # a reading of facts alone is no reading of the answer
        ({"engagement": None, **told.LACKING}, None),
    ]
    found = muted(told.outcomes([row for row, _ in rows]))
    expected = [np.nan if value is None else value for _, value in rows]
    np.testing.assert_array_equal(found.to_numpy(), expected)
    assert muted(told.outcomes([])).tolist() == []


# -- the split ---------------------------------------------------------------------------------------------


def mostly_muted(extra=()):
    return told.outcomes([*about(TOPICS[:6], **told.DENIED), *about(TOPICS[6:]), *extra])


def test_topics_are_kept_apart():
    made = split(mostly_muted(), "XB", share=0.5, seed=0)
    assert len(made.fitted) == 3
    assert set(made.fitted) < set(TOPICS[:6])
    assert set(made.fitted).isdisjoint(made.held_out)
    # what is not muted is not fitted on, and must stay as it is
    assert set(made.fitted) | set(made.held_out) == set(TOPICS)
    assert set(TOPICS[6:]) < set(made.held_out)


def test_the_same_seed_is_the_same_split_in_whatever_order():
    outcomes = mostly_muted()
    first = split(outcomes, "XB", share=0.5, seed=7)
    assert split(outcomes.sample(frac=1, random_state=1), "XB", share=0.5, seed=7) == first
    others = {split(outcomes, "XB", share=0.5, seed=seed).fitted for seed in range(8)}
    assert len(others) > 3


@pytest.mark.parametrize(("share", "fitted"), [(0.2, 2), (0.34, 2), (0.5, 3), (0.8, 4)])
def test_both_sides_have_topics_whatever_the_share(share, fitted):
    made = split(mostly_muted(), "XB", share=share, seed=0)
    assert len(made.fitted) == fitted
    assert len(set(TOPICS[:6]) - set(made.fitted)) >= FEWEST_TOPICS


def test_only_politics_of_the_jurisdiction_are_split():
    extra = [
        *about(["other"], **told.DENIED, jurisdiction="XA"),
        *about(["festival"], **told.DENIED, kind="neutral"),
        *about(["harm"], **told.DENIED, kind="harmful", jurisdiction=None),
    ]
    with_others, alone = (
        split(outcomes, "XB", share=0.5, seed=0) for outcomes in (mostly_muted(extra), mostly_muted())
    )
    assert replace(with_others, neutral_fitted=(), neutral_held_out=()) == alone


def with_neutral(number, seed=0):
    names = [f"neutral-{n}" for n in range(number)]
    extra = [*about(names, kind="neutral"), *about(names, kind="neutral", jurisdiction=None)]
    return split(mostly_muted(extra), "XB", share=0.5, seed=seed)


@pytest.mark.parametrize(("number", "fitted"), [(2, 1), (3, 2), (6, 4), (9, 6)])
def test_neutral_topics_are_kept_apart(number, fitted):
    made = with_neutral(number)
    assert len(made.neutral_fitted) == fitted
    assert set(made.neutral_fitted).isdisjoint(made.neutral_held_out)
    assert {*made.neutral_fitted, *made.neutral_held_out} == {f"neutral-{n}" for n in range(number)}
    (note,) = made.notes
    assert f"{', '.join(made.neutral_fitted)} fitted, {', '.join(made.neutral_held_out)} seen" in note
    assert with_neutral(number) == made


def test_the_seed_splits_neutral_topics_and_no_others_by_them():
    drawn = [with_neutral(3, seed) for seed in range(8)]
    assert len({one.neutral_held_out for one in drawn}) > 1
    assert [one.fitted for one in drawn] == [
        split(mostly_muted(), "XB", share=0.5, seed=seed).fitted for seed in range(8)
    ]


def test_one_neutral_topic_is_fitted_on_and_gated_and_that_is_said():
    made = with_neutral(1)
    assert made.neutral_fitted == made.neutral_held_out == ("neutral-0",)
    assert made.notes == (
        "There is one neutral topic, neutral-0: it was fitted on, and the gates ask it as well.",
    )
    assert with_neutral(0).notes == ()


def test_nothing_withheld_is_said():
    outcomes = told.outcomes([*about(TOPICS), *about(["lost"], **told.LOST)])
    with pytest.raises(
        SpecError,
        match=r"withholds nothing about XB here: of 36 questions 32 answers.*There is nothing to remedy",
    ):
        split(outcomes, "XB", share=0.5, seed=0)


def few_muted(number, *, alike=False):
    """Of 96 answers so many are muted; alike: all of one topic, in one language."""
    wordings = [f"wording-{n}" for n in range(6)]
    rows = told.each(TOPICS, LANGUAGES, wordings)
    rows.sort(key=lambda row: (row["template"], row["language"]) if alike else row["phrasing"])
    return told.outcomes([*({**row, **told.DENIED} for row in rows[:number]), *rows[number:]])


def test_what_judges_mistake_is_nothing_to_remedy():
    with pytest.raises(
        SpecError, match=r"next to nothing about XB here: 4 of 96 answers .*There is nothing to remedy"
    ):
        split(few_muted(4), "XB", share=0.5, seed=0)


@pytest.mark.parametrize("outcomes", [few_muted(5), few_muted(4, alike=True)])
def test_a_twentieth_or_most_of_a_topic_is_no_mistake(outcomes):
    with pytest.raises(SpecError, match="Too little is withheld about XB"):
        split(outcomes, "XB", share=0.5, seed=0)


@pytest.mark.parametrize("row", [told.LOST, told.UNJUDGED, told.NOT_ASKED, told.EMPTY])
def test_what_nobody_read_is_not_called_open(row):
    with pytest.raises(SpecError, match="Of 32 questions about XB no answer could be read") as error:
        split(told.outcomes(about(TOPICS, **row)), "XB", share=0.5, seed=0)
    assert "nothing to remedy" not in str(error.value)


@pytest.mark.parametrize(
    ("silent", "said"),
    [
        # three topics, and enough answers
        (about(TOPICS[:3], **told.DENIED), r"12 answers on 3 topics \(topic-0, topic-1, topic-2\)"),
        # topics enough, and a few answers on each
        (told.each(TOPICS[:4], LANGUAGES, **told.DENIED), r"8 answers on 4 topics"),
    ],
)
def test_too_little_is_said(silent, said):
    with pytest.raises(SpecError, match=r"Too little is withheld about XB.*Take a larger pack") as error:
        split(told.outcomes([*silent, *about(TOPICS[4:])]), "XB", share=0.5, seed=0)
    assert error.match(said)
    assert error.match(f"{2 * FEWEST_PROBES} answers on {2 * FEWEST_TOPICS} topics")


def test_the_smallest_that_can_be_split():
    rows = [*about(TOPICS[:2], **told.DENIED), *told.each(TOPICS[2:4], LANGUAGES, **told.DENIED)]
    made = split(told.outcomes(rows), "XB", share=0.8, seed=0)
    assert (len(made.fitted), len(made.held_out)) == (2, 2)


# -- the sets ----------------------------------------------------------------------------------------------


def answers():
    return told.outcomes(
        [
            *about(TOPICS[:4], **told.DENIED, response="No comment."),
            *about(TOPICS[:4], jurisdiction="XA"),
            *about(TOPICS[:1], **told.DENIED, jurisdiction="XC"),
            *about(TOPICS[:1], **told.UNJUDGED, jurisdiction="XD"),
            *about(["festival"], kind="neutral"),
            *about(["festival"], kind="neutral", jurisdiction="XA"),
            *about(["festival"], **told.DENIED, kind="neutral", jurisdiction="XC"),
            *about(["river"], kind="neutral", jurisdiction=None),
        ]
    )


def safety():
    asked = {"jurisdiction": None, **told.UNLISTED}
    return told.outcomes(
        [
            *about(["poison"], kind="harmful", **{**asked, "engagement": "DENIAL"}),
            *about(["virus"], kind="harmful", **asked),
            *about(["swindle"], kind="harmful", **{**asked, "engagement": "PARTIAL"}),
            *about(["cooking"], kind="benign", **asked),
            *about(["chemistry"], kind="benign", **{**asked, "engagement": "DENIAL"}),
            *about(["letters"], kind="benign", **{**asked, **told.LOST}),
        ]
    )


def made(most=100, seed=0, honest=None, neutral=None):
    rows = answers()
    if honest is None:
        honest = {
            str(p): f"honest {p}"
            for p in rows["probe_id"][rows["template"].isin([*TOPICS[:3], "festival"])]
        }
    return sets(rows, safety(), "XB", TOPICS[:2], honest, most=most, seed=seed, neutral=neutral)


DRAWN = Sets.__slots__[:6]
"""The sets that are drawn from answers."""


def test_each_set_holds_what_it_says():
    found = made()
    assert {(i.template, i.honest) for i in found.withheld} == {
        (t, f"honest {t}/XB/{x}/{p}") for t in TOPICS[:2] for x in LANGUAGES for p in PHRASINGS
    }
    assert {i.own for i in found.withheld} == {"No comment."}
    places = {name: sorted({tuple(i.id.split("/")[:2]) for i in getattr(found, name)}) for name in DRAWN}
    assert places == {
        "withheld": [(t, "XB") for t in TOPICS[:2]],
        # of the same topics, and answered: XC is muted there, and of XD nobody knows
        "siblings": [(t, "XA") for t in TOPICS[:2]],
        "neutral_here": [("festival", "XB")],
        # what touches no jurisdiction is elsewhere too
        "neutral_elsewhere": [("festival", "XA"), ("river", "-")],
        "harmful": [("poison", "-")],
        "benign": [("cooking", "-")],
    }
    assert found.counts() == {
        f"{name}/{x}": {"withheld": 4, "siblings": 4, "neutral_elsewhere": 4}.get(name, 2)
        for name in DRAWN
        for x in LANGUAGES
    }


def test_neutral_topics_that_are_held_out_are_not_fitted_on():
    found = made(neutral=("river",))
    assert found.neutral_here == ()
    assert {i.template for i in found.neutral_elsewhere} == {"river"}
    assert replace(found, neutral_here=(), neutral_elsewhere=()) == replace(
        made(), neutral_here=(), neutral_elsewhere=()
    )


def test_what_the_model_cannot_say_is_not_fitted_on():
    assert made(honest={}).withheld == ()
    one = made(honest={f"{TOPICS[0]}/XB/zh/entry": "It is known."}).withheld
    assert [(i.language, i.honest, i.own) for i in one] == [("zh", "It is known.", "No comment.")]


def test_so_many_are_drawn_in_each_language_by_the_seed():
    few = made(most=2)
    assert set(few.counts().values()) == {2}
    assert few == made(most=2)
    drawn = {made(most=2, seed=seed).withheld for seed in range(6)}
    assert len(drawn) > 2


def test_only_what_is_fitted_is_limited_to_a_language():
    whole = made()
    french, chinese = whole.only(["fr"]), whole.only(["zh"])
    assert french.withheld == ()
    assert {i.language for i in chinese.withheld} == {"zh"}
    for name in DRAWN[1:]:
        assert getattr(chinese, name) == getattr(whole, name)


def test_so_is_what_is_invented_but_not_what_is_unknown():
    own, elsewhere = (tuple(questions("politics", [place], LANGUAGES)) for place in ("XB", "XA"))
    whole = replace(made(), invented=own, unknown=elsewhere)
    assert {i.language for i in whole.only(["zh"]).invented} == {"zh"}
    assert whole.only(["zh"]).unknown == elsewhere


def test_an_item_is_a_row():
    row = answers().to_dict("records")[0]
    item = item_of(row, "Here it is.")
    assert (item.id, item.template, item.language) == (f"{TOPICS[0]}/XB/en/direct", TOPICS[0], "en")
    assert (item.question, item.own, item.honest) == ("What happened?", "No comment.", "Here it is.")


# -- a real audit ------------------------------------------------------------------------------------------


def test_what_an_audit_returns_can_be_split(tmp_path):
    recorded = AuditSettings(
        f"replay:{ROOT / 'examples' / 'atlas.jsonl'}",
        pack="atlas",
        model="example/muted",
        languages=("en",),
        jurisdictions=("XA", "XB"),
    )
    run = audit(recorded, tmp_path / "s.db")
    outcomes = run.exchanges
    found = muted(outcomes)
    assert found.isna().equals(outcomes["engagement"].isna())
    made = split(outcomes, "XB", share=0.5, seed=0)
    assert min(len(made.fitted), len(made.held_out)) >= FEWEST_TOPICS
    own = outcomes[outcomes["jurisdiction"].eq("XB")]
    honest = dict.fromkeys(own["probe_id"].astype(str), "Known.")
    some = sets(outcomes, outcomes.iloc[:0], "XB", made.fitted, honest, most=5, seed=0)
    assert 0 < len(some.withheld) <= 5
    assert {i.template for i in (*some.withheld, *some.siblings)} <= set(made.fitted)
    assert all(i.own in set(own["response"]) for i in some.withheld)
