"""What docs/datasets.md says of `sordino remedy clean-dataset` is so."""

import re
from pathlib import Path

import pytest

from sordino.remedy.dataset_balance import FOUR_FIFTHS, LEAST
from sordino.remedy.dataset_layout import LAYOUTS
from sordino.remedy.dataset_verdict import LIKELY, SURE
from sordino.remedy.dataset_words import languages

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "datasets.md").read_text("utf-8")


@pytest.fixture(scope="module")
def shown(sordino, tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    words = re.search(r"^sordino (remedy clean-dataset examples.*)$", PAGE, re.MULTILINE)[1].split()
    words = [str(ROOT / word) if word.startswith("examples/") else word for word in words]
    return sordino(*words, cwd=folder), folder


def test_the_first_command_says_what_the_page_shows(shown):
    said, folder = shown
    assert said.code == 0
    block = PAGE.split("```")[3].strip().splitlines()
    assert len(block) == 10
    for line in block:
        assert re.sub(r"\s+", " ", line) in re.sub(r"\s+", " ", said.out)
    assert sorted(path.name for path in folder.iterdir()) == [
        "clean.jsonl",
        "clean.removed.jsonl",
        "clean.report.html",
        "clean.review.csv",
    ]


def test_every_option_that_it_names_is_there_and_the_other_way_round(sordino):
    helped = sordino("remedy", "clean-dataset", "--help", columns=400).out
    there = set(re.findall(r"(?<![\w-])(--[a-z-]+)", helped)) - {"--help", "--output"}
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `--"))
    assert set(re.findall(r"`(--[a-z-]+)`", table)) == there
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) <= there


def test_layouts_languages_and_numbers_are_those_of_the_code():
    table = PAGE.partition("| layout |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(LAYOUTS)
    assert re.search(r"in 14 languages\s*\(([^)]*)\)", PAGE)[1].split(", ") == list(languages())
    assert f"`--sure {SURE:g}`" in PAGE
    assert f"Between {LIKELY:g} and that" in PAGE
    assert (LEAST, FOUR_FIFTHS) == (20, 0.8)
    assert "at least 20 rows, less than four fifths" in " ".join(PAGE.split())
