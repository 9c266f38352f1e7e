"""From a request to the tokens that a model reads: chat template, prefill, and the room left to answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.core.records import Request
from sordino.modeling.locate import Located, first_line, special_tokens

UNTOLD_TOKENS = 1024
"""The most new tokens where the request leaves the limit to the target."""

# Some templates write today's date into the prompt. A run that goes on tomorrow must ask what it asked
# today, so every template is told the same Thursday.
_TODAY: Mapping[str, str] = {
    "%Y": "2026", "%y": "26", "%m": "01", "%B": "January", "%b": "Jan", "%d": "01", "%-d": "1",
    "%A": "Thursday", "%a": "Thu", "%H": "12", "%M": "00", "%S": "00",
}  # fmt: skip
_CALENDAR = (
    "{%- macro strftime_now(format) -%}{{ format"
    + "".join(f"|replace('{code}', '{value}')" for code, value in _TODAY.items())
    + " }}{%- endmacro -%}"
)
TAG = re.compile(r"<(/?)think(?:ing)?>")
"""What marks a reasoning trace off, in a text or as a special token."""


_SENTINEL = "What is asked here?"
_MARK = r"\[/?[A-Z_]+\]|<</?SYS>>|<\|?/?\w+\|?>|^#+ "
_ROLE = re.compile(r"\A\s*(?:system|developer|user|human|instruction)\s*:?\s*(?:\n|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request as the model reads it.

    ids: the prompt's tokens. room: how many may follow. cut: whether the model's context, not the request,
    set that number. in_thought: whether the prompt ends inside a reasoning trace that it has opened.
    problem: why it cannot be asked; then there is no room.
    """

    request: Request
    ids: tuple[int, ...] = ()
    room: int = 0
    cut: bool = False
    in_thought: bool = False
    problem: str | None = None


def prompt_of(request: Request, model: Located, *, plain: bool) -> Prompt:
    """The prompt of a request; one that cannot be asked has a problem. Raises TargetError where the model's
    chat template cannot render such requests at all.
    """
    text = plain_text(request) if plain else rendered(request, model)
    try:
        ids = model.tokenizer(text, add_special_tokens=plain)["input_ids"]
    except (UnicodeEncodeError, TypeError):
        return Prompt(request, problem="The question holds half a character (a lone surrogate).")
    # Some tokenizers close what they are given, and the model would answer after the end.
    while plain and ids and ids[-1] in model.ends:
        ids = ids[:-1]
    if (size := model.vocabulary) is not None and ids and max(ids) >= size:
        raise TargetError(
            f"{model.source}: its tokenizer has the token {max(ids)}, and the model's vocabulary only "
            f"{size}. The two do not belong together: take the tokenizer that the model was trained with."
        )
    asked = UNTOLD_TOKENS if request.sampling.max_tokens is None else request.sampling.max_tokens
    left = asked if model.context is None else model.context - len(ids)
    if not ids or asked < 1 or left < 1:
        return Prompt(request, problem=_problem(len(ids), asked, model.context))
    return Prompt(request, tuple(ids), min(asked, left), left < asked, _in_thought(text, request.prefill))


def own_system_prompt(model: Located) -> str | None:
    """What the chat template writes by itself before a question, without its markers; None if nothing.

    Raises TargetError where it cannot render a question.
    """
    head = rendered(make_request(_SENTINEL, ""), model).partition(_SENTINEL)[0]
    marks = sorted(set(special_tokens(model.tokenizer).values()), key=len, reverse=True)
    pieces = re.split("|".join([*map(re.escape, marks), _MARK]), head)
    told = "\n".join(_ROLE.sub("", piece).strip() for piece in pieces).strip()
    return told or None


def rendered(request: Request, model: Located) -> str:
    """The text that the model reads, in its chat template. Raises TargetError where that refuses."""
    template = model.chat_template or ""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    try:
        text = model.tokenizer.apply_chat_template(
            messages,
            chat_template=(_CALENDAR if "strftime_now" in template else "") + template,
            add_generation_prompt=True,
            tokenize=False,
        )
    except Exception as error:
        roles = " and ".join(dict.fromkeys(message.role for message in request.messages))
        raise TargetError(
            f"{model.source}: its chat template refuses {roles} messages ({first_line(error)}). "
            "Leave out what it refuses (--system, for example), or ask with --plain."
        ) from error
    # A template that drops the system prompt would have it recorded as asked.
    for message in request.messages:
        if message.role == "system" and message.content.strip() not in text:
            raise TargetError(
                f"{model.source}: its chat template leaves the system prompt out. Leave out --system, "
                "or ask with --plain."
            )
    return str(text) + (request.prefill or "")


def plain_text(request: Request) -> str:
    """For a model without chat template: each message followed by a blank line, and the prefill."""
    return "".join(f"{message.content}\n\n" for message in request.messages) + (request.prefill or "")


def _in_thought(text: str, prefill: str | None) -> bool:
    """The prefill decides where it has tags; otherwise the template, by ending with an opening one."""
    if tags := TAG.findall(prefill or ""):
        return not tags[-1]
    head = text[: len(text) - len(prefill or "")]
    return re.search(r"<think(?:ing)?>\s*\Z", head) is not None


def _problem(length: int, asked: int, context: int | None) -> str:
    if asked < 1:
        return f"No answer fits into {asked} tokens."
    if not length:
        return "The prompt is empty."
    return f"The prompt has {length} tokens, and the model reads {context} with the answer."
