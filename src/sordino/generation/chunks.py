"""From the chunks of a streamed answer to the fields of a whole one, and what the stream alone shows.

A host can take an answer back while it is being shown. Then what had come stays the text, as far as it is
known, and that it was taken back is said beside it.
"""

from collections.abc import Mapping
from typing import Any

from sordino.generation import envelopes
from sordino.generation.envelopes import Object
from sordino.generation.replacements import is_replacement


class Assembly:
    """One answer as it comes. `replacement`: what the host put in the place of what had come before, or
    None. `is_begun`, `is_ended`: whether anything came, and whether a finish reason or an error did.
    """

    def __init__(self) -> None:
        self.replacement: str | None = None
        self.is_begun = self.is_ended = False
        self._blocks_output = False
        self._content: list[str] | None = None
        self._reasoning: list[str] | None = None
        self._logprobs: list[tuple[str, float]] = []
        self._usage: Object = {}
        self._told: dict[str, Any] = {}

    @property
    def pieces(self) -> int:
        """In how many the answer came."""
        return len(self._content or ())

    @property
    def stands_out(self) -> bool:
        """Whether the answer came in one piece, from a host that sent the trace before it in several."""
        return self.pieces == 1 and sum(map(bool, self._reasoning or ())) > 1

    @property
    def said(self) -> str:
        """All that has come, reasoning included."""
        return "".join([*(self._reasoning or ()), *(self._content or ())])

    def feed(self, chunk: Object) -> None:
        """Takes the next chunk, whatever it holds."""
        self.is_begun = True
        self._note("provider", chunk.get("provider"))
        self._note("served_model", envelopes.served_model(chunk))
        if isinstance(usage := chunk.get("usage"), Mapping):
            self._usage = usage
        if error := envelopes.error_of(chunk):
            self._note("error", error)
            self.is_ended = True
        self._blocks_output |= envelopes.blocks_output(chunk)
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
            self._take(choices[0])

    def fields(self) -> dict[str, object]:
        """As `envelopes.unwrap` gives them for a whole answer, with what else has come."""
        return {
            "response": _joined(self._content),
            "reasoning": _joined(self._reasoning),
            "prompt_tokens": self._usage.get("prompt_tokens"),
            "completion_tokens": self._usage.get("completion_tokens"),
            "log_probabilities": self._logprobs or None,
            "blocks_output": self._blocks_output,
            **self._told,
        }

    def _take(self, choice: Object) -> None:
        if reason := choice.get("finish_reason"):
            self._told["finish_reason"] = reason
            self.is_ended = True
        self._note("native_finish_reason", choice.get("native_finish_reason"))
        self._note("error", choice.get("error"))
        if found := envelopes.log_probabilities(choice):
            self._logprobs.extend(found)
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(delta, Mapping):
            self._add(envelopes.content_of(delta), envelopes.trace_of(delta))
        elif isinstance(choice.get("text"), str):
            self._add(choice["text"], None)
        if isinstance(message, Mapping):
            self._replace(envelopes.content_of(message), envelopes.trace_of(message))

    def _add(self, content: object, trace: object) -> None:
        if isinstance(trace, str):
            self._reasoning = self._reasoning or []
            self._reasoning.append(trace)
        if not isinstance(content, str):
            return
        self._content = self._content or []
        if self._content and is_replacement(content):
            self.replacement = content
        elif content:
            # A host that takes an answer back says nothing after its own words.
            self._content += [self.replacement, content] if self.replacement else [content]
            self.replacement = None

    def _replace(self, content: object, trace: object) -> None:
        """A whole message among the deltas: most often the same once more, at the end."""
        if isinstance(trace, str) and trace and not self._reasoning:
            self._reasoning = [trace]
        if not isinstance(content, str) or not content:
            return
        before = _joined(self._content) or ""
        if not before:
            self._content = [content]
        elif content not in before and before not in content:
            self.replacement = content

    def _note(self, name: str, value: object) -> None:
        if value and name not in self._told:
            self._told[name] = value


def _joined(pieces: list[str] | None) -> str | None:
    return None if pieces is None else "".join(pieces)
