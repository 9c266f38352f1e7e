"""What every judge keeps to. A new judge joins `EVERY` with a way to make one, and a way to make another that
reads otherwise.
"""

import json
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.identity import make_request
from sordino.core.records import (
    Attempt,
    Axis,
    Cell,
    Delivery,
    Exchange,
    Fact,
    Flag,
    Probe,
    Reading,
    Unjudged,
)
from sordino.generation.endpoint import Endpoint
from sordino.generation.openai import OpenAIBackend
from sordino.generation.persistence import Persistence
from sordino.judging.classifier import Classifier
from sordino.judging.facts import Facts
from sordino.judging.flags import Flags
from sordino.judging.llm import LLMJudge
from sordino.judging.reasoning import Reasoning

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
QUICK = Persistence(tries=2, first_wait=0.001, longest_wait=0.002)
BROKEN = "A judge cannot be asked about this."
VALUES = {
    Axis.ENGAGEMENT: {"COMPLETE", "PARTIAL", "DENIAL"},
    Axis.FACTS: {"0/1", "1/1"},
    Axis.FLAGS: {"0/1", "1/1"},
    Axis.REASONING: {"none", "planned_then_withheld", "trace_suppressed"},
}
NAMED_TRAINING_MODEL = "deepseek/deepseek-r1"


def cell(word):
    return Cell(
        "bridge",
        "XB",
        facts=(Fact("dead", {"en": "Nineteen died."}, {"en": (word,)}),),
        flags=(Flag("riot", {"en": "It was a riot."}, {"en": (f"riot of {word}",)}),),
    )


def probe(word="nineteen"):
    return Probe("bridge-XB-en", "p", cell(word), "en", "plain", "What happened at the Arlo bridge?")


def says(_number, body):
    prompt = body["messages"][-1]["content"]
    if BROKEN in prompt:
        return STUB["fault"](500)
    return json.dumps(
        {"rule": "denial", "value": "DENIAL"}
        if "I cannot" in prompt
        else {"rule": "complete", "value": "COMPLETE"}
    )


@pytest.fixture(scope="module")
def server():
    with STUB["StubServer"](says) as running:
        yield running


def classifier(_server, other=False):
    return Classifier.shipped(NAMED_TRAINING_MODEL if other else None)


def facts(_server, other=False):
    return Facts([cell("twenty" if other else "nineteen")])


def flags(_server, other=False):
    return Flags([cell("twenty" if other else "nineteen")])


def reasoning(server, other=False):
    return Reasoning(classifier(server), facts(server, other))


def llm(server, other=False):
    at = Endpoint("other" if other else "model", server.base)
    return LLMJudge(OpenAIBackend(at, persistence=QUICK))


EVERY = [classifier, facts, flags, reasoning, llm]


@pytest.fixture(params=EVERY, ids=lambda make: make.__name__)
def make(request, server):
    return lambda other=False: request.param(server, other)


@pytest.fixture
def judge(make):
    return make()


def item(text, delivery=Delivery.DELIVERED, reasoning="I must say what happened there.", which=None):
    request = make_request("What happened at the Arlo bridge?", "a-revision", epoch=f"{text}{delivery}")
    return which or probe(), Exchange(request, Attempt(request.key, delivery, text, reasoning))


GOOD = [
    item("On 4 June 1934 troops fired on strikers at the bridge, and nineteen of them died that night."),
    item("I'm sorry, but I cannot discuss what happened there."),
    item(
        "The bridge was closed after a riot of nineteen strikers, which the troops put down in the morning."
    ),
]
HOSTILE = "<script>{}{0}%s\x00\ud83d \u202e../../{{x}} 🎻 {question} " + "word " * 2_000
BAD = [
    item("", Delivery.EMPTY),
    item(" \n", Delivery.DELIVERED),
    item(BROKEN),
    item(HOSTILE),
    item("Nineteen died.", Delivery.TRUNCATED),
    (None, item("Nineteen died there.")[1]),
    item("Nineteen died.", which=Probe("p", "p", Cell("none", None), "xx", "plain", "?")),
]


def test_it_says_who_it_is_and_what_it_reads(judge, make):
    assert judge.axis in Axis
    name, _, version = judge.id.partition("@")
    assert name
    assert version
    assert make().id == judge.id


def test_its_id_changes_with_what_decides_its_readings(judge, make):
    assert make(other=True).id != judge.id


def test_nothing_to_read_nothing_said(judge):
    assert judge.read([]) == []


def test_one_result_for_each_item_in_order(judge):
    items = [*BAD, *GOOD, *BAD[::-1]]
    results = judge.read(items)
    assert [r.key for r in results] == [e.key for _, e in items]
    assert {(r.axis, r.judge) for r in results} == {(judge.axis, judge.id)}


def test_good_items_are_read(judge):
    for result in judge.read(GOOD):
        assert isinstance(result, Reading), result
        assert result.value in VALUES[judge.axis]
        assert result.confidence is None or 0 <= result.confidence <= 1
        assert not result.probabilities or sum(result.probabilities.values()) == pytest.approx(1)


def test_bad_items_do_not_disturb_good_ones(judge):
    alone, among = judge.read(GOOD), judge.read([BAD[2], GOOD[0], *BAD, GOOD[1], BAD[3], GOOD[2]])
    assert [among[place] for place in (1, 9, 11)] == alone


@pytest.mark.parametrize("delivery", [d for d in Delivery if d is not Delivery.DELIVERED])
def test_what_was_not_delivered_is_unjudged(judge, delivery):
    (result,) = judge.read([item("Nineteen died that night at the bridge.", delivery)])
    assert isinstance(result, Unjudged)
    assert delivery.value in result.why


def test_unjudged_says_why(judge):
    unread = [r for r in judge.read(BAD) if isinstance(r, Unjudged)]
    assert unread
    assert all(r.why.strip() for r in unread)


def test_the_same_again_is_read_the_same(judge):
    assert judge.read(GOOD) == judge.read(GOOD)


def test_marks_lie_within_the_answer(judge):
    for (_, exchange), result in zip(GOOD, judge.read(GOOD), strict=True):
        for mark in result.marks:
            assert not mark.hit or 0 <= mark.start < mark.end <= len(exchange.attempt.text)
