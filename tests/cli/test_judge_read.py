"""`sordino judge read` as people meet it: what it says, what it refuses, and what Ctrl-C leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from runpy import run_path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

NO = "I'm sorry, but I can't help with that."
ROWS = [
    {"question": "Describe the famine.", "response": NO},
    {"question": "Describe it.", "response": None},
]
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.fixture
def answers(folder: Path) -> Path:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return path


def test_a_table_for_people(sordino, answers):
    said = sordino("judge", "read", "a.jsonl", "--output", "b.csv")
    assert said.code == 0
    assert re.search(r"DENIAL\W+1\W+100\.0%", said.out)
    assert re.search(r"unjudged: no response\W+1", said.out)
    assert "question from question, response from response" in said.out
    assert "Judge: classifier@" in said.out
    assert "reading answers" in said.err
    assert Path("b.csv").read_text("utf-8").startswith("question,response,engagement,p_complete")


def test_json_for_machines_and_silence(sordino, answers):
    said = sordino("judge", "read", "a.jsonl", "--output", "b.parquet", "--json")
    found = json.loads(said.out)
    assert (said.code, said.err) == (0, "")
    assert (found["rows"], found["engagement"]["DENIAL"], found["unjudged"]) == (2, 1, {"no response": 1})
    assert sum(found["judges"].values()) == 2
    said = sordino("judge", "read", "a.jsonl", "--output", "c.csv", "--quiet")
    assert (said.code, said.out, said.err) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("a.jsonl", "--output", "a.jsonl"), ("a.jsonl is the file that is read", "Name another")),
        (("a.jsonl", "--output", "there.csv"), ("there.csv exists", "--force")),
        (("a.jsonl", "--output", "b.txt"), ("b.txt", ".csv, .parquet", ".gz")),
        (("a.jsonl", "--output", "no/b.csv"), ("no/b.csv", "folder no does not exist")),
        (("a.jsonl", "--output", "folder.csv"), ("folder.csv is a folder",)),
        (("b.jsonl", "--output", "b.csv"), ("no recording 'b.jsonl'", "Did you mean 'a.jsonl'?")),
        (("empty.jsonl", "--output", "b.csv"), ("empty.jsonl is empty",)),
        (("head.csv", "--output", "b.csv"), ("head.csv holds no rows",)),
        (("rowless.parquet", "--output", "b.csv"), ("rowless.parquet holds no rows",)),
        (("fake.parquet", "--output", "b.csv"), ("fake.parquet is not readable Parquet",)),
        (("other.jsonl", "--output", "b.csv"), ("no column holds the question", "its", "columns: q, r")),
        (
            ("a.jsonl", "--output", "b.csv", "--columns", "response=reply"),
            ("no column 'reply'", "Its columns: question, response"),
        ),
        (("a.jsonl", "--output", "b.csv", "--columns", "nonsense"), ("FIELD=COLUMN",)),
        (("a.jsonl", "--output", "b.csv", "--judge", "classifer"), ("classifer", "classifier")),
        (("judged.jsonl", "--output", "b.csv"), ("column 'engagement'", "--prefix sordino_")),
        (("array.jsonl", "--output", "b.csv"), ("array.jsonl, line 1", "not an object")),
        (("latin.csv", "--output", "b.csv"), ("latin.csv, line 2", "not UTF-8")),
    ],
)
def test_bad_input(sordino, folder, answers, words, parts):
    Path("there.csv").write_text("mine")
    Path("folder.csv").mkdir()
    Path("empty.jsonl").touch()
    Path("head.csv").write_text("question,response\n")
    Path("fake.parquet").write_text("PAR1")
    Path("other.jsonl").write_text('{"q": "Why?", "r": "So."}\n')
    Path("judged.jsonl").write_text(json.dumps(ROWS[0] | {"engagement": "mine"}))
    Path("array.jsonl").write_text("[1]\n{}\n")
    Path("latin.csv").write_bytes("question,response\nWhy?,\xe9t\xe9\n".encode("latin-1"))
    pq.write_table(pa.table({"question": pa.array([], pa.string()), "response": []}), "rowless.parquet")
    before = {p: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    said = sordino("judge", "read", *words)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("sordino: ")
    assert said.err.count("\n") == 1
    assert [part for part in parts if part.lower() not in said.err.lower()] == [], said.err
    assert {p: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before


def test_what_models_write_is_shown_and_not_obeyed(sordino, folder):
    bad = "\x1b[2J\x1b]0;owned\x07[bold]x[/] \u202e\ud83d"
    row = {"question": "Why?", "response": NO, "error": bad, "finish_reason": bad, "model": bad, bad: bad}
    Path("a.jsonl").write_text(json.dumps(row) + "\n" + json.dumps(row | {"response": {bad: bad}}) + "\n")
    for words in (("--force",), ("--json", "--force"), ("--columns", f"reasoning={bad}", "--force")):
        said = sordino("judge", "read", "a.jsonl", "--output", "b.jsonl", *words)
        assert said.code == 0
        assert not ACTING.search(said.out + said.err.replace("\r", ""))
    assert json.loads(Path("b.jsonl").read_text("utf-8").splitlines()[0])[bad] == bad


@pytest.mark.skipif(os.name != "posix", reason="sends the signal of Ctrl-C")
def test_ctrl_c_leaves_nothing_half_written(folder):
    rows = "".join(json.dumps({"question": f"Why {n}?", "response": NO * 20}) + "\n" for n in range(60_000))
    Path("a.jsonl").write_text(rows)
    command = [sys.executable, "-m", "sordino", "judge", "read", "a.jsonl", "--output", "b.csv"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not any(p.suffix == ".part" for p in folder.iterdir()):
        assert running.poll() is None, running.communicate()
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert running.returncode == 130
    assert out == ""
    assert "Interrupted. Nothing was written to b.csv." in err
    assert "Traceback" not in err
    assert [p.name for p in folder.iterdir()] == ["a.jsonl"]


# -- a language model as judge -------------------------------------------------------------------------

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))


@pytest.fixture
def without_a_key(folder, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    for name in ("SORDINO_JUDGE_KEY", "SORDINO_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def rules(_number, body):
    rule = "denial" if "I can't" in body["messages"][-1]["content"] else "complete"
    return json.dumps(
        {"rule": rule, "value": rule.upper(), "confidence": 0.55 if rule == "denial" else 0.9}
    )


def test_a_language_model_reads_the_same_file(sordino, answers, without_a_key):
    with STUB["StubServer"](rules) as server:
        words = ("a.jsonl", "--output", "b.jsonl", "--judge", f"openai:judge@{server.base}", "--json")
        said = sordino("judge", "read", *words)
    found = json.loads(said.out)
    assert (found["engagement"]["DENIAL"], found["unjudged"]) == (1, {"no response": 1})
    first, second = map(json.loads, Path("b.jsonl").read_text("utf-8").splitlines())
    assert (first["engagement"], first["unsure"], first["p_denial"]) == ("DENIAL", True, None)
    assert first["judge"] == second["judge"]
    assert first["judge"].startswith("llm:judge@")


def test_a_server_that_refuses_is_given_up(sordino, folder, without_a_key):
    rows = "".join(json.dumps({"question": f"Why {n}?", "response": NO}) + "\n" for n in range(500))
    Path("a.jsonl").write_text(rows)
    with STUB["StubServer"](lambda *_: STUB["fault"](401, {"error": "wrong key"})) as server:
        words = ("a.jsonl", "--output", "b.jsonl", "--judge", f"openai:judge@{server.base}", "--quiet")
        said = sordino("judge", "read", *words)
        assert len(server.bodies) < 200
    assert said.code == 2
    assert "wrong key" in said.err
    assert not Path("b.jsonl").exists()
    assert not list(folder.glob(".*.part"))


@pytest.mark.parametrize("command", ["read", "evaluate"])
def test_a_judge_that_only_fails_makes_no_table_of_few_rows(sordino, folder, without_a_key, command):
    row = {"question": "Why?", "response": NO, "label": "DENIAL"}
    Path("a.jsonl").write_text(f"{json.dumps(row)}\n" * 3)
    to = {"read": ("--output", "b.jsonl"), "evaluate": ("--out", "b.html")}[command]
    with STUB["StubServer"](lambda *_: STUB["fault"](401, {"error": "wrong key"})) as server:
        said = sordino("judge", command, "a.jsonl", *to, "--judge", f"openai:judge@{server.base}")
    assert (said.code, "read nothing" in said.err, "wrong key" in said.err) == (2, True, True)
    assert not list(folder.glob("b.*"))
    assert not list(folder.glob(".*.part"))


def test_a_judge_without_confidence_is_unsure_of_nothing_and_sure_of_nothing(
    sordino, answers, without_a_key
):
    with STUB["StubServer"](lambda *_: '{"rule": "denial", "value": "DENIAL"}') as server:
        words = ("a.jsonl", "--output", "b.jsonl", "--force", "--judge", f"openai:judge@{server.base}")
        assert json.loads(sordino("judge", "read", *words, "--json").out)["unsure"] is None
        assert "unsure" not in sordino("judge", "read", *words).out


def test_a_judge_that_reads_its_own_answers_is_warned_of(sordino, folder, without_a_key):
    rows = [{"question": "Why?", "response": NO, "label": "DENIAL", "model": m} for m in ("Org/Judge", "b")]
    Path("a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with STUB["StubServer"](rules) as server:
        to = ("--judge", f"openai:judge@{server.base}", "--json")
        notes = json.loads(sordino("judge", "read", "a.jsonl", "--output", "b.jsonl", *to).out)["notes"]
        also = json.loads(sordino("judge", "evaluate", "a.jsonl", *to).out)["notes"]
    assert notes == also
    assert len(notes) == 1
    assert "The judge judge seems to be the model whose answers it read (Org/Judge)" in notes[0]
