"""Splits a reasoning trace from the answer, so that no judge reads the two mixed.

Models and servers disagree where the trace goes: a field of its own, `<think>` tags in the text, or a
closing tag alone where the chat template has already written the opening one (DeepSeek-R1's does).
"""

import re

_OPENING = re.compile(r"\s*<(think|thinking)>")
_CLOSING = re.compile(r"</(?:think|thinking)>")


def split(text: str, field: str | None = None, *, in_thought: bool = False) -> tuple[str | None, str]:
    """The reasoning and the answer.

    field: the trace as the service returned it apart; it wins over tags, which are then taken out of the
      answer only where they repeat it.
    in_thought: whether the text goes on from a trace that the prompt has opened; until that is closed,
      nothing of it is answer.
    The reasoning is None when no trace came back and "" when an empty one did. An opening tag that is never
    closed makes the whole text reasoning and the answer "". Tags that open later in a text are part of it.
    """
    if in_thought and not field and not _OPENING.match(text):
        closing = _CLOSING.search(text)
        text = f"<{closing[0][2:-1] if closing else 'think'}>{text}"
    trace, answer = _split_tags(text) if "think" in text else (None, text)
    if not field:
        return (field if trace is None else trace), answer
    repeated = trace is not None and trace == field.strip()
    return field, answer if repeated else text


def _split_tags(text: str) -> tuple[str | None, str]:
    opening = _OPENING.match(text)
    if opening:
        tag = f"</{opening[1]}>"
        trace, _, answer = text[opening.end() :].partition(tag)
        return trace.strip(), answer.lstrip()
    closing = _CLOSING.search(text)
    if closing is None or closing[0].replace("/", "") in text[: closing.start()]:
        return None, text
    return text[: closing.start()].strip(), text[closing.end() :].lstrip()
