"""docs/comparing.md is true: its first commands print what it shows, also beside those of docs/gates.md."""

import re
import shlex
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


def blocks(name):
    page = (ROOT / "docs" / name).read_text("utf-8")
    return re.findall(r"^```\w*\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def commands(block):
    return [shlex.split(line, comments=True)[1:] for line in block.splitlines()]


def test_the_commands_print_what_it_shows(folder, sordino):
    (folder / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "atlas.jsonl", folder / "examples")
    asked, shown = blocks("comparing.md")[:2]
    gated = next(block for block in blocks("gates.md") if block.startswith("sordino audit"))
    assert sordino(*commands(gated)[0]).code == 0
    said = [sordino(*words, columns=400) for words in commands(asked)]
    assert [one.code for one in said] == [0] * 4, said
    sentence = " ".join(shown.split())
    assert sentence.endswith(". …")
    assert said[2].out.startswith(sentence.removesuffix("…"))
