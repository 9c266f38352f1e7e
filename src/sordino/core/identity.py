"""Identity is content: what is equal has equal keys, on every machine and in every version.

Keys are SHA-256 over canonical JSON, cut to 32 hexadecimal digits (128 bits).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from sordino.core.records import Message, Request, Sampling

KEY_LENGTH = 32


def digest(value: object) -> str:
    """The key of any JSON value. Lone surrogates are kept apart from what would replace them."""
    canonical = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()[:KEY_LENGTH]


def request_key(
    messages: Sequence[Message],
    target_revision: str,
    sampling: Sampling,
    prefill: str | None,
    sample: int,
    epoch: str,
) -> str:
    """The key of a request: the rendered request, the target's revision, the sample and the epoch."""
    return digest(
        {
            "messages": [[m.role, m.content] for m in messages],
            "target": target_revision,
            "sampling": asdict(sampling),
            "prefill": prefill,
            "sample": sample,
            "epoch": epoch,
        }
    )


def make_request(
    question: str,
    target_revision: str,
    *,
    sampling: Sampling | None = None,
    system: str | None = None,
    prefill: str | None = None,
    sample: int = 0,
    epoch: str = "",
) -> Request:
    """A request for one question, with its key."""
    chosen = sampling or Sampling()
    head = (Message("system", system),) if system is not None else ()
    messages = (*head, Message("user", question))
    key = request_key(messages, target_revision, chosen, prefill, sample, epoch)
    return Request(key, messages, target_revision, chosen, prefill, sample, epoch)


def seed_of(key: str) -> int:
    """The sampling seed of a request: a resumed run draws what an unbroken one would have drawn."""
    return int(key[:15], 16)
