"""Hooks: they do what an edit of the weights does, read what a pass holds, and leave no trace."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from sordino.modeling.architectures import layers_of, writers_of
from sordino.modeling.hooks import ablated, captured, run, run_from, steered

tiny = SimpleNamespace(**run_path(str(Path(__file__).with_name("tiny_architectures.py"))))
EVERY = pytest.mark.parametrize("model_type", sorted(tiny.CONFIGS))
LAST = tiny.LAYERS - 1


@pytest.fixture(autouse=True)
def _without_gradients():
    with torch.no_grad():
        yield


def edits():
    return {0: (tiny.directions(2), 0.7), 2: (tiny.directions(1, seed=5), 1.2)}


def traces(model):
    """How many hooks each module has, and which forwards are its own."""
    return [
        (len(module._forward_hooks), len(module._forward_pre_hooks), "forward" in vars(module))
        for module in model.modules()
    ]


@EVERY
def test_hooks_do_what_the_edit_does(model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    whole = run(model, batch)
    with ablated(model, edits()):
        hooked = run(model, batch)
    for writer in writers_of(model):
        if writer.layer in edits():
            writer.ablate(*edits()[writer.layer])
    torch.testing.assert_close(hooked, run(model, batch), atol=1e-4, rtol=1e-4)
    assert (hooked - whole).abs().max() > 0.1


@pytest.mark.parametrize("model_type", ["qwen2", "qwen3_moe"])
def test_in_bfloat16_hooks_do_what_the_edit_does_up_to_rounding(model_type):
    model, batch = tiny.built(model_type, dtype=torch.bfloat16), tiny.prompts()
    whole = run(model, batch)
    with ablated(model, edits()):
        hooked = run(model, batch)
    assert hooked.dtype == torch.bfloat16
    for writer in writers_of(model):
        if writer.layer in edits():
            writer.ablate(*edits()[writer.layer])
    assert (hooked - run(model, batch)).float().norm() < 0.1 * (hooked - whole).float().norm()


@EVERY
def test_a_pass_may_start_in_the_middle(model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    with captured(model, range(-1, tiny.LAYERS)) as kept:
        whole = run(model, batch)
    for layer in range(tiny.LAYERS + 1):
        again = run_from(model, layer, kept[layer - 1], batch["attention_mask"])
        torch.testing.assert_close(again, whole)
    last = run_from(model, 1, kept[0], batch["attention_mask"], logits_to_keep=1)
    torch.testing.assert_close(last, whole[:, -1:])
    with pytest.raises(ValueError, match="no layer 4 to start from"):
        run_from(model, 4, kept[0], batch["attention_mask"])


@EVERY
def test_an_edit_is_tried_from_the_residual_before_it(model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    with captured(model, [0, 1]) as kept:
        run(model, batch)
    entering, stale = kept[0], kept[1]
    with ablated(model, {1: (tiny.directions(), 1.0)}), steered(model, {2: torch.ones(tiny.WIDTH)}):
        with captured(model, [1]) as later:
            again = run_from(model, 1, entering, batch["attention_mask"])
        torch.testing.assert_close(again, run(model, batch))
    assert (later[1] - stale).abs().max() > 0.01
    assert entering.equal(kept[0])


@EVERY
def test_a_pass_is_that_of_the_model(model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    own = model(**batch, use_cache=False).logits
    seen = batch["attention_mask"].bool()
    torch.testing.assert_close(run(model, batch)[seen], own[seen], atol=1e-4, rtol=1e-4)
    alone = {name: value[2:, 4:] for name, value in batch.items()}
    torch.testing.assert_close(run(model, alone), run(model, batch)[2:, 4:], atol=1e-4, rtol=1e-4)


def test_positions_are_counted_from_the_first_token_that_is_no_padding():
    model, batch, seen = tiny.built("llama"), tiny.prompts(), []
    handle = layers_of(model)[0].register_forward_pre_hook(
        lambda module, args, kwargs: seen.append(kwargs["position_ids"]), with_kwargs=True
    )
    run(model, batch)
    run_from(model, 1, torch.zeros(3, 10, tiny.WIDTH), batch["attention_mask"])
    handle.remove()
    for positions in seen:
        assert positions[0].tolist() == list(range(10))
        assert positions[2, 4:].tolist() == list(range(6))
    assert len(seen) == 2


@EVERY
def test_what_is_captured_is_what_the_model_says(model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    with captured(model, [-1, 0, 1]) as kept:
        said = model(**batch, output_hidden_states=True, use_cache=False).hidden_states
    for index in (-1, 0, 1):
        assert kept[index].equal(said[index + 1])
    assert set(kept) == {-1, 0, 1}


def test_positions_that_are_not_wanted_are_freed():
    model, batch = tiny.built("qwen2"), tiny.prompts()
    with captured(model, [-1, 1]) as kept, captured(model, [-1, 1], positions=2) as few:
        run(model, batch)
    for index in (-1, 1):
        assert few[index].equal(kept[index][:, -2:])
        assert few[index].untyped_storage().nbytes() == 3 * 2 * tiny.WIDTH * 4


@EVERY
def test_steering_adds_to_the_residual(model_type):
    model, batch, vector = tiny.built(model_type), tiny.prompts(), torch.linspace(-1, 1, tiny.WIDTH)
    with captured(model, [0, LAST]) as kept:
        run(model, batch)
    with steered(model, {LAST: vector}), captured(model, [0, LAST]) as after:
        run(model, batch)
    torch.testing.assert_close(after[LAST], kept[LAST] + vector)
    assert after[0].equal(kept[0])


@pytest.mark.parametrize("model_type", ["llama", "gemma3_text", "mistral", "gpt_oss", "deepseek_v3"])
def test_steering_is_the_same_over_a_cache(model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    vectors = {0: torch.ones(tiny.WIDTH), 1: torch.linspace(-2, 2, tiny.WIDTH)}
    with steered(model, vectors):
        made = model.generate(
            **batch,
            max_new_tokens=5,
            min_new_tokens=5,
            do_sample=False,
            output_logits=True,
            return_dict_in_generate=True,
        )
    whole = {
        "input_ids": made.sequences,
        "attention_mask": functional.pad(batch["attention_mask"], (0, 5), value=1),
    }
    with steered(model, vectors):
        once = run(model, whole)[:, 9:-1]
    torch.testing.assert_close(torch.stack(made.logits, dim=1), once, atol=1e-3, rtol=1e-3)


@EVERY
@pytest.mark.parametrize("fails", [False, True])
def test_a_model_is_left_as_it_was(model_type, fails):
    model, batch = tiny.built(model_type), tiny.prompts()
    model(**batch, output_hidden_states=True)  # from then on transformers keeps hooks of its own
    whole, weights = run(model, batch), {name: value.clone() for name, value in model.state_dict().items()}
    before = traces(model)
    try:
        with (
            ablated(model, edits()),
            steered(model, {1: torch.ones(tiny.WIDTH)}),
            captured(model, [-1, 0, 1]) as kept,
        ):
            assert traces(model) != before
            run(model, batch)
            run_from(model, 2, kept[1][:, :, : 5 if fails else None], batch["attention_mask"])
            assert not fails
    except RuntimeError:
        assert fails
    assert traces(model) == before
    assert whole.equal(run(model, batch))
    assert all(value.equal(weights[name]) for name, value in model.state_dict().items())


def test_a_forward_of_a_layers_own_is_put_back():
    model, batch = tiny.built("qwen2"), tiny.prompts()
    layer, calls = layers_of(model)[0], []
    inner = layer.forward

    def own(*args, **kwargs):
        calls.append(1)
        return inner(*args, **kwargs)

    layer.forward = own
    with captured(model, [0]) as kept:
        run(model, batch)
    run_from(model, 1, kept[0], batch["attention_mask"])
    assert calls == [1]
    assert layer.forward is own


def test_layers_that_are_not_there_are_refused_and_leave_no_hook():
    model = tiny.built("qwen2")
    before = traces(model)
    for manager in (
        ablated(model, {0: (tiny.directions(), 1.0), 3: (tiny.directions(), 1.0)}),
        ablated(model, {0: (tiny.directions(), 1.0), 1: (torch.ones(1, tiny.WIDTH), 1.0)}),
        steered(model, {-1: torch.ones(tiny.WIDTH)}),
        captured(model, [0, 3]),
    ):
        with pytest.raises(ValueError, match=r"no layer|orthonormal"), manager:
            pass
    assert traces(model) == before
