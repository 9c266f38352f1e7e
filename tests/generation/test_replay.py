"""The replay backend: matching, and what is never asked."""

import json

from sordino.core.identity import make_request
from sordino.core.records import Delivery
from sordino.generation.recording import Recording
from sordino.generation.replay import ReplayBackend


def backend(tmp_path, *rows):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return ReplayBackend(Recording.read(path))


def generated(replay, requests):
    """The attempts of all groups; a recording's are single."""
    return [attempt for (attempt,) in replay.generate(requests)]


def test_answers_by_question_and_sample(tmp_path):
    rows = [{"question": "Q?", "response": f"A{n}", "sample": n} for n in (1, 2)]
    replay = backend(tmp_path, *rows)
    asked = [make_request("Q?", "r", sample=n) for n in (1, 0, 2)]
    assert [(a.key, a.text) for a in generated(replay, asked)] == [
        (asked[0].key, "A2"),
        (asked[1].key, "A1"),
    ]
    assert [replay.holds(request) for request in asked] == [True, True, False]


def test_spelling_of_one_question(tmp_path):
    replay = backend(tmp_path, {"question": "Ou\u0300 est-ce\u0301 ?\n", "response": "Là."})
    assert replay.holds(make_request("  Où est-cé ?", "r"))
    assert not replay.holds(make_request("où est-cé ?", "r"))


def test_the_last_user_message_counts_and_a_system_prompt_does_not(tmp_path):
    replay = backend(tmp_path, {"question": "Q?", "response": "A."})
    assert replay.holds(make_request("Q?", "r", system="Be brief."))
    assert not replay.holds(make_request("Be brief.", "r", system="Q?"))


def test_a_prefilled_request_was_never_asked(tmp_path):
    replay = backend(tmp_path, {"question": "Q?", "response": "A."})
    assert not replay.holds(make_request("Q?", "r", prefill="Sure,"))
    assert list(replay.generate([make_request("Q?", "r", prefill="Sure,")])) == []


def test_a_null_answer_is_an_attempt_that_failed(tmp_path):
    replay = backend(tmp_path, {"question": "Q?", "response": None})
    (attempt,) = generated(replay, [make_request("Q?", "r")])
    assert attempt.delivery is Delivery.ERROR
    assert attempt.error == "no response recorded"


def test_streams(tmp_path):
    replay = backend(tmp_path, {"question": "Q?", "response": "A."})

    def endless():
        while True:
            yield make_request("Q?", "r")

    (attempt,) = next(replay.generate(endless()))
    assert attempt.text == "A."
