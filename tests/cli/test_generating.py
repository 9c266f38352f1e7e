"""Audits of a real transformers model, end to end: asked once, told exactly, and gone on with after a stop."""

import html
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

import sordino as package

ONE = ("--pack", "atlas", "--template", "protest-crackdown", "--language", "en")
ATTEMPTS = "SELECT attempt, key, delivery, text FROM attempts JOIN answers USING (attempt) ORDER BY attempt"


@pytest.fixture(scope="module")
def asked(audited, tiny):
    """One template in English: twelve questions, with --json."""
    return audited(f"hf:{tiny}", *ONE, "--max-tokens", 8, "--json")


@pytest.fixture(scope="module")
def results(asked):
    assert asked.said.code == 0, asked.said.err
    return json.loads(asked.said.out)


def test_json_is_alone_on_stdout_and_stderr_is_quiet(asked, results):
    assert asked.said.err == ""
    assert {"manifest", "sentence", "findings", "estimates"} <= set(results)


def test_every_question_is_answered_by_the_model(asked, rows):
    assert Counter(row[2:] for row in rows(asked.store, ATTEMPTS)) == {("delivered", "Yes."): 12}


def test_the_manifest_says_what_decides_an_answer(results, tiny):
    manifest = results["manifest"]
    assert manifest["target"]["name"] == "tiny"
    assert manifest["target"]["spec"] == f"hf:{tiny}"
    assert manifest["target"]["chat_template"]
    told = manifest["settings"]
    assert (told["system"], told["plain"], told["samples"]) == (None, False, 1)
    assert (told["temperature"], told["top_p"], told["max_tokens"]) == (0.0, 1.0, 8)
    assert not {"columns", "model", "siblings", "language"} & set(told), "there is no recording"
    assert {"torch", "transformers"} <= set(manifest["environment"])
    (note,) = results["notes"]
    assert note.startswith(
        "Asked in the model's chat template, with no system prompt. Answers: the likeliest"
    )
    assert "at most 8 tokens. Computed in " in note


def test_the_report_says_so_too_and_nothing_of_reasoning_that_never_came(asked, results):
    page = html.unescape(asked.report.read_text("utf-8"))
    assert results["notes"][0] in page
    assert "reasoning" in results["manifest"]["judges"]
    assert "no trace came back" not in page
    assert {f["measure"] for f in results["findings"]} == {"withheld", "blocked", "omission", "state_line"}


def test_the_same_command_again_asks_nothing(asked, results, sordino, rows):
    before = rows(asked.store, ATTEMPTS)
    assert json.loads(sordino(*asked.words).out) == results
    assert rows(asked.store, ATTEMPTS) == before


def test_where_and_how_fast_makes_no_other_run(asked, results, sordino, rows):
    dtype = results["manifest"]["target"]["revision"].split(":")[1]
    machine = ("--workers", 1, "--batch-size", 5, "--device", "cpu", "--dtype", dtype)
    said = sordino(*asked.words, *machine, "--samples", 1, "--temperature", 0, "--top-p", 1)
    assert json.loads(said.out)["manifest"]["run"] == results["manifest"]["run"], said.err
    assert rows(asked.store, "SELECT count(*) FROM attempts") == [(12,)]
    assert rows(asked.store, "SELECT count(*) FROM runs") == [(1,)]


@pytest.fixture(scope="module")
def two(audited, tiny):
    """One jurisdiction, two questions, in the number format that every CPU has."""
    return audited(f"hf:{tiny}", *ONE, "--jurisdiction", "XA", "--max-tokens", 8, "--dtype", "float32")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--epoch", "may"), "Asked in"),
        (("--system", "Be frank."), "with the system prompt 'Be frank.'"),
        (("--plain",), "Asked without a chat template"),
        (("--max-tokens", "9"), "at most 9 tokens"),
        (("--dtype", "bfloat16"), "Computed in bfloat16 on"),
    ],
    ids=lambda given: given[0] if isinstance(given, tuple) else None,
)
def test_what_decides_an_answer_asks_again(two, words, says, rows, sordino, folder):
    shutil.copy(two.store, "s.db")
    said = sordino(*two.words, *words, "--store", "s.db", "--out", "r.html", "--json")
    assert said.code == 0, said.err
    assert says in json.loads(said.out)["notes"][0]
    assert rows(folder / "s.db", "SELECT count(*) FROM attempts") == [(4,)]
    assert rows(folder / "s.db", "SELECT count(*) FROM runs") == [(2,)]


def test_samples_are_drawn_from_their_keys(audited, tiny, rows):
    drawn = ("--samples", 4, "--temperature", 1, "--max-tokens", 8)
    one = audited(f"hf:{tiny}", *ONE, *drawn)
    assert one.said.code == 0, one.said.err
    assert "4 a question, drawn at temperature 1 and top-p 1" in " ".join(one.said.out.split())
    said = Counter(row[3] for row in rows(one.store, ATTEMPTS))
    assert sum(said.values()) == 48
    assert set(said) == {"Yes.", "No."}
    by_key = "SELECT key, text FROM attempts JOIN answers USING (attempt) ORDER BY key"
    other = audited(f"hf:{tiny}", *ONE, *drawn, "--batch-size", 3, "--workers", 2)
    assert rows(other.store, by_key) == rows(one.store, by_key)


def test_the_evidence_of_a_model_verifies(asked, sordino, folder):
    assert sordino("export", "--store", asked.store, "--out", "b.zip").code == 0
    said = sordino("verify", "b.zip")
    assert (said.code, "FAIL" in said.out) == (0, False), said.out


def test_from_python(tiny, tmp_path):
    run = package.audit(
        f"hf:{tiny}", pack="atlas", templates=["leader-satire"], max_tokens=8, store=tmp_path / "s.db"
    )
    assert set(run.exchanges["response"]) == {"Yes."}
    assert run.sentence.startswith("tiny")


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_interrupted_it_keeps_what_it_has_and_goes_on(audited, tiny, folder, rows, sordino):
    words = ("audit", f"hf:{tiny}", "--pack", "atlas", "--language", "en", "--batch-size", "1")
    words += ("--store", "s.db", "--out", "r.html", "--workers", "1", "--max-tokens", "8")
    process = subprocess.Popen(
        [sys.executable, "-m", "sordino", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 120
    while not (folder / "s.db").exists() or not _count(rows, folder):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Interrupted. What was settled is stored; the same command goes on from there." in err
    assert b"Traceback" not in err
    assert rows(folder / "s.db", "SELECT status FROM runs") == [("interrupted",)]
    kept = _count(rows, folder)
    owed = rows(folder / "s.db", "SELECT count(*) FROM requests")[0][0]
    assert 0 < kept < owed
    assert sordino(*words).code == 0
    assert rows(folder / "s.db", "SELECT count(*), count(DISTINCT key) FROM attempts") == [(owed, owed)]


def _count(rows, folder):
    try:
        return rows(folder / "s.db", "SELECT count(*) FROM attempts")[0][0]
    except Exception:
        return 0  # the tables are not there yet


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        # which model
        (("hf:TINY",), ("hf:TINY answers whatever", "--pack", "There are: atlas")),
        (
            ("tiny",),
            ("'tiny' is no target", "KIND:PLACE", "organism:NAME", "hf:ORG/NAME@REVISION", "hf:./FOLDER"),
        ),
        (("hf:a b", *ONE), ("'hf:a b' names no model", "hf:ORG/NAME")),
        (("hf:a/b/c", *ONE), ("'hf:a/b/c' names no model", "hf:./FOLDER")),
        (("hf:a/b@", *ONE), ("'hf:a/b@' names no model", "@REVISION")),
        (("hf:./nowhere", *ONE), ("no folder", "nowhere", "Check the path")),
        (("organism:nobody",), ("no organism 'nobody'", "hf:./FOLDER")),
        (("hf:TINY", "--pack", "atlsa"), ("no pack 'atlsa'", "Did you mean 'atlas'?")),
        # options of the other kind of target
        (
            ("hf:TINY", *ONE, "--columns", "question=q"),
            ("--columns is for recordings", "hf:TINY generates", "Leave"),
        ),
        (("hf:TINY", *ONE, "--model", "m"), ("--model is for recordings", "Leave it out")),
        (("hf:TINY", *ONE, "--siblings", "id"), ("--siblings is for recordings", "Leave it out")),
        (("hf:TINY", *ONE, "--recording-language", "en"), ("--recording-language is for", "Leave it out")),
        *(
            (
                ("replay:r.jsonl", *words),
                (f"{words[0]} is for targets that generate", "replay:r.jsonl is a recording"),
            )
            for words in (
                ("--system", ""),
                ("--plain",),
                ("--samples", "1"),
                ("--temperature", "0"),
                ("--top-p", "1"),
                ("--max-tokens", "9"),
                ("--workers", "0"),
                ("--batch-size", "9"),
                ("--device", "cpu"),
                ("--dtype", "float32"),
            )
        ),
        # numbers
        (("hf:TINY", *ONE, "--samples", "0"), ("--samples 0", "--samples 1")),
        (
            ("hf:TINY", *ONE, "--samples", "3"),
            ("--samples 3 at temperature 0", "3 times", "--temperature 0.7"),
        ),
        (("hf:TINY", *ONE, "--top-p", "0.9"), ("--top-p 0.9 changes nothing", "--temperature 0.7")),
        (("hf:TINY", *ONE, "--temperature", "-1"), ("--temperature -1.0", "0.7")),
        (("hf:TINY", *ONE, "--temperature", "nan"), ("--temperature nan", "0.7")),
        (("hf:TINY", *ONE, "--temperature", "1", "--top-p", "0"), ("--top-p 0.0", "0.95")),
        (("hf:TINY", *ONE, "--temperature", "1", "--top-p", "1.5"), ("--top-p 1.5", "at most 1")),
        (("hf:TINY", *ONE, "--max-tokens", "0"), ("--max-tokens 0", "--max-tokens 400")),
        (("hf:TINY", *ONE, "--workers", "-2"), ("--workers -2", "0 to have it chosen")),
        (("hf:TINY", *ONE, "--batch-size", "0"), ("--batch-size 0", "8")),
        # the machine
        (("hf:TINY", *ONE, "--device", "warp"), ("no device 'warp'", "auto, cpu, cuda")),
        (("hf:TINY", *ONE, "--dtype", "int3"), ("no number format 'int3'", "bfloat16, float32")),
    ],
    ids=lambda given: " ".join(w for w in given if w not in ONE) if ":" in given[0] else None,
)
def test_an_audit_that_cannot_be(sordino, tiny, folder, words, parts):
    (folder / "TINY").symlink_to(tiny)
    (folder / "r.jsonl").write_text('{"question": "What?", "response": "That."}\n', "utf-8")
    said = sordino("audit", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sordino: ")
    assert said.err.count("\n") == 1
    assert [part for part in parts if part not in said.err] == [], said.err
    assert sorted(p.name for p in folder.iterdir()) == ["TINY", "r.jsonl"]
