# mypy: allow-untyped-calls
"""trl's trainers with an anchor: how far a model has gone from what it was is a part of every loss.

Under lora.py. Importing it brings torch, transformers, peft and trl.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from torch import Tensor
from torch.nn.functional import kl_div
from transformers import TrainerCallback
from trl import DPOTrainer, SFTTrainer

from sordino.core.errors import TargetError

UNLEARNT = -100
"""The label of a token that is read and not learnt, for trl and transformers alike."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of a prompt and of an answer to it."""

    read: list[int]
    told: list[int]

    @property
    def ids(self) -> list[int]:
        return self.read + self.told

    @property
    def labels(self) -> list[int]:
        return [UNLEARNT] * len(self.read) + self.told


class Anchor:
    """How far a model with an adapter is from itself without it, on answers that it gave before.

    answers: endless. rows: how many each loss draws. weight: what a nat counts in the loss.
    """

    def __init__(self, answers: Iterator[Encoded], rows: int, weight: float) -> None:
        self._answers, self._rows, self._weight = answers, rows, weight

    def loss(self, model: PeftModel) -> Tensor:
        """The weight times `divergence` on the next answers."""
        drawn = [next(self._answers) for _ in range(self._rows)]
        return self._weight * divergence(model, drawn)


def divergence(model: PeftModel, answers: Sequence[Encoded]) -> Tensor:
    """KL(original || adapted) in nats of whole answers, teacher-forced: summed over tokens, mean over
    answers.

    So it holds the first token, which decides between answering and refusing, as firmly in a long answer as
    in a short one. The original is the model without its adapter; no gradient goes through it.
    """
    width = max(len(one.ids) for one in answers)
    ids = torch.zeros(len(answers), width, dtype=torch.long)
    mask, told = torch.zeros_like(ids), torch.zeros_like(ids, dtype=torch.bool)
    for row, one in enumerate(answers):
        end = len(one.ids)
        ids[row, :end] = torch.tensor(one.ids)
        mask[row, :end] = 1
        # A token's distribution stands where the token before it is read.
        told[row, len(one.read) - 1 : end - 1] = True
    ids, mask, told = (tensor.to(model.device) for tensor in (ids, mask, told))
    # Of a large vocabulary only what is needed: logits are the greater part of the memory.
    places = told.any(0).nonzero()[:, 0]
    given = {"input_ids": ids, "attention_mask": mask, "use_cache": False, "logits_to_keep": places}
    told = told[:, places]
    with torch.no_grad(), model.disable_adapter():
        before = model(**given).logits[told].float().log_softmax(-1)
    after = model(**given).logits[told].float().log_softmax(-1)
    return kl_div(after, before, log_target=True, reduction="sum") / len(answers)


class _Anchored:
    """Over a trainer of trl: adds the anchor to its loss, and sends nobody anything."""

    anchor: Anchor | None = None

    def _send_telemetry(self) -> None:
        """trl's would tell its makers of every training."""

    def compute_loss(self, model: Any, inputs: Any, *args: Any, **more: Any) -> Tensor:
        """Raises TargetError for a loss that is no number."""
        loss: Tensor = super().compute_loss(model, inputs, *args, **more)  # type: ignore[misc]
        if self.anchor is not None:
            # SFT's loss is a share of its whole step, DPO's is divided by the number of shares afterwards.
            shares = self.current_gradient_accumulation_steps if self.loss_is_scaled_for_ga else 1  # type: ignore[attr-defined]
            loss = loss + self.anchor.loss(model) / shares
        if not loss.isfinite():
            raise TargetError(
                "Fitting the adapter came to a loss that is no number (NaN or infinity). Take a lower "
                "rate, or float32 weights."
            )
        return loss


class LessonTrainer(_Anchored, SFTTrainer):  # type: ignore[misc]
    """Learns answers. Its rows hold `input_ids` and `labels`."""


class PreferenceTrainer(_Anchored, DPOTrainer):  # type: ignore[misc]
    """Learns to prefer one answer to another. Its rows hold `prompt_ids`, `chosen_ids`, `rejected_ids`."""

    def _prepare_dataset(self, dataset: Any, *_: Any) -> Any:
        # trl would read the prompts as plain text, and set a second mark of beginning before some.
        return dataset


class Steps(TrainerCallback):
    """Tells of every step."""

    def __init__(self, stage: str, progress: Callable[[str, int, int], None]) -> None:
        self._stage, self._progress = stage, progress

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._progress(self._stage, 0, state.max_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._progress(self._stage, state.global_step, state.max_steps)
