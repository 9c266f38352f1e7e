"""The residual stream over many prompts, as arrays to find directions in. Importing it brings torch."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from sordino.core.errors import TargetError
from sordino.modeling.architectures import layers_of
from sordino.modeling.hooks import captured, run


@torch.no_grad()
def residuals(model: Any, batches: Iterable[Mapping[str, Tensor]], *, positions: int = 1) -> Tensor:
    """(prompts, layers + 1, positions, d) in float32 on the CPU, in the order of the batches.

    At index 0 of the second axis is the residual that enters layer 0, at i + 1 the residual after layer i,
    before the final norm. positions: the last so many of each prompt. batches: `input_ids` and
    `attention_mask`, padded on the left. Raises TargetError for a prompt of fewer tokens than positions,
    for padding on the right, and for residuals that are no numbers.
    """
    number = len(layers_of(model))
    found = []
    for batch in batches:
        mask = batch["attention_mask"]
        if mask.shape[1] < positions or not mask[:, -positions:].all():
            raise TargetError(
                f"A prompt has fewer than {positions} tokens, or is padded on the right. Take a model "
                "whose chat template writes more."
            )
        with captured(model, range(-1, number), positions=positions) as kept:
            run(model, batch, logits_to_keep=1)
        found.append(torch.stack([kept[index].float().cpu() for index in range(-1, number)], dim=1))
    if not found:
        raise TargetError("There is no prompt to read residuals of. Take a larger pack.")
    whole = torch.cat(found)
    if not whole.isfinite().all():
        raise TargetError(
            "The residuals hold NaN or infinity: this number format overflows. Compute in float32, as on "
            "a CPU."
        )
    return whole
