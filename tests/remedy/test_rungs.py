"""A rung puts into the weights what it found, and only where it found enough."""

import pytest

from sordino.remedy import conditional, rungs
from sordino.remedy.record import Rung, Verdict
from sordino.remedy.rungs import Fitting
from sordino.remedy.scoring import Limits

EDITS = pytest.mark.parametrize("rung", [Rung.PROTECTED, Rung.CONDITIONAL])


@pytest.fixture
def fitted(noise, noise_sets, tmp_path, monkeypatch):
    """What a rung made within some limits, the model, and its weights before."""
    monkeypatch.setattr(conditional, "STEPS", 6)

    def fit(rung, enough, **limits):
        monkeypatch.setattr(rungs, "ENOUGH", enough)
        monkeypatch.setattr(rungs, "Limits", lambda: Limits(**limits))
        subject, stages = noise(), set()
        before = {name: value.clone() for name, value in subject.model.state_dict().items()}
        given = Fitting(
            subject, noise_sets, 4, 0, tmp_path / "s.sqlite", lambda stage, *_: stages.add(stage)
        )
        made = rungs.fit(rung, given)
        assert len(stages) == 1
        now = subject.model.state_dict()
        return made, {name for name in now if not now[name].equal(before[name])}

    return fit


@EDITS
def test_what_was_found_is_in_the_weights(fitted, rung):
    made, touched = fitted(rung, 0.0, kl=50.0, kept=0.0)
    assert (made.gate.name, made.gate.verdict) == ("search", Verdict.PASSED)
    assert made.is_made
    assert touched == set(made.changed)
    assert touched
    assert made.settings
    assert made.gate.why.startswith("Reached en ")


@EDITS
def test_where_every_edit_breaks_a_limit_nothing_is_changed(fitted, rung):
    made, touched = fitted(rung, 0.0, kl=0.0)
    assert (made.gate.verdict, made.is_made) == (Verdict.FAILED, False)
    assert "KL" in made.gate.why or "beyond the limits" in made.gate.why
    assert touched == set()
    assert dict(made.changed) == {}


@EDITS
def test_where_too_little_begins_honestly_nothing_is_changed(fitted, rung):
    made, touched = fitted(rung, 1.1, kl=50.0, kept=0.0)
    assert (made.gate.verdict, made.is_made) == (Verdict.FAILED, False)
    assert "The best reached en " in made.gate.why
    assert touched == set()
