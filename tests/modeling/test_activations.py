"""Residuals over many prompts: those that the model has, where each prompt ends."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch

from sordino.core.errors import TargetError
from sordino.modeling.activations import residuals
from sordino.modeling.hooks import run_from

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_architectures.py"))))


@pytest.mark.parametrize("model_type", sorted(tiny.CONFIGS))
def test_residuals_are_those_of_the_model(model_type):
    model, batches = tiny.built(model_type), [tiny.prompts(), tiny.prompts(2, 7, seed=4)]
    found = residuals(model, iter(batches), positions=2)
    assert found.shape == (5, tiny.LAYERS + 1, 2, tiny.WIDTH)
    assert (found.dtype, found.device.type, found.requires_grad) == (torch.float32, "cpu", False)
    with torch.no_grad():
        told = [model(**batch, output_hidden_states=True) for batch in batches]
        rest = run_from(model, tiny.LAYERS, found[:, -1], torch.ones(5, 2))
    said = torch.cat([torch.stack(one.hidden_states, dim=1)[:, :, -2:] for one in told])
    torch.testing.assert_close(found[:, :-1], said[:, :-1], atol=1e-4, rtol=1e-4)
    # transformers gives the last one after the final norm
    torch.testing.assert_close(rest, torch.cat([one.logits[:, -2:] for one in told]), atol=1e-4, rtol=1e-4)


def test_neither_padding_nor_company_changes_them():
    model, batch = tiny.built("gemma3_text"), tiny.prompts()
    alone = [{name: value[row : row + 1, 2 * row :] for name, value in batch.items()} for row in range(3)]
    torch.testing.assert_close(residuals(model, alone), residuals(model, [batch]), atol=1e-4, rtol=1e-4)


def test_bfloat16_comes_back_as_float32():
    found = residuals(tiny.built("qwen2", dtype=torch.bfloat16), [tiny.prompts()])
    assert found.dtype == torch.float32
    assert found.equal(found.bfloat16().float())


def test_what_is_missing_is_said():
    model, batch = tiny.built("qwen2"), tiny.prompts()
    right = {name: value.flip(1) for name, value in batch.items()}
    for given, positions in ((batch, 7), (batch, 11), (right, 1)):
        with pytest.raises(TargetError, match=f"fewer than {positions} tokens, or is padded on the right"):
            residuals(model, [given], positions=positions)
    with pytest.raises(TargetError, match="no prompt"):
        residuals(model, [])
    with torch.no_grad():
        model.model.layers[1].mlp.down_proj.weight.fill_(float("inf"))
    with pytest.raises(TargetError, match="NaN or infinity"):
        residuals(model, [batch])
