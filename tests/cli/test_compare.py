"""`sordino compare` as people meet it, and docs/comparing.md, which says what it does."""

import csv
import io
import json
import re
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

import sordino as package
from sordino.core.manifest import RunStatus
from sordino.packs import load
from sordino.store.store import Store

ROOT = Path(__file__).parents[2]
ATLAS = ROOT / "examples" / "atlas.jsonl"
PAGE = (ROOT / "docs" / "comparing.md").read_text("utf-8")
ABOUT = "XB"


@pytest.fixture(scope="module")
def both(sordino, tmp_path_factory):
    """The folder in which the page's own commands have been carried out, and what they said."""
    folder = tmp_path_factory.mktemp("compared")
    (folder / "examples").symlink_to(ATLAS.parent)
    commands = re.search(r"```\n(sordino audit replay:.*?)```", PAGE, re.DOTALL)[1]
    said = [
        sordino(*line.split("#")[0].split()[1:], cwd=folder, columns=100) for line in commands.splitlines()
    ]
    assert [one.code for one in said] == [0] * len(said), said[-1].err
    return folder, said


@pytest.fixture
def compare(both, sordino):
    """Runs `sordino compare` there."""
    return lambda *words, **more: sordino("compare", *words, cwd=both[0], **more)


def flat(text):
    return " ".join(text.split())


# -- the page of docs ------------------------------------------------------------------------------------------


def test_the_page_shows_what_its_commands_print(both):
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1]
    assert flat(shown).endswith(". …")  # it goes on
    assert flat(shown).removesuffix("…") in flat(both[1][2].out)
    quoted = re.search(r"^> (.*(?:\n> .*)*)", PAGE, re.MULTILINE)[1].replace("\n> ", " ")
    assert flat(quoted) in flat(both[1][3].out)


def test_the_page_names_every_option_and_no_other(sordino):
    there = set(re.findall(r"(?<![\w-])(--[a-z-]+)", sordino("compare", "--help", columns=400).out)) - {
        "--help"
    }
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `--"))
    assert set(re.findall(r"`(--[a-z-]+)", table)) == there


def test_the_pages_python_runs(both):
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with chdir(both[0]):
        names: dict[str, object] = {}
        exec(block, names)
    assert str(names["made"].sentence).startswith("B (muted) withholds")
    assert len(names["shown"]) > 0
    assert (both[0] / "page.html").exists()


# -- the command -----------------------------------------------------------------------------------------------


def test_it_prints_the_sentence_first_and_writes_the_page(both):
    out = both[1][2].out
    assert out.startswith("B (muted) withholds ")
    (page,) = re.findall(r"^Page: (\S+)$", out, re.MULTILINE)
    assert re.fullmatch(r"compare-example-open-\w+-example-muted-\w+\.html", page)
    html = (both[0] / page).read_text("utf-8")
    assert "Side by side" in html
    assert html.count('class="transcript pair"') > 20


def test_json_and_csv_are_alone_on_stdout(compare, tmp_path):
    told = compare("example-open", "example-muted", "--json", "--out", tmp_path / "x.html")
    assert (told.code, told.err) == (0, "")
    found = json.loads(told.out)
    assert found["relation"] == "models"
    muted = [c for c in found["changes"] if c["is_shown"] and c["estimate"]["measure"] == "withheld"]
    assert {c["estimate"]["jurisdiction"] for c in muted} == {ABOUT}
    rows = list(
        csv.DictReader(
            io.StringIO(compare("example-open", "example-muted", "--csv", "--out", tmp_path / "x.html").out)
        )
    )
    assert len(rows) == len(found["changes"])
    assert (tmp_path / "x.html").exists()


def test_a_second_store_is_looked_into_and_a_page_may_be_short(both, compare, tmp_path):
    shutil.copy(both[0] / "sordino.db", tmp_path / "b.db")
    words = ("--store-b", tmp_path / "b.db", "--out", tmp_path / "few.html", "--transcripts", 2)
    said = compare("example-open", "latest", *words)
    assert said.code == 0, said.err
    assert said.out.startswith("B (muted) withholds ")
    html = (tmp_path / "few.html").read_text("utf-8")
    assert html.count('class="transcript pair"') == 2
    shown = r"Showing 2 of \d+ pairs that changed, the largest changes first; \d+ more are in the store"
    assert re.search(shown, html)


def test_two_hosts_of_the_same_weights_are_told_apart(sordino, tmp_path):
    """What one host answers the other blocks, now and then about XB; otherwise they say the same."""
    about = {p.question: p.jurisdiction for p in load.pack("atlas").probes(languages=["en"])}
    rows = [json.loads(line) for line in ATLAS.read_text("utf-8").splitlines()]
    rows = [r for r in rows if r["model"] == "example/open" and r["question"] in about]
    blocked = {
        r["question"]
        for r in rows
        if about[r["question"]] == ABOUT and r["response"] and len(r["response"]) % 2
    }
    for name in ("direct", "filtered"):
        told = [
            r | {"response": "", "finish_reason": "content_filter"}
            if name == "filtered" and r["question"] in blocked
            else r
            for r in rows
        ]
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in told), "utf-8")
        audited = sordino(
            "audit", f"replay:{path.name}", "--pack", "atlas", "--language", "en", cwd=tmp_path
        )
        assert audited.code == 0, audited.err
    runs = [r["run"] for r in json.loads(sordino("runs", "--json", cwd=tmp_path).out)]
    said = sordino("compare", runs[1], runs[0], "--same-weights", "--out", "h.html", cwd=tmp_path)
    assert said.code == 0, said.err
    assert re.match(
        r"The hosts differ in delivery: B \(replay:filtered.jsonl\) blocks \d+% about Torvane in English where A "
        r"\(replay:direct.jsonl\) blocks none; what both deliver reads the same over all \(difference 0 ",
        flat(said.out),
    )
    assert "all of those answers are the same word for word" in flat(said.out)
    assert "Host or weights" in (tmp_path / "h.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("example-open",), ("Compare with what?", "sordino runs", "--languages en zh")),
        (("example-open", "example-open"), ("compared with itself",)),
        (("exampel", "example-open"), ("no run 'exampel'", "There are: example-")),
        (("example", "example-open"), ("2 runs begin with 'example'",)),
        (("example-open", "--languages", "en", "xx"), ("no language 'xx'", "en, fr, zh")),
        (("example-open", "--languages", "en", "en"), ("compared with itself",)),
        (("example-open", "example-muted", "--json", "--csv"), ("both want stdout",)),
        (("example-open", "example-muted", "--store-b", "none.db"), ("none.db does not exist",)),
        (("example-open", "example-muted", "--out", "nowhere/x.html"), ("folder nowhere does not exist",)),
    ],
)
def test_what_cannot_be_is_one_message_and_leaves_nothing_behind(both, compare, words, says):
    before = sorted(p.name for p in both[0].iterdir())
    said = compare(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sordino: ")
    assert said.err.count("\n") == 1
    for part in says:
        assert part in said.err
    assert sorted(p.name for p in both[0].iterdir()) == before


def test_an_unfinished_run_is_an_error(both, compare, tmp_path):
    shutil.copy(both[0] / "sordino.db", tmp_path / "b.db")
    with Store.open(tmp_path / "b.db") as store:
        store.set_status(store.resolve("latest"), RunStatus.INTERRUPTED)
    said = compare("example-open", "latest", "--store-b", tmp_path / "b.db")
    assert (said.code, said.out) == (2, "")
    assert "was not finished; `sordino audit" in said.err


def test_the_package_compares_as_well(both):
    with chdir(both[0]):
        made = package.compare("example-muted", languages=("en", "zh"))
        assert made.a.id == made.b.id
        assert made.default_path.name == f"compare-{made.a.id}-en-zh.html"
        assert set(made.differences["language"]) == {"zh"}
        assert made.estimates[0].against == "en"
