"""What docs/sweeps.md says is so: files can be read, options and settings are there, all of them."""

import json
import re
from contextlib import chdir
from pathlib import Path

import pytest

from sordino.cli import sweep
from sordino.core.jobs import Failed
from sordino.execution.job_processes import SECONDS_TO_STOP
from sordino.execution.jobs import TRIES
from sordino.wiring import sweep_file
from sordino.wiring.executors import WAITING
from sordino.wiring.settings import OPTIONS, AuditSettings
from sordino.wiring.sweep_file import Entry
from sordino.wiring.sweeping import Planned, Swept

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sweeps.md").read_text("utf-8")
FILES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("text", FILES)
def test_its_files_can_be_read(text, tmp_path):
    (tmp_path / "models.yaml").write_text(text, "utf-8")
    with chdir(ROOT):
        entries = sweep_file.read(tmp_path / "models.yaml")
    assert len({entry.name for entry in entries}) == len(entries) == 4


def test_what_its_second_file_sets(tmp_path):
    (tmp_path / "models.yaml").write_text(FILES[1], "utf-8")
    *others, recording = (entry.settings for entry in sweep_file.read(tmp_path / "models.yaml"))
    assert {(one.pack, one.max_tokens) for one in others} == {("civic", 800)}
    assert (recording.pack, recording.max_tokens, recording.columns) == (None, None, {"question": "prompt"})


def test_every_option_that_it_names_is_there_and_the_other_way_round(sordino):
    there = set(re.findall(r"(?<![\w-])(--[a-z-]+)", sordino("sweep", "--help", columns=400).out)) - {
        "--help"
    }
    assert set(re.findall(r"^\| `(--[a-z-]+)`", PAGE, re.MULTILINE)) == there
    assert set(re.findall(r"`(--[a-z-]+)`", PAGE)) <= there


def test_every_setting_is_named():
    told = PAGE.partition("Settings are those")[2].partition("**Budgets")[0]
    named = re.findall(r"`(\w+)`", told)
    assert sorted(named) == sorted({*OPTIONS, "recording_language", "models"} - {"language"})


def test_its_json_and_numbers():
    row = next(line for line in PAGE.splitlines() if line.startswith("| `--json`"))
    planned = Planned(Entry("a", AuditSettings("organism:a"), ""))
    told = sweep._to_json([planned], Swept(failed={"a": Failed("a", "No.")}), None, None)
    json.dumps(told)
    assert re.findall(r"`(\w+)`", row) == ["models", *told["models"][0], "ranking", "page"]
    assert list(told) == ["models", "ranking", "page"]
    assert TRIES == 3
    assert "after the third death" in PAGE
    assert f"after {SECONDS_TO_STOP:.0f} seconds" in PAGE
    assert (WAITING, "four at once" in PAGE) == (4, True)
