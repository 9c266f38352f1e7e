"""`sordino audit openai:…` before real servers: what it asks, what it may cost, and what cannot be asked."""

import json
import re
import sqlite3
from pathlib import Path
from runpy import run_path

import pytest

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, completion, fault = STUB["StubServer"], STUB["completion"], STUB["fault"]
SECRET = "sk-test-0123456789abcdef"
ASK = ("--pack", "atlas", "--language", "en", "--template", "protest-crackdown")
"""Eighteen questions: six jurisdictions, three phrasings."""


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in ("SORDINO_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def answering():
    with StubServer(lambda _number, _body: "The army put it down; twelve people died.") as server:
        yield server


@pytest.fixture
def ask(sordino, folder):
    """Audits a model of a server in a folder of its own."""
    return lambda server, *words, model="m": sordino(
        "audit", f"openai:{model}@{server.base}", *ASK, *words, cwd=folder
    )


def stored(folder):
    with sqlite3.connect(folder / "sordino.db") as store:
        return store.execute(
            "SELECT delivery, text, served_model FROM attempts JOIN answers USING (attempt)"
        ).fetchall()


def test_everything_is_asked_once_and_its_price_said_before_and_after(ask, answering, folder):
    said = ask(answering)
    assert said.code == 0, said.err
    before, after = (line for line in said.err.splitlines() if line.startswith(("To ask", "Took")))
    count = len(answering.bodies)
    assert re.match(
        rf"To ask: at most about {count} requests, [\d,]+ tokens in, {count * 4096:,} out", before
    )
    assert after == f"Took: {count} requests, {11 * count} tokens in, {7 * count} out."
    assert len(stored(folder)) == len(set(answering.prompts())) == count
    assert "Served by 127.0.0.1" in said.out
    assert ask(answering).code == 0
    assert len(answering.bodies) == count  # what is settled is not asked again


def test_a_budget_stops_cleanly_and_the_same_command_goes_on(ask, answering, folder):
    said = ask(answering, "--budget-requests", 5)
    assert said.code == 0, said.err
    assert len(stored(folder)) == 5
    assert "Stopped at the budget: not all was asked." in said.err
    left = int(re.search(r"All +\d+ +5 +(\d+)\n", said.out)[1])
    run = re.search(r"Run: +(\S+)", said.out)[1]
    again = ask(answering)
    assert re.search(r"Run: +(\S+)", again.out)[1] == run
    assert len(stored(folder)) == 5 + left


def test_money_is_bounded_by_what_the_file_says(ask, answering, folder):
    (folder / "prices.yaml").write_text("currency: EUR\nmodels:\n  m: {input: 0, output: 1000000}\n")
    said = ask(answering, "--prices", "prices.yaml", "--max-cost", "30", "--max-tokens", 10)
    assert said.code == 0, said.err
    # Ten are held back for each, seven are taken: three at seven leave no room for a fourth.
    assert "Took: 3 requests, 33 tokens in, 21 out, 21.0000 EUR." in said.err
    assert "prices.yaml" not in (folder / "report-m.html").name + said.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--budget-requests", "0"), "--budget-requests 0: that allows nothing"),
        (("--budget-tokens", "0"), "--budget-tokens 0: that allows nothing"),
        (("--max-cost", "0"), "--max-cost 0.0: that allows nothing"),
        (("--max-cost", "1"), "--max-cost needs to know what tokens cost"),
        (("--workers", "2"), "--workers is for models that run here"),
        (("--siblings", "id"), "--siblings is for recordings"),
        (("--prefill", "Yes"), "--prefill cannot be sent to 127.0.0.1"),
        (("--concurrency", "0"), "--concurrency 0: give a number of connections"),
        (("--until", "bored"), "--until 'bored': write --until certain"),
        (("--margin", "0.2"), "--margin says when to stop"),
        (("--pack", "nope"), "There is no pack 'nope'"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_sent(ask, answering, words, says):
    said = ask(answering, *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert answering.bodies == []


def test_a_price_for_another_model_is_no_price(ask, answering, folder):
    (folder / "prices.yaml").write_text("currency: EUR\nmodels:\n  other: {input: 1, output: 1}\n")
    said = ask(answering, "--prices", "prices.yaml", "--max-cost", "1")
    assert said.code == 2
    assert "names no price for 'm'" in said.err


def test_a_host_that_is_not_there(sordino, folder):
    said = sordino("audit", "openai:m@http://127.0.0.1:1/v1", *ASK, cwd=folder)
    assert said.code == 2
    assert "No connection to 127.0.0.1:1" in said.err
    assert "To ask" not in said.err
    assert "No runs yet" in sordino("runs", cwd=folder).out


@pytest.mark.parametrize("streamed", [(), ("--stream",)])
def test_the_key_is_sent_and_stands_nowhere(ask, answering, folder, monkeypatch, streamed):
    monkeypatch.setenv("SORDINO_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-host-0123")
    answering.says = lambda _number, body: completion(f"Your key is {SECRET}.")
    said = ask(answering, *streamed)
    assert said.code == 0, said.err
    assert {headers["Authorization"] for headers in answering.headers} == {f"Bearer {SECRET}"}
    for path in folder.iterdir():
        assert SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in said.out + said.err


def test_another_hosts_key_is_not_sent(ask, answering, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    assert ask(answering).code == 0
    assert not any("Authorization" in headers for headers in answering.headers)


def test_a_host_that_fails_throughout_is_given_up_and_nothing_counts_as_silence(ask, answering, folder):
    answering.says = lambda _number, _body: fault(401, {"error": {"message": "Invalid key"}})
    said = ask(answering)
    assert said.code == 2
    assert "401" in said.err
    assert {delivery for delivery, *_ in stored(folder)} <= {"error"}


def test_every_sending_is_counted_and_paid_for_from_the_budget(ask, answering, folder):
    """The first sending of each fails; each is sent again, as far as the budget goes."""
    seen = set()

    def says(_number, body):
        question = body["messages"][-1]["content"]
        if question in seen:
            return "It rained."
        seen.add(question)
        return fault(500, "oh no")

    answering.says = says
    said = ask(answering, "--budget-requests", 11, "--concurrency", 1, "--json")
    assert said.code == 0, said.err
    assert len(answering.bodies) == 11
    took = json.loads(said.out)["took"]
    assert (took["requests"], took["sendings"]) == (6, 11)
    assert f"Took: 6 requests in 11 sendings, {5 * 11} tokens in, {5 * 7} out." in said.err
    assert "Stopped at the budget" in said.err
    deliveries = sorted(delivery for delivery, *_ in stored(folder))
    assert deliveries == ["delivered"] * 5 + ["error"]


def test_what_a_broken_stream_took_is_estimated_and_told_apart(ask, answering):
    """Each stream breaks off after forty words, but for every third."""
    words = [STUB["chunk"]({"content": "word "}) for _ in range(40)]

    def says(number, _body):
        return "word" if number % 3 == 2 else STUB["Stream"](*words, cut=True)

    answering.says = says
    said = ask(answering, "--stream", "--budget-requests", 6, "--concurrency", 1, "--json")
    assert said.code == 0, said.err
    assert len(answering.bodies) == 6
    took = json.loads(said.out)["took"]
    assert (took["requests"], took["sendings"], took["broken"]) == (2, 6, 4)
    assert took["broken_tokens"]["completion"] == 4 * 58  # two hundred letters
    assert took["tokens"]["completion"] == 4 * 58 + 2 * 7
    assert "out estimated for 4 sendings that broke off)" in said.err


def test_an_answer_that_nobody_saw_is_counted_at_the_most(ask, answering):
    answering.says = lambda number, _body: "It rained." if number else STUB["CUT"]
    said = ask(answering, "--budget-tokens", 300, "--max-tokens", 100, "--concurrency", 1, "--json")
    assert said.code == 0, said.err
    took = json.loads(said.out)["took"]
    assert took["broken"] == 1
    assert took["broken_tokens"]["completion"] == 100
    assert sum(took["tokens"].values()) <= 300


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "wants a key, and none is set (HTTP 401: no). Set SORDINO_API_KEY"),
        (402, "wants money: whoever asks without a key has no credit left (HTTP 402: no)"),
        (404, "Is the address right up to its version, such as …/v1?"),
        (308, "answers HTTP 308"),
    ],
)
def test_a_refusal_that_all_would_get_ends_it_after_three(ask, answering, folder, status, says):
    answering.says = lambda _number, _body: fault(status, "no")
    said = ask(answering)
    assert said.code == 2
    assert says in said.err
    assert len(answering.bodies) <= 3
    sent = re.search(r"Took: (\d+) requests(?: in (\d+) sendings)?,", said.err)
    assert int(sent[2] or sent[1]) == len(answering.bodies)
    assert "Stopped at the budget" not in said.err


def test_a_budget_that_is_too_small_for_one_question_is_refused(ask, answering, folder):
    said = ask(answering, "--budget-tokens", 10)
    assert said.code == 2
    assert re.search(r"--budget-tokens 10: one question may take up to 4,1\d\d\. Give more", said.err)
    (folder / "prices.yaml").write_text("currency: EUR\nmodels:\n  m: {input: 0, output: 1000000}\n")
    said = ask(answering, "--prices", "prices.yaml", "--max-cost", "5", "--max-tokens", 10)
    assert said.code == 2
    assert "--max-cost 5: one question may cost up to 10 EUR. Give more" in said.err
    assert answering.bodies == []


def test_before_it_asks_it_says_what_the_budget_allows(ask, answering, folder):
    (folder / "prices.yaml").write_text("currency: EUR\nmodels:\n  m: {input: 0, output: 1000000}\n")
    said = ask(answering, "--budget-requests", 2, "--prices", "prices.yaml", "--max-tokens", 10)
    assert re.search(r"To ask: at most about 2 requests, \d+ tokens in, 20 out, 20\.0000 EUR\.\n", said.err)
    assert "--budget-requests: no more than that." in said.err
    assert "names no price" not in said.err
    said = ask(answering, "--max-cost", 15, "--prices", "prices.yaml", "--max-tokens", 10)
    assert ", 15.0000 EUR.\n--max-cost: no more than that." in said.err


def test_prices_without_the_model_are_told(ask, answering, folder):
    (folder / "prices.yaml").write_text("currency: EUR\nmodels:\n  other: {input: 1, output: 1}\n")
    said = ask(answering, "--prices", "prices.yaml")
    assert said.code == 0, said.err
    assert "prices.yaml names no price for 'm': costs are not known.\n" in said.err
    assert "EUR" not in said.err


def test_a_redirect_is_told_and_not_followed(ask, answering):
    away = "https://me:secret@elsewhere.invalid/api/v1/models?token=secret"
    answering.lists = fault(308, "", Location=away)
    said = ask(answering)
    assert said.code == 2
    assert (
        f"{answering.base} redirects to https://elsewhere.invalid/api/v1 (HTTP 308); give that" in said.err
    )
    assert "secret" not in said.err
    assert answering.bodies == []
    answering.lists = fault(307, "", Location="/v1/models/")
    assert ask(answering).code == 0


def test_a_name_in_the_list_makes_no_line_of_its_own(ask, answering):
    answering.lists = {"data": [{"id": "b\nsordino: all is well\x1b[31m"}]}
    answering.lists = fault(200, answering.lists)
    said = ask(answering)
    assert said.code == 2
    assert "b␊sordino: all is well␛[31m" in said.err
    assert "\nsordino: all" not in said.err


@pytest.mark.parametrize("words", [(), ("--plain",)])
def test_a_prefill_does_not_go_through_inspect(sordino, words):
    said = sordino("audit", "inspect:openai-api/local/x", *ASK, "--prefill", "Yes", *words)
    assert said.code == 2
    assert "A prefill does not go through Inspect: ask openai:MODEL@ADDRESS, or leave it out." in said.err


def test_blocks_are_no_refusals(ask, answering, sordino, folder):
    about = "Velmora"
    answering.says = lambda _number, body: (
        completion("", "content_filter")
        if about in body["messages"][-1]["content"]
        else "The army put it down; twelve people died."
    )
    said = ask(answering, "--json")
    estimates = json.loads(said.out)["estimates"]
    rate = next(
        e for e in estimates
        if (e["measure"], e["contrast"], e["jurisdiction"], e["blocks"]) == ("blocked", "rate", "XA", "excluded")
    )  # fmt: skip
    assert rate["excluded"] == {}
    assert not [
        e for e in estimates
        if e["measure"] == "withheld" and e["jurisdiction"] == "XA" and e["blocks"] == "excluded"
        and e["contrast"] == "rate" and e["figure"]["n"]
    ]  # fmt: skip
