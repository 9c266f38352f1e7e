"""Whether a remedy fits onto this machine, said before anything is loaded. Importing it brings torch.

Under the search and under saving.py.
"""

import shutil
from pathlib import Path

from sordino.core.errors import TargetError
from sordino.modeling import footprint, hardware
from sordino.modeling.locate import Located

COPIES = 2
"""How often the weights lie in memory at the worst: the edited model, and beside it either the weights that
its 8-bit rounding replaces for a while or the copy that is read back after saving. Adapters, their
gradients and the batches come on top, and batches adapt to what is left.
"""
BESIDE = 64 << 20
"""Bytes on the disk for all that is no weights: tokenizer, store, reports."""


def require_room(located: Located, device: str, dtype: str, folder: Path) -> None:
    """Raises TargetError, in one message, where memory or disk are too small for a remedy.

    device, dtype: as `hardware.device_of` and `hardware.dtype_of` return them. Fetches the weights.
    """
    lacking = [_memory(located, device, dtype), _disk(stored(located), folder)]
    if said := [one for one in lacking if one]:
        raise TargetError(
            f"A remedy of {located.source} does not fit here: {'; '.join(said)}. Take a smaller model or "
            "number format, or make room."
        )


def require_disk(needed: int, folder: Path) -> None:
    """Raises TargetError where so many bytes cannot be written beside what lies where `folder` is to be."""
    if lacking := _disk(needed, folder):
        raise TargetError(f"{folder} cannot be written: {lacking}. Make room, or name another place.")


def stored(located: Located) -> int:
    """Bytes of the files of a whole model's weights; of an adapter, its base's. Fetches them."""
    return sum(path.stat().st_size for path in (located.base or located).weights())


def _memory(located: Located, device: str, dtype: str) -> str:
    needed, there = COPIES * footprint.of_weights(located, dtype), hardware.memory_of(device)
    if needed <= there:
        return ""
    return (
        f"it needs about {_gb(needed)} of memory on {device} (its weights in {dtype}, {COPIES} times: "
        f"edited, and rounded or read back), where there are {_gb(there)}"
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
