"""What a server says went wrong: hostile text like an answer, kept on one line, short, without the key."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

LONGEST = 200
"""Characters of a complaint that are kept."""
_READ = 20 * LONGEST
INSPECTED = frozenset({400, 403, 422})
"""Statuses with which hosts say that they inspected the content: most with 400, OpenRouter and Qianfan with
403, MiniMax with 422.
"""
_REPEATED = 24
"""Characters of a question by which its repetition is known."""


def plain(text: str) -> str:
    """Hides nothing: where there is no key."""
    return text


def parsed(content: bytes | str) -> Any:
    """The JSON of a body, or None; nothing that we ask for is the JSON `null`."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def complaint(content: bytes, hide: Callable[[str], str] = plain) -> str:
    """What a server said was wrong, on one line. hide: takes the key out, before anything is cut."""
    body = parsed(content)
    if body is not None:
        return line(said(body), hide)
    text = content[:_READ].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        return "a page of HTML, so this may not be the address up to its version, such as …/v1"
    return line(text, hide)


def unrepeated(told: str, question: str, model: str) -> str:
    """What a host says, without what it repeats: question and model may be about moderation itself."""
    repeated = question[:_REPEATED]
    before = told.partition(repeated)[0] if repeated else told
    return (before.replace(model, "") if model else before) or "an error"


def line(text: str, hide: Callable[[str], str] = plain) -> str:
    """A text on one line, and short. The key is taken out first: a cut might leave half of it."""
    whole = " ".join(hide(text).split())
    return whole if len(whole) <= LONGEST else whole[: LONGEST - 1] + "…"


def said(body: object) -> str:
    """The words of an error object, whichever of the usual shapes it has."""
    while isinstance(body, Mapping) and (within := body.get("error") or body.get("detail")):
        body = within
    if isinstance(body, Mapping):
        words = [body.get(name) for name in ("code", "type", "message")]
        # A router hands on what the host behind it said.
        behind = body.get("metadata")
        words.append(behind.get("raw") if isinstance(behind, Mapping) else None)
        told = [str(word) for word in words if isinstance(word, str | int) and word != ""]
        return " ".join(told) or _written(body)
    return body if isinstance(body, str) else _written(body)


def _written(body: object) -> str:
    try:
        return json.dumps(body)[:_READ]
    except RecursionError:
        return "an object nested too deep to be read"


def provider(body: object) -> str | None:
    """The host behind a router that an error is about, where the router names it."""
    error = body.get("error") if isinstance(body, Mapping) else None
    behind = error.get("metadata") if isinstance(error, Mapping) else None
    name = behind.get("provider_name") if isinstance(behind, Mapping) else None
    return name if isinstance(name, str) and name else None


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
