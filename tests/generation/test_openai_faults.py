"""A server that fails in every way it can: each question is settled once, and as what it was."""

from collections import Counter
from itertools import chain
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.identity import make_request
from sordino.generation.endpoint import Endpoint
from sordino.generation.openai import Manner, OpenAIBackend
from sordino.generation.persistence import Persistence

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_every_question_is_settled_once_and_as_what_it_was(stream):
    questions = [f"{number}?" for number in range(200)]
    says = STUB["Faulty"](questions, seed=6)
    stubborn = Persistence(tries=30, sending=0.5, first_wait=0.001, longest_wait=0.01)
    with STUB["StubServer"](says) as server:
        endpoint, manner = Endpoint("m", server.base), Manner(stream)
        with OpenAIBackend(endpoint, concurrency=16, persistence=stubborn, manner=manner) as asked:
            owed = {make_request(question, "r").key: question for question in questions}
            requests = (make_request(question, "r") for question in questions)
            attempts = list(chain.from_iterable(asked.generate(requests)))
    assert Counter(attempt.key for attempt in attempts) == Counter(list(owed))
    assert {owed[a.key]: [a.delivery.value, a.text] for a in attempts} == says.truth
    assert {delivery for delivery, _ in says.truth.values()} == {
        "delivered",
        "blocked_input",
        "blocked_output",
    }
    assert len(server.bodies) > len(questions)
