"""Reads an answer out of the object that a service returned it in, for recordings that keep whole objects.

Three shapes are known: OpenAI's `chat.completion` (which most servers and routers speak), Anthropic's
`message` and Gemini's `GenerateContentResponse`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Object: TypeAlias = Mapping[str, object]


def unwrap(value: object) -> dict[str, object] | None:
    """The fields (see `columns.FIELDS`) that the object holds, or None if it is no such object.

    A text is an object only if it is the JSON of a whole one.
    """
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("choices"), Sequence):
        return _openai(value)
    if isinstance(value.get("candidates"), Sequence) or "promptFeedback" in value:
        return _gemini(value)
    if value.get("type") == "message" and isinstance(value.get("content"), Sequence):
        return _anthropic(value)
    return {"error": value["error"]} if value.get("error") else None


def _openai(value: Object) -> dict[str, object]:
    choice = _first(value["choices"])
    message = _object(choice.get("message"))
    content, usage = message.get("content", choice.get("text")), _object(value.get("usage"))
    return {
        "response": _parts(content)
        if isinstance(content, list)
        else content or message.get("refusal") or content,
        "reasoning": message.get("reasoning_content", message.get("reasoning")),
        "finish_reason": choice.get("finish_reason"),
        "native_finish_reason": choice.get("native_finish_reason"),
        "provider": value.get("provider"),
        "error": value.get("error") or choice.get("error"),
        "prompt_tokens": usage.get("prompt_tokens"),
        "completion_tokens": usage.get("completion_tokens"),
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
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _parsed(text: str) -> object:
    if not (text.startswith("{") and text.rstrip().endswith("}") and '"chat.completion"' in text):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
