"""The backend for servers in OpenAI's manner, against a real one that misbehaves in every way."""

import json
from itertools import chain
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.core.records import Delivery, Sampling
from sordino.generation import complaints, sending
from sordino.generation.endpoint import Endpoint
from sordino.generation.key import Key
from sordino.generation.openai import Manner, OpenAIBackend
from sordino.generation.persistence import Persistence

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, completion, fault = STUB["StubServer"], STUB["completion"], STUB["fault"]
CUT, SLOW = STUB["CUT"], STUB["SLOW"]
SECRET = "sk-test-0123456789abcdef"
QUICK = Persistence(tries=3, sending=20.0, first_wait=0.001, longest_wait=0.002)


def backend(server, **given):
    return OpenAIBackend(Endpoint("org/m", server.base), **{"persistence": QUICK, **given})


def one(says, **given):
    """The attempt at one question, and the server that it was put to."""
    with StubServer(says) as server, backend(server, **given) as asked:
        request = make_request("What?", asked.identity.revision, system="Be brief.")
        ((attempt,),) = asked.generate([request])
        assert attempt.key == request.key
        return attempt, server


def in_turn(*replies):
    """Says one after the other, and the last for ever."""
    return lambda number, _body: replies[min(number, len(replies) - 1)]


def test_what_is_sent_and_what_comes_back():
    attempt, server = one(in_turn("It rained."), json_reply=True)
    assert (attempt.delivery, attempt.text, attempt.finish_reason) == (
        Delivery.DELIVERED,
        "It rained.",
        "stop",
    )
    assert (attempt.prompt_tokens, attempt.completion_tokens) == (11, 7)
    assert attempt.seconds > 0
    assert attempt.route == server.base.split("/")[2]
    assert server.bodies == [
        {
            "model": "org/m",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "What?"},
            ],
            "temperature": 0.0,
            "top_p": 1.0,
            "max_tokens": 1024,
            "response_format": {"type": "json_object"},
        }
    ]
    assert "Authorization" not in server.headers[0]


def test_what_the_sampling_leaves_open_is_left_to_the_server():
    with StubServer(in_turn("Yes.")) as server, backend(server) as asked:
        open_sampling = Sampling(temperature=None, top_p=None, max_tokens=None)
        list(asked.generate([make_request("What?", "r", sampling=open_sampling)]))
        assert set(server.bodies[0]) == {"model", "messages"}


@pytest.mark.parametrize(
    ("reply", "delivery", "text", "reasoning"),
    [
        (completion("It ra", "length"), Delivery.TRUNCATED, "It ra", None),
        (completion("It ra", "content_filter"), Delivery.BLOCKED_OUTPUT, "It ra", None),
        (completion("", "stop"), Delivery.EMPTY, "", None),
        (completion(None, "stop"), Delivery.EMPTY, "", None),
        (completion("It rained.", reasoning_content="Hm."), Delivery.DELIVERED, "It rained.", "Hm."),
        (completion("It rained.", reasoning="Hm."), Delivery.DELIVERED, "It rained.", "Hm."),
        (completion("<think>\nHm.\n</think>\n\nIt rained."), Delivery.DELIVERED, "It rained.", "Hm."),
        (completion("\ud83d <b>{0}%s\x00"), Delivery.DELIVERED, "\ud83d <b>{0}%s\x00", None),
        (completion("Half", "abort"), Delivery.ERROR, "Half", None),
        ({"choices": []}, Delivery.ERROR, "", None),
        ({"choices": "many"}, Delivery.ERROR, "", None),
        ({"error": {"message": "no such model"}}, Delivery.ERROR, "", None),
        ({"choices": [{"message": {"content": {"no": "text"}}}]}, Delivery.ERROR, "", None),
        ({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": "many"}}, Delivery.DELIVERED, "x", None),
        (fault(400, {"error": {"code": "data_inspection_failed", "message": "Input data may contain…"}}), Delivery.BLOCKED_INPUT, "", None),
        (fault(400, {"error": {"code": "content_filter", "message": "The response was filtered"}}), Delivery.BLOCKED_INPUT, "", None),
        (fault(400, {"error": "max_tokens must be positive"}), Delivery.ERROR, "", None),
        (fault(404, {"detail": "model moderation-7b not found"}), Delivery.ERROR, "", None),
        (fault(401, {"error": {"message": "wrong key"}}), Delivery.ERROR, "", None),
        (fault(308, "", Location="http://127.0.0.1:1/elsewhere"), Delivery.ERROR, "", None),
    ],
)  # fmt: skip
def test_deliveries(reply, delivery, text, reasoning):
    attempt, server = one(in_turn(reply))
    assert (attempt.delivery, attempt.text, attempt.reasoning) == (delivery, text, reasoning)
    assert len(server.bodies) == 1
    assert bool(attempt.error) is (delivery in (Delivery.ERROR, Delivery.BLOCKED_INPUT))


@pytest.mark.parametrize(
    "reply",
    [
        fault(429, "slow down", **{"Retry-After": "0"}),
        fault(500, "<html>oh no</html>"),
        fault(503),
        fault(408),
        fault(409),
        CUT,
        fault(200, "<!doctype html><title>Sign in</title>"),
        fault(200, '{"choices": [{"mess'),
        {"error": {"code": 502, "message": "upstream"}},
    ],
)
def test_what_may_pass_is_sent_again_and_settled_once(reply):
    attempt, server = one(in_turn(reply, "It rained."))
    assert (attempt.delivery, attempt.text) == (Delivery.DELIVERED, "It rained.")
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (fault(429, {"error": {"message": "slow\n down"}}), "HTTP 429 after 3 tries: slow down"),
        (fault(500, "oh no"), "HTTP 500 after 3 tries: oh no"),
        (fault(200, "<p>Sign in</p>"), "HTTP 200 without JSON after 3 tries: a page of HTML"),
        (CUT, "connection broken after 3 tries"),
    ],
)
def test_what_does_not_pass_is_an_error_that_stays_owed(reply, told):
    attempt, server = one(in_turn(reply))
    assert attempt.delivery is Delivery.ERROR
    assert attempt.error.startswith(told)
    assert not attempt.delivery.is_terminal
    assert len(server.bodies) == 3


def test_a_reply_that_does_not_come_is_given_up():
    attempt, server = one(in_turn(SLOW), persistence=Persistence(tries=2, sending=0.2, first_wait=0.001))
    assert attempt.error == "no reply within 0.2 s after 2 tries"
    assert len(server.bodies) == 2


def test_a_server_that_asks_to_wait_is_waited_for():
    _, server = one(in_turn(fault(429, **{"Retry-After": "0.3"}), "It rained."))
    assert server.times[1] - server.times[0] >= 0.3


def test_a_server_that_asks_to_wait_too_long_is_not_waited_for():
    attempt, server = one(in_turn(fault(429, **{"Retry-After": "86400"})))
    assert attempt.error == "HTTP 429 (asked to wait 86400 s)"
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("7", 7.0), ("-3", 0.0), ("soon", None), ("nan", None), ("inf", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(header, seconds):
    assert complaints.waiting(header) == seconds


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_without_end_does_not_fill_the_memory(stream, monkeypatch):
    monkeypatch.setattr(sending, "LARGEST_REPLY", 1 << 20)
    reply = STUB["Stream"](b": " + b"a" * (3 << 20), kind="text/plain")
    attempt, _ = one(in_turn(reply), manner=Manner(stream=stream))
    assert attempt.error == "a reply of more than 1 MiB after 3 tries"


@pytest.mark.parametrize("status", [200, 400, 500])
def test_an_error_nested_deep_is_borne(status):
    deep = '{"error":' * 900 + '{"a":' * 60 + "1" + "}" * 960
    assert one(in_turn(fault(status, deep)))[0].delivery is Delivery.ERROR


def test_a_server_that_speaks_no_tls_is_told():
    with StubServer(in_turn("")) as server:
        base = server.base.replace("http:", "https:")
        with OpenAIBackend(Endpoint("m", base), persistence=Persistence(tries=1)) as asked:
            ((attempt,),) = asked.generate([make_request("What?", "r")])
    assert attempt.error.startswith("no connection: 127.0.0.1:")
    assert "no secure connection: [SSL" in attempt.error


def test_nobody_there_is_an_error():
    with StubServer(in_turn("")) as gone:
        base = gone.base
    with OpenAIBackend(Endpoint("m", base), persistence=QUICK) as asked:
        ((attempt,),) = asked.generate([make_request("What?", "r")])
    assert attempt.error.startswith("no connection after 3 tries: 127.0.0.1:")


def test_a_server_without_json_replies_is_asked_without():
    refusal = fault(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})
    with (
        StubServer(lambda _, body: refusal if "response_format" in body else "Yes.") as server,
        backend(server, json_reply=True, concurrency=1) as asked,
    ):
        attempts = list(chain.from_iterable(asked.generate(make_request(str(i), "r") for i in range(3))))
    assert [attempt.text for attempt in attempts] == ["Yes."] * 3
    assert len(server.bodies) == 4


def test_a_server_with_the_newer_name_for_the_limit_is_asked_by_it():
    refusal = fault(400, {"error": {"message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'."}})  # fmt: skip
    attempt, server = one(lambda _, body: refusal if "max_tokens" in body else "Yes.")
    assert attempt.text == "Yes."
    assert server.bodies[1]["max_completion_tokens"] == 1024


def test_many_are_on_the_way_at_once_and_no_more_than_allowed():
    with StubServer(lambda _, body: body["messages"][0]["content"], pause=0.02) as server:
        taken = []

        def requests():
            for number in range(40):
                taken.append(number)
                yield make_request(f"{number}?", "r")

        with backend(server, concurrency=4) as asked:
            stream = asked.generate(requests())
            first = next(stream)
            assert len(taken) <= 4
            texts = [a.text for a in chain(first, chain.from_iterable(stream))]
    assert sorted(texts) == sorted(f"{number}?" for number in range(40))
    assert server.most == 4


def test_left_early_it_asks_no_more_and_closes():
    with StubServer(in_turn("Yes."), pause=0.01) as server, backend(server, concurrency=2) as asked:
        stream = asked.generate(make_request(str(i), "r") for i in range(100))
        next(stream)
        stream.close()
        assert len(server.bodies) <= 5
        assert len(list(asked.generate([make_request("more", "r")]))) == 1


def test_a_storm_of_faults_settles_each_request_once():
    faults = [fault(429), fault(500), CUT, fault(200, "garbage")]

    def says(number, body):
        return faults[number // 3 % 4] if number % 3 == 0 else body["messages"][0]["content"]

    asked_for = [make_request(f"{number}?", "r") for number in range(120)]
    patient = Persistence(tries=10, first_wait=0.001, longest_wait=0.002)
    with StubServer(says) as server, backend(server, persistence=patient) as asked:
        attempts = list(chain.from_iterable(asked.generate(asked_for)))
    assert {a.key: (a.delivery, a.text) for a in attempts} == {
        r.key: (Delivery.DELIVERED, r.question) for r in asked_for
    }
    assert len(attempts) == len(asked_for) < len(server.bodies)


# -- the key ---------------------------------------------------------------------------------------------


def test_the_key_opens_the_server_and_is_told_to_nobody():
    """A server may repeat what it was sent: in an error, an answer, a trace."""

    def says(number, body):
        told = f"Bearer {SECRET}"
        return [
            completion(told, reasoning_content=told),
            fault(401, {"error": {"message": f"wrong key {SECRET}"}}),
            fault(500, told * 40),
            fault(200, told),
            # "/" and any other character may be written otherwise in JSON, and JSON in JSON once more.
            fault(401, json.dumps({"error": told}).replace("/", r"\/").replace("s", r"\u0073")),
            fault(400, json.dumps({"error": json.dumps({"raw": told}).replace("/", r"\/")})),
        ][int(body["messages"][0]["content"])]

    with StubServer(says) as server, backend(server, key=Key("K", SECRET)) as asked:
        attempts = list(chain.from_iterable(asked.generate(make_request(str(i), "r") for i in range(6))))
        shown = [
            repr(attempts),
            repr(asked.identity),
            repr(vars(asked)),
            repr(asked),
            json.dumps(server.bodies),
        ]
    assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
    assert not any(SECRET in text for text in shown)
    assert "Bearer [key]" in {attempt.text for attempt in attempts}


def test_the_key_comes_from_the_first_variable_that_is_set(monkeypatch):
    monkeypatch.delenv("FIRST", raising=False)
    monkeypatch.setenv("SECOND", f"{SECRET}\n")
    assert Key.of_environment("FIRST", "SECOND") == Key("SECOND", SECRET)
    monkeypatch.setenv("FIRST", "")
    assert Key.of_environment("FIRST", "SECOND") is None
    monkeypatch.setenv("FIRST", f"{SECRET}\nHost: elsewhere")
    with pytest.raises(TargetError, match="FIRST holds what cannot be a key") as caught:
        Key.of_environment("FIRST")
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(Key("X", SECRET))


# -- addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "model", "base"),
    [
        ("m@http://localhost:8000/v1", "m", "http://localhost:8000/v1"),
        ("org/m:7b@https://h/v1/", "org/m:7b", "https://h/v1"),
        ("m@v2@http://[::1]:1/v1/chat/completions", "m@v2", "http://[::1]:1/v1"),
    ],
)
def test_addresses(place, model, base):
    assert Endpoint.parse(place) == Endpoint(model, base)


@pytest.mark.parametrize(
    "place",
    [
        "", "m", "m@", "@http://h/v1", " @http://h/v1", "m@h:8000/v1", "m@ftp://h/v1", "m@http://", "m@http://h:port/v1",
        "m@http://h:99999/v1", "m@http://h/v1?key=abc", "m@http://h/v1#x", "m@http://u:hunter22@h/v1", "m@http://h /v1",
    ],
)  # fmt: skip
def test_addresses_that_will_not_do(place):
    with pytest.raises(TargetError) as caught:
        Endpoint.parse(place)
    assert "hunter22" not in str(caught.value)


def test_identity_says_which_model_at_which_address():
    one = OpenAIBackend(Endpoint("org/m", "http://h:1/v1")).identity
    assert (one.spec, one.name, one.host) == ("openai:org/m@http://h:1/v1", "org/m", "h:1")
    others = [Endpoint("org/m2", "http://h:1/v1"), Endpoint("org/m", "http://h:2/v1")]
    assert one.revision not in {OpenAIBackend(other).identity.revision for other in others}
