"""Refusals that every other request would get too end the asking; single ones do not."""

from itertools import chain
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.core.records import Delivery
from sordino.generation.endpoint import Endpoint
from sordino.generation.key import Key
from sordino.generation.openai import OpenAIBackend
from sordino.generation.persistence import Persistence
from sordino.generation.redirects import redirected

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, fault = STUB["StubServer"], STUB["fault"]
ONCE = Persistence(tries=1)
LIST = fault(200, {"data": [{"id": "org/m"}]})


def backend(server, **given):
    given = {"persistence": ONCE, "ends_at_refusal": True, **given}
    return OpenAIBackend(Endpoint("org/m", server.base), **given)


def ended(server, count=400, **given):
    """The attempts at so many questions, and what ended them."""
    attempts = []
    with backend(server, **given) as asked:
        asked.check()
        groups = asked.generate(make_request(str(i), "r") for i in range(count))
        with pytest.raises(TargetError) as caught:
            attempts += chain.from_iterable(groups)
    return attempts, str(caught.value)


@pytest.mark.parametrize(
    ("status", "lists", "told"),
    [
        (401, LIST, "does not take the key in K (HTTP 401: no). Set SORDINO_API_KEY to one that it takes."),
        (402, LIST, "wants money: the key in K has no credit left (HTTP 402: no). Add some."),
        (403, None, "does not take the key in K (HTTP 403: no)."),
        (404, LIST, "does not chat with the model 'org/m' (HTTP 404: no). Check its name."),
        (404, None, "and no list of models either (HTTP 404: no). Is the address right up to its version"),
        (405, None, "and no list of models either (HTTP 405: no)."),
        (302, None, "answers HTTP 302: no."),
    ],
)
def test_it_costs_three_requests_at_most_and_is_told_as_what_it_is(status, lists, told):
    with StubServer(lambda *_: fault(status, {"error": "no"}), lists=lists) as server:
        attempts, said = ended(server, concurrency=64, key=Key("K", "sk-0123456789abc"))
    # Three that are forbidden in a row are enough, and meanwhile others were sent.
    assert 1 <= len(server.bodies) <= (8 if status == 403 else 3)
    assert {attempt.delivery for attempt in attempts} == {Delivery.ERROR}
    assert told in said


def test_a_redirect_of_answers_names_where():
    away = fault(308, "", Location="https://elsewhere.invalid/v2/chat/completions?secret=1")
    with StubServer(lambda *_: away) as server:
        _, said = ended(server)
    assert f"{server.base} redirects to https://elsewhere.invalid/v2; give that address." in said


def test_after_answers_a_few_in_a_row_end_it():
    def says(number, _body):
        return "Yes." if number < 30 else fault(402, {"error": "no"})

    with StubServer(says) as server:
        attempts, said = ended(server, concurrency=4)
    assert sum(attempt.delivery is Delivery.DELIVERED for attempt in attempts) == 30
    assert len(server.bodies) <= 30 + 3 + 2 * 4
    assert "has no credit left" in said


def test_one_that_is_forbidden_after_answers_is_one_questions_affair():
    def says(number, _body):
        return "Yes." if number % 10 == 0 else fault(403, "<p>Forbidden</p>")

    with StubServer(says) as server, backend(server, concurrency=1) as asked:
        requests = [make_request(str(i), "r") for i in range(60)]
        attempts = list(chain.from_iterable(asked.generate(requests)))
    assert len(attempts) == 60


def test_failures_make_no_room():
    with StubServer(lambda *_: fault(400, "no"), pause=0.01) as server, backend(server) as asked:
        list(chain.from_iterable(asked.generate(make_request(str(i), "r") for i in range(30))))
    assert server.most <= 3


def test_a_connection_that_breaks_is_told_in_words():
    with StubServer(lambda *_: STUB["CUT"]) as server, backend(server) as asked:
        ((attempt,),) = asked.generate([make_request("What?", "r")])
    assert attempt.error == "connection broken: in the middle of a reply"


@pytest.mark.parametrize(
    ("status", "location", "place"),
    [
        (308, "https://me:secret@h:8/v1/models?token=secret#x", "https://h:8/v1"),
        (301, "/api/v1/models", "http://here/api/v1"),
        (307, "/v1/models/", "http://here/v1"),
        (302, "http://h/\nfoo\x1b", "http://h/foo\x1b"),
        (302, "http://[h/v1", None),
        (304, None, None),
        (200, "http://h/v1", None),
    ],
)
def test_where_it_redirects_to_is_an_address_and_no_more(status, location, place):
    assert redirected("http://here/v1/models", status, location) == place
