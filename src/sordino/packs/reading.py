"""Reading YAML strictly: the first step of loading a pack, below its schema.

A pack is plain data written by strangers. So: no anchors or aliases (they can blow up a small file), no
tags, no second document, no key twice, no key that is not text. Of YAML 1.1's surprises only numbers,
`true`, `false` and `null` remain: `no` stays the language code, `1961-04-12` and `12:30` stay text.

It walks libyaml's events instead of its nodes, which is faster and gives every value its line.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import yaml

from sordino.core.errors import PackError
from sordino.core.identity import digest

MOST_BYTES = 4_000_000
DEEPEST = 24

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"
Step: TypeAlias = "str | int"

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_REAL = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]{1,3})?")


@dataclass(frozen=True)
class Document:
    """What a file says, where, and the digest of its text (line endings aside)."""

    where: str
    value: Value
    digest: str
    _lines: dict[tuple[int, Step], int]

    def line(self, path: Sequence[Step]) -> int:
        """The line of the deepest step of `path` that the file has, counted from 1."""
        value, line = self.value, 1
        for step in path:
            found = self._lines.get((id(value), step))
            if found is None:
                break
            line = found
            value = value[step]  # type: ignore[index]
        return line


def read(content: bytes, where: str) -> Document:
    """The document in a file. Raises PackError with file, line and mend for what is not plain YAML."""
    if len(content) > MOST_BYTES:
        raise PackError(
            f"{where}: the file has {len(content):,} bytes, at most {MOST_BYTES:,} are read. Split it."
        )
    text = decode(content, where)
    loader = None
    try:
        loader = _LOADER(text)
        value, lines = _Builder(_events(loader), where).document()
        return Document(where, value, digest(text), lines)
    except yaml.YAMLError as error:
        raise PackError(_malformed(error, where)) from None
    finally:
        if loader is not None:
            loader.dispose()


def decode(content: bytes, where: str) -> str:
    """The text of a file, which must be UTF-8; a byte-order mark and line endings make no difference."""
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise PackError(
            f"{where}:{line}: the byte 0x{content[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        ) from None


def _events(loader: Any) -> Iterator[Any]:
    while loader.check_event():
        yield loader.get_event()


def _malformed(error: yaml.YAMLError, where: str) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = f"{where}:{mark.line + 1}" if mark else where
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    return f"{place}: this is not YAML: {what}. Check indentation and quotes around here."


class _Builder:
    """Events in, plain values and their lines out."""

    def __init__(self, events: Iterator[Any], where: str) -> None:
        self._events = events
        self._where = where
        self._lines: dict[tuple[int, Step], int] = {}

    def document(self) -> tuple[Value, dict[tuple[int, Step], int]]:
        next(self._events)  # the stream's start
        event = next(self._events)
        if not isinstance(event, yaml.DocumentStartEvent):
            raise PackError(f"{self._where}: the file is empty. Write the pack's or template's fields.")
        value = self._value(next(self._events), 0)
        next(self._events)  # the document's end
        event = next(self._events)
        if isinstance(event, yaml.DocumentStartEvent):
            raise self._refuse(
                event, "a second document begins here. Keep one document a file; remove the `---`."
            )
        return value, self._lines

    def _value(self, event: Any, depth: int) -> Value:
        kind = type(event)
        if kind is yaml.AliasEvent:
            raise self._refuse(event, f"aliases (*{event.anchor}) are refused. Write the text out.")
        if event.anchor is not None:
            raise self._refuse(
                event, f"anchors (&{event.anchor}) are refused. Write the text out where it is used."
            )
        if event.tag is not None:
            raise self._refuse(
                event, f"tags ({event.tag}) are refused. Write plain text, numbers, lists and mappings."
            )
        if kind is yaml.ScalarEvent:
            if control := _CONTROL.search(event.value):
                what = f"the text holds the control character U+{ord(control[0]):04X}. Remove it."
                raise self._refuse(event, what)
            return _scalar(event.value) if event.implicit[0] else str(event.value)
        if depth >= DEEPEST:
            raise self._refuse(event, f"the file nests deeper than {DEEPEST} levels. Flatten it.")
        return self._mapping(depth) if kind is yaml.MappingStartEvent else self._list(depth)

    def _list(self, depth: int) -> list[Value]:
        values: list[Value] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            self._lines[id(values), len(values)] = event.start_mark.line + 1
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, Value]:
        values: dict[str, Value] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, depth)
            line = event.start_mark.line + 1
            if key in values:
                first = self._lines[id(values), key]
                raise self._refuse(
                    event, f"the key {key!r} is already on line {first}. Remove one of the two."
                )
            self._lines[id(values), key] = line
            values[key] = self._value(next(self._events), depth + 1)
        return values

    def _key(self, event: Any, depth: int) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            if isinstance(event, yaml.AliasEvent):
                self._value(event, depth)
            raise self._refuse(
                event, "a key must be text, not a list or mapping. Check braces and question marks."
            )
        self._value(event, depth)  # a key is refused for what a value is
        return str(event.value)

    def _refuse(self, event: Any, what: str) -> PackError:
        return PackError(f"{self._where}:{event.start_mark.line + 1}: {what}")


def _scalar(text: str) -> Value:
    """An unquoted scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _REAL.fullmatch(text) else text
