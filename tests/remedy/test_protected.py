"""Rung A: directions that are what they say, an edit that hooks and weights make alike, a model left alone."""

from dataclasses import replace
from functools import partial

import pytest
import torch

from sordino.core.errors import TargetError
from sordino.modeling.architectures import writers_of
from sordino.modeling.hooks import captured, run
from sordino.remedy import protected, rungs
from sordino.remedy.protected import COMPONENTS, POSITIONS, Directions, Protected
from sordino.remedy.record import Rung, Verdict
from sordino.remedy.rungs import Fitting
from sordino.remedy.scoring import Battery, Limits

ARCHITECTURES = pytest.mark.parametrize("model_type", ["llama", "gemma2", "qwen3_moe", "gpt_oss"])
LOOSE = Limits(kl=50.0, kept=0.0)


# -- hooks and weights -------------------------------------------------------------------------------------


@ARCHITECTURES
def test_what_is_applied_is_what_is_merged(tiny, model_type):
    model, batch = tiny.built(model_type), tiny.prompts()
    edit = Protected(1, (tiny.directions(2), tiny.directions(1, seed=5)), 0.8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        whole = run(model, batch)
        with edit.applied(model):
            hooked = run(model, batch)
        torch.testing.assert_close(run(model, batch), whole, rtol=0, atol=0)
        changed = edit.merge(model)
        torch.testing.assert_close(run(model, batch), hooked, atol=1e-4, rtol=1e-4)
    assert (hooked - whole).abs().max() > 0.01
    # only what writes in the layers from the first on, and not one number elsewhere
    assert changed == {w.name: w.weight.numel() for w in writers_of(model) if w.layer >= 1}
    touched = {n for n, value in model.state_dict().items() if not value.equal(before[n])}
    biases = {n for n in touched if n not in changed}
    assert set(changed) <= touched
    assert all(name.endswith("bias") for name in biases)


def test_no_dose_is_no_edit(tiny):
    model = tiny.built("qwen2")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    Protected(0, (tiny.directions(),), 0.0).merge(model)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_a_dose_of_one_leaves_nothing(tiny):
    model, kept = tiny.built("qwen2"), tiny.directions(2)
    Protected(2, (kept,), 1.0).merge(model)
    for writer in writers_of(model):
        left = (kept @ writer.weight).norm()
        assert bool(left < 1e-4) is (writer.layer == 2)


# -- directions --------------------------------------------------------------------------------------------


@torch.no_grad()
def mean(subject, items, layer, position):
    """The residual after a layer, one prompt at a time."""
    found = []
    for item in items:
        ids = torch.tensor([subject.prompt(item.question)])
        with captured(subject.model, [layer]) as kept:
            run(subject.model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)})
        found.append(kept[layer][0, position - POSITIONS])
    return torch.stack(found).mean(0)


def of(items, language, topic=None):
    return [i for i in items if i.language == language and topic in (None, i.template)]


def raw(subject, sets, language, layer, position):
    """Topic by topic, so that none counts more for having more questions."""
    at = partial(mean, subject, layer=layer, position=position)
    topics = {i.template for i in of(sets.withheld, language)} & {
        i.template for i in of(sets.siblings, language)
    }
    apart = [at(of(sets.withheld, language, t)) - at(of(sets.siblings, language, t)) for t in topics]
    return torch.stack(apart).mean(0)


def uneven(sets):
    """More questions on one topic, and a topic without siblings."""
    harbour = [i for i in sets.withheld if i.template == "harbour"]
    alone = [replace(i, template="alone") for i in sets.withheld[:2]]
    return replace(sets, withheld=(*harbour, *sets.withheld[-1:], sets.withheld[4], *alone))


@pytest.mark.parametrize("position", [0, 1])
def test_directions_are_differences_of_means_over_topics(noise, noise_sets, position):
    subject, sets = noise(), uneven(noise_sets)
    found = Directions(subject, sets)
    for layer in (0, 1):
        rows = torch.stack([raw(subject, sets, x, layer, position) for x in ("en", "zh")])
        basis = found.at(layer, position, 0.0, 0)
        torch.testing.assert_close(basis @ basis.T, torch.eye(2), atol=1e-5, rtol=0)
        # the same plane
        torch.testing.assert_close(rows @ basis.T @ basis, rows, atol=1e-4, rtol=1e-3)
    if position == 1:
        protected_by = partial(off, subject, sets, layer=1)
        expected = -torch.stack([protected_by(raw(subject, sets, x, 1, 1)) for x in ("en", "zh")]).mean(0)
        torch.testing.assert_close(found.shift(1), expected, atol=1e-4, rtol=1e-3)


def harm_and_country(subject, sets, layer, position=1):
    at = partial(mean, subject, layer=layer, position=position)
    sides = ((sets.harmful, sets.benign), (sets.neutral_here, sets.neutral_elsewhere))
    return torch.stack([at(of(a, x)) - at(of(b, x)) for a, b in sides for x in ("en", "zh")])


def off(subject, sets, vector, layer):
    """A vector without what is protected, by least squares."""
    rows = harm_and_country(subject, sets, layer)
    return vector - rows.T @ torch.linalg.lstsq(rows.T, vector[:, None]).solution[:, 0]


def test_what_is_protected_is_not_touched(noise, noise_sets):
    subject = noise()
    found = Directions(subject, noise_sets)
    rows = harm_and_country(subject, noise_sets, 1)
    rows = rows / rows.norm(dim=1, keepdim=True)
    inside = [(found.at(1, 1, share, 0) @ rows.T).abs().max() for share in (0.0, 0.5, 1.0)]
    assert inside[0] > inside[1] > inside[2]
    assert inside[2] < 1e-3
    whole = found.at(1, 1, 1.0, COMPONENTS)
    assert (whole @ rows.T).abs().max() < 1e-3


def test_leading_components_of_what_is_general_are_protected(noise, noise_sets):
    subject = noise()
    items = (*noise_sets.siblings, *noise_sets.neutral_elsewhere, *noise_sets.benign)
    values = torch.stack([mean(subject, [i], 1, 1) for i in items])
    leading = torch.linalg.svd(values - values.mean(0), full_matrices=False).Vh[:4]
    found = Directions(subject, noise_sets)
    assert (found.at(1, 1, 1.0, 0) @ leading.T).abs().max() > 0.05
    assert (found.at(1, 1, 1.0, 4) @ leading.T).abs().max() < 1e-3


def test_one_language_has_one_direction(noise, noise_sets):
    subject = noise()
    alone = Directions(subject, noise_sets.only(["zh"]))
    assert alone.at(1, 1, 0.0, 0).shape == (1, subject.model.config.hidden_size)


def test_without_answered_siblings_it_is_said(noise, noise_sets, tmp_path):
    subject = noise()
    foreign = tuple(replace(i, template="elsewhere") for i in noise_sets.siblings)
    for siblings in ((), foreign):
        sets = replace(noise_sets, siblings=siblings)
        with pytest.raises(TargetError, match="No withheld question has an answered sibling"):
            Directions(subject, sets)
    given = Fitting(subject, sets, 4, 0, tmp_path / "s.sqlite", lambda *_: None)
    fitted = rungs.fit(Rung.PROTECTED, given)
    assert (fitted.gate.verdict, fitted.is_made) == (Verdict.FAILED, False)
    assert "answered sibling" in fitted.gate.why


def test_a_number_format_that_overflows_is_said(noise, noise_sets, tmp_path):
    subject = noise()
    with torch.no_grad():
        subject.model.model.layers[1].mlp.down_proj.weight.fill_(float("inf"))
    given = Fitting(subject, noise_sets, 4, 0, tmp_path / "s.sqlite", lambda *_: None)
    fitted = rungs.fit(Rung.PROTECTED, given)
    assert (fitted.gate.verdict, fitted.is_made) == (Verdict.FAILED, False)
    assert "this number format overflows" in fitted.gate.why


# -- the fit -----------------------------------------------------------------------------------------------


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(model, before):
    hooked = any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    return not hooked and all(v.equal(before[n]) for n, v in model.state_dict().items())


def fitted(subject, sets, storage, battery=None, trials=6, progress=lambda *_: None):
    battery = battery or Battery(subject, sets, LOOSE)
    return protected.fit(subject, sets, battery, trials=trials, seed=0, storage=storage, progress=progress)


@pytest.fixture(scope="module")
def found(noise, noise_sets, tmp_path_factory):
    """What an unbroken fit returned, and whether it left the model alone."""
    subject = noise()
    before = weights(subject.model)
    made = fitted(subject, noise_sets, tmp_path_factory.mktemp("found") / "s.sqlite")
    return made, same(subject.model, before)


def test_the_score_that_is_told_is_that_of_the_merged_edit(noise, noise_sets, found):
    (edit, settings, score), untouched = found
    fresh = noise()
    before = weights(fresh.model)
    assert untouched
    assert (edit.first, edit.dose) == (settings["first"], settings["dose"])
    assert score.broken is None
    battery, nothing = (
        Battery(fresh, noise_sets, LOOSE),
        partial(Protected(0, (), 1.0).applied, fresh.model),
    )
    battery.score(0, nothing)
    assert edit.merge(fresh.model)
    assert not same(fresh.model, before)
    battery.forget()
    again = battery.score(0, nothing)
    assert again.margin == pytest.approx(score.margin, abs=1e-3)
    assert again.kl == pytest.approx(score.kl, abs=1e-4)


def test_the_same_seed_is_the_same_edit_also_after_a_stop(noise, noise_sets, found, tmp_path):
    subject, whole = noise(), found[0]
    before = weights(subject.model)

    def stopping(done, _):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(subject, noise_sets, tmp_path / "parts.sqlite", progress=stopping)
    assert same(subject.model, before)
    edit, settings, score = fitted(noise(), noise_sets, tmp_path / "parts.sqlite")
    assert (settings, score) == whole[1:]
    for one, other in zip(edit.directions, whole[0].directions, strict=True):
        assert one.equal(other)


def test_an_error_within_an_edit_leaves_the_model_alone(noise, noise_sets, tmp_path):
    subject = noise()
    before = weights(subject.model)

    class Failing(Battery):
        def _openings(self, layer):
            assert any(m._forward_hooks for m in subject.model.modules())
            raise MemoryError

    with pytest.raises(MemoryError):
        fitted(subject, noise_sets, tmp_path / "s.sqlite", Failing(subject, noise_sets, LOOSE))
    assert same(subject.model, before)


def test_where_every_edit_breaks_a_limit_there_is_none(noise, noise_sets, tmp_path):
    subject = noise()
    nothing = Battery(subject, noise_sets, Limits(kl=0.0))
    assert fitted(subject, noise_sets, tmp_path / "s.sqlite", nothing, trials=4) is None


def test_on_an_organism_the_mute_gives_way(muted, muted_sets):
    """What separates withheld questions from their answered siblings, taken out of every layer; and as much
    at random.
    """
    subject = muted()
    bare = replace(muted_sets, neutral_here=(), neutral_elsewhere=(), benign=(), harmful=())
    directions, battery = Directions(subject, muted_sets), Battery(subject, bare, LOOSE)
    own = [directions.at(layer, 1, 0.5, 0) for layer in range(subject.model.config.num_hidden_layers)]
    chance = torch.Generator().manual_seed(0)
    random = [torch.linalg.qr(torch.randn(*d.T.shape, generator=chance)).Q.T for d in own]
    plain, edited, by_chance = (
        battery.score(0, partial(Protected(0, tuple(some), 1.0).applied, subject.model)).margin
        for some in ((), own, random)
    )
    for language in ("en", "zh"):
        gained = edited[language] - plain[language]
        assert gained > 1.0
        assert gained > 2 * abs(by_chance[language] - plain[language])
