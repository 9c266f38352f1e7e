"""The heatmap of a ranking as a picture by itself."""

import re
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from sordino.comparing.entries import grouped
from sordino.comparing.ranking import rank
from sordino.reporting.sweep_picture import picture
from sordino.reporting.sweep_source import SweepSource

RUNS = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "ranked_runs.py")))
EVIL = '<script>alert("1")</script>\x1b\u202e'


def source(entries):
    groups = grouped(entries)
    ranked = [rank(group) for group in groups if len(group.entries) > 1]
    alone = [group for group in groups if len(group.entries) == 1]
    return SweepSource("2026-03-14T09:26:53+00:00", "sordino rank a b", ranked, alone)


def texts(drawn):
    """All that is written in an SVG, in order; lines of one label apart."""
    return [one.strip() for one in ElementTree.fromstring(drawn).itertext() if one.strip()]


def boxes(drawn):
    """How many are filled with each colour."""
    fills = re.findall(rb'<path[^>]*?fill="(#[0-9a-f]{6})"', drawn)
    return {fill.decode(): fills.count(fill) for fill in set(fills)}


@pytest.fixture(scope="module")
def ladder():
    lost = {("XB", "en"): ("blocked_output", 20)}
    frame = RUNS.outcomes({("XA", "en"): 0, ("XB", "en"): 0, ("XC", "zh"): 10}, lost=lost)
    others = [
        RUNS.entry(name, RUNS.outcomes({("XA", "en"): n, ("XB", "en"): 0, ("XC", "zh"): 10}))
        for name, n in (("open", 0), ("mute", 20))
    ]
    return source([*others, RUNS.entry("gone", frame)])


def test_it_shows_every_model_and_place_with_difference_verdict_and_rate(ladder):
    told = texts(picture(ladder, "svg"))
    assert {"open", "mute", "gone", "Averne", "Belmar", "English", "Chinese"} <= set(told)
    assert {"● +100", "100%", "○ 0", "0%"} <= set(told)
    assert told.count("50%") == 3, "of the language without siblings the rate"
    assert any(one.startswith("● selective, and beyond chance") for one in told)
    assert any(one.startswith("Siblings are item-matched") for one in told)


def test_what_is_missing_is_blank_with_its_reason_and_is_no_zero(ladder):
    drawn = picture(ladder, "svg")
    told = texts(drawn)
    assert told.count("no sibling") == 4, "three in Chinese, and where the host lost the only sibling"
    assert told.count("nothing to read") == 1
    assert "no difference, and why" in told
    assert told.count("○ 0") + told.count("○ −100") + told.count("● +100") == 6 - 2
    every = source(RUNS.ladder({"open": 0, "mute": 20}))
    assert "no difference, and why" not in texts(picture(every, "svg"))


def test_a_zero_has_a_colour_of_its_own_and_more_another_than_less(ladder):
    shown = boxes(picture(ladder, "svg"))
    none, more, less = "#efece6", "#d47a48", "#678eb5"
    assert shown[none] >= 2 + 1, "both of the open model, and the legend's"
    assert (shown[more], shown[less]) == (1 + 1, 1 + 1)


@pytest.mark.parametrize(("form", "begins"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<svg")])
def test_each_form_is_what_its_name_says(ladder, form, begins):
    assert picture(ladder, form).startswith(begins)


def test_groups_stand_below_each_other_and_who_is_alone_is_counted():
    warm = {"temperature": 1.0}
    others = [RUNS.entry(f"warm{n}", RUNS.ladder({"x": n})[0].outcomes, settings=warm) for n in (0, 20)]
    lonely = RUNS.entry("lonely", others[0].outcomes, settings={"temperature": 0.5})
    told = texts(picture(source([*RUNS.ladder({"open": 0, "shy": 1, "mute": 20}), *others, lonely]), "svg"))
    assert {"Group 1: 3 models", "Group 2: 2 models", "warm0"} <= set(told)
    assert "Not shown: 1 run, comparable with no other." in told
    assert "lonely" not in told


def test_where_nothing_is_ranked_there_is_no_picture():
    harmful = [RUNS.entry(n, RUNS.ladder({n: 0})[0].outcomes.assign(kind="harmful")) for n in "ab"]
    assert picture(source(harmful), "svg") is None
    assert picture(source([RUNS.ladder({"a": 0})[0]]), "svg") is None


def test_hostile_names_are_text_and_each_has_a_row_of_its_own():
    frame = RUNS.ladder({"a": 0})[0].outcomes
    names = {"XA": {"en": EVIL}, "XB": {"en": EVIL}}
    evil = [RUNS.entry(EVIL + "\x00" * n, frame, run=f"r{n}", jurisdictions=names) for n in range(2)]
    drawn = picture(source(evil), "svg")
    assert b"<script" not in drawn
    assert not re.search(rb"\x1b|\x00|\xe2\x80\xae", drawn)
    assert texts(drawn).count("○ 0") == 8, "two rows and four columns"


def test_it_is_the_same_twice(ladder):
    assert picture(ladder, "svg") == picture(ladder, "svg")
