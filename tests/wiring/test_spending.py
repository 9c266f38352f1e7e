"""A budget holds, whatever comes back, and what it leaves out stays owed."""

from collections import Counter

import pytest

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.core.records import Attempt, Delivery, Sampling
from sordino.generation.scripted import ScriptedBackend
from sordino.wiring.prices import Budget, Price, Tokens
from sordino.wiring.spending import Spending

QUESTIONS = [f"What of {n:02}?" for n in range(20)]
SAID = {q: {"text": "Yes.", "prompt_tokens": 10, "completion_tokens": 5} for q in QUESTIONS}
SHORT = Sampling(max_tokens=100)


def requests():
    return [make_request(q, "r", sampling=SHORT) for q in QUESTIONS]


def asked(spending):
    return [attempt for group in spending.generate(requests()) for attempt in group]


class Eager(ScriptedBackend):
    """Takes all requests that it is given before it answers the first, as one with many connections may."""

    def generate(self, requests):
        yield from super().generate(list(requests))


def test_without_a_budget_everything_is_asked():
    spending = Spending(ScriptedBackend(SAID))
    assert len(asked(spending)) == 20
    assert (spending.spent.requests, spending.spent.tokens, spending.left) == (20, Tokens(200, 100), 0)
    assert spending.spent.money is None


@pytest.mark.parametrize("backend", [ScriptedBackend, Eager])
def test_requests_are_bounded_exactly(backend):
    spending = Spending(backend(SAID), Budget(requests=7))
    assert [a.key for a in asked(spending)] == [r.key for r in requests()[:7]]
    assert spending.left == 13


@pytest.mark.parametrize("backend", [ScriptedBackend, Eager])
def test_tokens_stay_within_their_bound_and_what_is_not_used_is_used_again(backend):
    """At most 104 tokens are held back for each, and 15 are taken: the bound is nearly reached."""
    spending = Spending(backend(SAID), Budget(tokens=250))
    count = len(asked(spending))
    assert spending.spent.tokens.all == 15 * count <= 250
    assert 250 - spending.spent.tokens.all < 104 + 15
    assert count + spending.left == 20


def test_money_is_what_the_price_says():
    price = Price(input=1_000_000, output=2_000_000)
    spending = Spending(ScriptedBackend(SAID), Budget(cost=300), price, "EUR")
    count = len(asked(spending))
    assert spending.spent.money == 20 * count <= 300
    assert "EUR" in str(spending.spent)


def test_what_asking_may_take_is_said_before():
    spending = Spending(ScriptedBackend(SAID), price=Price(input=0, output=1_000_000), currency="EUR")
    cost = spending.expected(requests())
    assert (cost.requests, cost.tokens.completion, cost.money) == (20, 2000, 2000)


def test_tokens_that_a_server_does_not_state_are_estimated_and_said_to_be():
    spending = Spending(ScriptedBackend({QUESTIONS[0]: "Seven letters."}))
    asked(spending)
    assert spending.spent.estimated == 1
    assert spending.spent.tokens.completion == 4


def test_a_failure_that_states_nothing_is_estimated_unless_the_server_refused():
    spending = Spending(ScriptedBackend(SAID | {QUESTIONS[1]: {"error": "reset"}}))
    assert Counter(a.delivery for a in asked(spending)) == {Delivery.DELIVERED: 19, Delivery.ERROR: 1}
    assert (spending.spent.tokens, spending.spent.estimated) == (Tokens(194, 95), 1)
    refused = Spending(ScriptedBackend(SAID | {QUESTIONS[1]: {"error": "HTTP 422: no"}}))
    asked(refused)
    assert (refused.spent.tokens, refused.spent.estimated) == (Tokens(190, 95), 0)


def test_a_server_that_does_nothing_but_fail_is_said_to():
    spending = Spending(ScriptedBackend({q: {"error": "reset"} for q in QUESTIONS}))
    attempts = spending.generate(requests())
    assert sum(len(next(attempts)) for _ in QUESTIONS) == 20
    with pytest.raises(TargetError, match="none of 20 requests; the last time: reset"):
        next(attempts)


def test_what_a_server_cannot_be_asked_is_found_before_anything_is():
    checks = []
    spending = Spending(ScriptedBackend(SAID), check=lambda: checks.append("checked"))
    assert list(spending.generate([])) == []
    assert checks == []
    asked(spending)
    asked(spending)
    assert checks == ["checked"]


def test_attempts_pass_unchanged():
    spending = Spending(ScriptedBackend(SAID))
    assert all(isinstance(a, Attempt) and a.text == "Yes." for a in asked(spending))


def test_a_block_that_states_no_tokens_is_estimated_and_not_free():
    spending = Spending(ScriptedBackend({QUESTIONS[0]: {"text": "", "finish_reason": "content_filter"}}))
    asked(spending)
    assert spending.spent.estimated == 1
    assert spending.spent.tokens.prompt > 0


def test_a_count_that_is_stated_is_kept_beside_one_that_is_not():
    spending = Spending(ScriptedBackend({QUESTIONS[0]: {"text": "Seven letters.", "prompt_tokens": 99}}))
    asked(spending)
    assert (spending.spent.tokens, spending.spent.estimated) == (Tokens(99, 4), 1)
