# mypy: allow-untyped-calls
"""From prompts to attempts: one call of the model for a batch, halved where memory does not suffice.

The part of the transformers backend that holds the weights. Importing it brings torch and transformers.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from time import monotonic
from typing import Any

import torch
from transformers import GenerationConfig

from sordino.core.errors import SordinoError, TargetError
from sordino.core.records import Attempt, Delivery
from sordino.generation.delivery import settle
from sordino.generation.prompts import TAG, Prompt
from sordino.generation.reasoning import split
from sordino.generation.sampling import Soundness, processors
from sordino.modeling import hardware
from sordino.modeling.load import load, quiet
from sordino.modeling.locate import Located, first_line, special_tokens

_OPENING = re.compile(r"\s*<think(?:ing)?>")
_CLOSING = re.compile(r"</(think|thinking)>")


class Decoder:
    """A loaded model. Raises TargetError where it cannot be loaded."""

    def __init__(self, located: Located, device: str, dtype: str, threads: int | None = None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self._located, self._device = located, device
        self._model: Any = load(located, device, dtype)

    def attempts(self, prompts: Sequence[Prompt]) -> list[Attempt]:
        """One attempt for each prompt, in order. Prompts that are asked share their sampling and room.

        Raises TargetError when an accelerator is lost.
        """
        failed = {p.request.key: _failure(p, p.problem) for p in prompts if p.problem is not None}
        asked = [prompt for prompt in prompts if prompt.problem is None]
        done = {a.key: a for a in self._complete(asked)} if asked else {}
        return [failed.get(p.request.key) or done[p.request.key] for p in prompts]

    def close(self) -> None:
        """Let go of the weights."""
        self._model = None
        hardware.release(self._device)

    def _complete(self, prompts: Sequence[Prompt]) -> list[Attempt]:
        try:
            return self._compute(prompts)
        except SordinoError:
            raise
        except Exception as error:
            why = first_line(error)
            if hardware.is_gone(error):
                raise TargetError(
                    f"The device {self._device} stopped answering ({why}). What was settled is stored: "
                    "give the same command again, and it goes on from there."
                ) from error
            if not hardware.is_out_of_memory(error):
                raise TargetError(
                    f"{self._located.source}: the architecture {type(self._model).__name__} cannot be "
                    f"generated from here ({why}). Serve it with another program, or name another model."
                ) from error
        # Here and not in the handler, where the error would still hold the batch's tensors.
        hardware.release(self._device)
        if len(prompts) == 1:
            return [_failure(prompts[0], f"Out of memory, even alone in its batch: {why}")]
        half = (len(prompts) + 1) // 2
        return [*self._complete(prompts[:half]), *self._complete(prompts[half:])]

    def _compute(self, prompts: Sequence[Prompt]) -> list[Attempt]:
        started = monotonic()
        ids, mask = self._padded(prompts)
        chain = processors(prompts[0].request.sampling, [p.request.key for p in prompts], self._device)
        with quiet(), torch.inference_mode():
            out = self._model.generate(
                input_ids=ids,
                attention_mask=mask,
                logits_processor=chain,
                generation_config=GenerationConfig(
                    do_sample=False,
                    max_new_tokens=prompts[0].room,
                    eos_token_id=list(self._located.ends) or None,
                    pad_token_id=self._pad,
                ),
            )
        rows = out[:, ids.shape[1] :].tolist()
        seconds = monotonic() - started
        soundness = next(link for link in chain if isinstance(link, Soundness))
        return [
            self._attempt(prompt, row, seconds)
            if sound
            else _failure(prompt, "The model's logits are not numbers (NaN): its weights are broken.")
            for prompt, row, sound in zip(prompts, rows, soundness.sound(), strict=True)
        ]

    def _padded(self, prompts: Sequence[Prompt]) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and attention mask, each (rows, longest prompt), padded on the left."""
        width = max(len(prompt.ids) for prompt in prompts)
        gaps = [width - len(prompt.ids) for prompt in prompts]
        ids = [[self._pad] * gap + list(p.ids) for gap, p in zip(gaps, prompts, strict=True)]
        mask = [[0] * gap + [1] * (width - gap) for gap in gaps]
        return torch.tensor(ids, device=self._device), torch.tensor(mask, device=self._device)

    def _attempt(self, prompt: Prompt, row: Sequence[int], seconds: float) -> Attempt:
        end = next((i for i, token in enumerate(row) if token in self._located.ends), None)
        new = row[: prompt.room] if end is None else row[: end + 1]
        limit = "model_context_window_exceeded" if prompt.cut else "length"
        reason = limit if end is None else "stop"
        reasoning, answer = _split(self._text(new), in_thought=prompt.in_thought)
        delivery = settle(
            text=answer, reasoning=reasoning, finish_reason=reason, completion_tokens=len(new)
        )
        return Attempt(
            prompt.request.key,
            delivery,
            text=answer,
            reasoning=reasoning,
            finish_reason=reason,
            prompt_tokens=len(prompt.ids),
            completion_tokens=len(new),
            seconds=seconds,
        )

    def _text(self, tokens: Sequence[int]) -> str:
        shown = [token for token in tokens if token not in self._unread]
        return str(
            self._located.tokenizer.decode(
                shown, skip_special_tokens=False, clean_up_tokenization_spaces=False
            )
        )

    @cached_property
    def _pad(self) -> int:
        """Any token will do: what is padded is masked, and what follows an end is cut off."""
        size = self._located.vocabulary
        given = (self._located.tokenizer.pad_token_id, *self._located.ends)
        return next((int(i) for i in given if i is not None and (size is None or i < size)), 0)

    @cached_property
    def _unread(self) -> frozenset[int]:
        """Special tokens, but for tags of reasoning: where those are special, they still part the text."""
        special = special_tokens(self._located.tokenizer)
        unread = {i for i, text in special.items() if not TAG.fullmatch(text)}
        return frozenset(unread | set(self._located.ends))


def _split(text: str, *, in_thought: bool) -> tuple[str | None, str]:
    """Reasoning and answer; a trace that the prompt opened, and the model has not closed, is no answer."""
    if not in_thought or _OPENING.match(text):
        return split(text)
    closing = _CLOSING.search(text)
    return split(f"<{closing[1] if closing else 'think'}>{text}")


def _failure(prompt: Prompt, why: str | None) -> Attempt:
    return Attempt(prompt.request.key, Delivery.ERROR, error=why)
