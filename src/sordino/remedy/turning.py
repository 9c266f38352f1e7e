"""The control of every remedy: its own edit with its direction drawn at random, and of the same size.

Importing it brings torch.
"""

from typing import Any

import torch
from torch import Tensor

from sordino.modeling.architectures import writers_of


@torch.no_grad()
def turned(original: Any, edited: Any, seed: int) -> None:
    """Replaces, in `edited`, the change of every matrix by the same change in random directions.

    A change writes something in answer to something: what it answers to stays, and so does how much it
    writes; what it writes is turned by a random rotation, one for each size (Haar, by QR of a Gaussian
    matrix). Norms are kept up to rounding to the number format.
    """
    chance = torch.Generator().manual_seed(seed)
    rotations: dict[int, Tensor] = {}
    before = dict(original.named_parameters())
    transposed = {writer.name for writer in writers_of(edited) if writer.transposed}
    for name, after in edited.named_parameters():
        change = after.detach().float().cpu() - before[name].detach().float().cpu()
        if not change.any():
            continue
        # What is written lies along the last axis of a bias, too, be it packed or not.
        is_last = name in transposed or name.endswith("bias")
        axis = change.dim() - (1 if is_last else 2)
        size = change.shape[axis]
        if size not in rotations:
            rotations[size] = _rotation(size, chance)
        moved = torch.tensordot(rotations[size], change.movedim(axis, 0), 1).movedim(0, axis)
        after.copy_((before[name].detach().float().cpu() + moved).to(after))


def _rotation(size: int, chance: torch.Generator) -> Tensor:
    """Q alone is not uniform: the signs of R's diagonal belong to it (Mezzadri 2007, Notices AMS 54)."""
    q, r = torch.linalg.qr(torch.randn(size, size, generator=chance))
    turned_by: Tensor = q * r.diagonal().sign()
    return turned_by
