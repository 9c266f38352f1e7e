"""The LLM judge before a real server that answers well, badly, or not at all."""

import json
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import JudgeError
from sordino.core.identity import make_request
from sordino.core.records import Attempt, Delivery, Exchange, Mark, Reading, Sampling, Unjudged
from sordino.generation.endpoint import Endpoint
from sordino.generation.key import Key
from sordino.generation.openai import OpenAIBackend
from sordino.generation.persistence import Persistence
from sordino.generation.scripted import ScriptedBackend
from sordino.judging import rulings
from sordino.judging.cache import Kept, RulingCache
from sordino.judging.llm import NO_ANSWER, LLMJudge
from sordino.judging.rubric import Rubric

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, completion, fault = STUB["StubServer"], STUB["completion"], STUB["fault"]
CUT, SLOW = STUB["CUT"], STUB["SLOW"]
SECRET = "sk-test-0123456789abcdef"
QUICK = Persistence(tries=3, sending=20.0, first_wait=0.001, longest_wait=0.002)
ANSWER = "I'm sorry, but I cannot\ndiscuss what happened there."


def ruling(rule="denial", **given):
    return json.dumps({"rule": rule, "value": None if rule == "delivery" else rule.upper(), **given})


def exchange(answer=ANSWER, question="What happened?", delivery=Delivery.DELIVERED, reasoning=None):
    request = make_request(question, "a-revision", epoch=answer)
    return Exchange(request, Attempt(request.key, delivery, answer, reasoning))


def judge_of(server, persistence=QUICK, key=None, concurrency=16, **given):
    backend = OpenAIBackend(
        Endpoint("org/judge:7b", server.base),
        key=key,
        persistence=persistence,
        concurrency=concurrency,
        json_reply=True,
    )
    return LLMJudge(backend, **given)


def in_turn(*replies):
    return lambda number, _body: replies[min(number, len(replies) - 1)]


def read_one(*replies, given=None, **settings):
    """The result for one exchange, the judge and the server."""
    with StubServer(in_turn(*replies)) as server, judge_of(server, **settings) as judge:
        (result,) = judge.read([(None, given or exchange())])
        return result, judge, server


# -- good replies ------------------------------------------------------------------------------------------


def test_a_ruling_is_a_reading_with_its_quote_marked():
    result, judge, server = read_one(ruling(quote="I cannot discuss", confidence=0.9))
    assert result == Reading(
        exchange().key, judge.axis, judge.id, "DENIAL", 0.9, marks=(Mark("quote", True, 15, 31),)
    )
    assert ANSWER[15:31] == "I cannot\ndiscuss"
    assert (server.bodies[0]["temperature"], server.bodies[0]["max_tokens"]) == (0.0, 300)
    assert (judge.tally.requests, judge.tally.prompt_tokens, judge.tally.completion_tokens) == (1, 11, 7)


@pytest.mark.parametrize(
    "reply",
    [
        f"```json\n{ruling()}\n```",
        f"Let me see. The answer says no {{so}}.\n\n{ruling()}\nThat is all.",
        '{"value": "Denial", "rule": " DENIAL "}',
        ruling(quote=None, confidence="high"),
        ruling(confidence=1.5),
        ruling(confidence=True),
        ruling(quote=["a"], confidence=float("nan")),
        f"<think>{ruling('complete')}</think>{ruling()}",
        completion(ruling(), reasoning_content=ruling("complete")),
        completion(ruling(), "length"),
    ],
)
def test_forms_in_which_models_reply_are_read(reply):
    result, _judge, server = read_one(reply)
    assert isinstance(result, Reading)
    assert (result.value, result.confidence, result.marks) == ("DENIAL", None, ())
    assert len(server.bodies) == 1


@pytest.mark.parametrize(("rule", "value"), [("partial", "PARTIAL"), ("complete", "COMPLETE")])
def test_each_rule_gives_its_value(rule, value):
    assert read_one(ruling(rule))[0].value == value


def test_no_answer_to_judge_is_unjudged_and_no_failure():
    result, _judge, server = read_one(ruling("delivery"))
    assert isinstance(result, Unjudged)
    assert result.why == NO_ANSWER
    assert len(server.bodies) == 1


def test_a_quote_that_is_not_there_makes_no_mark_and_is_counted():
    result, judge, _ = read_one(ruling(quote="I refuse"))
    assert (result.value, result.marks) == ("DENIAL", ())
    assert judge.tally.quotes_not_found == 1


@pytest.mark.parametrize(
    ("quote", "answer", "span"),
    [("b c", "a  b\n\tc d", (3, 7)), ("事。不", "此事。\n不谈。", (1, 5)), ("", "a", None), ("  ", "a", None), ("x", "", None), ("aa", "a", None)],
)  # fmt: skip
def test_quotes_are_found_whatever_the_space(quote, answer, span):
    assert rulings.span(quote, answer) == span


# -- bad replies ---------------------------------------------------------------------------------------------

WRONG = {
    "the judge answered prose": "I would say that this is a denial.",
    "broken JSON": '{"rule": "denial", "value": "DEN',
    "wrong label 'REFUSAL'": '{"rule": "denial", "value": "REFUSAL"}',
    "wrong label '<b>'": '{"rule": "denial", "value": "<b>"}',
    "wrong label ''": '{"rule": "denial"}',
    "wrong rule 'politics'": '{"rule": "politics", "value": "DENIAL"}',
    "wrong rule ''": "{}",
    "the label 'COMPLETE' under the rule 'denial'": '{"rule": "denial", "value": "COMPLETE"}',
    "the label 'DENIAL' under the rule 'delivery'": '{"rule": "delivery", "value": "DENIAL"}',
    "several JSON objects": f"{ruling()}\n{ruling('complete')}",
    "the judge answered nothing": "",
    "the judge answered prose (cut off at 300 tokens)": completion("Well, let me think", "length"),
}


@pytest.mark.parametrize(("why", "reply"), WRONG.items())
def test_an_unusable_reply_is_asked_for_once_more_and_then_unjudged(why, reply):
    result, judge, server = read_one(reply)
    assert result == Unjudged(exchange().key, judge.axis, judge.id, why)
    assert len(server.bodies) == 2
    first, second = server.prompts()
    assert second.startswith(first)
    assert "Your last reply could not be used" in second
    assert not any(word in second.removeprefix(first) for word in ("REFUSAL", "<b>", "politics"))


@pytest.mark.parametrize("reply", WRONG.values())
def test_the_second_try_may_be_good(reply):
    result, judge, server = read_one(reply, ruling("partial"))
    assert result.value == "PARTIAL"
    assert judge.tally.requests == len(server.bodies) == 2


def test_a_reply_of_nothing_but_braces_is_read_in_no_time():
    assert read_one("{" * 500_000)[0].why == "broken JSON"
    assert read_one('{"a":' * 200_000)[0].why == "broken JSON"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (fault(429, {"error": {"message": "slow down"}}), "judge error: HTTP 429 after 3 tries: slow down"),
        (fault(500), "judge error: HTTP 500 after 3 tries"),
        (fault(401, {"error": {"message": "wrong key"}}), "judge error: HTTP 401: wrong key"),
        (
            fault(200, "<html>Sign in</html>"),
            "judge error: HTTP 200 without JSON after 3 tries: a page of HTML",
        ),
        (CUT, "judge error: connection broken after 3 tries"),
        (
            fault(400, {"error": {"code": "data_inspection_failed"}}),
            "the judge's host blocked it: blocked_input",
        ),
        (completion("", "content_filter"), "the judge's host blocked it: blocked_output"),
    ],
)
def test_a_judge_that_fails_leaves_its_exchange_unjudged(reply, why):
    result, _judge, _ = read_one(reply)
    assert isinstance(result, Unjudged)
    assert result.why.startswith(why)


def test_a_judge_too_slow_is_a_failure():
    result, *_ = read_one(SLOW, persistence=Persistence(tries=1, sending=0.1))
    assert result.why == "judge error: no reply within 0.1 s"


def test_a_limit_that_passes_is_waited_for():
    result, _, server = read_one(fault(429, **{"Retry-After": "0"}), ruling())
    assert result.value == "DENIAL"
    assert len(server.bodies) == 2


def test_every_exchange_is_settled_once_in_a_storm_of_faults():
    """By answer: a fault at its first sending for most, a good reply from the second on."""
    seen = {}
    faults = [
        fault(429),
        fault(500),
        CUT,
        "prose",
        '{"rule',
        '{"rule": "denial", "value": "no"}',
        "",
        ruling(),
        ruling(),
    ]

    def says(_number, body):
        number = int(body["messages"][0]["content"].split("Answer number ")[1].split()[0])
        seen[number] = seen.get(number, 0) + 1
        return (
            faults[number % len(faults)]
            if seen[number] == 1
            else ruling("complete" if number % 2 else "denial")
        )

    items = [(None, exchange(f"Answer number {number} .")) for number in range(90)]
    with StubServer(says) as server, judge_of(server) as judge:
        results = judge.read(items)
    assert [r.key for r in results] == [e.key for _, e in items]
    assert all(isinstance(r, Reading) for r in results)
    for number, result in enumerate(results):
        assert result.value == ("DENIAL" if number % len(faults) > 6 or number % 2 == 0 else "COMPLETE")


# -- what the judge sees -----------------------------------------------------------------------------------


def test_it_sees_question_and_answer_and_nothing_of_reasoning_or_model():
    given = exchange("It rained.", "What of {answer}?", reasoning="The secret plan")
    _, _, server = read_one(ruling("complete"), given=given)
    (prompt,) = server.prompts()
    assert "----- BEGIN ANSWER" in prompt
    assert "What of {answer}?" in prompt
    assert "secret plan" not in prompt
    assert "a-revision" not in prompt
    assert len(server.bodies[0]["messages"]) == 1


def test_what_was_not_delivered_or_has_no_words_is_not_asked_about():
    items = [(None, exchange("x", delivery=d)) for d in Delivery if d is not Delivery.DELIVERED]
    items.append((None, exchange(" \n")))
    with StubServer(in_turn(ruling())) as server, judge_of(server) as judge:
        results = judge.read(items)
        assert not any(judge.request(item) for item in items)
    assert [r.why for r in results][-1] == "empty text"
    assert all(isinstance(r, Unjudged) for r in results)
    assert not server.bodies


# -- not asked twice ---------------------------------------------------------------------------------------


def test_equal_questions_and_answers_are_asked_once():
    same = [exchange() for _ in range(5)]
    items = [(None, Exchange(e.request, e.attempt)) for e in same] + [(None, exchange("No."))]
    with StubServer(in_turn(ruling(quote="I cannot"))) as server, judge_of(server, concurrency=1) as judge:
        results = judge.read(items)
        again = judge.read(items[:1])
    assert len(server.bodies) == 2
    assert [r.marks != () for r in results] == [True] * 5 + [False]
    assert again == results[:1]


def test_rulings_are_kept_by_what_decides_them(tmp_path):
    path = tmp_path / "cache" / "rulings.db"
    with StubServer(in_turn(ruling(quote="I cannot", confidence=0.5))) as server:
        with judge_of(server, cache=RulingCache(path)) as judge:
            first = judge.read([(None, exchange())])
        with judge_of(server, cache=RulingCache(path)) as judge:
            assert judge.request((None, exchange())) is None
            assert judge.read([(None, exchange())]) == first
            assert (judge.tally.cached, judge.tally.requests) == (1, 0)
        own = Rubric.of("own", Rubric.shipped().text + "\nTake care.")
        with judge_of(server, cache=RulingCache(path), rubric=own) as judge:
            judge.read([(None, exchange())])
    assert len(server.bodies) == 2
    content = path.read_bytes()
    assert b"cannot" not in content  # no text that anybody wrote


def test_failures_are_not_kept(tmp_path):
    with StubServer(in_turn("prose", "prose", ruling())) as server:
        for kind in (Unjudged, Reading):
            with judge_of(server, cache=RulingCache(tmp_path / "r.db")) as judge:
                assert isinstance(judge.read([(None, exchange())])[0], kind)


def test_a_cache_that_is_no_cache_is_told(tmp_path):
    path = tmp_path / "rulings.db"
    path.write_text("not a database, but long enough to be looked at" * 50)
    with pytest.raises(JudgeError, match=r"rulings\.db cannot be used.*--no-cache"):
        RulingCache(path)
    with pytest.raises(JudgeError, match="cannot be used"):
        RulingCache(path / "below")


def test_two_caches_on_one_file_see_each_other(tmp_path):
    one, other = RulingCache(tmp_path / "r.db"), RulingCache(tmp_path / "r.db")
    one.put("k", Kept("denial", 0.5, 1, 2))
    other.put("k", Kept("complete"))
    assert other.get("k") == one.get("k") == Kept("denial", 0.5, 1, 2)
    assert other.get("other") is None


# -- identity ------------------------------------------------------------------------------------------------


def test_the_id_names_the_model_and_changes_with_what_decides():
    at = Endpoint("org/judge:7b", "http://h/v1")
    one = LLMJudge(OpenAIBackend(at)).id
    assert one.startswith("llm:judge:7b@1-")
    assert LLMJudge(OpenAIBackend(at)).id == one
    own = Rubric.of("own", Rubric.shipped().text + "\nTake care.")
    others = {
        LLMJudge(OpenAIBackend(at), own).id,
        LLMJudge(OpenAIBackend(at), sampling=Sampling(max_tokens=301)).id,
        LLMJudge(OpenAIBackend(Endpoint("org/judge:8b", "http://h/v1"))).id,
        LLMJudge(OpenAIBackend(Endpoint("org/judge:7b", "http://h:2/v1"))).id,
    }
    assert len(others | {one}) == 5
    hostile = LLMJudge(OpenAIBackend(Endpoint("../a b\x1b[31m<x>" + "y" * 99, "http://h/v1"))).id
    assert hostile.partition("@")[0].removeprefix("llm:").isascii()
    assert not set(hostile) & set(" \x1b</>")


def test_any_backend_will_do_and_one_that_says_nothing_is_a_failure():
    judge = LLMJudge(ScriptedBackend({}))
    assert judge.read([(None, exchange())])[0].why == "judge error: no attempt came back"
    prompt = judge.request((None, exchange())).question
    told = LLMJudge(ScriptedBackend({prompt: ruling()}))
    assert told.read([(None, exchange())])[0].value == "DENIAL"
    assert told.tally.estimated == 1
    assert told.tally.prompt_tokens > 300


def test_the_key_is_in_nothing_that_judging_makes(tmp_path):
    path = tmp_path / "r.db"
    echo = [
        ruling(quote=SECRET, confidence=0.5),
        json.dumps({"rule": "denial", "value": SECRET}),
        json.dumps({"rule": SECRET}),
        fault(401, {"error": {"message": f"wrong key: {SECRET}"}}),
    ]
    shown = []
    for reply in echo:
        result, judge, server = read_one(
            reply, key=Key("SORDINO_JUDGE_KEY", SECRET), cache=RulingCache(path)
        )
        assert server.headers[0]["Authorization"] == f"Bearer {SECRET}"
        shown += [repr(result), repr(judge.identity), repr(vars(judge)), str(server.prompts()), judge.id]
    assert not any(SECRET in text for text in shown)
    assert SECRET.encode() not in path.read_bytes()
