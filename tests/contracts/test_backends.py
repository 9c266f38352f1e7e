"""What every backend keeps to, and what those keep to besides that can be told what to say.

A new backend joins `EVERY` with a way to make one from what it is to say; a real model, which says what it
will, only takes the content of that for the difference between two models. One that can be told joins `TOLD`;
a server cannot be told to know nothing of a question.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.identity import make_request
from sordino.core.records import Attempt, Delivery, Sampling
from sordino.generation.endpoint import Endpoint
from sordino.generation.inspect import InspectBackend
from sordino.generation.openai import Manner, OpenAIBackend
from sordino.generation.persistence import Persistence
from sordino.generation.recording import Recording
from sordino.generation.replay import ReplayBackend
from sordino.generation.scripted import ScriptedBackend
from sordino.generation.transformers import TransformersBackend

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


def transformers(said, folder):
    """A tiny real model, whose weights follow from what is asked for."""
    tiny = run_path(str(Path(__file__).parents[1] / "tiny_model.py"))
    made = tiny["random_model"](folder / "model", seed=len(said))
    return TransformersBackend(f"hf:{made}", "tiny", str(made), device="cpu", dtype="float32")


STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))


@cache
def serving(script):
    """A server for all tests, so that the same answers come from the same address."""
    said = json.loads(script)

    def says(_number, body):
        fields = said[body["messages"][-1]["content"]]
        if "error" in fields:
            return STUB["fault"](500, fields["error"], **{"x-should-retry": "false"})
        reply = STUB["completion"](
            fields["text"], fields.get("finish_reason"), reasoning=fields.get("reasoning")
        )
        return STUB["identified"](reply)

    return STUB["StubServer"](says)


def openai(said, folder):
    """One request at a time: what completes together is then the same again."""
    at = Endpoint("m", serving(json.dumps(said)).base)
    return OpenAIBackend(at, concurrency=1, persistence=Persistence(tries=2, first_wait=0.001))


def streamed(said, folder):
    """The same server once more, which sends its answers as it makes them."""
    at = Endpoint("m", serving(json.dumps(said)).base)
    persistence = Persistence(tries=2, first_wait=0.001)
    return OpenAIBackend(at, concurrency=1, persistence=persistence, manner=Manner(stream=True))


def inspect(said, folder):
    """The same server, asked through Inspect AI, which finds it by the environment."""
    pytest.importorskip("inspect_ai")
    base = serving(json.dumps(said)).base
    service = f"stub{base.rsplit(':', 1)[1].removesuffix('/v1')}"
    os.environ |= {f"{service.upper()}_BASE_URL": base, f"{service.upper()}_API_KEY": "EMPTY"}
    return InspectBackend(f"openai-api/{service}/m", concurrency=1, persistence=Persistence(tries=1))


TOLD = [scripted, replay]
EVERY = [*TOLD, openai, streamed, inspect, transformers]


def made_by(request, tmp_path):
    return lambda said=SAID: request.param(said, tmp_path)


@pytest.fixture(params=EVERY, ids=lambda make: make.__name__)
def make(request, tmp_path):
    return made_by(request, tmp_path)


@pytest.fixture
def backend(make):
    with make() as opened:
        yield opened


@pytest.fixture(params=TOLD, ids=lambda make: make.__name__)
def told(request, tmp_path):
    with made_by(request, tmp_path)() as opened:
        yield opened


def requests(backend):
    short = Sampling(max_tokens=8)
    return {q: make_request(q, backend.identity.revision, sampling=short) for q in SAID}


@pytest.fixture
def asked(backend):
    return requests(backend)


@pytest.fixture
def answered(told):
    """Of a backend that can be told: the attempts by question."""
    asked = requests(told)
    questions = {request.key: q for q, request in asked.items()}
    return {questions[a.key]: a for a in chain.from_iterable(told.generate(asked.values()))}


# -- every backend ---------------------------------------------------------------------------------------


def test_every_request_gets_one_attempt_under_its_key(backend, asked):
    keys = [attempt.key for group in backend.generate(asked.values()) for attempt in group]
    assert sorted(keys) == sorted(request.key for request in asked.values())


def test_streams_and_may_be_left(backend, asked):
    stream = backend.generate(asked.values())
    assert isinstance(stream, Iterator)
    first = next(stream)
    stream.close()
    assert {attempt.key for attempt in first} <= {request.key for request in asked.values()}
    assert len(list(chain.from_iterable(backend.generate(asked.values())))) == len(SAID)


def test_nothing_asked_nothing_said(backend):
    assert list(backend.generate([])) == []


def test_the_same_request_again_gets_the_same(backend, asked):
    assert content(backend.generate(asked.values())) == content(backend.generate(asked.values()))


def content(groups: Iterator[Sequence[Attempt]]) -> list[list[Attempt]]:
    """Groups without the time they took."""
    return [[replace(attempt, seconds=None) for attempt in group] for group in groups]


def test_no_group_is_empty_and_none_is_asked_twice(backend, asked):
    groups = list(backend.generate(iter(asked.values())))
    assert all(groups)
    assert len({a.key for a in chain.from_iterable(groups)}) == len(asked)


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


def test_a_streamed_answer_is_what_a_whole_one_is(tmp_path):
    with openai(SAID, tmp_path) as whole, streamed(SAID, tmp_path) as pieces:
        asked = requests(whole)
        assert content(pieces.generate(asked.values())) == content(whole.generate(asked.values()))


# -- backends that can be told what to say -------------------------------------------------------------


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


def test_unknown_questions_get_no_attempt(told):
    assert list(told.generate([make_request("never asked?", told.identity.revision)])) == []
