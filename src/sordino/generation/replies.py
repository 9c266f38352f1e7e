"""From a server's reply to an attempt: the half of the OpenAI-compatible backend that does no sending.

What is a block, an error or an answer follows from statuses, codes and fields alone (`delivery`), but for
the few texts that a host is known to put in the place of an answer (`replacements`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sordino.core.records import Attempt, Delivery, Request
from sordino.generation import complaints, envelopes
from sordino.generation.chunks import Assembly
from sordino.generation.complaints import complaint, line, parsed, said, waiting
from sordino.generation.delivery import settle
from sordino.generation.dialect import Dialect
from sordino.generation.persistence import AgainError
from sordino.generation.prompts import TAG
from sordino.generation.reasoning import split
from sordino.generation.replacements import replaces_answer

_PASSING = frozenset({408, 409, 429})
"""With all from 500 on: statuses of failures that may pass. OpenAI's, Anthropic's and vLLM's."""
_STRAINING = frozenset({408, 429, 503, 529})
"""Statuses of a server that has more to do than it bears; 529 is Anthropic's."""
_PASSING_CODES = frozenset({1000, 1001, 1002})
"""MiniMax's in `base_resp`: unknown error, timeout, rate limit."""


class Reader:
    """Reads what one server replies. hide: takes the key out of a text."""

    def __init__(self, dialect: Dialect, hide: Callable[[str], str] = complaints.plain) -> None:
        self._dialect, self._hide = dialect, hide
        self._host = dialect.endpoint.host

    def whole(
        self, request: Request, status: int, content: bytes, seconds: float, after: str | None = None
    ) -> Attempt:
        """The attempt that a whole HTTP reply makes. Raises AgainError where another sending may do better.

        after: its Retry-After header.
        """
        if status != 200:
            return self._refused(request, status, content, seconds, after)
        body = parsed(content)
        if body is None:
            # A page of HTML is no model's; what begins otherwise may be the half of an answer.
            is_page = content.lstrip()[:1] == b"<"
            raise AgainError("HTTP 200 without JSON", self.complaint(content), begun=not is_page)
        fields = envelopes.unwrap(body)
        if fields is None:
            return self.failed(request, f"HTTP 200 without an answer: {self.complaint(content)}")
        return self._settled(request, fields, seconds, whole=True)

    def streamed(self, request: Request, came: Assembly, seconds: float) -> Attempt:
        """The attempt that a stream makes. Raises AgainError where another sending may do better."""
        settled = self._settled(
            request, came.fields(), seconds, whole=came.pieces <= 1, stands_out=came.stands_out
        )
        if came.replacement is None:
            return settled
        error = f"the host took the answer back after {len(settled.text)} characters and put in its place: "
        told = line(error + came.replacement, self._hide)
        return replace(settled, delivery=Delivery.BLOCKED_OUTPUT, error=told)

    def failed(self, request: Request, error: str) -> Attempt:
        """What could not be sent, or brought nothing back."""
        return Attempt(request.key, Delivery.ERROR, route=self._host, error=error)

    def complaint(self, content: bytes) -> str:
        """What a body says was wrong, without the key."""
        return complaint(content, self._hide)

    def _refused(
        self, request: Request, status: int, content: bytes, seconds: float, after: str | None
    ) -> Attempt:
        told = self.complaint(content)
        if status >= 500 or status in _PASSING:
            raise AgainError(f"HTTP {status}", told, waiting(after), strains=status in _STRAINING)
        body, delivery = parsed(content), Delivery.ERROR
        if status in complaints.INSPECTED and isinstance(body, Mapping):
            blocks_output = envelopes.blocks_output(body)
            delivery = settle(
                text=None, error=self._note(request, said(body)), output_blocked=blocks_output
            )
        error = f"HTTP {status}: {told}" if told else f"HTTP {status}"
        route = self._hide(complaints.provider(body) or self._host)
        return Attempt(request.key, delivery, seconds=seconds, route=route, error=error)

    def _settled(
        self,
        request: Request,
        fields: Mapping[str, Any],
        seconds: float,
        *,
        whole: bool,
        stands_out: bool = False,
    ) -> Attempt:
        told = self._error(fields.get("error"))
        reasoning, answer = self._parted(request.prefill, fields)
        finish, native = _text(fields.get("finish_reason")), _text(fields.get("native_finish_reason"))
        tokens = _count(fields.get("completion_tokens"))
        delivery = settle(
            text=answer,
            reasoning=reasoning,
            finish_reason=finish,
            native_finish_reason=native,
            error=self._note(request, told) if told else None,
            completion_tokens=tokens,
            output_blocked=bool(fields.get("blocks_output")),
        )
        if told is not None:
            told = line(told, self._hide)
        elif delivery is Delivery.ERROR:
            reason = finish or native
            told = f"finish reason {reason!r}" if reason else "a reply without an answer"
        if answer and replaces_answer(answer, self._host, tokens, whole=whole, stands_out=stands_out):
            generated = tokens or reasoning
            delivery = Delivery.BLOCKED_OUTPUT if generated else Delivery.BLOCKED_INPUT
            told, answer = f"the host put a text of its own in the place of an answer: {answer}", ""
        made = Attempt(
            key=request.key,
            delivery=delivery,
            text=answer or "",
            reasoning=reasoning,
            finish_reason=finish or native,
            prompt_tokens=_count(fields.get("prompt_tokens")),
            completion_tokens=tokens,
            seconds=seconds,
            route=_text(fields.get("provider")) or self._host,
            error=told,
            served_model=fields.get("served_model"),
            log_probabilities=_pairs(fields.get("log_probabilities")),
        )
        return made if self._hide is complaints.plain else _hidden(made, self._hide)

    def _parted(self, prefill: str | None, fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """The reasoning and the answer: what the model added to the prefill, as of a model run here."""
        response, trace = _text(fields.get("response")), _text(fields.get("reasoning"))
        if response is None:
            return trace, None
        if not prefill:
            return split(response, trace)
        if self._dialect.preset.echoes:
            response = response.removeprefix(prefill)
        tags = TAG.findall(prefill)
        return split(response, trace, in_thought=bool(tags) and not tags[-1])

    def _error(self, error: object) -> str | None:
        """What an object at HTTP 200 says went wrong. Raises AgainError for what may pass."""
        if not error:
            return None
        if _is_passing(error):
            raise AgainError("HTTP 200 with an error", line(said(error), self._hide))
        return said(error)

    def _note(self, request: Request, told: str) -> str:
        return complaints.unrepeated(told, request.question, self._dialect.endpoint.model)


def _hidden(made: Attempt, hide: Callable[[str], str]) -> Attempt:
    """An attempt without the key, which some servers repeat."""
    clean = replace(
        made,
        text=hide(made.text),
        reasoning=made.reasoning and hide(made.reasoning),
        finish_reason=made.finish_reason and hide(made.finish_reason),
        route=made.route and hide(made.route),
        error=made.error and hide(made.error),
        served_model=made.served_model and hide(made.served_model),
    )
    # Tokens may hold the key in pieces, where it is not found.
    return made if clean == made else replace(clean, log_probabilities=None)


def _is_passing(error: object) -> bool:
    code = error.get("code") if isinstance(error, Mapping) else None
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code)
    if not isinstance(code, int):
        return False
    return code in _PASSING or 500 <= code < 600 or code in _PASSING_CODES


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _pairs(value: object) -> tuple[tuple[str, float], ...] | None:
    return tuple(value) if isinstance(value, list) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
