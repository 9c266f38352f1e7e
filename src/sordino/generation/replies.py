"""From a server's reply to an attempt: the half of the OpenAI-compatible backend that does no sending.

What a server says is hostile text like an answer: its complaints are kept on one line, and short.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from sordino.core.records import Attempt, Delivery
from sordino.generation import envelopes
from sordino.generation.delivery import settle
from sordino.generation.persistence import AgainError
from sordino.generation.reasoning import split

LONGEST_COMPLAINT = 200
_PASSING = frozenset({408, 409, 429})
"""With all from 500 on: statuses of failures that may pass. OpenAI's, Anthropic's and vLLM's."""
_INSPECTED = frozenset({400, 403})
"""Where hosts say that they inspected the content: most with 400, OpenRouter with 403."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply: `content` is the body, without the key. after: its Retry-After header."""

    status: int
    content: bytes
    seconds: float
    host: str
    after: str | None = None


def attempt(key: str, reply: Reply) -> Attempt:
    """The attempt that a reply makes. Raises AgainError where another sending may do better."""
    if reply.status >= 500 or reply.status in _PASSING:
        raise AgainError(f"HTTP {reply.status}", complaint(reply.content), waiting(reply.after))
    if reply.status != 200:
        return _refused(key, reply)
    body = _parsed(reply.content)
    fields = envelopes.unwrap(body) if isinstance(body, Mapping) else None
    if body is None:
        raise AgainError("HTTP 200 without JSON", complaint(reply.content))
    if fields is None:
        return failed(key, f"HTTP 200 without an answer: {complaint(reply.content)}", reply.host)
    if _is_passing(fields.get("error")):
        raise AgainError("HTTP 200 with an error", complaint(reply.content))
    return _answered(key, reply, fields)


def failed(key: str, error: str, host: str) -> Attempt:
    """What could not be sent, or brought nothing back."""
    return Attempt(key, Delivery.ERROR, route=host, error=error)


def complaint(content: bytes) -> str:
    """What a server said was wrong, on one line."""
    text = content[: LONGEST_COMPLAINT * 20].decode("utf-8", "replace").strip()
    body = _parsed(content)
    if body is not None:
        text = _said(body)
    elif text.startswith("<"):
        text = "a page of HTML. Is this the address up to its version, such as …/v1?"
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_COMPLAINT else line[: LONGEST_COMPLAINT - 1] + "…"


def waiting(after: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    if after is None:
        return None
    try:
        seconds = float(after)
    except ValueError:
        try:
            moment = parsedate_to_datetime(after)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _refused(key: str, reply: Reply) -> Attempt:
    said = complaint(reply.content)
    delivery = settle(text=None, error=said) if reply.status in _INSPECTED else Delivery.ERROR
    error = f"HTTP {reply.status}: {said}" if said else f"HTTP {reply.status}"
    return Attempt(key, delivery, seconds=reply.seconds, route=reply.host, error=error)


def _answered(key: str, reply: Reply, fields: Mapping[str, object]) -> Attempt:
    response, trace = _text(fields.get("response")), _text(fields.get("reasoning"))
    reasoning, answer = (trace, None) if response is None else split(response, trace)
    error = _said(fields["error"])[:LONGEST_COMPLAINT] if fields.get("error") else None
    finish, native = _text(fields.get("finish_reason")), _text(fields.get("native_finish_reason"))
    tokens = _count(fields.get("completion_tokens"))
    delivery = settle(
        text=answer,
        reasoning=reasoning,
        finish_reason=finish,
        native_finish_reason=native,
        error=error,
        completion_tokens=tokens,
    )
    if delivery is Delivery.ERROR and error is None:
        error = f"finish reason {finish or native!r}" if finish or native else "a reply without an answer"
    return Attempt(
        key=key,
        delivery=delivery,
        text=answer or "",
        reasoning=reasoning,
        finish_reason=finish or native,
        prompt_tokens=_count(fields.get("prompt_tokens")),
        completion_tokens=tokens,
        seconds=reply.seconds,
        route=_text(fields.get("provider")) or reply.host,
        error=error,
    )


def _is_passing(error: object) -> bool:
    code = error.get("code") if isinstance(error, Mapping) else None
    return isinstance(code, int) and (code in _PASSING or code >= 500)


def _parsed(content: bytes) -> Any:
    """The JSON of a body, or None; nothing that we ask for is the JSON `null`."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _said(body: object) -> str:
    """The words of an error object, whichever of the usual shapes it has."""
    if isinstance(body, Mapping):
        within = body.get("error") or body.get("detail")
        if within:
            return _said(within)
        words = [body.get(name) for name in ("code", "type", "message")]
        told = [str(word) for word in words if isinstance(word, str | int) and word != ""]
        return " ".join(told) or json.dumps(body)[:LONGEST_COMPLAINT]
    return body if isinstance(body, str) else json.dumps(body)[: LONGEST_COMPLAINT * 2]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
