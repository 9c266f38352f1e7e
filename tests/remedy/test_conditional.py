"""Rung B: an edit that hooks and weights make alike, that acts where it should, and a model left alone."""

from functools import partial

import pytest
import torch

from sordino.modeling.architectures import writers_of
from sordino.modeling.hooks import run
from sordino.remedy import conditional
from sordino.remedy.conditional import Conditional
from sordino.remedy.protected import Protected
from sordino.remedy.scoring import Battery, Limits

LOOSE = Limits(kl=50.0, kept=0.0)


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    monkeypatch.setattr(conditional, "STEPS", 12)
    monkeypatch.setattr(conditional, "MEMBERS", 3)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(model, before):
    hooked = any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    return not hooked and all(v.equal(before[n]) for n, v in model.state_dict().items())


def nothing(subject):
    return partial(Protected(0, (), 1.0).applied, subject.model)


def fitted(subject, sets, battery=None, progress=lambda *_: None):
    battery = battery or Battery(subject, sets, LOOSE)
    return conditional.fit(subject, battery, seed=0, progress=progress)


@pytest.mark.parametrize("model_type", ["llama", "gemma2", "phi", "qwen3_moe", "gpt_oss"])
def test_what_is_applied_is_what_is_merged(tiny, model_type):
    model, batch, chance = tiny.built(model_type), tiny.prompts(), torch.Generator().manual_seed(2)
    parts = []
    for writer in conditional._writers(model):
        rows, columns = writer.weight.T.shape if writer.transposed else writer.weight.shape
        parts.append(
            (
                writer,
                torch.randn(2, columns, generator=chance),
                0.3 * torch.randn(2, rows, generator=chance),
            )
        )
    edit, before = Conditional(tuple(parts)), weights(model)
    with torch.no_grad():
        whole = run(model, batch)
        with edit.applied():
            hooked = run(model, batch)
        torch.testing.assert_close(run(model, batch), whole, rtol=0, atol=0)
        changed = edit.merge()
        torch.testing.assert_close(run(model, batch), hooked, atol=1e-3, rtol=1e-3)
    assert (hooked - whole).abs().max() > 0.01
    touched = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert touched == set(changed)


def test_only_dense_writers_of_the_middle_are_changed(tiny):
    for model_type in ("qwen2", "qwen3_moe", "gpt_oss"):
        model = tiny.built(model_type)
        chosen = conditional._writers(model)
        assert chosen
        assert all(writer.kind != "experts" for writer in chosen)
        assert {w.layer for w in chosen} < {w.layer for w in writers_of(model)}


def test_the_honest_opening_gains_and_the_model_is_left_alone(noise, noise_sets):
    subject, told = noise(), []
    before = weights(subject.model)
    edit, settings, score = fitted(subject, noise_sets, progress=lambda *one: told.append(one))
    assert same(subject.model, before)
    assert settings["layers"] == sorted({writer.layer for writer, _, _ in edit.parts})
    assert told == [(done, 36) for done in range(37)]
    unedited = Battery(subject, noise_sets, LOOSE).score(0, nothing(subject))
    assert all(score.margin[language] > unedited.margin[language] + 1 for language in score.margin)
    battery = Battery(noise(), noise_sets, LOOSE)
    edit.merge()
    merged = Battery(subject, noise_sets, LOOSE).score(0, nothing(subject))
    assert merged.margin == pytest.approx(score.margin, abs=1e-2)
    assert battery.score(0, nothing(subject)).margin == pytest.approx(unedited.margin, abs=1e-3)


def test_what_must_stay_is_held_by_the_penalty(noise, noise_sets, monkeypatch):
    held = fitted(noise(), noise_sets)[2]
    monkeypatch.setattr(conditional, "STAYS", dict.fromkeys(conditional.STAYS, 0.0))
    free = fitted(noise(), noise_sets)[2]
    assert sum(held.kl.values()) < 0.7 * sum(free.kl.values())


def test_the_same_seed_is_the_same_edit(noise, noise_sets):
    one, other = (fitted(noise(), noise_sets)[0] for _ in range(2))
    for (_, gates, shifts), (_, again, moved) in zip(one.parts, other.parts, strict=True):
        assert gates.equal(again)
        assert shifts.equal(moved)


def test_an_interruption_leaves_the_model_alone(noise, noise_sets):
    subject = noise()
    before = weights(subject.model)

    def stopping(done, _):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(subject, noise_sets, progress=stopping)
    assert same(subject.model, before)


def test_an_error_within_the_edit_leaves_the_model_alone(noise, noise_sets, monkeypatch):
    subject = noise()
    before = weights(subject.model)

    def failing(*_):
        assert any(module._forward_hooks for module in subject.model.modules())
        raise MemoryError

    monkeypatch.setattr(conditional, "leads", failing)
    with pytest.raises(MemoryError):
        fitted(subject, noise_sets)
    assert same(subject.model, before)


def test_what_breaks_a_limit_is_told_as_broken(noise, noise_sets):
    subject = noise()
    before = weights(subject.model)
    score = fitted(subject, noise_sets, Battery(subject, noise_sets, Limits(kl=0.0)))[2]
    assert score.broken == f"KL {score.kl['siblings']:.2f} on sibling prompts"
    assert score.wins == {}
    assert same(subject.model, before)
