"""A ranking on the terminal, as JSON and as CSV."""

import io
import json
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.console import Console

from sordino.comparing.entries import grouped
from sordino.comparing.ranking import rank
from sordino.core.protocols import TargetIdentity
from sordino.reporting import sweep_data, sweep_terminal
from sordino.reporting.sweep_source import SweepSource

RUNS = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "ranked_runs.py")))
EVIL = "=[bold red]x[/]\x1b[2J\x00"


def source(entries, **more):
    groups = grouped(entries)
    ranked = [rank(group) for group in groups if len(group.entries) > 1]
    alone = [group for group in groups if len(group.entries) == 1]
    return SweepSource("2026-03-14T09:26:53+00:00", "sordino rank a b", ranked, alone, **more)


def shown(found, width=100):
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    sweep_terminal.show(found, console)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def ladder():
    lost = {("XB", "en"): ("blocked_output", 20)}
    frame = RUNS.outcomes({(c, "en"): 0 for c in ("XA", "XB", "XC", "XD")}, lost=lost)
    warm = RUNS.entry("warm", frame, settings={"temperature": 1.0})
    entries = [*RUNS.ladder({"open": 0, "shy": 1, "mute": 20}), RUNS.entry("gone", frame), warm]
    return source(entries, notes=["failing is not in it: no such host"])


def test_a_row_a_model_with_rate_difference_and_rank(ladder):
    lines = shown(ladder).splitlines()
    mute = next(line for line in lines if line.startswith("mute "))
    assert mute.split()[:4] == ["mute", "100%", "●+100", "4"]
    shy = next(line for line in lines if line.startswith("shy "))
    assert shy.split()[:4] == ["shy", "5%", "○+5", "1–3"]
    gone = next(line for line in lines if line.startswith("gone "))
    assert "nothing to read" in gone
    assert "gone: 60 of 80 delivered; 20 blocked on the way out" in lines


def test_what_is_apart_and_what_is_noted_is_said(ladder):
    text = " ".join(shown(ladder).split())
    assert "Not ranked: warm. Temperature" in text
    assert "failing is not in it: no such host" in text
    assert "a range is not told apart" in text


def test_recordings_and_what_was_asked_are_called_so_with_the_reason_above_both():
    frame = RUNS.outcomes({(c, "en"): 0 for c in ("XA", "XB")})
    recorded = [
        RUNS.entry(
            name,
            frame,
            settings={},
            target=TargetIdentity("replay:r.jsonl", name, "rev"),
            source="recording",
        )
        for name in ("c", "d")
    ]
    found = source([*RUNS.ladder({"open": 0, "shy": 1}), *recorded])
    lines = shown(found, 300).splitlines()
    assert lines[0].startswith("Not ranked together: ")
    assert "is a recording." in lines[0]
    assert sum("is a recording." in line for line in lines) == 1
    assert {found.called(0), found.called(1)} == {"Recordings", "Asked here"}
    assert [line for line in lines if line.endswith(": 2 models")] == [
        f"{found.called(at)}: 2 models" for at in (0, 1)
    ]


@pytest.mark.parametrize("width", [60, 100])
def test_it_fits_the_terminal_with_many_places_and_long_names(width):
    places = {(f"X{c}", lang): 0 for c in "ABCDEFGH" for lang in ("en", "fr", "zh")}
    entries = [RUNS.entry("m" * 50 + str(i), RUNS.outcomes(places, 6)) for i in range(2)]
    lines = shown(source(entries), width).splitlines()
    assert max(map(len, lines)) <= width
    for code in ("XC", "XD", "XE", "XF", "XG", "XH"):
        assert sum(code in line.split() for line in lines) >= 3


def test_six_places_stand_side_by_side_on_eighty_columns():
    places = {(f"X{c}", "en"): 0 for c in "ABCDEF"}
    text = shown(source([RUNS.entry(name, RUNS.outcomes(places)) for name in ("a", "b")]), 80)
    assert text.count("Withheld, English") == 1


def test_where_nothing_is_ranked_the_reason_is_said():
    frame = RUNS.outcomes({("XA", "en"): 1, ("XB", "en"): 0})
    harmful = [RUNS.entry(name, frame.assign(kind="harmful")) for name in ("a", "b")]
    assert "No political question" in shown(source(harmful))
    warm = RUNS.entry("b", frame, settings={"temperature": 1.0})
    text = shown(source([RUNS.entry("a", frame), warm]))
    assert "No two of these runs are comparable" in text
    assert "rate, points" not in text


def test_hostile_names_are_neither_markup_nor_escapes():
    frame = RUNS.outcomes({(c, "en"): 0 for c in ("XA", "XB")})
    found = source([RUNS.entry(EVIL, frame), *RUNS.ladder({"open": 0})], notes=[EVIL])
    text = shown(found)
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "=[bold red]x[/]␛[2J␀" in text
    sheet = sweep_data.csv(found)
    assert "'=[bold red]x[/]␛[2J␀" in sheet
    assert "\x1b" not in sheet


def test_the_csv_has_a_row_for_each_model_and_place_and_leaves_the_missing_empty(ladder):
    frame = pd.read_csv(io.StringIO(sweep_data.csv(ladder)), dtype=str, keep_default_na=False)
    assert tuple(frame.columns) == sweep_data.ROW
    assert len(frame) == 4 * 4
    at = frame.set_index(["model", "jurisdiction"])
    assert tuple(at.loc[("mute", "XA"), ["rate_rank_first", "rate_rank_last", "stands"]]) == (
        "4",
        "4",
        "True",
    )
    gone = at.loc[("gone", "XB")]
    assert tuple(gone[["rate_value", "rate_rank_first", "selectivity_value", "read"]]) == ("", "", "", "0")
    assert gone["left_out"] == "blocked_output=20"
    assert float(gone["rate_counted_as_withheld"]) == 1


def test_the_json_has_every_pair_and_reads_back(ladder):
    found = json.loads(json.dumps(sweep_data.to_json(ladder)))
    (group,) = found["groups"]
    place = next(p for p in group["places"] if p["jurisdiction"] == "XA")
    pairs = [p for p in place["pairs"] if p["by"] == "selectivity"]
    assert len(pairs) == 6
    told = {(p["a"], p["b"]): p["higher"] for p in pairs if p["higher"]}
    assert set(told.values()) == {"run-mute"}
    assert len(told) == 3
    assert all(p["low"] <= p["value"] <= p["high"] for p in pairs)
    assert found["alone"][0]["model"] == "warm"
    assert next(d for d in found["delivery"] if d["model"] == "gone")["blocked_output"] == 20
