# mypy: allow-untyped-calls
"""A model as people will run it who store its weights in 8 bits, and as it was again afterwards.

A gate asks it: an edit that rounding undoes is none. Importing it brings torch.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sordino.modeling.architectures import architecture_of

LARGEST = 127


@contextmanager
def rounded_to_8_bits(model: Any) -> Iterator[None]:
    """Within it, every matrix that multiplies an activation holds what 8 bits can: one scale an output row.

    Round to nearest of w / s for s = max|w| / 127 over a row, times s: the weights' half of LLM.int8()
    (Dettmers et al. 2022, arXiv 2208.07339). A scale per 32 weights, as in GGUF's Q8_0, loses less.
    Rounded are all linear layers, the head too (with the embedding where the two are one), and the experts
    of a mixture; not norms, routers, nor the matrices of an adapter that is not merged. Activations stay
    as they are. The weights themselves are put back, so nothing is left of it; until then both are held.
    Raises TargetError for an architecture that is not in the table.
    """
    transposed = architecture_of(model).transposed
    with ExitStack() as undo:
        for parameter, axis in _matrices(model, transposed=transposed):
            exact = parameter.data
            undo.callback(setattr, parameter, "data", exact)
            parameter.data = in_8_bits(exact, axis)
        yield


def in_8_bits(weights: Tensor, axis: int = -1) -> Tensor:
    """The nearest that int8 holds, in the same dtype. axis: of the inputs, which share a scale."""
    exact = weights.to(torch.promote_types(weights.dtype, torch.float32))
    scale = exact.abs().amax(axis, keepdim=True) / LARGEST
    # A row of zeros has no scale.
    steps = torch.where(scale > 0, exact / scale, 0.0).round().clamp(-LARGEST, LARGEST)
    return (steps * scale).to(weights.dtype)


def _matrices(model: Any, *, transposed: bool) -> Iterator[tuple[nn.Parameter, int]]:
    """Each once, with the axis of its inputs."""
    seen: set[int] = set()
    for name, module in model.named_modules():
        if ".lora_" in name:
            continue
        for parameter in module.parameters(recurse=False):
            packed = parameter.dim() == 3
            matrix = packed or (isinstance(module, nn.Linear) and parameter.dim() == 2)
            if matrix and id(parameter) not in seen:
                seen.add(id(parameter))
                yield parameter, -2 if packed and transposed else -1
