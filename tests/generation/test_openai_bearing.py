"""What a server bears, and when it is given up."""

from itertools import chain
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.core.records import Delivery
from sordino.generation.endpoint import Endpoint
from sordino.generation.openai import OpenAIBackend
from sordino.generation.pace import Pace
from sordino.generation.persistence import FEWEST, Persistence

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, fault = STUB["StubServer"], STUB["fault"]
QUICK = Persistence(tries=3, sending=20.0, first_wait=0.001, longest_wait=0.002)


def backend(server, **given):
    return OpenAIBackend(Endpoint("org/m", server.base), **{"persistence": QUICK, **given})


def in_turn(*replies):
    """Says one after the other, and the last for ever."""
    return lambda number, _body: replies[min(number, len(replies) - 1)]


def test_a_server_that_bears_no_more_is_asked_less_at_once():
    """It takes two at a time, and says so."""
    running = []

    def says(_number, body):
        return fault(429) if running[0].busy > 2 else body["messages"][0]["content"]

    patient = Persistence(tries=40, first_wait=0.005, longest_wait=0.02)
    with (
        StubServer(says, pause=0.01) as server,
        backend(server, persistence=patient, concurrency=16) as asked,
    ):
        running.append(server)
        owed = [make_request(f"{number}?", "r") for number in range(80)]
        attempts = list(chain.from_iterable(asked.generate(owed)))
        room = asked._asking.slots.room
    assert sorted(a.text for a in attempts) == sorted(r.question for r in owed)
    assert room < 8


def test_what_waits_to_be_sent_again_keeps_nobody_else_waiting():
    """Two places, and two requests that must wait for long: the others are asked meanwhile."""

    def says(number, body):
        return fault(500) if body["messages"][0]["content"] in ("0?", "1?") and number < 2 else "Yes."

    slow = Persistence(tries=2, first_wait=30.0, longest_wait=30.0)
    with StubServer(says) as server, backend(server, persistence=slow, concurrency=2) as asked:
        stream = asked.generate(make_request(f"{number}?", "r") for number in range(10))
        answered = 0
        while answered < 8:
            answered += len(next(stream))
        stream.close()
    assert len(server.bodies) == 10


@pytest.mark.parametrize("reply", [fault(500, "oh no"), fault(400, {"error": "too long"})])
def test_a_server_that_only_fails_is_given_up(reply):
    once = Persistence(tries=1)
    attempts = []
    with StubServer(in_turn(reply)) as server, backend(server, persistence=once, concurrency=4) as asked:
        groups = asked.generate(make_request(str(i), "r") for i in range(200))
        with pytest.raises(TargetError) as caught:
            attempts += chain.from_iterable(groups)
    told = str(caught.value)
    assert FEWEST <= len(attempts) < 200
    assert {attempt.delivery for attempt in attempts} == {Delivery.ERROR}
    assert "requests in a row failed; the last one: HTTP" in told
    assert "SORDINO_API_KEY" not in told  # neither key nor name is at fault
    assert server.base in told


def test_one_answer_in_between_and_it_is_not_given_up():
    with (
        StubServer(lambda number, _: "Yes." if number % 20 == 19 else fault(400, "no")) as server,
        backend(server, persistence=Persistence(tries=1), concurrency=1) as asked,
    ):
        attempts = list(chain.from_iterable(asked.generate(make_request(str(i), "r") for i in range(100))))
    assert len(attempts) == 100


def test_a_pace_lets_everything_through_in_the_end():
    pace = Pace(requests_per_minute=6_000, tokens_per_minute=600_000)
    with StubServer(in_turn("Yes.")) as server, backend(server, pace=pace) as asked:
        owed = [make_request(str(i), "r") for i in range(20)]
        assert len(list(chain.from_iterable(asked.generate(owed)))) == 20
