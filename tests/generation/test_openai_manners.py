"""How a server is asked: streamed or whole, raw or as a chat, begun for the model, with or without odds."""

from itertools import chain
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.identity import make_request
from sordino.core.protocols import Capabilities
from sordino.core.records import Delivery, Sampling
from sordino.generation.endpoint import Endpoint
from sordino.generation.openai import Manner, OpenAIBackend
from sordino.generation.pace import Pace
from sordino.generation.persistence import Persistence

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, completion, fault = STUB["StubServer"], STUB["completion"], STUB["fault"]
QUICK = Persistence(tries=3, sending=20.0, first_wait=0.001, longest_wait=0.002)


def backend(server, **given):
    return OpenAIBackend(Endpoint("org/m", server.base), **{"persistence": QUICK, **given})


def one(says, **given):
    """The attempt at one question, and the server that it was put to."""
    with StubServer(says) as server, backend(server, **given) as asked:
        ((attempt,),) = asked.generate([make_request("What?", asked.identity.revision)])
        return attempt, server


def in_turn(*replies):
    """Says one after the other, and the last for ever."""
    return lambda number, _body: replies[min(number, len(replies) - 1)]


# -- manners ---------------------------------------------------------------------------------------------


def test_what_is_sent_for_a_stream_and_what_served_it():
    said = completion("It rained.") | {"model": "m-2024", "system_fingerprint": "fp_1"}
    attempt, server = one(in_turn(said), manner=Manner(stream=True))
    assert (attempt.text, attempt.served_model) == ("It rained.", "m-2024 (fp_1)")
    assert (attempt.prompt_tokens, attempt.completion_tokens) == (11, 7)
    assert server.bodies[0]["stream"] is True
    assert server.bodies[0]["stream_options"] == {"include_usage": True}
    assert one(in_turn(said))[0].served_model == "m-2024 (fp_1)"
    assert one(in_turn(completion("Yes.") | {"model": "m"}))[0].served_model == "m"


def test_raw_text_is_what_a_model_run_here_would_read():
    said = {"choices": [{"text": " It rained.", "finish_reason": "stop"}]}
    with StubServer(in_turn(said)) as server, backend(server, manner=Manner(plain=True)) as asked:
        request = make_request("What?", "r", system="Be brief.", prefill="Well,")
        ((attempt,),) = asked.generate([request])
        assert asked.capabilities.prefill
    assert server.paths == ["/v1/completions"]
    assert server.bodies[0]["prompt"] == "Be brief.\n\nWhat?\n\nWell,"
    assert "messages" not in server.bodies[0]
    assert (attempt.delivery, attempt.text) == (Delivery.DELIVERED, " It rained.")


CHAT = {
    "content": [{"token": "It", "logprob": -0.1, "top_logprobs": []}, {"token": " rained.", "logprob": -2}]
}
RAW = {"tokens": ["It", " rained."], "token_logprobs": [-0.1, -2], "top_logprobs": [{}, {}]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("plain", "told"), [(False, CHAT), (True, RAW)])
def test_log_probabilities(plain, told, stream):
    """Of raw text they are asked for by number, and come as lists."""
    choice = (
        {"text": "It rained."} if plain else {"delta" if stream else "message": {"content": "It rained."}}
    )
    said = {"choices": [{**choice, "finish_reason": "stop", "logprobs": told}]}
    reply = STUB["Stream"](said, STUB["DONE"]) if stream else said
    attempt, server = one(in_turn(reply), manner=Manner(stream, plain, log_probabilities=True))
    assert attempt.log_probabilities == (("It", -0.1), (" rained.", -2.0))
    assert server.bodies[0]["logprobs"] == (1 if plain else True)


def test_log_probabilities_are_not_asked_for_unasked():
    attempt, server = one(in_turn("Yes."))
    assert attempt.log_probabilities is None
    assert "logprobs" not in server.bodies[0]


def test_capabilities_are_true_to_the_manner():
    endpoint = Endpoint("m", "http://h:1/v1")
    assert OpenAIBackend(endpoint).capabilities == Capabilities()
    asked = OpenAIBackend(endpoint, manner=Manner(True, True, True)).capabilities
    assert (asked.prefill, asked.streaming, asked.log_probabilities) == (True, True, True)


def test_raw_text_is_another_target_and_a_stream_or_a_rate_is_not():
    endpoint = Endpoint("m", "http://h:1/v1")
    revision = OpenAIBackend(endpoint).identity.revision
    again = OpenAIBackend(endpoint, manner=Manner(stream=True, log_probabilities=True), pace=Pace(5, 5))
    assert again.identity.revision == revision
    assert OpenAIBackend(endpoint, manner=Manner(plain=True)).identity.revision != revision


def test_samples_are_drawn_from_seeds_of_their_own():
    with StubServer(in_turn("Yes.")) as server, backend(server) as asked:
        warm = Sampling(temperature=0.7)
        both = [make_request("What?", "r", sampling=warm, sample=sample) for sample in (0, 1)]
        list(chain.from_iterable(asked.generate([*both, make_request("What?", "r")])))
    seeds = {body.get("seed") for body in server.bodies}
    assert len(seeds) == 3
    assert None in seeds
    assert all(seed is None or 0 <= seed < 2**31 for seed in seeds)


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("name", ["stream_options", "logprobs", "seed"])
def test_what_a_server_complains_of_is_left_out_from_then_on(name, status):
    def says(_number, body):
        return fault(status, {"error": {"message": f"Unknown field: {name}."}}) if name in body else "Yes."

    manner = Manner(stream=True, log_probabilities=True)
    with StubServer(says) as server, backend(server, manner=manner, concurrency=1) as asked:
        warm = Sampling(temperature=0.7)
        owed = [make_request(str(i), "r", sampling=warm) for i in range(3)]
        attempts = list(chain.from_iterable(asked.generate(owed)))
    assert [attempt.text for attempt in attempts] == ["Yes."] * 3
    assert len(server.bodies) == 4


# -- prefills --------------------------------------------------------------------------------------------


def test_a_prefill_is_not_silently_left_out():
    with StubServer(in_turn("Yes.")) as server, backend(server) as asked:
        assert not asked.capabilities.prefill
        ((attempt,),) = asked.generate([make_request("What?", "r", prefill="Sure")])
    assert attempt.delivery is Delivery.ERROR
    assert "--plain" in attempt.error
    assert not server.bodies


def served_by(owner, says):
    """A server that signs its models as one of the presets does."""
    return StubServer(says, lists={"object": "list", "data": [{"id": "org/m", "owned_by": owner}]})


@pytest.mark.parametrize(
    ("owner", "beside"),
    [
        ("vllm", {"continue_final_message": True, "add_generation_prompt": False}),
        ("sglang", {"continue_final_message": True, "add_generation_prompt": False}),
        ("llamacpp", {}),
        ("library", {}),
        ("organization_owner", {}),
    ],
)
def test_a_server_that_shows_what_it_is_gets_a_prefill_its_way(owner, beside):
    with served_by(owner, in_turn(" it did.")) as server, backend(server) as asked:
        asked.check()
        assert asked.capabilities.prefill
        ((attempt,),) = asked.generate([make_request("What?", "r", prefill="Sure,")])
    assert attempt.text == " it did."
    (body,) = server.bodies
    assert body["messages"][-1] == {"role": "assistant", "content": "Sure,"}
    extra = ("continue_final_message", "add_generation_prompt")
    assert {name: body[name] for name in extra if name in body} == beside


@pytest.mark.parametrize(("owner", "text"), [("library", " it did."), ("vllm", "Sure, it did.")])
def test_the_answer_is_what_the_model_added(owner, text):
    """Some servers send the prefill back; of others, which never do, a repetition is the model's."""
    with served_by(owner, in_turn("Sure, it did.")) as server, backend(server) as asked:
        asked.check()
        ((attempt,),) = asked.generate([make_request("What?", "r", prefill="Sure,")])
    assert attempt.text == text


@pytest.mark.parametrize(
    ("prefill", "said", "reasoning", "text"),
    [
        ("<think>\n", "Hm.\n</think>\nYes.", "Hm.", "Yes."),
        ("<think>\n", "Hm. And", "Hm. And", ""),
        ("<think></think>", "Yes.", None, "Yes."),
    ],
)
def test_a_prefill_that_opens_a_trace_is_gone_on_with(prefill, said, reasoning, text):
    with served_by("vllm", in_turn(said)) as server, backend(server) as asked:
        asked.check()
        ((attempt,),) = asked.generate([make_request("What?", "r", prefill=prefill)])
    assert (attempt.reasoning, attempt.text) == (reasoning, text)
