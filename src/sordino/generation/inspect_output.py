"""From what Inspect AI returned to an attempt: the half of both ways with Inspect that does no asking.

Inspect has six stop reasons of its own and puts a host's complaint where the answer would be, so what the
host itself said is read beside them, from the call that Inspect keeps. Importing this module does not
import Inspect.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tenacity import RetryError

from sordino.core.records import Attempt, Delivery
from sordino.generation import envelopes
from sordino.generation.complaints import INSPECTED, line, plain, said, unrepeated
from sordino.generation.delivery import settle
from sordino.generation.reasoning import split

if TYPE_CHECKING:
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelCall, ModelOutput

_KEPT_APART = "attachment://"
"""How Inspect begins a text of a call that it keeps elsewhere for its length."""


def attempt(
    key: str, output: "ModelOutput", call: "ModelCall | None" = None, hide: Callable[[str], str] = plain
) -> Attempt:
    """The attempt that an output makes.

    call: what went over the wire, where Inspect kept it. It tells a host's own finish reason from Inspect's
      "unknown", and a complaint from an answer. hide: takes the keys out of a text.
    """
    choice = output.choices[0] if output.choices else None
    if choice is not None and _is_complaint(output, choice, call):
        return _complained(key, output, choice, call, hide)
    response = _response(call)
    fields = envelopes.unwrap(response) or {}
    trace, text = _reasoning_and_text(choice.message, fields) if choice else (None, None)
    finish, native = _reasons(choice, fields)
    told = output.error or fields.get("error")
    error = line(said(told), hide) if told else None
    tokens = output.usage.output_tokens if output.usage else None
    delivery = settle(
        text=text,
        reasoning=trace,
        finish_reason=finish,
        native_finish_reason=native,
        error=error,
        completion_tokens=tokens,
        output_blocked=envelopes.blocks_output(response),
    )
    if delivery is Delivery.ERROR and error is None:
        error = f"stop reason {native or finish!r}" if choice else "a reply without an answer"
    return Attempt(
        key=key,
        delivery=delivery,
        text=hide(text or ""),
        reasoning=None if trace is None else hide(trace),
        finish_reason=native or finish,
        prompt_tokens=_prompt_tokens(output),
        completion_tokens=tokens,
        seconds=output.time,
        route=_text(fields.get("provider")),
        error=error,
        served_model=envelopes.served_model(response) or output.model or None,
        log_probabilities=_log_probabilities(choice),
    )


def failure(
    key: str,
    raised: Exception,
    call: "ModelCall | None" = None,
    hide: Callable[[str], str] = plain,
    *,
    question: str = "",
    model: str = "",
) -> Attempt:
    """The attempt that an exception of Inspect's, or of what it asks with, makes.

    question, model: what was asked of which, since an exception may repeat them.
    """
    cause, tries = _cause(raised)
    told = f"{_code(call)} {str(cause) or repr(cause)}"
    words, delivery = line(told, hide), Delivery.ERROR
    if status_of(raised) in INSPECTED:
        delivery = settle(text=None, error=unrepeated(told, question, model))
    times = f" after {tries} tries" if tries > 1 else ""
    return Attempt(key, delivery, error=f"{type(cause).__name__}{times}: {words}")


def status_of(raised: Exception) -> int | None:
    """The HTTP status behind an exception, where there is one."""
    status = getattr(_cause(raised)[0], "status_code", None)
    return status if isinstance(status, int) else None


# -- what is the host's and what is the model's --------------------------------------------------------


def _is_complaint(output: "ModelOutput", choice: "ChatCompletionChoice", call: "ModelCall | None") -> bool:
    """Whether the text is what a host said (or Inspect for it) when it declined, and no model's words.

    Told by the call's own mark of an error; where Inspect kept no call, by nothing having been generated.
    """
    if choice.stop_reason not in ("content_filter", "model_length"):
        return False
    if call is not None and call.error:
        return True
    is_explained = output.error is not None or choice.stop_details is not None
    return is_explained and not (output.usage and output.usage.output_tokens)


def _complained(
    key: str,
    output: "ModelOutput",
    choice: "ChatCompletionChoice",
    call: "ModelCall | None",
    hide: Callable[[str], str],
) -> Attempt:
    """A prompt that is too long is an error: nobody was asked."""
    words = line(f"{_code(call)} {output.error or choice.message.text}", hide)
    is_block = choice.stop_reason == "content_filter"
    delivery = settle(
        text=None,
        finish_reason=choice.stop_reason if is_block else None,
        error=words,
        output_blocked=envelopes.blocks_output(_response(call)),
    )
    return Attempt(key, delivery, finish_reason=choice.stop_reason, seconds=output.time, error=words)


def _reasons(
    choice: "ChatCompletionChoice | None", fields: Mapping[str, object]
) -> tuple[str | None, str | None]:
    """Inspect's stop reason, and the host's own word behind it."""
    told, behind = _text(fields.get("finish_reason")), _text(fields.get("native_finish_reason"))
    if choice is None or choice.stop_reason == "unknown":
        return told, behind
    return choice.stop_reason, behind or told


def _reasoning_and_text(
    message: "ChatMessageAssistant", fields: Mapping[str, object]
) -> tuple[str | None, str]:
    """A trace that a host has hidden is none, unless it gives a summary of it."""
    parts = [] if isinstance(message.content, str) else message.content
    shown = [p.summary if p.redacted else p.reasoning for p in parts if p.type == "reasoning"]
    traces = [trace for trace in shown if trace is not None]
    # Inspect drops an empty trace, which is more than none.
    field = "\n\n".join(traces) if traces else ("" if fields.get("reasoning") == "" else None)
    return split(message.text, field)


# -- the wire ------------------------------------------------------------------------------------------


def _response(call: "ModelCall | None") -> Mapping[str, object]:
    """A service's object, but for its long texts, which Inspect keeps elsewhere."""
    response = call.response if call is not None else None
    return response if isinstance(response, Mapping) else {}


def _code(call: "ModelCall | None") -> str:
    """How an error's object names what went wrong: hosts name their blocks there, and Inspect does not."""
    if call is None or not call.error:
        return ""
    names = [_text(_response(call).get(name)) for name in ("code", "type")]
    return " ".join(name for name in names if name and not name.startswith(_KEPT_APART))


def _cause(raised: Exception) -> tuple[Exception, int]:
    """What lay behind an exception, and how often it was tried."""
    if isinstance(raised, RetryError):
        found = raised.last_attempt.exception()
        return (found if isinstance(found, Exception) else raised), raised.last_attempt.attempt_number
    behind = raised.__cause__
    # Inspect's own exception repeats the whole request.
    is_wrapped = type(raised).__name__ == "ModelGenerateError" and isinstance(behind, Exception)
    return (behind if is_wrapped and isinstance(behind, Exception) else raised), 1


def _prompt_tokens(output: "ModelOutput") -> int | None:
    """All of the prompt: Inspect counts what a cache held apart."""
    usage = output.usage
    if usage is None:
        return None
    return usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)


def _log_probabilities(choice: "ChatCompletionChoice | None") -> tuple[tuple[str, float], ...] | None:
    if choice is None or choice.logprobs is None:
        return None
    return tuple(envelopes.log_probabilities({"logprobs": choice.logprobs.model_dump()}) or ())


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
