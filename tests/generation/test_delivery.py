"""The table that settles deliveries, name by documented name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.core.records import Delivery
from sordino.generation.delivery import FINISH_REASONS, is_block_name, settle

D = Delivery


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        # delivered
        ({"text": "hi", "finish_reason": "stop"}, D.DELIVERED),
        ({"text": "hi", "finish_reason": "STOP"}, D.DELIVERED),
        ({"text": "hi", "finish_reason": "end_turn"}, D.DELIVERED),
        ({"text": "hi", "finish_reason": "stop_sequence"}, D.DELIVERED),
        ({"text": "hi", "finish_reason": "eos"}, D.DELIVERED),
        ({"text": "hi", "finish_reason": "FinishReason.STOP"}, D.DELIVERED),
        ({"text": "hi"}, D.DELIVERED),
        ({"text": "hi", "finish_reason": "a name nobody documents"}, D.DELIVERED),
        # truncated
        ({"text": "hi", "finish_reason": "length"}, D.TRUNCATED),
        ({"text": "hi", "finish_reason": "max_tokens"}, D.TRUNCATED),
        ({"text": "hi", "finish_reason": "MAX_TOKENS"}, D.TRUNCATED),
        ({"text": "hi", "finish_reason": "stop", "native_finish_reason": "MAX_TOKENS"}, D.TRUNCATED),
        ({"text": "", "reasoning": "Let me see", "finish_reason": "length"}, D.TRUNCATED),
        ({"text": None, "finish_reason": "length"}, D.TRUNCATED),
        # blocked: the output when something was generated, the input when nothing is known to have been
        ({"text": "half an", "finish_reason": "content_filter"}, D.BLOCKED_OUTPUT),
        ({"text": "", "finish_reason": "content_filter"}, D.BLOCKED_INPUT),
        ({"text": "", "finish_reason": "content_filter", "completion_tokens": 31}, D.BLOCKED_OUTPUT),
        ({"text": "", "finish_reason": "content_filter", "completion_tokens": 0}, D.BLOCKED_INPUT),
        ({"text": "", "reasoning": "They ask", "finish_reason": "SAFETY"}, D.BLOCKED_OUTPUT),
        ({"text": "half", "finish_reason": "PROHIBITED_CONTENT"}, D.BLOCKED_OUTPUT),
        ({"text": "half", "finish_reason": "stop", "native_finish_reason": "SAFETY"}, D.BLOCKED_OUTPUT),
        ({"text": "half", "finish_reason": "refusal"}, D.BLOCKED_OUTPUT),
        ({"text": None, "error": "promptFeedback.blockReason SAFETY"}, D.BLOCKED_INPUT),
        ({"text": None, "error": '{"code": "data_inspection_failed"}'}, D.BLOCKED_INPUT),
        (
            {"text": None, "error": "<400> InternalError.Algo.DataInspectionFailed: Input text"},
            D.BLOCKED_INPUT,
        ),
        ({"text": "half", "error": "data_inspection_failed"}, D.BLOCKED_OUTPUT),
        (
            {"text": None, "error": "prompt triggering Azure OpenAI's content management policy"},
            D.BLOCKED_INPUT,
        ),
        ({"text": None, "error": "Output blocked by content filtering policy"}, D.BLOCKED_OUTPUT),
        ({"text": "half", "status": "ERROR_ORIGINAL_MODERATION"}, D.BLOCKED_OUTPUT),
        ({"text": None, "status": "moderation"}, D.BLOCKED_INPUT),
        ({"text": None, "status": "content_filter"}, D.BLOCKED_INPUT),
        ({"text": "hi", "status": "no_moderation"}, D.DELIVERED),
        ({"text": "hi", "status": "passed moderation"}, D.DELIVERED),
        # empty: it stopped of itself and said nothing
        ({"text": "", "finish_reason": "stop"}, D.EMPTY),
        ({"text": " \n", "finish_reason": "STOP"}, D.EMPTY),
        ({"text": None, "finish_reason": "stop"}, D.EMPTY),
        ({"text": "", "reasoning": "I will say nothing", "finish_reason": "stop"}, D.EMPTY),
        # error: nobody knows
        ({"text": None}, D.ERROR),
        ({"text": None, "error": "timeout"}, D.ERROR),
        ({"text": "half", "error": "connection reset"}, D.ERROR),
        ({"text": None, "status": "permanent_error"}, D.ERROR),
        ({"text": "half", "finish_reason": "insufficient_system_resource"}, D.ERROR),
        ({"text": "half", "finish_reason": "abort"}, D.ERROR),
        ({"text": None, "reasoning": ""}, D.ERROR),
        ({"text": "half", "status": "Request failed"}, D.ERROR),
        ({"text": "hi", "finish_reason": "stop", "status": "success"}, D.DELIVERED),
        ({"text": "hi", "status": "no error"}, D.DELIVERED),
        ({"text": "hi", "status": "NO_ERROR"}, D.DELIVERED),
        *(
            ({"text": "hi", "error": error}, D.DELIVERED)
            for error in ("0", "", "none", "None", "null", "no error", "No errors.", "NO_ERROR", "False")
        ),
    ],
)
def test_settles(recorded, expected):
    assert settle(**recorded) is expected


@given(text=st.text(), other=st.text(), reason=st.sampled_from([None, *FINISH_REASONS]))
def test_wording_decides_nothing(text, other, reason):
    if bool(text.strip()) == bool(other.strip()):
        assert settle(text=text, finish_reason=reason) is settle(text=other, finish_reason=reason)


def test_a_refusal_in_words_is_delivered():
    assert settle(text="I'm sorry, this violates our content policy.", finish_reason="stop") is D.DELIVERED


def test_a_service_name_in_place_of_an_answer_is_recognised_only_alone():
    assert is_block_name("SAFETY")
    assert not is_block_name("Safety")
    assert not is_block_name("SAFETY first, they say")
    assert not is_block_name("STOP")
