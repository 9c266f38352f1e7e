"""Bad input: exit code 2, one message that says what, where and the mend, and nothing half-written."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import sordino.packs.data

ROW = {"question": "What happened?", "response": "Much happened that day, and all of it is known."}
GOOD = json.dumps(ROW) + "\n"


def refused(said, *parts):
    """One message of Sordino's, which holds the parts."""
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("sordino: ")
    assert said.err.count("\n") == 1
    assert [part for part in parts if part not in said.err] == [], said.err


def here(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# -- the command ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        # the target
        (("vllm:small",), ("kind of target 'vllm'", "There are: hf, inspect, openai, organism, replay")),
        (("reply:r.jsonl",), ("kind of target 'reply'", "Did you mean 'replay'?")),
        (
            ("r.jsonl",),
            ("'r.jsonl' is no target", "KIND:PLACE", "replay:answers.jsonl", "Kinds: replay:FILE"),
        ),
        (("replay:",), ("'replay:' is no target", "KIND:PLACE")),
        (("replay:q.jsonl",), ("no recording 'q.jsonl'", "Did you mean 'r.jsonl'?", "There are: r.jsonl")),
        (("replay:no/r.jsonl",), ("no file no/r.jsonl", "no folder no")),
        (("replay:.",), ("is a folder", "Name one file in it")),
        (("replay:notes.txt",), ("notes.txt", ".csv, .jsonl, .ndjson, .parquet", "Convert it")),
        # the questions
        (("replay:r.jsonl", "--pack", "atlsa"), ("no pack 'atlsa'", "Did you mean 'atlas'?", "folder")),
        (
            ("replay:r.jsonl", "--pack", "atlas", "--language", "fn"),
            ("'fn'", "Did you mean 'fr'?", "en (English), fr (French)"),
        ),
        (
            ("replay:r.jsonl", "--pack", "atlas", "--template", "leader-satyre"),
            ("template", "'leader-satyre'", "Did you mean 'leader-satire'?"),
        ),
        (
            ("replay:r.jsonl", "--pack", "atlas", "--jurisdiction", "XG"),
            ("jurisdiction", "'XG'", "XA (Velmora), XB (Torvane), XC (Jundaria)"),
        ),
        (
            ("replay:r.jsonl", "--pack", "atlas", "--jurisdiction", "Torvane"),
            ("no jurisdiction in the pack atlas: 'Torvane'", "Did you mean 'XB'?"),
        ),
        (
            ("replay:r.jsonl", "--language", "eng"),
            ("--language", "'eng'", "Did you mean 'en'?", "en (English)"),
        ),
        (("replay:r.jsonl", "--template", "protets"), ("--template", "Did you mean 'protest'?")),
        (("replay:r.jsonl", "--jurisdiction", "CM"), ("--jurisdiction", "'CM'", "CN (China), US (U")),
        (("replay:r.jsonl", "--jurisdiction", "China"), ("no jurisdiction 'China'. Did you mean 'CN'?",)),
        # the columns and the model
        (
            ("replay:r.jsonl", "--columns", "prompt"),
            ("--columns", "'prompt'", "FIELD=COLUMN", "question=Q"),
        ),
        (("replay:r.jsonl", "--columns", "=x"), ("--columns", "'=x'", "FIELD=COLUMN")),
        (("replay:r.jsonl", "--columns", "question=a,question=b"), ("--columns", "'question'", "twice")),
        (("replay:r.jsonl", "--columns", "anser=a"), ("--columns", "'anser'", "There are:", "response")),
        (
            ("replay:r.jsonl", "--columns", "question=prompt"),
            ("r.jsonl", "'prompt'", "Its columns: question, response", "--columns question=COLUMN"),
        ),
        (("replay:two.jsonl",), ("two.jsonl holds 2 models", "--model", "org/a, org/b")),
        (("replay:two.jsonl", "--model", "org/c"), ("two.jsonl", "'org/c'", "org/a, org/b")),
        (("replay:r.jsonl", "--siblings", "nothing"), ("--siblings", "two jurisdictions", "leave it out")),
        # the places
        (("replay:r.jsonl", "--out", "no/r.html"), ("folder no does not exist", "Make it")),
        (("replay:r.jsonl", "--out", "."), (". is a folder", "report.html")),
        (("replay:r.jsonl", "--store", "no/s.db"), ("store no/s.db", "make the folder no first")),
        (
            ("replay:r.jsonl", "--store", "notes.txt"),
            ("store notes.txt", "not an SQLite database", "another"),
        ),
        (("replay:r.jsonl", "--store", "other.db"), ("store other.db", "another program", "another path")),
        (("replay:r.jsonl", "--store", "mysql://h/d"), ("'mysql'", "SQLite file or a PostgreSQL")),
        (("replay:r.jsonl", "--json", "--csv"), ("--json and --csv", "one of them")),
    ],
    ids=lambda given: " ".join(given) if "replay:" in given[0] else None,
)
def test_an_audit_that_cannot_be(sordino, folder, words, parts):
    rows = [
        ROW | {"template": "protest", "jurisdiction": j, "language": x, "question": f"{j} {x}?"}
        for j in ("CN", "US")
        for x in ("en", "fr")
    ]
    (folder / "r.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    (folder / "two.jsonl").write_text(
        "".join(json.dumps(ROW | {"model": m}) + "\n" for m in ("org/b", "org/a")), "utf-8"
    )
    (folder / "notes.txt").write_text(
        "Nothing to do with it, and long enough to be read as a header.\n" * 99
    )
    with sqlite3.connect(folder / "other.db") as other:
        other.execute("CREATE TABLE recipes (dish)")
    other.close()
    before = here(folder)
    refused(sordino("audit", *words), *parts)
    assert here(folder) == before


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("audti",), ("No such command 'audti'",)),
        (("packs", "shwo"), ("No such command 'shwo'",)),
        (("audit", "replay:r.jsonl", "--frob"), ("No such option", "--frob")),
        (("audit",), ("Missing argument",)),
        (("audit", "replay:r.jsonl", "--seed", "x"), ("--seed", "integer")),
        (("report", "--transcripts", "-1"), ("--transcripts",)),
    ],
)
def test_a_command_that_does_not_exist(sordino, folder, words, parts):
    said = sordino(*words)
    assert (said.code, said.out) == (2, "")
    assert "Try 'sordino" in said.err
    assert [part for part in parts if part not in said.err] == []
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc, in which not even root can write")
def test_a_folder_that_cannot_be_written_to_is_found_out_first(sordino, folder):
    (folder / "r.jsonl").write_text(GOOD)
    said = sordino("audit", "replay:r.jsonl", "--out", "/proc/self/r.html", "--store", folder / "s.db")
    refused(said, "cannot be written", "Name a place")
    assert not (folder / "s.db").exists()


# -- recordings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ("r.jsonl is empty",)),
        (b"\n\n", ("r.jsonl holds no answers",)),
        (
            b'{"q": "1?", "response": "A."}\n',
            ("r.jsonl", "no column holds the question", "columns: q, response"),
        ),
        (
            b'{"question": "1?", "said": "A."}\n',
            ("no column holds the response", "--columns response=COLUMN"),
        ),
        (GOOD.encode() * 2, ("r.jsonl, lines 1 and 2", "the same question", "take one row out")),
        (
            b'{"question": "1?", "response": "A.", "sample": 1}\n' * 2,
            ("lines 1 and 2", "both sample '1'", "Number the samples apart"),
        ),
        (
            GOOD.encode() + '{"question": "¿qué?", "response": "á"}\n'.encode("latin-1") + GOOD.encode(),
            ("r.jsonl, line 2, byte ", "not UTF-8", "Save the file as UTF-8"),
        ),
        (
            b'{"question": "1?", "respo\n' + GOOD.encode(),
            ("r.jsonl, line 1", "not JSON", "one JSON object a line"),
        ),
        (b"[1]\n", ("r.jsonl, line 1", "a list, not an object")),
        (
            b'{"question": "1?", "response": "A.", "language": "\\ud800"}\n',
            ("r.jsonl, line 1", "the language holds half a character", "Write whole ones"),
        ),
        (
            b'{"question": null, "response": "A."}\n',
            ("r.jsonl, line 1", "the question is missing", "Fill it in"),
        ),
    ],
)
def test_a_recording_that_cannot_be_read(sordino, folder, content, parts):
    (folder / "r.jsonl").write_bytes(content)
    refused(sordino("audit", "replay:r.jsonl"), *parts)
    assert [p.name for p in folder.iterdir()] == ["r.jsonl"]


def test_a_torn_last_line_is_left_out_and_said_everywhere(sordino, folder):
    (folder / "r.jsonl").write_text(GOOD + '{"question": "2?", "respo')
    said = sordino("audit", "replay:r.jsonl", "--out", "r.html")
    assert said.code == 0
    assert "r.jsonl, line 2: not JSON" in said.out
    assert "left out" in said.out
    assert "r.jsonl, line 2: not JSON" in (folder / "r.html").read_text("utf-8")
    (note,) = json.loads(sordino("report", "--json").out)["notes"]
    assert "line 2" in note


MEASURED = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, "-m", "sordino", "audit", "replay:r.jsonl"]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
"""A process of its own: a child's peak counts what its parent held when it was started."""


@pytest.mark.skipif(os.name == "nt", reason="measures memory with resource")
def test_a_line_without_end_is_refused_in_bounded_memory(folder):
    with (folder / "r.jsonl").open("wb") as file:
        file.write(b'{"question": "1?", "response": "')
        file.truncate(1 << 30)  # sparse: the zeros take no room on the disk
    process = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert (
        process.stderr == "sordino: r.jsonl, line 1: longer than 64 MiB. Split or shorten what it holds.\n"
    )
    peak = int(process.stdout) << (0 if sys.platform == "darwin" else 10)
    assert peak < 640 << 20
    assert not (folder / "sordino.db").exists()


# -- packs ---------------------------------------------------------------------------------------------


@pytest.fixture
def pack(folder):
    """The atlas, to be spoilt."""
    source = Path(next(iter(sordino.packs.data.__path__))) / "atlas"
    shutil.copytree(source, folder / "mine")
    (folder / "r.jsonl").write_text(GOOD)
    return folder / "mine"


SATIRE, HEAD = "templates/leader-satire.yaml", "pack.yaml"


@pytest.mark.parametrize(
    ("name", "old", "new", "parts"),
    [
        (HEAD, "\nversion:", "\nversion: [", ("mine/pack.yaml:3: ", "not YAML", "Check")),
        (HEAD, "\nlicence:", "\nlicense:", ("mine/pack.yaml:8: license: ", "Did you mean 'licence'?")),
        (
            SATIRE,
            "kind: political",
            "kind: politics",
            (f"mine/{SATIRE}:2: kind: 'politics'", "'harmful' or 'benign'"),
        ),
        (
            SATIRE,
            "    facts:\n      - id: ",
            "    facts:\n      - id: &a ",
            (f"mine/{SATIRE}:22: ", "(&a) are refused", "Write"),
        ),
        (SATIRE, "  XB:\n", "  XA:\n", (f"mine/{SATIRE}:", "key 'XA' is already on line")),
    ],
)
def test_a_pack_that_cannot_be_read(sordino, pack, name, old, new, parts):
    written = (pack / name).read_text("utf-8")
    assert old in written
    (pack / name).write_text(written.replace(old, new, 1), "utf-8")
    for words in (("audit", "replay:r.jsonl", "--pack", pack), ("packs", "lint", pack)):
        refused(sordino(*words), *parts)
    assert sorted(p.name for p in pack.parent.iterdir()) == ["mine", "r.jsonl"]


def test_two_facts_of_one_name(sordino, pack):
    written = (pack / SATIRE).read_text("utf-8")
    first, second = [line for line in written.splitlines() if line.strip().startswith("- id: ")][:2]
    (pack / SATIRE).write_text(written.replace(second, first, 1), "utf-8")
    name = first.partition("id: ")[2]
    refused(
        sordino("audit", "replay:r.jsonl", "--pack", pack),
        f"{SATIRE}:32: cells.XA.facts.1.id",
        f"'{name}'",
        "Rename",
    )


@pytest.mark.parametrize(
    ("pattern", "says"), [(r"(?=arrested)", "no lookaround"), (r"(a|b) \\1", "no backreference")]
)
def test_a_pattern_that_could_stall(sordino, pack, pattern, says):
    written = (pack / SATIRE).read_text("utf-8")
    before, mark, after = written.partition("en: ['")
    assert mark
    (pack / SATIRE).write_text(f"{before}{mark}{pattern}', '{after}".replace("\\\\", "\\"), "utf-8")
    said = sordino("audit", "replay:r.jsonl", "--pack", pack)
    refused(said, f"{SATIRE}:28: cells.XA.facts.0.patterns.en.0: ", says)


# -- stores --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [("runs",), ("report",), ("export",), ("audit", "replay:r.jsonl")])
def test_a_store_of_a_newer_sordino_is_left_alone(sordino, small, folder, rows, command):
    (folder / "r.jsonl").write_text(GOOD)
    shutil.copy(small.store, folder / "s.db")
    with sqlite3.connect("s.db") as connection:
        connection.execute("UPDATE sordino_revision SET version_num = '9999'")
    connection.close()
    refused(
        sordino(*command, "--store", "s.db"), "store s.db", "newer Sordino", "'9999'", "Upgrade Sordino"
    )
    assert rows(Path("s.db"), "SELECT version_num FROM sordino_revision") == [("9999",)]
    assert rows(Path("s.db"), "SELECT count(*) FROM runs") == [(1,)]
    assert {p.name for p in folder.iterdir()} <= {"r.jsonl", "s.db", "s.db-wal", "s.db-shm"}
