"""Whether a remedy fits onto this machine, said before anything is loaded. Importing it brings torch."""

import shutil
from pathlib import Path

from sordino.core.errors import TargetError
from sordino.modeling import footprint, hardware
from sordino.modeling.locate import Located

COPIES = 2
"""How often the weights lie in memory at the worst: the edited model, and beside it the original that it is
held against, the weights that its 8-bit rounding replaces, or the rounded copy that answers. Adapters,
their gradients, the file that is being written and the batches come on top; batches adapt to what is left.
"""
STORED = 3
"""How often they lie on the disk: the candidate, its rounded or otherwise changed copy, and what an
interruption may have left.
"""
BESIDE = 64 << 20
"""Bytes on the disk for all that is no weights: tokenizer, store, reports."""


def require_room(located: Located, device: str, dtype: str, folder: Path) -> None:
    """Raises TargetError, in one message, where memory or disk are too small for a remedy.

    device, dtype: as `hardware.device_of` and `hardware.dtype_of` return them. Fetches the weights.
    """
    lacking = [_memory(located, device, dtype), _disk(STORED * _stored(located), folder)]
    if said := [one for one in lacking if one]:
        raise TargetError(
            f"A remedy of {located.source} does not fit here: {'; '.join(said)}. Take a smaller model or "
            "number format, or make room."
        )


def _stored(located: Located) -> int:
    """Bytes of the files of a whole model's weights; of an adapter, its base's. Fetches them."""
    return sum(path.stat().st_size for path in (located.base or located).weights())


def _memory(located: Located, device: str, dtype: str) -> str:
    needed, there = COPIES * footprint.of_weights(located, dtype), hardware.memory_of(device)
    if needed <= there:
        return ""
    return (
        f"it needs about {_gb(needed)} of memory on {device} (its weights in {dtype}, {COPIES} times: "
        f"edited, and beside it the original or a rounded copy), where there are {_gb(there)}"
    )


def _disk(needed: int, folder: Path) -> str:
    needed += BESIDE
    place = next(parent for parent in folder.absolute().parents if parent.is_dir())
    free = shutil.disk_usage(place).free
    if needed <= free:
        return ""
    return f"it needs about {_gb(needed)} on the disk of {place}, where {_gb(free)} are free"


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
