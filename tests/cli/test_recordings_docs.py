"""What docs/recordings.md says is so: its commands run, its options and columns are those that there are."""

import csv
import os
import re
import shlex
from pathlib import Path

import pytest

from sordino.generation.recorded import COLUMNS
from sordino.wiring.exporting import FORMATS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recordings.md").read_text("utf-8")
SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", ROOT.parent / "shared" / "data"))
RAW = SHARED / "speechmap" / "raw"
real = pytest.mark.skipif(not RAW.exists(), reason=f"SpeechMap's answers are not at {RAW}")


def section(title):
    return re.search(rf"^## {title}.*?(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)[0]


SPEECHMAP, TABLE = section("SpeechMap's data"), section("Any table")
INSPECT, EXPORT = section("Logs of Inspect AI"), section("A run for others")


def commands(text):
    """The commands in code blocks, in order."""
    blocks = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("sordino ")]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("import", "speechmap"), SPEECHMAP),
        (("import", "table"), TABLE),
        (("import", "inspect"), INSPECT),
    ],
)
def test_every_option_of_an_importer_is_named(sordino, words, text):
    helped = sordino(*words, "--help", columns=400).out
    there = set(re.findall(r"(?<![\w-])(--[a-z-]+)", helped)) - {"--help"}
    named = set(re.findall(r"`(--[a-z-]+)`", text))
    assert named == there - {"--output", "--out"}


def test_every_column_is_named():
    table = section("The form of a recording")
    listed = "\n".join(re.findall(r"^\|[^|]*\|", table, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", listed)) == set(COLUMNS)


def test_every_format_is_named_and_shown():
    listed = re.findall(r"^\| `(\w+)` \|", EXPORT, re.MULTILINE)
    assert sorted(listed) == sorted(FORMATS)
    assert sorted(words[words.index("--format") + 1] for words in commands(EXPORT)) == sorted(FORMATS)


@real
def test_speechmap_and_exports(sordino, folder):
    (folder / "speechmap-data").symlink_to(RAW)
    shown = re.search(r"^```\n(300 answers.*?)```", SPEECHMAP, re.DOTALL | re.MULTILINE)[1]
    imported, *rest = commands(SPEECHMAP)
    said = sordino(*imported, columns=100)
    assert [line.rstrip() for line in said.out.splitlines()] == shown.splitlines()
    for words in (*rest, *commands(EXPORT)):
        said = sordino(*words)
        assert said.code == 0, (words, said.err)
    (block,) = re.findall(r"^```python\n(.*?)^```", EXPORT, re.DOTALL | re.MULTILINE)
    exec(block, {})
    for place in re.findall(r"`replay:(\S+?)`", EXPORT):
        assert sordino("import", "table", place, "--model", "m", "--output", "x.jsonl", "--force").code == 0


def test_a_table(sordino, folder):
    with (folder / "answers.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("prompt", "reply"), ("Why?", "So."), ("How?", "Thus.")])
    (words,) = commands(TABLE)
    assert sordino(*words).code == 0


def test_logs_of_inspect(sordino, folder):
    inspect_ai = pytest.importorskip("inspect_ai")
    from inspect_ai.dataset import MemoryDataset, Sample  # noqa: PLC0415 - an extra
    from inspect_ai.model import ModelOutput, ModelUsage, get_model  # noqa: PLC0415

    # Without a usage Inspect would count tokens with a file that it fetches.
    said = ModelOutput.from_content("mockllm/model", "So.")
    said.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    (words,) = commands(INSPECT)
    (folder / "logs").mkdir()
    for number, name in enumerate(words[2:4]):
        task = inspect_ai.Task(MemoryDataset([Sample(input=f"{number}?")]))
        form = name.rpartition(".")[2]
        model = get_model("mockllm/model", custom_outputs=[said], memoize=False)
        (log,) = inspect_ai.eval(
            task, model=model, log_dir=f"made{number}", log_format=form, display="none"
        )
        Path(log.location.removeprefix("file://")).rename(folder / name)
    done = sordino(*words)
    assert done.code == 0, done.err
    assert done.out.startswith("2 answers of 1 model")
    assert "Not delivered" not in done.out
