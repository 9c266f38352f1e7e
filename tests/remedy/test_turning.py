"""The random control: an edit as large as the remedy's, in answer to the same, that writes something else."""

import copy

import pytest
import torch

from sordino.modeling.architectures import writers_of
from sordino.remedy.turning import turned

ARCHITECTURES = pytest.mark.parametrize("model_type", ["llama", "phi", "gemma2", "qwen3_moe", "gpt_oss"])


def pair(tiny, model_type, layers=(0, 2)):
    """A model, and itself less two directions of what these layers write."""
    original = tiny.built(model_type)
    edited = copy.deepcopy(original)
    for writer in writers_of(edited):
        if writer.layer in layers:
            writer.ablate(tiny.directions(2), 0.9)
    return original, edited


def changes(original, model):
    """By tensor that differs, (experts or 1, out, in) the change; of a bias (1, out, 1)."""
    before, found = dict(original.named_parameters()), {}
    transposed = {w.name for w in writers_of(model) if w.transposed}
    packed = {w.name for w in writers_of(model) if w.kind == "experts"}
    for name, after in model.named_parameters():
        change = (after - before[name]).detach()
        if not change.any():
            continue
        if change.dim() == 1 or (change.dim() == 2 and name.endswith("_bias")):
            change = change.reshape(-1, change.shape[-1], 1)
        elif name not in packed:
            change = change[None]
        found[name] = change.mT if name in transposed else change
    return found


@ARCHITECTURES
def test_as_large_in_answer_to_the_same_and_in_another_direction(tiny, model_type):
    original, edited = pair(tiny, model_type)
    model = copy.deepcopy(edited)
    turned(original, model, 0)
    before, after = changes(original, edited), changes(original, model)
    assert before.keys() == after.keys()
    assert {w.name for w in writers_of(model) if w.layer in (0, 2)} <= after.keys()
    for name, change in before.items():
        now = after[name]
        torch.testing.assert_close(now.norm(), change.norm(), rtol=1e-4, atol=1e-5)
        # what it answers to: how much is written for any input
        torch.testing.assert_close(now.mT @ now, change.mT @ change, rtol=1e-3, atol=1e-4)
        alike = [(a * b).sum() / (a.norm() * b.norm()) for a, b in zip(now, change, strict=True)]
        assert max(float(abs(a)) for a in alike) < 0.8
    # along the directions of the edit as good as nothing is taken any more
    kept = tiny.directions(2)
    along = [float((kept @ after[n]).norm() / after[n].norm()) for n in before if not n.endswith("bias")]
    assert sum(along) / len(along) < 0.6


@ARCHITECTURES
def test_what_was_not_changed_is_left_alone(tiny, model_type):
    original, edited = pair(tiny, model_type, layers=(1,))
    told = {name: value.clone() for name, value in original.named_parameters()}
    held = {name: value.clone() for name, value in edited.named_parameters()}
    turned(original, edited, 0)
    for name, value in edited.named_parameters():
        if held[name].equal(told[name]):
            assert value.equal(told[name])
        else:
            assert not value.equal(held[name])
    assert all(value.equal(told[name]) for name, value in original.named_parameters())


def test_no_change_stays_none(tiny):
    original, edited = pair(tiny, "qwen2", layers=())
    turned(original, edited, 0)
    assert changes(original, edited) == {}


def test_matrices_that_write_one_direction_still_write_one(tiny):
    """A rotation a size, not one a matrix: an edit of one direction in all layers stays one."""
    original = tiny.built("qwen2")
    model = copy.deepcopy(original)
    for writer in writers_of(model):
        writer.ablate(tiny.directions(1), 1.0)
    turned(original, model, 4)
    whole = torch.cat([change[0] for change in changes(original, model).values()], dim=1)
    sizes = torch.linalg.svdvals(whole)
    assert sizes[1] < 1e-4 * sizes[0]


def test_the_seed_decides(tiny):
    original, edited = pair(tiny, "qwen2")
    made = []
    for seed in (0, 0, 1):
        model = copy.deepcopy(edited)
        turned(original, model, seed)
        made.append({name: value.clone() for name, value in model.named_parameters()})
    assert all(made[0][name].equal(made[1][name]) for name in made[0])
    assert any(not made[0][name].equal(made[2][name]) for name in made[0])


def test_no_direction_is_likelier_than_its_opposite(tiny):
    """Q of a QR alone always turns the first axis the same way; a rotation at random does not."""
    original = tiny.built("qwen2")
    edited = copy.deepcopy(original)
    weight = writers_of(edited)[0].weight
    with torch.no_grad():
        weight[0, 0] += 5.0
    found = []
    for seed in range(24):
        model = copy.deepcopy(edited)
        turned(original, model, seed)
        found.append(float(changes(original, model)[writers_of(model)[0].name][0, 0, 0]))
    assert 4 < sum(value > 0 for value in found) < 20
    assert abs(sum(found) / len(found)) < 1.0


def test_in_bfloat16_it_is_as_large_up_to_rounding(tiny):
    original = tiny.built("qwen2", dtype=torch.bfloat16)
    edited = copy.deepcopy(original)
    for writer in writers_of(edited):
        writer.ablate(tiny.directions(1), 1.0)
    model = copy.deepcopy(edited)
    turned(original, model, 0)
    for writer, mine, other in zip(
        writers_of(original), writers_of(edited), writers_of(model), strict=True
    ):
        sizes = [float((one.weight - writer.weight).detach().float().norm()) for one in (mine, other)]
        assert sizes[1] == pytest.approx(sizes[0], rel=0.05)
        assert other.weight.dtype == torch.bfloat16
