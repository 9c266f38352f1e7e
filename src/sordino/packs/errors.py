"""Pydantic's complaints in a pack author's words: file, line, field, what is wrong, and the mend."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from sordino.core.errors import PackError
from sordino.packs.reading import Document, Step

MOST = 5

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
}
_LACKING = {
    "missing": "the key is missing. Add `{}:`.",
    "too_short": "it is empty. Write at least one entry, each after `- `.",
}
_MENDS = {
    "a list": "Write `[…]`, or one `- ` a line.",
    "a mapping (`key: value`)": "Write keys and values.",
    "a whole number": "Write digits alone, such as 2.",
    "a number": "Write digits, such as 2 or 0.5.",
    "true or false": "Write one of the two, without quotes.",
}
_SHAPES = {
    r"^https?://\S+$": "an address begins with https:// or http:// and has no space.",
    r"\S": "it is blank. Write the text.",
    r"^[A-Z]{2}$": "a jurisdiction's code is two capital letters (ISO 3166), such as FR.",
    r"^[a-z][a-z0-9_]*$": "a slot's name is lower-case letters, digits and underscores, such as `event`.",
}


def at(document: Document, path: Sequence[Step], message: str) -> PackError:
    """One mistake in a file."""
    return PackError(_line(document, path, message))


def from_validation(error: ValidationError, document: Document) -> PackError:
    """The first few mistakes of a file, one a line."""
    lines = [_line(document, *_told(one)) for one in error.errors(include_url=False)]
    more = [f"… and {len(lines) - MOST} more in this file."] if len(lines) > MOST else []
    return PackError("\n".join([*lines[:MOST], *more]))


def _line(document: Document, path: Sequence[Step], message: str) -> str:
    field = ".".join(str(step) for step in path) or "(the file)"
    return f"{document.where}:{document.line(path)}: {field}: {message}"


def _told(error: Mapping[str, Any]) -> tuple[tuple[Step, ...], str]:
    path = tuple(step for step in error["loc"] if step != "[key]")
    context = error.get("ctx", {})
    match error["type"]:
        case "refused":
            return (*path, *context["at"]), context["message"]
        case kind if kind in _LACKING:
            return path, _LACKING[kind].format(path[-1])
        case "string_pattern_mismatch":
            return path, _misshapen(error["input"], context["pattern"])
        case "literal_error":
            return path, f"{_shown(error['input'])} is not one of {context['expected']}."
        case kind if kind in _EXPECTED:
            return path, _mistyped(error["input"], _EXPECTED[kind])
        case _:
            return path, f"{error['msg']}; found {_shown(error['input'])}. Mend this value."


def _misshapen(value: object, pattern: str) -> str:
    if shape := _SHAPES.get(pattern):
        return shape if pattern == r"\S" else f"{_shown(value)} will not do: {shape}"
    if r"\d+\.\d+" in pattern:
        return f"{_shown(value)} is no version. Write three numbers, such as 1.0.0."
    return f"{_shown(value)} is no id. Use lower-case letters, digits and hyphens: `protest-crackdown`."


def _mistyped(value: object, expected: str) -> str:
    mend = _MENDS.get(expected, "Mend its type.")
    if value is None:
        mend = "Write it, or remove the key."
    elif expected == "text" and isinstance(value, str | int | float):
        mend = "Put it in quotes."
    return f"expected {expected}, found {_shown(value)}. {mend}"


def _shown(value: object) -> str:
    names = {dict: "a mapping", list: "a list", type(None): "nothing"}
    if name := names.get(type(value)):
        return name
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "…"
