"""What hosts do to answers, as each documents it, told from what models say: whole and streamed."""

import json
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.identity import make_request
from sordino.core.records import Delivery
from sordino.generation.endpoint import Endpoint
from sordino.generation.openai import Manner, OpenAIBackend
from sordino.generation.persistence import Persistence
from sordino.generation.replacements import REPLACEMENTS, replaces_answer

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, completion, fault, chunk = STUB["StubServer"], STUB["completion"], STUB["fault"], STUB["chunk"]
Stream, DONE = STUB["Stream"], STUB["DONE"]
QUICK = Persistence(tries=3, sending=20.0, first_wait=0.001, longest_wait=0.002)
D = Delivery
SORRY = REPLACEMENTS[0].text
QUESTION = "How is content moderation done in the valley?"


def one(reply, *, stream=False, model="org/m"):
    """The attempt at a question to which a server always replies the same, and how often it was sent."""
    with StubServer(lambda *_: reply) as server:
        endpoint = Endpoint(model, server.base)
        with OpenAIBackend(endpoint, persistence=QUICK, manner=Manner(stream=stream)) as asked:
            ((attempt,),) = asked.generate([make_request(QUESTION, "r")])
    return attempt, len(server.bodies)


def error(status, **said):
    return fault(status, {"error": said})


# -- errors in place of an answer, the same whether a stream was asked for or not -----------------------


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("reply", "delivery"),
    [
        # Azure: the prompt was filtered.
        (error(400, code="content_filter", message="The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", param="prompt", innererror={"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}), D.BLOCKED_INPUT),
        # OpenAI.
        (error(400, code="invalid_prompt", message="Invalid prompt: your prompt was flagged as potentially violating our usage policy."), D.BLOCKED_INPUT),
        # DashScope, in OpenAI's manner and in its own.
        (error(400, code="data_inspection_failed", message="Input data may contain inappropriate content."), D.BLOCKED_INPUT),
        (error(400, code="data_inspection_failed", message="Output data may contain inappropriate content."), D.BLOCKED_OUTPUT),
        (fault(400, {"code": "DataInspectionFailed", "message": "Input or output data may contain inappropriate content."}), D.BLOCKED_INPUT),
        # Zhipu says by role whose words it was.
        (fault(400, {"contentFilter": [{"level": 1, "role": "user"}], "error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合。"}}), D.BLOCKED_INPUT),
        (fault(400, {"contentFilter": [{"level": 1, "role": "assistant"}], "error": {"code": "1301", "message": "系统检测到输入或生成内容可能包含不安全或敏感内容，请您避免输入易产生敏感内容的提示语，感谢您的配合。"}}), D.BLOCKED_OUTPUT),
        (error(400, code="1301", message="System detected potentially unsafe or sensitive content in input or generation."), D.BLOCKED_INPUT),
        # Moonshot (Kimi).
        (error(400, type="content_filter", message="The request was rejected because it was considered high risk"), D.BLOCKED_INPUT),
        # MiniMax, by status and, at 200, by `base_resp`.
        (error(422, type="unprocessable_entity_error", message="input new_sensitive (1026)", http_code="422"), D.BLOCKED_INPUT),
        (error(422, type="unprocessable_entity_error", message="output new_sensitive (1027)", http_code="422"), D.BLOCKED_OUTPUT),
        ({"choices": None, "base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}}, D.BLOCKED_INPUT),
        ({"choices": [], "base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}, D.BLOCKED_OUTPUT),
        # DeepSeek.
        (error(400, message="Content Exists Risk", type="invalid_request_error", param=None, code="invalid_request_error"), D.BLOCKED_INPUT),
        # Volcengine.
        (error(400, code="InputTextRiskDetection", type="BadRequest", message="The request could not be processed because the input text includes sensitive content."), D.BLOCKED_INPUT),
        (error(400, code="OutputTextRiskDetection", type="BadRequest", message="The request could not be processed because the output text includes sensitive content."), D.BLOCKED_OUTPUT),
        # Baidu Qianfan.
        (error(403, code="unsafe_request", type="unsafe_request", message="the content of messages field is unsafe"), D.BLOCKED_INPUT),
        # xAI.
        (error(403, code="forbidden", message="Content violates usage guidelines."), D.BLOCKED_INPUT),
        # OpenRouter, of its own and of the host behind it.
        (error(403, code=403, message="org/m requires moderation on Host. Your input was flagged for violence", metadata={"reasons": ["violence"], "flagged_input": "…", "provider_name": "Host"}), D.BLOCKED_INPUT),
        (error(400, code=400, message="Provider returned error", metadata={"provider_name": "Alibaba", "raw": json.dumps({"error": {"code": "data_inspection_failed", "message": "Output data may contain inappropriate content."}})}), D.BLOCKED_OUTPUT),
        # What is no block: wrong keys, money, lengths, and errors that only repeat the question or the model.
        (error(403, code="insufficient_quota", message="Your balance is too low."), D.ERROR),
        (error(400, code="context_length_exceeded", message="too many tokens"), D.ERROR),
        (error(400, message=f"Invalid request: {{'content': '{QUESTION}'}}"), D.ERROR),
        (fault(422, {"detail": [{"loc": ["body", "top_p"], "msg": "wrong", "input": {"messages": [{"content": QUESTION}]}}]}), D.ERROR),
        (error(401, message="moderation: wrong key"), D.ERROR),
        (fault(400, "content_filter"), D.ERROR),
    ],
)  # fmt: skip
def test_errors_that_are_blocks_and_errors_that_are_none(reply, delivery, stream):
    attempt, sent = one(reply, stream=stream)
    assert (attempt.delivery, attempt.text, sent) == (delivery, "", 1)
    assert attempt.error


def test_a_model_named_after_moderation_is_not_blocked_by_its_name():
    reply = error(400, message="text-moderation-7b does not support temperature")
    assert one(reply, model="text-moderation-7b")[0].delivery is D.ERROR
    assert one(reply, model="org/m")[0].delivery is D.BLOCKED_INPUT


def test_a_router_s_host_is_the_route():
    assert one(completion("Yes.") | {"provider": "Host A"})[0].route == "Host A"
    refused = error(403, code=403, message="requires moderation", metadata={"provider_name": "Host B"})
    assert one(refused)[0].route == "Host B"
    assert one(completion("Yes."))[0].route.startswith("127.0.0.1:")


# -- answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("text", "finish", "tokens", "delivery", "kept"),
    [
        ("It ra", "content_filter", 3, D.BLOCKED_OUTPUT, "It ra"),
        ("It ra", "sensitive", 3, D.BLOCKED_OUTPUT, "It ra"),
        ("", "content_filter", 0, D.BLOCKED_INPUT, ""),
        ("", "content_filter", 3, D.BLOCKED_OUTPUT, ""),
        ("", "stop", 0, D.EMPTY, ""),
        ("", "stop", 3, D.EMPTY, ""),
        ("It ra", "length", 3, D.TRUNCATED, "It ra"),
        ("I cannot talk about that.", "stop", 6, D.DELIVERED, "I cannot talk about that."),
        ("This was blocked by a content_filter.", "stop", 6, D.DELIVERED, "This was blocked by a content_filter."),
        (f"{SORRY} Really.", "stop", 0, D.DELIVERED, f"{SORRY} Really."),
        # The model's own words, for it took tokens to say them.
        (SORRY, "stop", 17, D.DELIVERED, SORRY),
    ],
)  # fmt: skip
def test_answers(text, finish, tokens, delivery, kept, stream):
    reply = completion(text, finish) | {"usage": {"prompt_tokens": 3, "completion_tokens": tokens}}
    attempt, sent = one(reply, stream=stream)
    assert (attempt.delivery, attempt.text, attempt.finish_reason, sent) == (delivery, kept, finish, 1)


ROLE = chunk({"role": "assistant", "content": ""})
STOP = chunk({}, "stop")


@pytest.mark.parametrize(
    ("events", "delivery", "kept"),
    [
        # An answer taken back while it is shown, by the known text or by another whole message.
        ((chunk({"content": "In 1989 "}), chunk({"content": "the army"}), chunk({"content": SORRY}), STOP), D.BLOCKED_OUTPUT, "In 1989 the army"),
        ((chunk({"content": "In 1989 "}), chunk({"content": REPLACEMENTS[2].text}, "stop")), D.BLOCKED_OUTPUT, "In 1989 "),
        ((chunk({"content": "In 1989 "}), {"choices": [{"message": {"content": "Let us talk of the weather."}, "finish_reason": "stop"}]}), D.BLOCKED_OUTPUT, "In 1989 "),
        ((chunk({"content": "In 1989 "}), chunk({}, "content_filter")), D.BLOCKED_OUTPUT, "In 1989 "),
        # The host's text alone: in one piece, and without tokens, or after a trace that came in pieces.
        ((chunk({"content": SORRY}), STOP, {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0}}), D.BLOCKED_INPUT, ""),
        ((chunk({"reasoning_content": "Hm,"}), chunk({"reasoning_content": " 1989."}), chunk({"content": SORRY}), STOP), D.BLOCKED_OUTPUT, ""),
        # Where nobody says how much was generated, and nothing else tells, the words are the model's.
        ((chunk({"content": SORRY}), STOP), D.DELIVERED, SORRY),
        ((chunk({"reasoning_content": "Hm."}), chunk({"content": SORRY}), STOP), D.DELIVERED, SORRY),
        # The same words made one by one, or counted, or quoted, are the model's.
        ((*(chunk({"content": word}) for word in SORRY.split(" ")[:1]), chunk({"content": SORRY[6:]}), STOP), D.DELIVERED, "Sorry,"+SORRY[6:]),
        ((chunk({"content": SORRY}), STOP, {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 17}}), D.DELIVERED, SORRY),
        ((chunk({"content": "It says: "}), chunk({"content": SORRY}), chunk({"content": " So it is."}), STOP), D.DELIVERED, f"It says: {SORRY} So it is."),
        # Zhipu: a filter that stops the stream, with whose words it was.
        ((chunk({"content": ""}, "sensitive", content_filter=[{"role": "user", "level": 1}]),), D.BLOCKED_INPUT, ""),
        ((chunk({"content": ""}, "sensitive", content_filter=[{"role": "assistant", "level": 1}]),), D.BLOCKED_OUTPUT, ""),
        # An error in the middle of the stream.
        ((chunk({"content": "It ra"}), {"error": {"code": "content_filter", "message": "blocked"}}), D.BLOCKED_OUTPUT, "It ra"),
        ((chunk({"content": "It ra"}), {"error": {"code": 400, "message": "no"}, **chunk({}, "error")}), D.ERROR, "It ra"),
        # It stopped of itself, and said nothing.
        ((ROLE, STOP), D.EMPTY, ""),
        ((STOP,), D.EMPTY, ""),
    ],
)  # fmt: skip
def test_streams(events, delivery, kept):
    attempt, sent = one(Stream(ROLE, *events, DONE), stream=True)
    assert (attempt.delivery, attempt.text, sent) == (delivery, kept, 1)


def test_what_was_taken_back_is_said_and_is_no_answer():
    taken = Stream(chunk({"content": "In 1989 "}), chunk({"content": SORRY}), STOP, DONE)
    attempt, _ = one(taken, stream=True)
    assert attempt.error == (
        f"the host took the answer back after 8 characters and put in its place: {SORRY}"
    )
    alone, _ = one(completion(SORRY) | {"usage": {"prompt_tokens": 3, "completion_tokens": 0}})
    assert alone.delivery is D.BLOCKED_INPUT
    assert alone.error == f"the host put a text of its own in the place of an answer: {SORRY}"


@pytest.mark.parametrize("usage", [None, {}, {"completion_tokens": None}, {"prompt_tokens": 3}])
def test_tokens_that_nobody_states_are_not_none_generated(usage):
    attempt, _ = one(completion(SORRY) | {"usage": usage})
    assert (attempt.delivery, attempt.text, attempt.error) == (D.DELIVERED, SORRY, None)


def test_a_known_host_s_text_is_its_own_however_it_comes():
    for known in REPLACEMENTS:
        assert replaces_answer(f" {known.text}\n", known.host, 17, whole=False)
        assert replaces_answer(known.text, f"{known.host}:443", 17, whole=False)
        assert replaces_answer(known.text, known.host, None, whole=True)
        assert not replaces_answer(known.text, "elsewhere.example", None, whole=True)
        assert not replaces_answer(known.text, f"not-{known.host}", 17, whole=True)
        assert not replaces_answer(known.text[:-1], known.host, 0, whole=True)


# -- streams that break ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        Stream(ROLE, chunk({"content": "It ra"})),
        Stream(ROLE, chunk({"content": "It ra"}), cut=True),
        Stream(ROLE, 'data: {"choices": [{"delta": {"content": "天'.encode()[:-1]),
        Stream(ROLE, 'data: {"choices": [{"delta": {"content": "天'.encode()[:-1], cut=True),
        Stream(ROLE, chunk({"content": "It"}), "{garbage"),
        Stream(ROLE, "7"),
        Stream(ROLE, {"error": {"code": 502, "message": "upstream"}}),
        Stream(ROLE, {"error": {"code": "429", "message": "slow down"}}),
        Stream(b"<!doctype html><title>Sign in</title>"),
        Stream(b"<!doctype html><title>Sign in</title>", kind="text/html"),
        Stream(b": only a comment\n\n"),
        Stream(),
    ],
)
def test_a_broken_stream_is_sent_again_and_nothing_of_it_is_an_answer(broken):
    with StubServer(lambda number, _: broken if number < 2 else "天气很好。") as server:
        manner = Manner(stream=True)
        with OpenAIBackend(Endpoint("m", server.base), persistence=QUICK, manner=manner) as asked:
            ((attempt,),) = asked.generate([make_request("What?", "r")])
    assert (attempt.delivery, attempt.text, len(server.bodies)) == (D.DELIVERED, "天气很好。", 3)
    failed, sent = one(broken, stream=True)
    assert (failed.delivery, failed.text, sent) == (D.ERROR, "", 3)


@pytest.mark.parametrize(
    "odd",
    [
        Stream(
            b": OPENROUTER PROCESSING\n\n", ROLE, b": again\n\n", chunk({"content": "Yes."}), STOP, DONE
        ),
        Stream(chunk({"content": "Yes."}, "stop")),
        Stream(chunk({"content": "Yes."}), DONE),
        Stream(chunk({"content": "Yes."}), STOP, b"data: [DONE]"),
        Stream(chunk({"content": "Yes."}), STOP, DONE, "{after the end"),
        Stream(chunk({"content": "Yes."}), STOP, DONE, kind="text/plain"),
        Stream(json.dumps(completion("Yes.")).encode(), kind="text/plain"),
        Stream(json.dumps(completion("Yes.")).encode(), kind="application/json"),
    ],
)
def test_odd_streams_that_are_whole(odd):
    attempt, sent = one(odd, stream=True)
    assert (attempt.delivery, attempt.text, sent) == (D.DELIVERED, "Yes.", 1)
