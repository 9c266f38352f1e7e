"""Server-sent events, cut anywhere, and what becomes of the chunks in them."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.generation.chunks import Assembly
from sordino.generation.streaming import EventReader

STREAM = (
    "\ufeff: OPENROUTER PROCESSING\n\n"
    'data: {"a": "天安门 🎻"}\r\n\r\n'
    "event: delta\rdata:no space\rdata:  two\r\r"
    "id: 7\nretry: 10\nunknown\n: comment\ndata: a:b\u2028c\u0085d\n\n"
    "data\n\n"
    "\n\n\n"
    "data: [DONE]"
).encode()
EVENTS = ['{"a": "天安门 🎻"}', "no space\n two", "a:b\u2028c\u0085d", "[DONE]"]


def read(pieces):
    reader = EventReader()
    return [data for piece in pieces for data in reader.feed(piece)] + reader.close()


def test_events_as_the_standard_has_them():
    assert read([STREAM]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_wherever_a_stream_is_cut_its_events_are_the_same(places):
    ends = sorted({0, *places, len(STREAM)})
    assert read([STREAM[start:end] for start, end in pairwise(ends)]) == EVENTS


def test_byte_by_byte():
    assert read(bytes([byte]) for byte in STREAM) == EVENTS


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 9),
)
def test_any_text_comes_through_in_any_pieces(texts, end, size):
    stream = "".join(f"data: {text}{end}{end}" for text in texts).encode()
    assert read(stream[i : i + size] for i in range(0, len(stream), size)) == texts


@given(st.binary())
def test_any_bytes_are_events_or_no_text(stream):
    try:
        whole = read([stream])
    except UnicodeDecodeError:
        whole = None
    try:
        cut = read(bytes([byte]) for byte in stream)
    except UnicodeDecodeError:
        cut = None
    assert whole == cut


@pytest.mark.parametrize("cut", [1, 2])
def test_half_a_character_is_no_text(cut):
    reader = EventReader()
    reader.feed("data: 天".encode()[: 6 + cut])
    with pytest.raises(UnicodeDecodeError):
        reader.close()


# -- chunks ----------------------------------------------------------------------------------------------


def assembled(*chunks):
    came = Assembly()
    for one in chunks:
        came.feed(json.loads(json.dumps(one)))
    return came


def delta(finish=None, **said):
    return {"choices": [{"delta": said, "finish_reason": finish}]}


def test_an_answer_in_pieces():
    came = assembled(
        {"choices": [], "prompt_filter_results": []},
        {"model": "m-2", "system_fingerprint": "fp", "provider": "Host", **delta(role="assistant", content="")},
        delta(reasoning_content="H"),
        delta(reasoning_content="m.", content=None),
        delta(content="It ra"),
        {"choices": [{"delta": {"content": "in"}, "logprobs": {"content": [{"token": "in", "logprob": -0.5}]}}]},
        {"choices": [{"delta": {"content": "ed."}, "logprobs": {"content": [{"token": "ed.", "logprob": 0}]}}]},
        delta(finish="stop"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}},
    )  # fmt: skip
    assert came.fields() == {
        "response": "It rained.",
        "reasoning": "Hm.",
        "finish_reason": "stop",
        "provider": "Host",
        "served_model": "m-2 (fp)",
        "prompt_tokens": 3,
        "completion_tokens": 5,
        "log_probabilities": [("in", -0.5), ("ed.", 0.0)],
        "blocks_output": False,
    }
    assert came.is_ended
    assert came.replacement is None


@pytest.mark.parametrize(
    ("told", "trace"),
    [
        ({"reasoning_content": "Hm."}, "Hm."),
        ({"reasoning": "Hm."}, "Hm."),
        ({"reasoning_content": "", "reasoning": "Hm."}, "Hm."),
        ({"reasoning_content": ""}, ""),
        ({"reasoning": "Hm.", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]}, "Hm."),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "H"}, {"text": "m."}]}, "Hm."),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "x"}]}, None),
        ({}, None),
    ],
)
def test_traces_in_the_fields_of_the_common_servers(told, trace):
    assert assembled(delta(**told)).fields()["reasoning"] == trace


def test_raw_completions_come_as_text():
    came = assembled(
        {"choices": [{"text": "It ", "logprobs": {"tokens": ["It "], "token_logprobs": [-1.5]}}]},
        {"choices": [{"text": "rained.", "finish_reason": "length"}]},
    )
    assert came.fields()["response"] == "It rained."
    assert came.fields()["log_probabilities"] == [("It ", -1.5)]


def test_infinite_and_missing_logarithms_are_the_least():
    told = [
        {"token": "a", "logprob": float("-inf")},
        {"token": "b", "logprob": float("nan")},
        {"token": "c"},
        7,
    ]
    came = assembled({"choices": [{"delta": {"content": "ab"}, "logprobs": {"content": told}}]})
    assert came.fields()["log_probabilities"] == [("a", -9999.0), ("b", -9999.0)]


def test_a_whole_message_at_the_end_is_the_same_once_more():
    came = assembled(delta(content="It ra"), delta(content="ined."), {"choices": [{"message": {"content": "It rained. "}, "finish_reason": "stop"}]})  # fmt: skip
    assert (came.fields()["response"], came.replacement) == ("It rained.", None)


@pytest.mark.parametrize("hostile", [{"choices": [7]}, {"choices": "x"}, {"choices": [{"delta": 3, "message": []}]}, {"usage": 3}, {"choices": [{"delta": {"content": {"a": 1}}}]}])  # fmt: skip
def test_chunks_of_any_shape_are_borne(hostile):
    assert assembled(delta(content="Yes."), hostile).fields()["response"] == "Yes."
