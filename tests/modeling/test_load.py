"""Loading weights: in the right numbers, whole, or not at all."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from sordino.core.errors import TargetError
from sordino.modeling import footprint, hardware
from sordino.modeling.load import load
from sordino.modeling.locate import WEIGHTS, locate


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_loads_ready_to_answer(folder, dtype):
    model = load(locate(str(folder)), "cpu", dtype)
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {getattr(torch, dtype)}
    assert model.generation_config.eos_token_id is None
    given = load_file(folder / WEIGHTS)["lm_head.weight"]
    assert torch.equal(model.lm_head.weight, given.to(getattr(torch, dtype)))


def cut_short(folder):
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1000])


def garbled(folder):
    (folder / WEIGHTS).write_bytes(b"\xff" * 5000)


@pytest.mark.parametrize("spoil", [cut_short, garbled])
def test_corrupt_weights_are_said_to_be_so(folder, spoil):
    spoil(folder)
    with pytest.raises(TargetError, match=r"its safetensors are corrupt.*Fetch them again"):
        load(locate(str(folder)), "cpu", "float32")


def test_missing_tensors_are_not_filled_with_noise(folder):
    tensors = load_file(folder / WEIGHTS)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(TargetError, match=r"lack 1 tensors of a Qwen2ForCausalLM.*layers\.1\.mlp\.up_proj"):
        load(locate(str(folder)), "cpu", "float32")


def test_tensors_of_another_shape_are_refused(folder):
    tensors = load_file(folder / WEIGHTS)
    tensors["lm_head.weight"] = tensors["lm_head.weight"][:-1].clone()
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    with pytest.raises(TargetError, match="cannot be loaded"):
        load(locate(str(folder)), "cpu", "float32")


def test_weights_that_do_not_fit_are_refused_before_they_are_read(folder, monkeypatch):
    monkeypatch.setattr(hardware, "memory_of", lambda device: 10_000)
    with pytest.raises(TargetError, match=r"needs about 0\.0 GB of memory in float32.*--dtype bfloat16"):
        load(locate(str(folder)), "cpu", "float32")


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_weights_that_did_not_fit(folder, monkeypatch, error):
    def exhausted(*_, **__):
        raise error

    monkeypatch.setattr("transformers.AutoModelForCausalLM.from_pretrained", exhausted)
    with pytest.raises(TargetError, match="needs about"):
        load(locate(str(folder)), "cpu", "float32")


def test_the_footprint_of_weights_follows_the_numbers(folder):
    located = locate(str(folder))
    size = (folder / WEIGHTS).stat().st_size
    assert footprint.of_weights(located, "float32") == size
    assert footprint.of_weights(located, "bfloat16") == size // 2


def test_the_footprint_of_a_sequence_grows_with_it(folder):
    config = locate(str(folder)).config
    each = [footprint.of_sequence(config, tokens, "float32") for tokens in (0, 1, 2)]
    # keys and values of 2 layers, 2 heads of 8; 8 x 32 and 3 x 64 activations; 4 bytes each
    assert each[2] - each[1] == each[1] - each[0] == 4 * (2 * 2 * 2 * 8 + 8 * 32 + 3 * 64)
    assert each[0] == 16 * config.vocab_size
