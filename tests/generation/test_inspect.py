"""The backend that asks through Inspect AI, against a real server, and what becomes of Inspect's outputs."""

import subprocess
import sys
import threading
from itertools import chain
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import TargetError
from sordino.core.identity import make_request, seed_of
from sordino.core.records import Delivery, Message, Request, Sampling
from sordino.generation import inspect_output
from sordino.generation.inspect import InspectBackend
from sordino.generation.persistence import Persistence

pytest.importorskip("inspect_ai")
pytest.importorskip("openai")

from inspect_ai.log import transcript
from inspect_ai.model import (
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    Logprob,
    Logprobs,
    ModelCall,
    ModelOutput,
    ModelUsage,
    StopDetails,
)

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, fault, identified = STUB["StubServer"], STUB["fault"], STUB["identified"]
CUT, SLOW = STUB["CUT"], STUB["SLOW"]
SECRET = "sk-test-0123456789abcdef"
ONCE = Persistence(tries=1, sending=20.0, total=30.0)
NO_RETRY = {"x-should-retry": "false"}  # of the OpenAI SDK, which sends again before Inspect does


def said(*given, **more):
    return identified(STUB["completion"](*given, **more))


def refused(status, **error):
    return fault(status, {"error": error}, **NO_RETRY)


@pytest.fixture
def serve(monkeypatch):
    """A server that says what it is asked for, and the backend that asks it through Inspect."""
    opened = []

    def open_one(says, **given):
        server = StubServer(says if callable(says) else lambda _n, body: says[question(body)])
        opened.append(server)
        monkeypatch.setenv("STUB_BASE_URL", server.base)
        monkeypatch.setenv("STUB_API_KEY", SECRET)
        return server, InspectBackend("openai-api/stub/org/m", **{"persistence": ONCE, **given})

    yield open_one
    for server in opened:
        server.__exit__()


def question(body):
    return body["messages"][-1]["content"]


def ask(backend, questions, **given):
    """The attempts by question."""
    requests = {q: make_request(q, backend.identity.revision, **given) for q in questions}
    keys = {r.key: q for q, r in requests.items()}
    with backend:
        return {keys[a.key]: a for a in chain.from_iterable(backend.generate(requests.values()))}


# -- over the wire -------------------------------------------------------------------------------------

REPLIES = {
    "plain": said("It rained.", "stop"),
    "cut": said("It r", "length"),
    "empty": said("", "stop"),
    "called a tool": said(None, "tool_calls"),
    "filtered": said("It r", "content_filter"),
    "a reason that Inspect does not know": said("", "sensitive"),
    "an error that Inspect does not see": said("It r", "insufficient_system_resource"),
    "thought apart": said("It rained.", "stop", reasoning_content="Hm."),
    "thought in tags": said("<think>Hm.</think>It rained.", "stop"),
    "thought and said nothing": said("<think>Hm.</think>", "stop"),
    "thought of nothing": said("It rained.", "stop", reasoning=""),
    "refused by the model": said(None, "stop", refusal="I cannot."),
    "blocked, Azure": refused(400, code="content_filter", message=f"Filtered. Your key: {SECRET}"),
    "blocked, DashScope": refused(400, code="data_inspection_failed", message="Sorry. " * 60),
    "too long": refused(400, code="context_length_exceeded", message="Too many tokens."),
    "malformed": refused(400, code="bad_request", message="No."),
    "failed": refused(500, message=f"Boom.\n\nYour key: {SECRET}"),
    "HTML": fault(200, "<html>Hello</html>"),
    "no answer": {"id": "1", "model": "m", "choices": []},
    "repeats the key": said(f"Your key is {SECRET}.", "stop"),
}
DELIVERIES = {
    "plain": Delivery.DELIVERED,
    "cut": Delivery.TRUNCATED,
    "empty": Delivery.EMPTY,
    "called a tool": Delivery.EMPTY,
    "filtered": Delivery.BLOCKED_OUTPUT,
    "a reason that Inspect does not know": Delivery.BLOCKED_OUTPUT,
    "an error that Inspect does not see": Delivery.ERROR,
    "thought apart": Delivery.DELIVERED,
    "thought in tags": Delivery.DELIVERED,
    "thought and said nothing": Delivery.EMPTY,
    "thought of nothing": Delivery.DELIVERED,
    "refused by the model": Delivery.DELIVERED,
    "blocked, Azure": Delivery.BLOCKED_INPUT,
    "blocked, DashScope": Delivery.BLOCKED_INPUT,
    "too long": Delivery.ERROR,
    "malformed": Delivery.ERROR,
    "failed": Delivery.ERROR,
    "HTML": Delivery.ERROR,
    "no answer": Delivery.ERROR,
    "repeats the key": Delivery.DELIVERED,
}


def test_every_reply_of_a_server_becomes_what_it_is(serve):
    server, backend = serve(REPLIES)
    came = ask(backend, REPLIES)
    assert {q: a.delivery for q, a in came.items()} == DELIVERIES
    plain = came["plain"]
    assert (plain.text, plain.reasoning, plain.finish_reason) == ("It rained.", None, "stop")
    assert (plain.prompt_tokens, plain.completion_tokens, plain.served_model) == (11, 7, "served")
    assert plain.route == server.base.split("/")[2]
    assert plain.seconds > 0
    assert came["cut"].finish_reason == "length"
    assert {q: (came[q].reasoning, came[q].text) for q in REPLIES if q.startswith("thought")} == {
        "thought apart": ("Hm.", "It rained."),
        "thought in tags": ("Hm.", "It rained."),
        "thought and said nothing": ("Hm.", ""),
        "thought of nothing": ("", "It rained."),
    }
    assert came["refused by the model"].text == "I cannot."


def test_what_a_host_says_is_no_answer_and_no_key_is_in_it(serve):
    _, backend = serve(REPLIES)
    came = ask(backend, REPLIES)
    declined = [q for q, a in came.items() if a.error is not None]
    assert {"blocked, Azure", "blocked, DashScope", "too long", "malformed", "failed", "HTML"} <= {
        *declined
    }
    assert all(came[q].text in ("", "It r") for q in declined)
    assert "content_filter Filtered. Your key: [key]" in came["blocked, Azure"].error
    assert all(len(came[q].error) < 260 and "\n" not in came[q].error for q in declined)
    assert came["repeats the key"].text == "Your key is [key]."
    assert SECRET not in repr(came)


def test_what_is_sent(serve):
    server, backend = serve(lambda _n, _body: said("Yes."), log_probabilities=True)
    greedy, drawn = Sampling(max_tokens=9), Sampling(temperature=0.7, top_p=0.9, max_tokens=None)
    requests = [
        make_request(q, "r", sampling=s, system="Be brief.") for q, s in (("a", greedy), ("b", drawn))
    ]
    with backend:
        list(backend.generate(requests))
    bodies = {question(body): body for body in server.bodies}
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a"}]
    assert bodies["a"] == {
        "model": "org/m",
        "messages": messages,
        "temperature": 0.0,
        "max_tokens": 9,
        "logprobs": True,
    }
    assert (bodies["b"]["temperature"], bodies["b"]["top_p"]) == (0.7, 0.9)
    assert bodies["b"]["seed"] == seed_of(requests[1].key) % (1 << 31)
    assert "max_tokens" not in bodies["b"]
    assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"


def test_all_turns_are_sent_and_a_prefill_is_not(serve):
    server, backend = serve(lambda _n, _body: said("Yes."))
    turns = [("user", "Hm?"), ("assistant", "Hm."), ("user", "What?")]
    sent = Request("k", tuple(Message(*t) for t in turns), "r")
    with backend:
        list(backend.generate([sent]))
        ((refused_one,),) = backend.generate([make_request("What?", "r", prefill="It")])
    assert not backend.capabilities.prefill
    assert (refused_one.delivery, refused_one.text) == (Delivery.ERROR, "")
    assert [[(m["role"], m["content"]) for m in body["messages"]] for body in server.bodies] == [turns]


def test_as_many_at_once_as_was_said_and_no_request_is_taken_before_there_is_room(serve):
    server, backend = serve(lambda _n, _body: said("Yes."), concurrency=3)
    server.pause = 0.05
    taken = []

    def requests():
        for n in range(9):
            taken.append(n)
            yield make_request(f"{n}", "r")

    with backend:
        groups = backend.generate(requests())
        first = next(groups)
        assert len(taken) == 3
        rest = list(chain.from_iterable(groups))
    assert len(first) + len(rest) == 9
    assert server.most == 3


def test_left_early_it_breaks_off_what_is_on_the_way(serve):
    """A request that would never end holds nothing up, and no thread is left."""
    _, backend = serve({"quick": said("Yes."), "slow": SLOW}, concurrency=2)
    with backend:
        groups = backend.generate([make_request(q, "r") for q in ("slow", "quick")])
        assert [a.text for a in next(groups)] == ["Yes."]
        groups.close()
    assert not [t for t in threading.enumerate() if t.name == "sordino-inspect"]


def test_it_can_be_opened_again_and_by_others_at_other_sizes(serve):
    """Inspect keeps one semaphore for a model in the whole process; a second backend is not held by it."""
    server, one = serve(lambda _n, _body: said("Yes."), concurrency=1)
    _, many = serve(lambda _n, _body: said("Yes."), concurrency=4)
    server.pause = 0.05
    assert len(ask(one, ["a", "b"])) == len(ask(one, ["a", "b"])) == 2
    with one, many:
        first = one.generate([make_request("a", "r"), make_request("b", "r")])
        next(first)
        assert (
            len(list(chain.from_iterable(many.generate(make_request(f"{n}", "r") for n in range(9))))) == 9
        )
        assert len(list(chain.from_iterable(first))) == 1


def test_nothing_of_the_calls_is_kept(serve):
    _, backend = serve(lambda _n, _body: said("Yes."))
    ask(backend, ["a", "b"])
    assert not transcript().events


def test_a_failure_is_sent_again_as_often_as_was_said_and_no_more(serve):
    server, backend = serve(
        lambda _n, _body: refused(503, message="Busy."), persistence=Persistence(tries=2)
    )
    attempt = ask(backend, ["a"])["a"]
    assert attempt.delivery is Delivery.ERROR
    assert attempt.error.startswith("InternalServerError after 2 tries: Error code: 503 - Busy.")
    assert len(server.bodies) == 2


# -- what nothing can be asked of ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"), [(401, "does not take the key"), (404, "does not know the model")]
)
def test_a_wrong_key_and_a_wrong_model_end_it_at_once(serve, status, words):
    server, backend = serve(lambda _n, _body: refused(status, message=f"Not so: {SECRET}"), concurrency=1)
    with pytest.raises(TargetError, match=words) as raised:
        ask(backend, ["a", "b", "c"])
    assert SECRET not in str(raised.value)
    assert len(server.bodies) == 1


def test_a_server_that_is_gone_is_given_up(serve):
    server, backend = serve(lambda _n, _body: refused(500, message="Boom."), concurrency=4)
    with pytest.raises(TargetError, match="in a row failed; the last one: InternalServerError"):
        ask(backend, [f"{n}" for n in range(400)])
    assert len(server.bodies) < 100


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("nowhere/m", "Model API nowhere of model 'nowhere/m' not recognized."),
        ("m", "should be in the format of <api_name>/<model_name>"),
        ("openai-api/nokey/m", "No NOKEY_API_KEY defined in the environment."),
    ],
)
def test_what_inspect_cannot_make_is_one_message_with_its_reason(spec, why):
    with pytest.raises(TargetError, match="Inspect cannot make the model") as raised:
        InspectBackend(spec).check()
    assert why in str(raised.value)
    assert str(raised.value).endswith("https://inspect.aisi.org.uk/providers.html")
    assert "\n" not in str(raised.value)
    assert "[bold]" not in str(raised.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai.model", None)
    with pytest.raises(TargetError, match=r"pip install 'sordino\[inspect\]'"):
        _ = InspectBackend("openai-api/stub/m").identity


def test_identity_knows_the_address_but_no_password_in_it(monkeypatch):
    monkeypatch.setenv("STUB_API_KEY", "EMPTY")
    found = []
    for base in ("http://a:1/v1", "http://b:1/v1", "http://me:secret@a:1/v1"):
        monkeypatch.setenv("STUB_BASE_URL", base)
        found.append(InspectBackend("openai-api/stub/org/m").identity)
    assert (found[0].spec, found[0].name, found[0].host) == (
        "inspect:openai-api/stub/org/m",
        "org/m",
        "a:1",
    )
    assert found[0] == found[2]
    assert found[0].revision != found[1].revision


def test_inspect_is_imported_by_nobody_who_does_not_ask_it():
    code = "import sys, sordino.cli.main, sordino.generation.inspect, sordino.wiring.targets; print('inspect_ai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# -- outputs, whoever made them ------------------------------------------------------------------------


def made(content, stop="stop", *, usage=(3, 5), **given):
    output = ModelOutput.from_content("m", content, stop, **given)
    output.usage = ModelUsage(input_tokens=usage[0], output_tokens=usage[1]) if usage else None
    return inspect_output.attempt("k", output)


@pytest.mark.parametrize(
    ("stop", "delivery"),
    [
        ("stop", Delivery.DELIVERED),
        ("max_tokens", Delivery.TRUNCATED),
        ("model_length", Delivery.TRUNCATED),
        ("content_filter", Delivery.BLOCKED_OUTPUT),
        ("tool_calls", Delivery.DELIVERED),
        ("unknown", Delivery.DELIVERED),
    ],
)
def test_each_stop_reason(stop, delivery):
    assert made("It r", stop).delivery is delivery


def test_a_text_that_inspect_wrote_for_a_host_is_no_answer():
    """Anthropic's provider puts a sentence of its own where a filter declined; Google's the verdict."""
    own = made(
        "Sorry, but I am unable to help.", "content_filter", usage=None, error="content filtering policy"
    )
    verdict = made(
        "BLOCKED: SAFETY", "content_filter", usage=(3, 0), stop_details=StopDetails(explanation="Blocked")
    )
    too_long = made("prompt is too long", "model_length", usage=None, error="prompt is too long")
    assert [(a.delivery, a.text) for a in (own, verdict, too_long)] == [
        (Delivery.BLOCKED_INPUT, ""),
        (Delivery.BLOCKED_INPUT, ""),
        (Delivery.ERROR, ""),
    ]
    assert own.served_model is None


def test_a_partial_answer_that_a_filter_cut_off_is_kept():
    details = StopDetails(type="content_filter", category="hate", explanation="hate")
    assert made("It r", "content_filter", stop_details=details).text == "It r"
    assert made("It r", "content_filter", usage=None).delivery is Delivery.BLOCKED_OUTPUT


def test_a_hidden_trace_is_none_and_its_summary_is_one():
    def trace(**given):
        parts = [ContentReasoning(reasoning="x7Q=", redacted=True, **given), ContentText(text="Yes.")]
        return made(parts)

    assert (trace().reasoning, trace().text) == (None, "Yes.")
    assert trace(summary="It weighs.").reasoning == "It weighs."
    several = [
        ContentReasoning(reasoning="One."),
        ContentReasoning(reasoning="Two."),
        ContentText(text="Yes."),
    ]
    assert made(several).reasoning == "One.\n\nTwo."


def test_no_choice_is_an_error_and_no_answer():
    attempt = inspect_output.attempt("k", ModelOutput(model="m"))
    assert (attempt.delivery, attempt.error) == (Delivery.ERROR, "a reply without an answer")


def test_tokens_that_a_cache_held_count_and_so_do_log_probabilities():
    output = ModelOutput.from_content("m", "Yes.")
    output.usage = ModelUsage(input_tokens=3, input_tokens_cache_read=20, input_tokens_cache_write=100)
    output.choices[0].logprobs = Logprobs(content=[Logprob(token="Yes", logprob=-0.5)])
    attempt = inspect_output.attempt("k", output)
    assert attempt.prompt_tokens == 123
    assert attempt.log_probabilities == (("Yes", -0.5),)


def test_a_call_tells_the_hosts_own_reason():
    """Gemini's PROHIBITED_CONTENT, Bedrock's guardrail and the like are "unknown" to some providers."""
    output = ModelOutput.from_message(ChatMessageAssistant(content=""), "unknown")
    call = ModelCall(
        request={},
        response={"candidates": [{"finishReason": "PROHIBITED_CONTENT"}], "usageMetadata": {}},
    )
    assert inspect_output.attempt("k", output).delivery is Delivery.EMPTY
    told = inspect_output.attempt("k", output, call)
    assert (told.delivery, told.finish_reason) == (Delivery.BLOCKED_INPUT, "PROHIBITED_CONTENT")


class BadRequest(Exception):  # noqa: N818 - as the client libraries call it
    status_code = 400


@pytest.mark.parametrize(
    ("told", "delivery"),
    [
        ("the model llama-guardrail does not exist", Delivery.ERROR),
        ("bad request: What does the guardrail of the bridge say?", Delivery.ERROR),
        ("data_inspection_failed", Delivery.BLOCKED_INPUT),
    ],
)
def test_what_an_exception_repeats_of_the_request_makes_no_block(told, delivery):
    asked = {"question": "What does the guardrail of the bridge say?", "model": "llama-guardrail"}
    assert inspect_output.failure("k", BadRequest(told), **asked).delivery is delivery
