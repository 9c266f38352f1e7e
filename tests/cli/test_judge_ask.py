"""`sordino judge ask` on a stored run, before real servers: good, bad, gone, and interrupted."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Attempt, Axis, Cell, Delivery, Probe, Reading
from sordino.store.store import Store

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, fault = STUB["StubServer"], STUB["fault"]
SECRET = "sk-test-0123456789abcdef"
RUN = "example-1234"
OWN = "classifier@test-1234"
ANSWERS = 30


def asked(number):
    language = "zh" if number % 3 == 0 else "en"
    return Probe(f"p{number}", "atlas", Cell("bridge", "XB"), language, "plain", f"Question {number}?")


def answered(number):
    """Of each ten, one is not delivered and one has no words."""
    if number % 10 == 9:
        return Delivery.BLOCKED_OUTPUT, "Ye"
    text = "I cannot say." if number % 2 else f"It rained on day {number}."
    return Delivery.DELIVERED, "  \n " if number % 10 == 8 else text


@pytest.fixture
def run(folder, monkeypatch):
    """A store with a finished run whose own judge has called everything complete. No key, no cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    for name in ("SORDINO_JUDGE_KEY", "SORDINO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    target = TargetIdentity("replay:x", "example/audited", "a-revision")
    probes = [asked(number) for number in range(ANSWERS)]
    requests = [make_request(probe.question, "a-revision") for probe in probes]
    manifest = Manifest(
        RUN,
        "2026-01-01",
        "0",
        "sordino audit replay:x",
        target,
        PackIdentity("atlas", "1", "h"),
        judges={"engagement": OWN},
    )
    with Store.open(folder / "s.db") as store:
        store.begin_run(manifest, [Owed(p, r) for p, r in zip(probes, requests, strict=True)])
        said = [answered(number) for number in range(ANSWERS)]
        store.append_attempts(
            Attempt(r.key, *how, "a trace") for r, how in zip(requests, said, strict=True)
        )
        store.append_readings(
            Reading(r.key, Axis.ENGAGEMENT, OWN, "COMPLETE", 0.9)
            for r, (delivery, _) in zip(requests, said, strict=True)
            if delivery is Delivery.DELIVERED
        )
    return folder / "s.db"


def says(_number, body):
    rule = "denial" if "I cannot" in body["messages"][-1]["content"] else "complete"
    return json.dumps(
        {"rule": rule, "value": rule.upper(), "quote": "I cannot" if rule == "denial" else "sun"}
    )


@pytest.fixture
def server():
    with StubServer(says) as running:
        yield running


def spec(server, model="judge"):
    return f"openai:{model}@{server.base}"


@pytest.fixture
def ask(sordino, run):
    return lambda *words: sordino("judge", "ask", RUN, "--store", run, *words)


DELIVERED = sum(answered(number)[0] is Delivery.DELIVERED for number in range(ANSWERS))
WORDLESS = sum(number % 10 == 8 for number in range(ANSWERS))
READABLE = DELIVERED - WORDLESS
DENIALS = sum(answered(number) == (Delivery.DELIVERED, "I cannot say.") for number in range(ANSWERS))


def test_a_judge_reads_what_was_delivered_beside_the_run_s_own(ask, server, run, rows):
    said = ask("--judge", spec(server), "--json")
    assert said.code == 0, said.err
    found = json.loads(said.out)
    (judge,) = found["judges"]
    assert found["answers"] == DELIVERED
    assert judge["values"] == {"COMPLETE": READABLE - DENIALS, "DENIAL": DENIALS}
    assert judge["unjudged"] == {"empty text": WORDLESS}
    assert judge["quotes_not_found"] == READABLE - DENIALS
    assert judge["tokens"] == {"prompt": 11 * READABLE, "completion": 7 * READABLE}
    assert len(server.bodies) == READABLE == judge["requests"] == judge["expected"]["requests"]
    assert "change nothing that the run concluded" in found["notes"][0]
    stored = rows(run, f"SELECT count(*), count(value) FROM readings WHERE judge = '{judge['judge']}'")
    assert stored == [(DELIVERED, READABLE)]
    assert not any("a trace" in prompt for prompt in server.prompts())


def test_agreement_is_by_language_and_with_the_run_s_own_judge(ask, server):
    found = json.loads(ask("--judge", spec(server), "--judge", spec(server, "other"), "--json").out)
    one, other = (judge["judge"] for judge in found["judges"])
    pairs = {(a["first"], a["second"], a["language"]): a for a in found["agreement"]}
    assert set(pairs) == {
        (first, second, language)
        for first, second in [(OWN, one), (OWN, other), (one, other)]
        for language in ("en", "zh", "all")
    }
    everyone = pairs[OWN, one, "all"]
    assert (everyone["n"], everyone["share"]) == (READABLE, pytest.approx(1 - DENIALS / READABLE))
    assert pairs[one, other, "all"]["kappa"] == 1.0


def test_for_people_it_says_first_what_it_takes_and_then_what_came(ask, server, folder):
    prices = folder / "prices.yaml"
    prices.write_text("currency: EUR\nmodels:\n  judge: {input: 1000, output: 1000}\n")
    said = ask("--judge", spec(server), "--prices", prices)
    assert said.code == 0, said.err
    taken = 18 * READABLE / 1000
    assert f"{READABLE} requests, about" in said.out
    assert "at most about" in said.out
    assert (
        f"{READABLE} requests, {11 * READABLE} tokens in, {7 * READABLE} out, {taken:.4f} EUR." in said.out
    )
    for words in (
        "Read so far",
        "How far judges agree",
        "empty text",
        "do not stand in the answer",
        "is not there yet",
    ):
        assert words in said.out


def test_the_same_command_asks_nothing_twice(ask, server):
    first = json.loads(ask("--judge", spec(server), "--json").out)
    again = json.loads(ask("--judge", spec(server), "--json").out)
    assert len(server.bodies) == READABLE
    assert again["judges"][0]["values"] == first["judges"][0]["values"]
    assert again["judges"][0]["requests"] == again["judges"][0]["expected"]["requests"] == 0


def test_another_store_pays_for_nothing_twice_unless_told_to(ask, server, run, rows):
    ask("--judge", spec(server))
    for words, requests in ((), 0), (("--no-cache",), READABLE):
        rows_gone(run)
        found = json.loads(ask("--judge", spec(server), "--json", *words).out)
        assert found["judges"][0]["requests"] == requests
        assert found["judges"][0]["values"]["DENIAL"] == DENIALS


def rows_gone(run):
    with sqlite3.connect(run) as held:
        held.execute(f"DELETE FROM readings WHERE judge <> '{OWN}'")


def test_a_sample_is_the_same_for_every_judge_and_every_time(ask, server):
    words = ("--limit", 7, "--seed", 3, "--language", "en")
    found = json.loads(ask("--judge", spec(server), "--judge", spec(server, "other"), *words, "--json").out)
    assert found["answers"] == 7
    asked_of = [
        {b["messages"][0]["content"] for b in server.bodies if b["model"] == m} for m in ("judge", "other")
    ]
    assert asked_of[0] == asked_of[1]
    sent = len(server.bodies)
    ask("--judge", spec(server), *words)
    assert len(server.bodies) == sent
    assert {a["language"] for a in found["agreement"]} == {"en"}
    more = json.loads(
        ask("--judge", spec(server), "--limit", 7, "--seed", 4, "--language", "en", "--json").out
    )
    assert more["judges"][0]["requests"] > 0


def test_a_judge_that_fails_is_given_up_and_what_failed_is_asked_again(ask, run, rows):
    with StubServer(
        lambda number, body: fault(401, {"error": "wrong key"}) if number < 1000 else ""
    ) as server:
        said = ask("--judge", spec(server))
        assert said.code == 2
        assert "failed" in said.err
        assert "HTTP 401: wrong key" in said.err
        assert "SORDINO_JUDGE_KEY" in said.err
        assert "Traceback" not in said.err
        (failures,) = rows(run, "SELECT count(*) FROM readings WHERE why LIKE 'judge error%'")
        assert failures[0] > 0
        server.says = says
        found = json.loads(ask("--judge", spec(server), "--json").out)
    assert found["judges"][0]["values"]["DENIAL"] == DENIALS
    assert found["judges"][0]["unjudged"] == {"empty text": WORDLESS}


def test_unusable_replies_are_counted_by_why_and_stay_owed(ask):
    bad = ["I think so.", '{"rule": ', json.dumps({"rule": "denial", "value": "=cmd\x1b[31m"}), ""]

    def misspoken(_number, body):
        prompt = body["messages"][-1]["content"]
        number = int(prompt.split("Question ")[1].split("?")[0])
        return bad[number % 5] if number % 5 < 4 else says(number, body)

    with StubServer(misspoken) as server:
        said = ask("--judge", spec(server))
        found = json.loads(ask("--judge", spec(server), "--json").out)["judges"][0]
    assert said.code == 0
    assert set(found["unjudged"]) == {
        "the judge answered prose",
        "broken JSON",
        "wrong label '=cmd\\x1b[31m'",
        "the judge answered nothing",
        "empty text",
    }
    assert "\x1b[31m" not in said.out
    assert found["owed"] == sum(found["unjudged"].values()) - WORDLESS
    assert found["requests"] == 2 * (
        READABLE - found["values"].get("COMPLETE", 0) - found["values"].get("DENIAL", 0)
    )


def test_an_answer_that_is_none_is_ruled_on_once(ask, server):
    server.says = lambda _number, _body: '{"rule": "delivery", "value": null}'
    for requests in (READABLE, 0):
        found = json.loads(ask("--judge", spec(server), "--no-cache", "--json").out)["judges"][0]
        assert found["unjudged"] == {"the judge finds no answer in it": READABLE, "empty text": WORDLESS}
        assert (found["requests"], found["owed"]) == (requests, 0)


def test_a_budget_stops_and_the_same_command_goes_on(ask, server):
    words = ("--judge", spec(server), "--budget-tokens", 3000, "--concurrency", 1, "--json")
    asked_before = 0
    for _ in range(100):
        found = json.loads(ask(*words).out)
        took = sum(found["judges"][0]["tokens"].values())
        assert took <= 3000
        assert len(server.bodies) > asked_before
        asked_before = len(server.bodies)
        if not found["stopped_at_budget"]:
            break
    assert len(server.bodies) == READABLE
    assert found["judges"][0]["values"]["DENIAL"] == DENIALS


def test_a_bound_in_money_stops_too(ask, server, folder):
    prices = folder / "prices.yaml"
    prices.write_text("currency: EUR\nmodels:\n  judge: {input: 0, output: 1000000}\n")
    said = ask("--judge", spec(server), "--prices", prices, "--max-cost", 350, "--concurrency", 1)
    assert "Stopped at the budget" in said.out
    assert 0 < len(server.bodies) < READABLE
    assert f"{7 * len(server.bodies)}.0000 EUR" in said.out


def test_a_judge_that_is_the_model_under_audit_is_warned_of_and_no_error(ask, server):
    said = ask("--judge", spec(server, "Audited"), "--json")
    assert said.code == 0
    assert "seems to be the model under audit" in said.err
    assert "seems to be the model under audit" in json.loads(said.out)["warnings"][0]
    assert "seems to be the model under audit" in ask("--judge", spec(server, "org/audited")).out


def test_the_key_is_sent_and_found_nowhere(ask, server, folder, monkeypatch):
    monkeypatch.setenv("SORDINO_JUDGE_KEY", SECRET)
    server.says = lambda number, body: [
        says(number, body).replace("sun", SECRET),
        fault(401, f"wrong key {SECRET}"),
        json.dumps({"rule": SECRET}),
    ][number % 3]
    told = [ask("--judge", spec(server)), ask("--judge", spec(server, "other"), "--json")]
    assert {header["Authorization"] for header in server.headers} == {f"Bearer {SECRET}"}
    assert not any(SECRET in text for said in told for text in (said.out, said.err))
    for path in folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes(), path
    assert not any(SECRET in prompt for prompt in server.prompts())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Name a judge"),
        (("--judge", "gpt-4"), "names no language model"),
        (("--judge", "classifier"), "names no language model"),
        (("--judge", "openai:m"), "names no model of a server"),
        (("--judge", "openai:m@http://u:hunter22@h/v1"), "put the key into the environment"),
        (("--judge", "openai:m@http://127.0.0.1:1/v1", "--rubric", "empty.md"), "empty.md: it is empty"),
        (("--judge", "openai:m@http://127.0.0.1:1/v1", "--rubric", "none.md"), "none.md cannot be read"),
        (("--judge", "openai:m@http://127.0.0.1:1/v1", "--language", "fr"), "no language 'fr'"),
        (("--judge", "openai:m@http://127.0.0.1:1/v1", "--budget-tokens", 0), "allows nothing"),
        (("--judge", "openai:m@http://127.0.0.1:1/v1", "--max-cost", 0), "allows nothing"),
        (("--judge", "openai:m@http://127.0.0.1:1/v1", "--max-cost", 1), "Give --prices FILE too"),
        (
            ("--judge", "openai:m@http://127.0.0.1:1/v1", "--prices", "none.yaml"),
            "none.yaml cannot be read",
        ),
        (("--judge", "openai:m@http://h/v1", "--judge", "openai:m@http://h/v1/"), "one and the same"),
        (("--judge", "openai:m@http://h/v1", "--max-cost", 1, "--prices", "p.yaml"), "no price for 'm'"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_stored(ask, run, rows, folder, words, told):
    (folder / "empty.md").write_text("")
    (folder / "p.yaml").write_text("currency: EUR\nmodels:\n  other: {input: 1, output: 1}\n")
    said = ask(*words)
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert "hunter22" not in said.err
    assert rows(run, "SELECT DISTINCT judge FROM readings") == [(OWN,)]


def test_an_unknown_run_is_refused(sordino, run, server):
    said = sordino("judge", "ask", "nope", "--store", run, "--judge", spec(server))
    assert said.code == 2
    assert "nope" in said.err


# -- at a terminal, where somebody can be asked -------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_where_it_costs_something_somebody_is_asked_first(run, folder, server):
    (folder / "p.yaml").write_text("currency: EUR\nmodels:\n  judge: {input: 1, output: 1}\n")
    words = (
        "judge",
        "ask",
        RUN,
        "--store",
        run,
        "--judge",
        spec(server),
        "--prices",
        "p.yaml",
        "--limit",
        2,
    )
    ours, theirs = os.openpty()
    os.write(ours, b"n\n")
    said = subprocess.run(
        [sys.executable, "-m", "sordino", *map(str, words)],
        cwd=folder,
        stdin=theirs,
        capture_output=True,
        check=False,
    )
    assert b"Nothing was asked" in said.stderr
    assert not server.bodies


# -- stopped at any moment -----------------------------------------------------------------------------------


def begun(words, folder, server, least):
    """The command as a process of its own, once it has asked so much."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sordino", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while len(server.bodies) < least:
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return process


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_stopped_it_loses_nothing_and_the_same_command_goes_on(sordino, run, folder, how):
    with StubServer(says, pause=0.05) as server:
        words = (
            "judge",
            "ask",
            RUN,
            "--store",
            run,
            "--judge",
            spec(server),
            "--concurrency",
            2,
            "--no-cache",
        )
        process = begun(words, folder, server, 6)
        process.send_signal(how)
        _, err = process.communicate(timeout=60)
        if how == signal.SIGINT:
            assert process.returncode == 130
            assert b"the same command goes on" in err
            assert b"Traceback" not in err
        server.pause = 0.0
        said = sordino(*words, "--json")
        asked_in_all = len(server.bodies)
    found = json.loads(said.out)["judges"][0]
    assert found["values"] == {"COMPLETE": READABLE - DENIALS, "DENIAL": DENIALS}
    assert found["requests"] < READABLE
    # Only what was on the way when it stopped is asked again.
    assert READABLE <= asked_in_all <= READABLE + 2
