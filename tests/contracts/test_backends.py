"""What every backend keeps to. A new backend joins by adding a way to make it say what a test needs."""

import json
from collections.abc import Iterator

import pytest

from sordino.core.identity import make_request
from sordino.core.records import Delivery
from sordino.generation.recording import Recording
from sordino.generation.replay import ReplayBackend
from sordino.generation.scripted import ScriptedBackend

HOSTILE = "<script>{}%s\x00\ud83d \u202e../../{{x}} 🎻" + "a" * 10_000
SAID = {
    "plain?": {"text": "Yes.", "finish_reason": "stop"},
    "hostile?": {"text": HOSTILE, "finish_reason": "stop"},
    "cut?": {"text": "Ye", "finish_reason": "length"},
    "empty?": {"text": "", "finish_reason": "stop"},
    "filtered?": {"text": "Ye", "finish_reason": "content_filter"},
    "refused by the host?": {"text": "", "finish_reason": "content_filter"},
    "broken?": {"text": "", "error": "connection reset"},
    "thought?": {"text": "Yes.", "reasoning": "Hm.", "finish_reason": "stop"},
    "thought of nothing?": {"text": "Yes.", "reasoning": "", "finish_reason": "stop"},
}
DELIVERIES = {
    "cut?": Delivery.TRUNCATED,
    "empty?": Delivery.EMPTY,
    "filtered?": Delivery.BLOCKED_OUTPUT,
    "refused by the host?": Delivery.BLOCKED_INPUT,
    "broken?": Delivery.ERROR,
}


def scripted(said, folder):
    return ScriptedBackend(said)


def replay(said, folder):
    rows = [{"question": q, "response": fields["text"], **fields} for q, fields in said.items()]
    path = folder / "recorded.jsonl"
    path.write_text("".join(json.dumps({k: v for k, v in r.items() if k != "text"}) + "\n" for r in rows))
    return ReplayBackend(Recording.read(path))


@pytest.fixture(params=[scripted, replay], ids=lambda make: make.__name__)
def make(request, tmp_path):
    return lambda said=SAID: request.param(said, tmp_path)


@pytest.fixture
def backend(make):
    with make() as opened:
        yield opened


@pytest.fixture
def asked(backend):
    return {q: make_request(q, backend.identity.revision) for q in SAID}


@pytest.fixture
def answered(backend, asked):
    questions = {request.key: q for q, request in asked.items()}
    return {questions[a.key]: a for a in backend.generate(asked.values())}


def test_every_request_gets_one_attempt_under_its_key(backend, asked):
    keys = [attempt.key for attempt in backend.generate(asked.values())]
    assert sorted(keys) == sorted(request.key for request in asked.values())


def test_what_came_back_is_not_changed(answered):
    for question, said in SAID.items():
        attempt = answered[question]
        assert attempt.text == said["text"]
        assert attempt.reasoning == said.get("reasoning")
        assert attempt.finish_reason == said.get("finish_reason")
        assert attempt.error == said.get("error")


def test_deliveries_are_settled_from_metadata(answered):
    assert {q: a.delivery for q, a in answered.items()} == {
        q: DELIVERIES.get(q, Delivery.DELIVERED) for q in SAID
    }


def test_unknown_questions_get_no_attempt(backend):
    assert list(backend.generate([make_request("never asked?", backend.identity.revision)])) == []


def test_streams_and_may_be_left(backend, asked):
    stream = backend.generate(asked.values())
    assert isinstance(stream, Iterator)
    first = next(stream)
    stream.close()
    assert first.key in {request.key for request in asked.values()}
    assert len(list(backend.generate(asked.values()))) == len(SAID)


def test_nothing_asked_nothing_said(backend):
    assert list(backend.generate([])) == []


def test_the_same_request_again_gets_the_same(backend, asked):
    assert list(backend.generate(asked.values())) == list(backend.generate(asked.values()))


def test_identity_is_content(make):
    one, again, other = make().identity, make().identity, make({"plain?": {"text": "No."}}).identity
    assert one == again
    assert one.revision != other.revision
    assert one.spec
    assert one.name
    assert ":" in one.spec


def test_capabilities_are_stated(backend):
    assert backend.capabilities.generates is not isinstance(backend, ReplayBackend)


def test_leaves_errors_alone(make):
    with pytest.raises(ZeroDivisionError), make():
        raise ZeroDivisionError
