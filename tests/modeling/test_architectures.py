"""The table of architectures: complete, right about what writes into the residual, and edited as said."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from sordino.core.errors import TargetError
from sordino.modeling.architectures import (
    TABLE,
    architecture_in,
    architecture_of,
    hidden_size,
    layers_of,
    writers_of,
)
from sordino.modeling.hooks import captured, run

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_architectures.py"))))
EVERY = pytest.mark.parametrize("model_type", sorted(tiny.CONFIGS))
DENSE = ["attention", "mlp"]
KINDS = {
    "qwen2_moe": [*DENSE, *(["attention", "experts", "shared"] * 2)],
    "qwen3_moe": ["attention", "experts"] * 3,
    "mixtral": ["attention", "experts"] * 3,
    "deepseek_v2": [*DENSE, *(["attention", "experts", "shared"] * 2)],
    "deepseek_v3": [*DENSE, *(["attention", "experts", "shared"] * 2)],
    "gpt_oss": ["attention", "experts"] * 3,
}
NORMED = {"gemma2", "gemma3_text", "gemma3", "glm4"}


def steps(model):
    """What each layer adds to the residual: (layers, batch, positions, d), padding left out of account."""
    with torch.no_grad(), captured(model, range(-1, tiny.LAYERS)) as kept:
        run(model, tiny.prompts())
    return torch.stack([kept[index] - kept[index - 1] for index in range(tiny.LAYERS)])


def test_every_architecture_of_the_table_is_tested():
    assert sorted(tiny.CONFIGS) == sorted(model_type for row in TABLE for model_type in row.model_types)


@EVERY
def test_the_parts_are_found(model_type):
    model = tiny.built(model_type)
    assert model_type in architecture_of(model).model_types
    assert len(layers_of(model)) == tiny.LAYERS
    assert hidden_size(model) == tiny.WIDTH


@EVERY
def test_writers_are_found(model_type):
    model = tiny.built(model_type)
    writers = writers_of(model)
    assert [writer.kind for writer in writers] == KINDS.get(model_type, DENSE * tiny.LAYERS)
    assert [writer.layer for writer in writers] == sorted(writer.layer for writer in writers)
    parameters = dict(model.named_parameters())
    for writer in writers:
        assert writer.weight is parameters[writer.name]
        shape = list(writer.weight.shape)
        if writer.kind == "experts":
            assert shape.pop(0) == tiny.EXPERTS
        assert shape[-1 if writer.transposed else 0] == tiny.WIDTH
        assert writer.transposed == (model_type == "gpt_oss" and writer.kind == "experts")
        assert (writer.gain is not None) == (model_type in NORMED)


@EVERY
def test_nothing_but_the_writers_writes(model_type):
    model = tiny.built(model_type)
    assert steps(model).abs().amax((1, 2, 3)).min() > 0.1
    with torch.no_grad():
        for writer in writers_of(model):
            writer.weight.zero_()
            if writer.bias is not None:
                writer.bias.zero_()
    assert steps(model).abs().max() == 0


@EVERY
def test_the_gain_is_what_the_norm_multiplies_by(model_type):
    for writer in writers_of(tiny.built(model_type)):
        if writer.norm is not None:
            values = torch.randn(5, tiny.WIDTH)
            unit = values * values.pow(2).mean(-1, keepdim=True).rsqrt()
            torch.testing.assert_close(writer.norm(values), unit * writer.gain, atol=1e-4, rtol=1e-4)


@EVERY
def test_what_is_ablated_no_longer_reaches_the_residual(model_type):
    model, directions = tiny.built(model_type), tiny.directions()
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    assert (steps(model) @ directions.T).abs().amax((1, 2, 3)).min() > 0.1
    for writer in writers_of(model):
        writer.ablate(directions, 1.0)
    after = steps(model)
    assert (after @ directions.T).abs().max() < 1e-4
    assert after.norm() > 1  # the rest is still written
    changed = {name for name, parameter in model.named_parameters() if not parameter.equal(before[name])}
    biased = {writer.name.removesuffix("weight") for writer in writers_of(model) if writer.bias is not None}
    biases = {f"{name}_bias" if name.endswith("down_proj") else f"{name}bias" for name in biased}
    assert changed == {writer.name for writer in writers_of(model)} | biases
    assert bool(biases) == (model_type in {"llama", "phi", "gpt_oss"})


@EVERY
def test_a_dose_takes_its_share_and_leaves_the_rest(model_type):
    directions = tiny.directions()
    for writer in writers_of(tiny.built(model_type)):
        before = [writer.weight.detach().clone(), writer.bias]
        before = [part.detach().clone() for part in before if part is not None]
        writer.ablate(directions, 0.25)
        basis = writer.facing(directions)
        away = torch.eye(tiny.WIDTH) - basis.T @ basis
        for old, new in zip(before, [writer.weight, writer.bias], strict=False):
            if old.dim() > 1 and not writer.transposed and new is writer.weight:
                old, new = old.mT, new.mT  # noqa: PLW2901 - the output side last
            torch.testing.assert_close(new @ basis.T, 0.75 * old @ basis.T)
            torch.testing.assert_close(new @ away, old @ away)


@pytest.mark.parametrize("model_type", ["qwen2", "gemma2", "gpt_oss"])
def test_an_edit_is_reckoned_in_float32_and_stored_as_the_weights_are(model_type):
    def added(writer):
        if writer.kind != "experts":
            writer.add(torch.linspace(-1, 1, writer.weight.numel()).view_as(writer.weight))

    for edit in (added, lambda writer: writer.ablate(tiny.directions(), 0.9)):
        model, wide = (tiny.built(model_type, dtype=torch.bfloat16) for _ in range(2))
        wide.float()
        for writer, exact in zip(writers_of(model), writers_of(wide), strict=True):
            edit(writer)
            edit(exact)
            assert writer.weight.equal(exact.weight.bfloat16())


def test_the_same_edit_twice_gives_the_same_weights():
    models = [tiny.built("gemma3_text") for _ in range(2)]
    for model in models:
        for writer in writers_of(model):
            writer.ablate(tiny.directions(), 0.8)
    first, second = (model.state_dict() for model in models)
    assert all(first[name].equal(second[name]) for name in first)


def test_what_a_norm_lets_through_nothing_of_is_nothing_to_lose():
    model = tiny.built("gemma2")
    writer = writers_of(model)[0]
    with torch.no_grad():
        writer.norm.weight[0] = -1.0
    before = writer.weight.detach().clone()
    writer.ablate(torch.eye(tiny.WIDTH)[:1], 1.0)
    assert before.equal(writer.weight)
    both = writer.facing(torch.eye(tiny.WIDTH)[:2])
    assert both.shape == (1, tiny.WIDTH)


@EVERY
def test_a_change_is_added_to_dense_writers_alone(model_type):
    for writer in writers_of(tiny.built(model_type)):
        before = writer.weight.detach().clone()
        if writer.kind == "experts":
            with pytest.raises(TargetError, match=rf"{writer.name} packs the experts"):
                writer.add(torch.zeros(tiny.WIDTH, 4))
            continue
        delta = torch.randn(before.shape)
        writer.add(delta)
        torch.testing.assert_close(writer.weight.detach(), before + delta)
        with pytest.raises(ValueError, match=r"the change is \(1, 2\)"):
            writer.add(torch.zeros(1, 2))


@pytest.mark.parametrize(
    "directions",
    [torch.ones(1, 32), torch.eye(32)[0], torch.full((1, 32), float("nan")), torch.eye(32)[[0, 0]]],
)
def test_directions_must_be_orthonormal_rows(directions):
    writer = writers_of(tiny.built("llama"))[0]
    before = writer.weight.detach().clone()
    with pytest.raises(ValueError, match="orthonormal rows"):
        writer.ablate(directions, 1.0)
    assert before.equal(writer.weight)


def test_an_architecture_that_is_not_in_the_table_is_refused_by_name():
    config = GPTNeoXConfig(vocab_size=64, hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    for ask in (lambda: architecture_in(config), lambda: writers_of(GPTNeoXForCausalLM(config))):
        with pytest.raises(TargetError, match=r"'gpt_neox' is not among .*deepseek_v3, gemma2.*qwen3_moe"):
            ask()


def test_quantised_weights_are_refused():
    model = tiny.built("qwen2")
    model.config.quantization_config = {"quant_method": "fp8"}
    with pytest.raises(TargetError, match=r"quantised .*quantization_config.*Take the unquantised weights"):
        architecture_in(model.config)
    del model.config.quantization_config
    packed = nn.Parameter(torch.zeros(4, dtype=torch.uint8), requires_grad=False)
    model.model.layers[1].mlp.down_proj.weight = packed
    with pytest.raises(TargetError, match=r"layers\.1\.mlp\.down_proj\.weight is uint8"):
        writers_of(model)
    packed = nn.Parameter(torch.zeros(4).to(torch.float8_e4m3fn), requires_grad=False)
    model.model.layers[1].mlp.down_proj.weight = packed
    with pytest.raises(TargetError, match="is float8_e4m3fn"):
        architecture_of(model)


def test_a_model_that_is_laid_out_otherwise_is_refused():
    model = tiny.built("qwen2")
    wrapped = nn.Module()
    wrapped.inner, wrapped.config = model, model.config
    with pytest.raises(TargetError, match=r"This Module has no model\.layers"):
        layers_of(wrapped)
    del model.model.layers[2].mlp.down_proj
    with pytest.raises(TargetError, match=r"has no mlp\.down_proj"):
        writers_of(model)
