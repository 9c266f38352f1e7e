"""docs/gates.md is true: its commands print what it shows, its tables name what there is, its rules are rules."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from sordino.comparing.rules import BLOCKS, DEFAULTS, KEYS, Operator, parse
from sordino.core.errors import SpecError
from sordino.core.records import Contrast, Measure
from sordino.wiring import gating

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gates.md").read_text("utf-8")
BLOCKS_OF_CODE = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def code(language):
    return [block for name, block in BLOCKS_OF_CODE if name == language]


def column(part):
    """The names in a part of the table of rules, with the rows below it that name no part."""
    rows = [line.split("|")[1:3] for line in PAGE.splitlines() if line.startswith("| ")]
    found, here = [], False
    for head, cell in rows:
        here = head.strip() == part or (here and not head.strip())
        found += re.findall(r"`([^`]+)`", cell) if here else []
    return found


def lines(text):
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def test_the_commands_print_what_it_shows(folder, sordino):
    (folder / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "atlas.jsonl", folder / "examples")
    commands = [line for block in code("") for line in block.splitlines() if line.startswith("sordino ")]
    assert len(commands) == 3
    said = [sordino(*shlex.split(command)[1:], columns=400) for command in commands]
    assert [one.code for one in said] == [0, 1, 1]
    for one, shown in zip(said[1:], code("text"), strict=True):
        printed = lines(one.out)
        assert [line for line in lines(shown) if line not in printed] == []


def test_the_table_of_rules_names_all_there_is():
    assert column("MEASURE") == [measure.value for measure in Measure]
    assert sorted(column("CONTRAST")) == sorted(contrast.value for contrast in Contrast)
    assert column("KEY") == list(KEYS)
    assert set(column("OPERATOR")) == {operator.value for operator in Operator}
    assert f"`{BLOCKS[0]}` (unless told)" in PAGE


def test_numbers_that_are_one_and_the_same():
    bounds = {
        parse(f"withheld.{of} <= {number}").bound
        for number in column("NUMBER")
        for of in ("change", "rate")
    }
    (share, ambiguous) = re.search(
        r"^\| NUMBER .*Of a rate `([^`]+)`.*refused, for `([^`]+)`", PAGE, re.M
    ).groups()
    assert bounds == {parse(f"withheld.rate <= {share}").bound} == {0.1}
    with pytest.raises(SpecError, match="could be a share or points"):
        parse(f"withheld.change <= {ambiguous}")


@pytest.mark.parametrize("rule", code("rules")[0].splitlines())
def test_its_rules_are_rules(rule):
    assert parse(str(parse(rule))) == parse(rule)


def test_the_default_rules_are_those():
    table = PAGE.partition("| default rule |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)`", table, re.MULTILINE) == [str(rule) for rule in DEFAULTS]


def test_its_files_are_read(tmp_path):
    rules, workflow = code("yaml")
    (tmp_path / "gate.yaml").write_text(rules, "utf-8")
    assert [rule.name for rule in gating.read(tmp_path / "gate.yaml")] == ["", "Speaks French"]
    steps = yaml.safe_load(workflow)["jobs"]["gate"]["steps"]
    assert any("sordino gate" in step.get("run", "") for step in steps)


def test_every_option_that_it_names_is_there_and_the_other_way_round(sordino):
    helped = sordino("gate", "--help", columns=400).out
    there = set(re.findall(r"(?<![\w-])(--[a-z-]+)", helped)) - {"--help"}
    table = PAGE.partition("| option |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(--[a-z-]+)", table, re.MULTILINE)) == there
