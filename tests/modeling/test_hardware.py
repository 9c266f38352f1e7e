"""Devices and number formats: what is here is taken, what is not is refused."""

import pytest
import torch

from sordino.core.errors import TargetError
from sordino.modeling import hardware


def test_the_cpu_is_always_there():
    assert hardware.device_of("cpu") == "cpu"
    assert hardware.device_of("auto") in ("cpu", "cuda", "mps")
    assert hardware.memory_of("cpu") > 1 << 28


@pytest.mark.parametrize(
    ("said", "memory"), [("1000000\n", 1_000_000), ("9223372036854771712", None), ("max", None)]
)
def test_a_container_may_take_no_more_than_it_is_allowed(tmp_path, monkeypatch, said, memory):
    monkeypatch.setattr(hardware, "_LIMITS", [tmp_path / "absent"])
    whole = hardware.memory_of("cpu")
    (tmp_path / "limit").write_text(said)
    monkeypatch.setattr(hardware, "_LIMITS", [tmp_path / "absent", tmp_path / "limit"])
    assert hardware.memory_of("cpu") == (memory or whole)


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "meta", "", "xpu"])
def test_other_devices_are_refused(device):
    with pytest.raises(TargetError, match="no device"):
        hardware.device_of(device)


def test_bfloat16_only_where_it_is_computed(monkeypatch):
    for able in (True, False):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda able=able: {"avx512_bf16": able}, raising=False
        )
        assert hardware.dtype_of("auto", "cpu") == ("bfloat16" if able else "float32")
        assert hardware.dtype_of("bfloat16", "cpu") == "bfloat16"


def test_other_formats_are_refused():
    with pytest.raises(TargetError, match="no number format 'int4'"):
        hardware.dtype_of("int4", "cpu")


def test_errors_are_told_apart():
    full = (torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("not enough memory"))
    assert all(hardware.is_out_of_memory(error) for error in full)
    gone = RuntimeError("CUDA error: an illegal memory access was encountered")
    assert hardware.is_gone(gone)
    assert not hardware.is_out_of_memory(gone)
    assert not hardware.is_gone(RuntimeError("shape mismatch"))
    assert not hardware.is_out_of_memory(ValueError("not enough memory"))
