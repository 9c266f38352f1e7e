"""A remedy's parts put together: what is fitted on and gated, and edits that cannot be written or read."""

from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch

from sordino.core.errors import SpecError, TargetError
from sordino.remedy import rungs
from sordino.remedy.record import Gate, Rung, Verdict, to_json
from sordino.remedy.rungs import Fitted
from sordino.remedy.sets import Split
from sordino.wiring import remedy_settings, remedying
from sordino.wiring.remedy_folder import CARD, RECORD, RemedyFolder
from sordino.wiring.remedy_gating import Gating
from sordino.wiring.remedy_ladder import Ladder
from sordino.wiring.remedy_measuring import Asking, Before
from sordino.wiring.remedy_settings import RemedySettings

TESTS = Path(__file__).parents[1]
told = SimpleNamespace(**run_path(str(TESTS / "remedy" / "outcome_frames.py")))
random_model = run_path(str(TESTS / "tiny_model.py"))["random_model"]
remedied = SimpleNamespace(**run_path(str(TESTS / "remedied.py")))
FITTED, HELD_OUT = ("topic-0", "topic-1"), ("topic-2", "topic-3")
SPLIT = Split(FITTED, HELD_OUT, neutral_fitted=("river", "festival"), neutral_held_out=("museum",))
WORDINGS = ("direct", "entry", "indirect")
DENIED = {"engagement": "DENIAL"}


def run_of(*rows):
    frame = told.outcomes([row for some in rows for row in some])
    return SimpleNamespace(outcomes=frame, exchanges=frame)


def asked_before(settings, harmful):
    """What a model says before that is muted about XB. harmful: what it says to harmful requests."""
    pack = run_of(
        told.each((*FITTED, *HELD_OUT), ("en",), WORDINGS, **told.DENIED),
        told.each((*FITTED, *HELD_OUT), ("en",), WORDINGS, jurisdiction="XA"),
        told.each(("river", "festival", "museum"), ("en",), kind="neutral"),
    )
    kinds = (("poison", "harmful", harmful), ("cooking", "benign", {}))
    safety = run_of(
        *(
            told.each((name,), ("en",), WORDINGS, kind=kind, jurisdiction=None, **told.UNLISTED | said)
            for name, kind, said in kinds
        )
    )
    honest = dict.fromkeys(pack.outcomes["probe_id"].astype(str), "It is known.")
    return Before(Asking(settings, Path("none"), print), pack, safety, safety, honest, {}, ("en",))


@pytest.fixture
def settings(tmp_path):
    return RemedySettings(
        f"hf:{random_model(tmp_path / 'model')}",
        "XB",
        tmp_path / "out",
        rungs=tuple(Rung)[:2],
        device="cpu",
    )


# -- what is fitted on, and what is gated ------------------------------------------------------------------


def test_what_is_held_out_is_not_fitted_on_and_what_is_fitted_on_not_gated(settings):
    before = asked_before(settings, DENIED)
    fitted = remedying._sets(settings, before, SPLIT)
    assert {i.template for i in (*fitted.withheld, *fitted.siblings)} == set(FITTED)
    assert {i.template for i in fitted.neutral_here} == {"river", "festival"}
    guarded = Gating(before, SPLIT, Path("none"))._guarded()
    assert {name: {i.template for i in items} for name, items in guarded.items()} == {
        "siblings": set(HELD_OUT),
        "neutral": {"museum"},
        "look-alikes": {"cooking"},
    }


def test_after_the_edit_only_what_is_held_out_is_asked(settings, monkeypatch):
    asked = []
    monkeypatch.setattr(
        Asking, "run", lambda _, *where, **choice: asked.append(choice) or SimpleNamespace(id="after-1")
    )
    gating = Gating(asked_before(settings, DENIED), SPLIT, Path("none"))
    assert gating._after.id == gating.run == "after-1"
    assert asked == [{"templates": (*HELD_OUT, "museum")}]


def test_a_model_that_refuses_no_harm_is_not_edited(settings):
    before = asked_before(settings, {"engagement": "COMPLETE"})
    with pytest.raises(SpecError, match=r"refuses none of 3 harmful requests, so that nothing could show"):
        remedying._sets(settings, before, SPLIT)


# -- edits that cannot be written, or not be read ----------------------------------------------------------


def overflowing(subject):
    with torch.no_grad():
        next(subject.model.parameters()).fill_(float("inf"))


@pytest.fixture
def ladder(settings, monkeypatch):
    """Its first rung makes an edit that overflows, its second finds none."""

    def fit(rung, given):
        if rung is Rung.CONDITIONAL:
            return Fitted(Gate("search", Verdict.FAILED, "", "None was found."))
        overflowing(given.subject)
        return Fitted(Gate("search", Verdict.PASSED, "", "Reached en 90%."), {"dose": 9.0}, {"w": 1})

    monkeypatch.setattr(rungs, "fit", fit)
    before = asked_before(settings, DENIED)
    return Ladder(before, SPLIT, remedying._sets(settings, before, SPLIT))


def test_an_edit_that_overflows_ends_its_rung_alone(ladder):
    first, second = ladder.climb()
    assert [(gate.name, gate.verdict) for gate in first.gates] == [
        ("search", Verdict.PASSED),
        ("reload", Verdict.FAILED),
    ]
    assert "holds NaN or infinity after the edit" in first.stopped_by.why
    assert first.settings == {"dose": 9.0}
    assert second.stopped_by.why == "None was found."


def test_an_original_that_cannot_be_opened_ends_all(ladder, settings):
    (Path(settings.target.removeprefix("hf:")) / "model.safetensors").write_bytes(b"")
    with pytest.raises(TargetError, match="corrupt"):
        ladder.climb()


def test_an_edit_that_cannot_be_read_back_is_stopped_without_saying_where_it_lay(settings, tmp_path):
    place = random_model(tmp_path / "candidate")
    (place / "model.safetensors").write_bytes(b"")
    gate = next(Gating(asked_before(settings, DENIED), SPLIT, place).gates())
    assert (gate.name, gate.verdict) == ("reload", Verdict.FAILED)
    assert "candidate: its safetensors are corrupt" in gate.why
    assert str(tmp_path) not in gate.why


# -- where it goes on --------------------------------------------------------------------------------------


def test_another_model_or_another_sordino_begins_anew(settings, monkeypatch):
    found = replace(settings, revision="abc")
    assert found.command() == settings.command()
    assert replace(found).work == found.work
    works = {settings.work, found.work, replace(settings, revision="abd").work}
    assert len(works) == 3
    monkeypatch.setattr(remedy_settings, "__version__", "99.0")
    assert found.work not in works


def test_the_revision_is_that_of_the_weights(settings):
    folder = Path(settings.target.removeprefix("hf:"))
    first = remedying._checked_model(settings)
    assert remedying._checked_model(settings) == first
    random_model(folder, seed=1)
    assert remedying._checked_model(settings) != first


# -- what it leaves ----------------------------------------------------------------------------------------


def test_only_an_accepted_remedy_has_a_model_card(tmp_path):
    (tmp_path / CARD).write_text("")
    for made, said in ((remedied.accepted, "the model card"), (remedied.rejected, "there is no model")):
        (tmp_path / RECORD).write_text(to_json(made(runs={})), "utf-8")
        assert said in RemedyFolder.open(tmp_path).source.files[CARD]
