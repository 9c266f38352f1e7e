# mypy: allow-untyped-calls
"""The model under remedy, loaded once in this process: its weights, its tokenizer, its prompts.

Importing it brings torch and transformers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.generation.prompts import prompt_of, rendered
from sordino.modeling import hardware
from sordino.modeling.architectures import architecture_of
from sordino.modeling.load import load
from sordino.modeling.locate import Located, locate


@dataclass(frozen=True)
class Subject:
    """A loaded model. located: where it came from. device, dtype: where and how it is computed."""

    model: Any
    located: Located
    device: str
    dtype: str

    @classmethod
    def open(cls, source: str, revision: str | None = None, device: str = "auto") -> Self:
        """Loads it, in float32 on a CPU. Raises TargetError for what cannot be found, read or edited."""
        where = hardware.device_of(device)
        dtype = "float32" if torch.device(where).type == "cpu" else hardware.dtype_of("auto", where)
        located = locate(source, revision)
        model = load(located, where, dtype)
        architecture_of(model)
        for parameter in model.parameters():
            parameter.requires_grad_(requires_grad=False)
        _require_numbers(model, source)
        return cls(model, located, where, dtype)

    def prompt(self, question: str) -> tuple[int, ...]:
        """The tokens that ask a question, with the chat template. Raises TargetError where it cannot."""
        prompt = prompt_of(make_request(question, ""), self.located, plain=False)
        if prompt.problem is not None:
            raise TargetError(f"A question cannot be asked ({prompt.problem}): {question[:80]!r}.")
        return prompt.ids

    def rendered(self, question: str) -> str:
        """The text that asks a question, up to where the answer begins."""
        return rendered(make_request(question, ""), self.located)

    def tokens(self, text: str) -> tuple[int, ...]:
        """The tokens of an answer, or of its beginning."""
        return tuple(self.located.tokenizer(text, add_special_tokens=False)["input_ids"])

    def pairs(self, told: Sequence[tuple[str, str]]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Tokens of questions and answers."""
        return [(self.prompt(question), self.tokens(answer)) for question, answer in told]


def _require_numbers(model: Any, source: str) -> None:
    for name, parameter in model.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise TargetError(
                f"{source}: its tensor {name} holds NaN or infinity. Fetch the weights again."
            )
