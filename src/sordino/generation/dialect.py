"""How a server takes a request: the JSON that is sent, and what is said otherwise once it complained."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from sordino.core.identity import seed_of
from sordino.core.records import Request
from sordino.generation.endpoint import Endpoint
from sordino.generation.presets import UNKNOWN, Prefill, Preset
from sordino.generation.prompts import plain_text

_SEEDS = 2**31
"""Seeds that every server takes: some read them into 32 bits with a sign."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_SPARE = ("response_format", "stream_options", "logprobs", "seed")
"""Fields without which an answer is the same, or as good; left out where a server complains of them."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a model is asked.

    stream: have the answer sent as it is made, so that a host's block in the middle is seen as such.
    plain: raw text without chat template, for base models. log_probabilities: ask for those of each token.
    """

    stream: bool = False
    plain: bool = False
    log_probabilities: bool = False


@dataclass
class Dialect:
    """What one server understands. json_reply: ask for `response_format` JSON, where it knows that."""

    endpoint: Endpoint
    manner: Manner = Manner()
    json_reply: bool = False
    preset: Preset = UNKNOWN
    _refused: set[str] = field(default_factory=set)
    _limit: str = "max_tokens"

    @property
    def takes_prefill(self) -> bool:
        """Raw text can begin with anything; a chat only where the server is known to take it."""
        return self.manner.plain or self.preset.prefill is not Prefill.IMPOSSIBLE

    @property
    def gives_log_probabilities(self) -> bool:
        return self.manner.log_probabilities and self.preset.log_probabilities

    def address(self, request: Request) -> str:
        """Where a request is posted to."""
        base, preset = self.endpoint.base, self.preset
        if self.manner.plain:
            return f"{base}/completions"
        if request.prefill is not None and preset.prefill_base:
            base = preset.prefill_base
        return f"{base}/chat/completions"

    def body(self, request: Request) -> dict[str, Any]:
        """The JSON of a request; what the sampling leaves open is left to the server."""
        sampling = request.sampling
        body: dict[str, Any] = {"model": self.endpoint.model}
        body |= {"prompt": plain_text(request)} if self.manner.plain else self._messages(request)
        settings = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            self._limit: sampling.max_tokens,
            "seed": seed_of(request.key) % _SEEDS if sampling.temperature else None,
            "response_format": {"type": "json_object"} if self.json_reply else None,
            "logprobs": self._logprobs,
            "stream": True if self.manner.stream else None,
            "stream_options": {"include_usage": True} if self.manner.stream else None,
        }
        refused = self._refused
        body.update((k, v) for k, v in settings.items() if v is not None and k not in refused)
        return body

    def learns(self, complaint: str, sent: dict[str, Any]) -> bool:
        """Whether a complaint names something sent that can be left out or has a newer name."""
        for name in _SPARE:
            if name in sent and re.search(rf"\b{name}\b", complaint):
                self._refused.add(name)
                return True
        if "max_completion_tokens" in complaint and "max_tokens" in sent:
            self._limit = "max_completion_tokens"
            return True
        return False

    @property
    def _logprobs(self) -> bool | int | None:
        if not self.gives_log_probabilities:
            return None
        # Of raw completions it is a number: so many of the likeliest tokens, beside the one taken.
        return 1 if self.manner.plain else True

    def _messages(self, request: Request) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in request.messages]
        extra: dict[str, Any] = {}
        if request.prefill is not None:
            begun: dict[str, Any] = {"role": "assistant", "content": request.prefill}
            if self.preset.prefill in (Prefill.PREFIX, Prefill.PARTIAL):
                begun[self.preset.prefill.value] = True
            if self.preset.prefill is Prefill.CONTINUED:
                extra = {"continue_final_message": True, "add_generation_prompt": False}
            messages.append(begun)
        return {"messages": messages, **extra}


def encoded(body: dict[str, Any]) -> bytes:
    """The body as it is sent. Half a character (a lone surrogate) is sent by its number."""
    return _ENCODER.encode(body).encode("ascii")
