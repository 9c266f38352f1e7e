"""Rounding to 8 bits: what is rounded, how far, and that nothing is left of it."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from peft import LoraConfig, get_peft_model

from sordino.modeling.architectures import writers_of
from sordino.modeling.hooks import run
from sordino.remedy.rounding import in_8_bits, rounded_to_8_bits

TESTS = Path(__file__).parents[1]
tiny = SimpleNamespace(**run_path(str(TESTS / "modeling" / "tiny_architectures.py")))
EVERY = pytest.mark.parametrize("model_type", list(tiny.CONFIGS))


def test_known_values():
    weights = torch.tensor([[127.0, -63.4, 0.4, 0.6], [0.0, 0.0, 0.0, 0.0], [-254.0, 1.1, 3.0, 0.9]])
    expected = torch.tensor([[127.0, -63.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0], [-254.0, 2.0, 4.0, 0.0]])
    assert in_8_bits(weights).equal(expected)
    assert in_8_bits(weights.T, 0).equal(expected.T)


def test_no_weight_moves_by_more_than_half_a_step():
    weights = torch.randn(200, 300, generator=torch.Generator().manual_seed(0)).bfloat16()
    rounded, step = in_8_bits(weights), weights.float().abs().amax(-1, keepdim=True) / 127
    # bfloat16 itself keeps 8 bits of what is multiplied out.
    assert ((rounded - weights).float().abs() <= step * 0.5 + weights.float().abs() * 2**-8).all()
    assert rounded.dtype == torch.bfloat16
    assert all(len(row.unique()) <= 255 for row in rounded)


@EVERY
def test_every_matrix_is_rounded_and_put_back(model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    # A head that shares the embedding's matrix in some, and in others does not.
    exact, held = dict(model.named_parameters()), {n: p.data for n, p in model.named_parameters()}
    copies = {name: value.clone() for name, value in held.items()}
    before = run(model, batch)
    with rounded_to_8_bits(model):
        during = run(model, batch)
        moved = {name for name, parameter in exact.items() if not parameter.equal(copies[name])}
        for writer in writers_of(model):
            inputs = -2 if writer.transposed else -1
            assert writer.name in moved
            assert writer.weight.equal(in_8_bits(copies[writer.name], inputs))
    assert not before.equal(during)
    assert run(model, batch).equal(before)
    for name, parameter in model.named_parameters():
        assert parameter is exact[name]
        assert parameter.data_ptr() == held[name].data_ptr()
        assert parameter.equal(copies[name])
    assert "lm_head.weight" in moved
    assert not any("norm" in name or name.endswith("bias") or "router" in name for name in moved)


def test_an_error_within_it_leaves_nothing():
    model = tiny.built("qwen2")
    before = model.lm_head.weight.clone()

    def fails():
        with rounded_to_8_bits(model):
            assert not model.lm_head.weight.equal(before)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert model.lm_head.weight.equal(before)


def test_a_tied_matrix_is_rounded_once_and_stays_tied():
    config = tiny.AutoConfig.for_model("qwen2", **{**tiny.COMMON, "tie_word_embeddings": True})
    model = tiny.AutoModelForCausalLM.from_config(config)
    before = model.lm_head.weight.detach().clone()
    with rounded_to_8_bits(model):
        assert model.model.embed_tokens.weight.equal(in_8_bits(before))
        assert model.lm_head.weight is model.model.embed_tokens.weight
    assert model.model.embed_tokens.weight.equal(before)


def test_an_adapter_that_is_not_merged_keeps_its_numbers():
    made = get_peft_model(
        tiny.built("llama"), LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM")
    ).eval()
    copies = {name: value.clone() for name, value in made.state_dict().items()}
    with rounded_to_8_bits(made):
        moved = {name for name, value in made.state_dict().items() if not value.equal(copies[name])}
    assert any("q_proj.base_layer" in name for name in moved)
    assert not any("lora_" in name for name in moved)
