"""Reads an answer out of the object that a service returned it in, just now or into a recording.

Three shapes are known: OpenAI's `chat.completion` (which most servers and routers speak), Anthropic's
`message` and Gemini's `GenerateContentResponse`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Object: TypeAlias = Mapping[str, object]
_TRACES = ("reasoning_content", "reasoning")
_LEAST = -9999.0
"""The least logarithm, as vLLM has it: JSON knows neither infinity nor what is no number."""


def unwrap(value: object) -> dict[str, object] | None:
    """The fields (see `columns.FIELDS`) that the object holds, or None if it is no such object.

    A text is an object only if it is the JSON of a whole one.
    """
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, dict | Mapping):  # most are dicts, and asking for that is cheap
        return None
    if isinstance(value.get("choices"), list | Sequence):
        return _openai(value)
    if isinstance(value.get("candidates"), Sequence) or "promptFeedback" in value:
        return _gemini(value)
    if value.get("type") == "message" and isinstance(value.get("content"), Sequence):
        return _anthropic(value)
    return {"error": error} if (error := error_of(value)) else None


def error_of(value: Object) -> object:
    """What the object says has gone wrong; None where it says nothing of it.

    MiniMax has no `error` but a `base_resp`, whose code is 0 where all is well.
    """
    if error := value.get("error"):
        return error
    base = _object(value.get("base_resp"))
    code = base.get("status_code")
    return {"code": code, "message": base.get("status_msg")} if code else None


def content_of(message: Object) -> object:
    """What a message, or a piece of one, says: its text, or the model's refusal where that stands apart."""
    content = message.get("content")
    if isinstance(content, list):
        return _parts(content)
    return content or message.get("refusal") or content


def trace_of(message: Object) -> object:
    """The reasoning in a message, or in a piece of one: in the first of its fields that has any.

    `reasoning_content`: DeepSeek, DashScope, SGLang, llama.cpp, LM Studio, older vLLM. `reasoning`: vLLM,
    Ollama, OpenRouter, whose `reasoning_details` repeat it in parts.
    """
    found = [trace for name in _TRACES if (trace := message.get(name)) is not None]
    if not found and (details := _list(message.get("reasoning_details"))):
        return _joined(_object(part).get("text", _object(part).get("summary")) for part in details)
    return next((trace for trace in found if trace), found[0] if found else None)


def served_model(value: Object) -> str | None:
    """What the server says has answered, with its fingerprint where it gives one."""
    model, mark = value.get("model"), value.get("system_fingerprint")
    if not isinstance(model, str) or not model:
        return None
    return f"{model} ({mark})" if isinstance(mark, str) and mark else model


def log_probabilities(choice: Object) -> list[tuple[str, float]] | None:
    """The tokens of a choice, or of a piece of one, each with its natural logarithm; None where there are
    none. Of chat completions they are objects, of raw completions two lists.
    """
    told = _object(choice.get("logprobs"))
    if isinstance(content := told.get("content"), list):
        pairs = [(_object(one).get("token"), _object(one).get("logprob")) for one in content]
    elif isinstance(tokens := told.get("tokens"), list):
        pairs = list(zip(tokens, _list(told.get("token_logprobs")), strict=False))
    else:
        return None
    return [
        (token, float(found) if found > _LEAST else _LEAST)
        for token, found in pairs
        if isinstance(token, str) and isinstance(found, int | float)
    ]


def blocks_output(value: Object) -> bool:
    """Whether the object says that a filter took offence at what the model said, not at what it was asked.

    Zhipu: `contentFilter`, in streams `content_filter`, with the role of whose text it was.
    """
    told = value.get("contentFilter") or value.get("content_filter")
    return bool(told) and any(_object(one).get("role") == "assistant" for one in _list(told))


def _openai(value: Object) -> dict[str, object]:
    choice = _first(value["choices"])
    message = _object(choice.get("message"))
    usage = _object(value.get("usage"))
    return {
        "response": content_of(message) if message else choice.get("text"),
        "reasoning": trace_of(message),
        "finish_reason": choice.get("finish_reason"),
        "native_finish_reason": choice.get("native_finish_reason"),
        "provider": value.get("provider"),
        "error": error_of(value) or choice.get("error"),
        "prompt_tokens": usage.get("prompt_tokens"),
        "completion_tokens": usage.get("completion_tokens"),
        "served_model": served_model(value),
        "log_probabilities": log_probabilities(choice) if "logprobs" in choice else None,
        "blocks_output": blocks_output(value),
    }


def _anthropic(value: Object) -> dict[str, object]:
    usage = _object(value.get("usage"))
    return {
        "response": _parts(value["content"]),
        "reasoning": _parts(value["content"], "thinking"),
        "finish_reason": value.get("stop_reason"),
        "prompt_tokens": usage.get("input_tokens"),
        "completion_tokens": usage.get("output_tokens"),
    }


def _gemini(value: Object) -> dict[str, object]:
    candidate = _first(value.get("candidates"))
    parts = [_object(p) for p in _list(_object(candidate.get("content")).get("parts"))]
    usage = _object(value.get("usageMetadata"))
    blocked = _object(value.get("promptFeedback")).get("blockReason")
    return {
        "response": _joined(p.get("text") for p in parts if not p.get("thought")),
        "reasoning": _joined(p.get("text") for p in parts if p.get("thought")),
        "finish_reason": candidate.get("finishReason"),
        "error": f"promptFeedback.blockReason {blocked}" if blocked else None,
        "prompt_tokens": usage.get("promptTokenCount"),
        "completion_tokens": usage.get("candidatesTokenCount"),
    }


def _parts(content: object, kind: str = "text") -> str | None:
    parts = [_object(part) for part in _list(content)]
    return _joined(part.get(kind) for part in parts if part.get("type") == kind)


def _joined(texts: Iterable[object]) -> str | None:
    found = [text for text in texts if isinstance(text, str)]
    return "".join(found) if found else None


def _first(value: object) -> Object:
    items = _list(value)
    return _object(items[0]) if items else {}


def _object(value: object) -> Object:
    return value if isinstance(value, dict | Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _parsed(text: str) -> object:
    if not (text.startswith("{") and text.rstrip().endswith("}") and '"chat.completion"' in text):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
