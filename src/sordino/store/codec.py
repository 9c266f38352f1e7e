"""Records as JSON columns and back.

A field that a later version adds with a default reads from older stores as that default.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sordino.core.identity import digest
from sordino.core.manifest import Manifest, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.core.records import (
    Cell,
    Contrast,
    Estimate,
    Fact,
    Figure,
    Finding,
    Flag,
    Kind,
    Mark,
    Matching,
    Measure,
    Message,
    Sampling,
    Verdict,
)
from sordino.store.text import escape

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def dump(value: object) -> str:
    """JSON that keeps every script readable."""
    return _ENCODER.encode(value)


def record_to_json(record: "DataclassInstance") -> str:
    """Every field by its name, records within records too."""
    return dump(asdict(record))


def cell_id(cell_json: str) -> str:
    """A cell's identity is its content."""
    return digest(escape(cell_json))


def cell_from_json(text: str) -> Cell:
    """The cell of which `text` is the JSON."""
    plain = json.loads(text)
    facts = tuple(Fact(**{**fact, "patterns": _tuples(fact["patterns"])}) for fact in plain.pop("facts"))
    flags = tuple(Flag(**{**flag, "patterns": _tuples(flag["patterns"])}) for flag in plain.pop("flags"))
    return Cell(**{**plain, "kind": Kind(plain["kind"])}, facts=facts, flags=flags)


def messages_to_json(messages: tuple[Message, ...]) -> str:
    """Pairs of role and content."""
    return dump([[message.role, message.content] for message in messages])


def messages_from_json(text: str) -> tuple[Message, ...]:
    """Of `messages_to_json`."""
    return tuple(Message(role, content) for role, content in json.loads(text))


@lru_cache(maxsize=64)
def sampling_from_json(text: str) -> Sampling:
    """Cached: a run has few samplings and many requests."""
    return Sampling(**json.loads(text))


def marks_to_json(marks: tuple[Mark, ...]) -> str | None:
    """Lists of id, hit, start and end; None for no marks."""
    return dump([[mark.id, mark.hit, mark.start, mark.end] for mark in marks]) if marks else None


def marks_from_json(text: str | None) -> tuple[Mark, ...]:
    """Of `marks_to_json`."""
    return tuple(Mark(*mark) for mark in json.loads(text)) if text else ()


def log_probabilities_to_json(tokens: tuple[tuple[str, float], ...] | None) -> str | None:
    """Pairs of token and logarithm; None where there are none to store."""
    return None if tokens is None else dump(tokens)


def log_probabilities_from_json(text: str | None) -> tuple[tuple[str, float], ...] | None:
    """Of `log_probabilities_to_json`."""
    return None if text is None else tuple((token, float(said)) for token, said in json.loads(text))


def probabilities_from_json(text: str | None) -> dict[str, float]:
    """By value; empty where the judge stated none."""
    return dict(json.loads(text)) if text else {}


def manifest_from_json(text: str) -> Manifest:
    """The manifest of which `text` is the JSON."""
    plain = json.loads(text)
    target, pack = TargetIdentity(**plain.pop("target")), PackIdentity(**plain.pop("pack"))
    notes = tuple(plain.pop("notes", ()))
    return Manifest(**plain, target=target, pack=pack, notes=notes)


def estimate_from_json(text: str) -> Estimate:
    """The estimate of which `text` is the JSON."""
    return _estimate(json.loads(text))


def finding_from_json(text: str) -> Finding:
    """The finding of which `text` is the JSON."""
    plain = json.loads(text)
    under = plain.pop("estimate")
    return Finding(
        **{**plain, "measure": Measure(plain["measure"]), "verdict": Verdict(plain["verdict"])},
        estimate=None if under is None else _estimate(under),
    )


def _estimate(plain: dict[str, Any]) -> Estimate:
    typed = {
        "measure": Measure(plain["measure"]),
        "contrast": Contrast(plain["contrast"]),
        "matching": Matching(plain["matching"]),
        "figure": Figure(**plain["figure"]),
    }
    return Estimate(**{**plain, **typed})


def _tuples(patterns: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(several) for language, several in patterns.items()}
