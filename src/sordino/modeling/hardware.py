"""What a machine computes with: device, number format, memory. CUDA and MPS were not run here."""

import os
from pathlib import Path

import torch

from sordino.core.errors import TargetError

DTYPES = ("auto", "bfloat16", "float32")
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where Linux says what a container may take, by version 2 and 1 of its control groups."""


def device_of(given: str) -> str:
    """The device: "auto" is CUDA, else MPS, else the CPU. Raises TargetError for one that is not here."""
    if given == "auto":
        return (
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    try:
        kind, index = torch.device(given).type, torch.device(given).index or 0
    except RuntimeError:
        raise TargetError(f"There is no device {given!r}. Write auto, cpu, cuda, cuda:1 or mps.") from None
    here = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and index < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not here.get(kind, False):
        raise TargetError(f"This machine, or this torch, has no device {given!r}. Write auto or cpu.")
    return given


def dtype_of(given: str, device: str) -> str:
    """The number format: "auto" is bfloat16 where the device computes it, else float32."""
    if given not in DTYPES:
        raise TargetError(f"There is no number format {given!r}. Write one of {', '.join(DTYPES)}.")
    if given != "auto":
        return given
    return "bfloat16" if _computes_bfloat16(torch.device(device).type) else "float32"


def memory_of(device: str) -> int:
    """Bytes of memory of the device in all, in use or not, so that the same machine says the same."""
    if torch.device(device).type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows does not say
        whole = 8 << 30
    return min([whole, *_allowed()])


def is_out_of_memory(error: BaseException) -> bool:
    """torch has a type for CUDA, and only words for the CPU and MPS."""
    words = ("out of memory", "not enough memory", "can't allocate memory")
    said = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(word in said for word in words)
    )


def is_gone(error: BaseException) -> bool:
    """Whether an accelerator stopped answering: nothing on it can be trusted until the process ends."""
    known = getattr(torch, "AcceleratorError", None)  # since torch 2.8
    words = (
        "cuda error",
        "cuda driver",
        "cublas_status",
        "cudnn_status",
        "device-side assert",
        "mps backend",
    )
    said = str(error).lower()
    return (known is not None and isinstance(error, known)) or (
        isinstance(error, RuntimeError) and any(word in said for word in words)
    )


def release(device: str) -> None:
    """Give back what an accelerator's allocator keeps for later."""
    kind = torch.device(device).type
    if kind == "cuda":
        torch.cuda.empty_cache()
    elif kind == "mps":
        torch.mps.empty_cache()


def _allowed() -> list[int]:
    allowed = []
    for name in _LIMITS:
        try:
            allowed.append(int(Path(name).read_text(encoding="ascii")))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return [limit for limit in allowed if limit > 0]


def _computes_bfloat16(kind: str) -> bool:
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if kind == "mps":
        try:
            torch.ones(1, dtype=torch.bfloat16, device="mps").add(1)
        except (RuntimeError, TypeError):
            return False
        return True
    # Public since torch 2.12 or so; the two probes before it are private, and on x86 alone.
    if hasattr(torch.cpu, "get_capabilities"):
        able = torch.cpu.get_capabilities()
        return any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16", "arm_bf16"))
    probes = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in probes)
