"""What docs/judges.md says of `judge read`, `judge evaluate` and `judge card` is so."""

import re
from pathlib import Path

import pytest

from sordino.wiring.judge_evaluation import LABELS
from sordino.wiring.judge_file import Job, read_file
from sordino.wiring.judged_tables import ADDED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "judges.md").read_text("utf-8")


def section(title):
    return re.search(rf"^## {title}.*?(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[0]


READ, EVALUATE = section("Anybody's answers"), section("How far to trust it")


@pytest.mark.parametrize(("command", "text"), [("read", READ), ("evaluate", EVALUATE)])
def test_every_option_that_it_names_is_there_and_the_other_way_round(sordino, command, text):
    helped = sordino("judge", command, "--help", columns=400).out
    there = set(re.findall(r"(?<![\w-])(--[a-z-]+)", helped)) - {"--help"}
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `--"))
    assert set(re.findall(r"`(--[a-z-]+)`", table)) >= there - {"--output"}
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= there


def test_the_columns_that_it_names_are_added():
    table = READ.partition("| added column")[2].partition("\n\n")[0]
    assert re.findall(
        r"`(\w+)`(?=[^|]*\|)", "\n".join(re.findall(r"^\|[^|]*\|", table, re.MULTILINE))
    ) == list(ADDED)


def test_the_names_of_label_columns_are_those_that_are_looked_for():
    assert re.findall(r"`(\w+)`", EVALUATE.partition("Default: ")[2].partition("|")[0]) == list(LABELS)


def test_the_example_has_the_rows_that_it_says(tmp_path):
    done = read_file(Job(ROOT / "examples" / "atlas.jsonl", tmp_path / "read.csv"))
    rows = dict(re.findall(r"^│ (?:unjudged: )?(.+?) +│ ([\d,]+)", READ, re.MULTILINE))
    assert done.counts.rows == int(READ.partition(" rows\n")[0].split()[-1].replace(",", "")) == 1080
    assert {why: int(rows[why]) for why in done.counts.unjudged} == dict(done.counts.unjudged)
