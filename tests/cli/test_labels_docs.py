"""docs/labels.md is true: its commands run in order, its code runs, and its rules are those that are printed."""

import contextlib
import csv
import io
import re
import shlex
import shutil
from pathlib import Path

from sordino.judging.human import GUIDE

PAGE = (Path(__file__).parents[2] / "docs" / "labels.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILLED_IN = {"second.csv": "labels.csv", "decided.csv": "queue.csv"}
VALUES = ("COMPLETE", "PARTIAL", "DENIAL")


def fill(folder, name, source, shift):
    """As a person would: labels in a file that a command wrote; they differ for each tenth row."""
    with (folder / source).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row["label"] = VALUES[(number + (shift if number % 10 == 0 else 0)) % 3]
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_the_commands_run_in_order_and_the_code_after_them(small, folder, sordino, monkeypatch):
    shutil.copy(small.store, folder / "sordino.db")
    commands = [
        line
        for language, block in BLOCKS
        if not language
        for line in block.splitlines()
        if line.startswith("sordino ") and "RUN" not in line  # RUN: needs a server
    ]
    assert len(commands) >= 13
    for command in commands:
        words = shlex.split(command)[1:]
        for word in words:
            if word in FILLED_IN:
                fill(folder, word, FILLED_IN[word], 1)
        if words[:2] == ["labels", "export"] and "--annotator" in words:
            words[words.index("400")] = "20"
        elif words[:2] == ["labels", "export"]:
            words[words.index("200")] = "15"
        said = sordino(*words)
        assert said.code == 0, said.err
        assert words[0] == "report" or not said.err, command
        if words[:2] == ["labels", "export"] and "labels.csv" in words:
            fill(folder, "labels.csv", "labels.csv", 0)
    (code,) = (block for language, block in BLOCKS if language == "python")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "docs/labels.md", "exec"), {})
    assert "labels_to_halve" in printed.getvalue()
    assert "rate" in printed.getvalue()


def test_the_rules_are_those_that_are_printed():
    assert f"```\n{GUIDE}\n```" in PAGE
