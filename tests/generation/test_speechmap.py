"""Real recorded answers of real models: what is known of them is found."""

import os
from collections import Counter
from pathlib import Path

import pytest

from sordino.core.identity import make_request
from sordino.core.records import Delivery, Matching
from sordino.generation.recording import Recording
from sordino.generation.replay import ReplayBackend

SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
DEV = SHARED / "speechmap" / "criticism-dev.parquet"
RAW = SHARED / "speechmap" / "raw" / "responses"

pytestmark = pytest.mark.skipif(not DEV.exists(), reason=f"SpeechMap's answers are not at {DEV}")


def read(model, **options):
    return Recording.read(DEV, model=model, **options)


def test_deepseek_r1():
    recording = read("deepseek_deepseek-r1", siblings="question_id")
    probes = recording.probes()
    cells = Counter((p.jurisdiction, p.language) for p in probes)
    assert cells == {
        ("CN", "en"): 50,
        ("US", "en"): 50,
        ("EU", "en"): 50,
        ("RU", "en"): 50,
        ("CN", "zh"): 50,
    }
    assert Counter(p.template for p in probes) == {f"criticism_{n:02}": 5 for n in range(1, 51)}
    assert {p.matching for p in probes} == {Matching.FORM}
    assert len({p.id for p in probes}) == 250
    assert recording.deliveries == {Delivery.DELIVERED: 249, Delivery.BLOCKED_OUTPUT: 1}
    assert sum(answer.reasoning is not None for answer in recording.answers.values()) == 32


@pytest.mark.parametrize(
    ("model", "traces"),
    [
        ("deepseek_deepseek-r1-zero", 250),  # <think> and </think>
        ("qwen_qwen3-30b-a3b", 250),
        ("microsoft_mai-ds-r1-fp8", 250),  # </think> alone
        ("tngtech_deepseek-r1t-chimera", 249),
        ("qwen_qwen3-14b", 250),  # a column of its own
        ("meta-llama_llama-3.3-70b-instruct", 0),
    ],
)
def test_traces(model, traces):
    recording = read(model)
    answers = recording.answers.values()
    assert recording.has_reasoning is (traces > 0)
    assert sum(answer.reasoning is not None for answer in answers) == traces
    assert not any(b"think>" in answer.text for answer in answers)
    assert all(answer.text.strip() for answer in answers)


def test_content_filters_are_blocks_of_the_output():
    blocked = [
        read(model).deliveries[Delivery.BLOCKED_OUTPUT]
        for model in (
            "deepseek_deepseek-chat-v3-0324",
            "openai_chatgpt-4o-latest",
            "openai_gpt-4.1-2025-04-14",
        )
    ]
    assert blocked == [1, 1, 1]


def test_answers_that_are_not_there_are_errors_and_a_status_column_makes_them_blocks():
    assert read("qwen_qwen-max").deliveries == {Delivery.DELIVERED: 239, Delivery.ERROR: 11}
    told = read("qwen_qwen-max", columns={"status": "label_grok"}).deliveries
    assert told[Delivery.BLOCKED_INPUT] == 11
    assert told[Delivery.BLOCKED_OUTPUT] > 10
    assert told[Delivery.ERROR] == 0


def test_a_service_name_in_place_of_an_answer_is_noted():
    (note,) = read("google_gemini-1.5-pro-002").notes
    assert note.startswith("12 answers are nothing but a service's name")


def test_the_raw_layout():
    recording = Recording.read(
        RAW / "zh_china_criticism_deepseek_deepseek-r1.jsonl", language="zh", jurisdiction="china"
    )
    assert recording.identity.name == "deepseek/deepseek-r1"
    assert recording.deliveries == {Delivery.DELIVERED: 49, Delivery.BLOCKED_OUTPUT: 1}
    assert {(p.jurisdiction, p.language) for p in recording.probes()} == {("CN", "zh")}


def test_replays_its_own_questions():
    recording = read("deepseek_deepseek-r1")
    asked = [make_request(p.question, recording.identity.revision) for p in recording.probes()]
    attempts = [attempt for (attempt,) in ReplayBackend(recording).generate(asked)]
    assert [a.key for a in attempts] == [r.key for r in asked]
