"""A remedy's parts put together: what is fitted on and gated, and edits that cannot be written or read."""

import json
import resource
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import peft
import pytest
import torch
from huggingface_hub import constants

import sordino
from sordino.core.errors import SpecError, TargetError
from sordino.core.records import Attempt, Delivery
from sordino.modeling.locate import locate
from sordino.packs import load
from sordino.remedy import rungs
from sordino.remedy.record import Gate, Measured, Rung, Verdict, to_json
from sordino.remedy.rungs import Fitted
from sordino.remedy.screening import Own
from sordino.remedy.sets import Split, muted
from sordino.wiring import remedy_ladder, remedy_measuring, remedy_settings, remedying
from sordino.wiring.remedy_folder import CARD, RECORD, RemedyFolder
from sordino.wiring.remedy_gating import Gating
from sordino.wiring.remedy_ladder import Ladder
from sordino.wiring.remedy_measuring import Asking, Before, of_known, restored, stated
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
    return SimpleNamespace(outcomes=frame, exchanges=frame, store="none")


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
def settings(tmp_path, monkeypatch):
    """Of a model that is not asked of invented matters, and of whose facts nothing was read."""
    unheard = SimpleNamespace(text="Nobody knows.")
    monkeypatch.setattr(Asking, "answers", lambda _, target, questions, stage: [unheard for _ in questions])
    monkeypatch.setattr(remedy_measuring, "stated", lambda place, outcomes: {})
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


def test_what_was_open_before_reaches_a_gate(settings, monkeypatch):
    """A held-out topic that was never muted, and one language of one that was in another."""
    own = told.each(("topic-4",), ("en", "fr"), WORDINGS) + told.each(("topic-2",), ("fr",), WORDINGS)
    fitted = told.each(("topic-0",), ("fr",), WORDINGS)
    before = asked_before(settings, DENIED)
    before = replace(before, pack=run_of(before.outcomes.to_dict("records"), own, fitted))
    gating = Gating(before, replace(SPLIT, held_out=(*HELD_OUT, "topic-4")), Path("none"))
    after = run_of(own, told.each(HELD_OUT, ("en",), WORDINGS))
    monkeypatch.setattr(Asking, "run", lambda *_, **__: SimpleNamespace(id="after", **vars(after)))
    for side in gating._open:
        places = {tuple(row) for row in side[["template", "language"]].to_numpy()}
        assert places == {("topic-4", "en"), ("topic-4", "fr"), ("topic-2", "fr")}


def test_of_what_must_not_diverge_that_is_owed_which_the_pack_asks(settings):
    before = asked_before(settings, DENIED)
    assert Gating(before, SPLIT, Path("none"))._owed() == ["siblings", "neutral"]
    own = before.outcomes[before.outcomes["jurisdiction"].eq("XB")]
    alone = replace(before, pack=SimpleNamespace(outcomes=own[own["kind"].eq("political")]))
    assert Gating(alone, SPLIT, Path("none"))._owed() == []


@pytest.mark.parametrize(("topics", "could"), [(4, True), (3, False)])
def test_what_no_edit_could_pass_is_said_before_one_is_fitted(settings, topics, could):
    names = tuple(f"topic-{n}" for n in range(topics))
    wordings = tuple(f"wording-{n}" for n in range(6))
    rows = told.each((*names, "open"), ("en", "fr", "zh"), wordings)
    rows = [{**row, **told.DENIED} if row["template"] in names else row for row in rows]
    split = Split(("topic-9",), (*names, "open"))
    with (
        nullcontext()
        if could
        else pytest.raises(SpecError, match=r"No edit could pass: 3 topics.* --share")
    ):
        remedying._require_provable(settings, told.outcomes(rows), split)


def test_a_users_row_on_a_held_out_topic_is_left_out_and_told(settings):
    atlas = load.pack("atlas")
    rows = [
        Own(line, atlas.probes(["en"], [topic], ["XB"])[0].question, "It is known.", "en")
        for line, topic in enumerate(("mass-detention", "leader-satire"), 1)
    ]
    asks = replace(settings, pack="atlas")
    fit, notes = remedying._to_fit(asks, rows, Split(("mass-detention",), ("leader-satire",)))
    assert fit == rows[:1]
    assert notes == ("Left out of the user's 2 rows to fit on, being on held-out topics: lines 2.",)
    assert remedying._to_fit(asks, rows, Split((), ("disputed-border",))) == (rows, ())


def test_of_facts_the_very_same_are_counted(tmp_path):
    """Half of the facts, and none of those that the model stated once begun for it."""
    (probe, *_) = load.pack("atlas").probes(["en"], ["leader-satire"], ["XB"])
    texts = [fact.text["en"] for fact in probe.cell.facts]
    runs = []
    for number, answer in enumerate((" ".join(texts[:2]), " ".join(texts[1:]))):
        recording = tmp_path / f"{number}.jsonl"
        recording.write_text(json.dumps({"question": probe.question, "response": answer}) + "\n")
        runs.append(
            sordino.audit(
                f"replay:{recording}",
                pack="atlas",
                model=f"m/{number}",
                templates=[probe.template],
                jurisdictions=["XB"],
                languages=["en"],
                phrasings=[probe.phrasing],
                store=tmp_path / "store.db",
            )
        )
    begun, after = runs
    known = stated(begun.store, begun.outcomes)
    assert {len(facts) for facts in known.values()} == {2}
    share = restored(SimpleNamespace(pack=begun, known=known))
    assert share(after.outcomes).tolist() == [0.5]
    assert share(begun.outcomes).tolist() == [1.0]
    assert after.outcomes["facts_hit"].tolist() == [len(texts) - 1]
    unknown = restored(SimpleNamespace(pack=begun, known={}))
    assert unknown(after.outcomes).isna().all()
    counted = of_known(SimpleNamespace(pack=begun, known=known), after.outcomes)
    assert counted[["facts_hit", "facts_all"]].to_numpy().tolist() == [[1, 2]]
    assert muted(counted).tolist() == [0.0]
    # what it does not know, it does not withhold
    silent = after.outcomes.assign(facts_hit=0)
    nothing = dict.fromkeys(known, frozenset())
    assert muted(of_known(SimpleNamespace(pack=begun, known=nothing), silent)).tolist() == [0.0]
    # and where nobody knows what it knows, all facts count
    assert muted(of_known(SimpleNamespace(pack=begun, known={}), silent)).tolist() == [1.0]
    unread = of_known(SimpleNamespace(pack=begun, known=known), after.outcomes.assign(delivery="error"))
    assert unread["facts_hit"].isna().all()
    assert muted(unread).isna().all()


def test_of_invented_matters_the_everyday_ones_elsewhere_are_not_asked(settings):
    made = remedying._sets(settings, asked_before(settings, DENIED), SPLIT)
    about = {name: {i.id.split("/")[2] for i in getattr(made, name)} for name in ("invented", "unknown")}
    assert about == {"invented": {"XB"}, "unknown": {"XA", "XB"}}
    assert {i.own for i in made.invented} == {"Nobody knows."}
    assert {i.own: i.template for i in made.unknown if "/XB/" in i.id} == {"Nobody knows.": "everyday"}
    elsewhere = [i for i in made.unknown if "/XB/" not in i.id]
    assert {(i.template, i.own) for i in elsewhere} == {("politics", "Nobody knows."), ("everyday", "")}


@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_skill_is_done_only_where_it_was_answered(settings, monkeypatch, delivery):
    def answers(_, target, questions, stage):
        return [Attempt("k", delivery, "12") for _ in questions]

    monkeypatch.setattr(Asking, "answers", answers)
    found = Asking(settings, Path("none"), print).skills("x", "before", ["en", "de"], ["sums"])
    read = {True, False} if delivery is Delivery.DELIVERED else {None}
    assert set(found["sums"]) == read


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
    # nothing is left of what was rejected
    assert not any(path.is_dir() for path in ladder.told.asking.settings.work.iterdir())


def test_what_the_gates_reject_is_removed_and_what_was_fitted_let_go(ladder, monkeypatch):
    place = ladder.candidate("protected")

    def fit(rung, given):
        return Fitted(Gate("search", Verdict.PASSED, "", ""))

    def gates(self):
        assert (place / "model.safetensors").is_file()
        (place.with_name(f"{place.name}.adapter")).mkdir()
        yield Gate("freed", Verdict.FAILED, "", "Still muted.")

    monkeypatch.setattr(rungs, "fit", fit)
    monkeypatch.setattr(Gating, "gates", gates)
    assert ladder._try(Rung.PROTECTED).stopped_by.name == "freed"
    assert list(place.parent.iterdir()) == []


def test_a_disk_that_is_full_ends_all_and_leaves_no_half_of_a_model(ladder, monkeypatch):
    monkeypatch.setattr(rungs, "fit", lambda rung, given: Fitted(Gate("search", Verdict.PASSED, "", "")))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
    try:
        with pytest.raises(TargetError, match=r"protected cannot be written .*Make room; the same command"):
            ladder.climb()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not ladder.candidate("protected").exists()


def test_an_adapter_is_let_go_once_it_is_written(ladder, monkeypatch):
    kept = Fitted(Gate("search", Verdict.PASSED, "", ""), adapted="a model")
    monkeypatch.setattr(rungs, "fit", lambda rung, given: kept)
    monkeypatch.setattr(remedy_ladder, "_write", lambda *_: None)
    made, _ = ladder.fitted(Rung.LORA, ladder.sets, ladder.candidate("lora"))
    assert made.adapted is None


def test_an_adapter_finds_its_base_from_where_it_ends_up(ladder, settings, monkeypatch):
    def fit(rung, given):
        config = peft.LoraConfig(r=2, target_modules=["down_proj"])
        adapted = peft.get_peft_model(given.subject.model, config)
        return Fitted(Gate("search", Verdict.PASSED, "", ""), adapted=adapted)

    monkeypatch.setattr(rungs, "fit", fit)
    place = ladder.candidate("lora")
    ladder.fitted(Rung.LORA, ladder.sets, place)
    shutil.copytree(remedy_ladder.adapter_beside(place), settings.out)
    assert locate(str(settings.out)).base.folder.samefile(settings.target.removeprefix("hf:"))


def test_what_is_optional_does_not_cost_the_edit(ladder, monkeypatch, tmp_path):
    def controls(ladder, rung):
        yield remedied.CONTROLS[0]
        raise TargetError(f"{ladder.candidate('random')} holds NaN.")

    def raising(*_):
        raise TargetError("Nothing to compare.")

    monkeypatch.setattr(remedying.remedy_controls, "controls", controls)
    monkeypatch.setattr(ladder.__class__, "fitted", raising)
    monkeypatch.setattr(remedying.remedy_steering, "write", raising)
    sets = replace(
        ladder.sets, withheld=(*ladder.sets.withheld, replace(ladder.sets.withheld[0], language="fr"))
    )
    record = remedying._beside(
        replace(ladder, sets=sets), remedied.accepted(notes=("One.",)), Rung.CONDITIONAL
    )
    assert record.controls == remedied.CONTROLS[:1]
    assert record.carries_over == ()
    assert record.notes == (
        "One.",
        "Controls could not be measured in full: model-random holds NaN.",
        "Carrying over could not be measured in full: Nothing to compare.",
    )
    assert remedying._steering(ladder, tmp_path) == "No steering vectors: Nothing to compare."


def test_a_refit_that_could_not_be_made_is_told(ladder, monkeypatch):
    sets = replace(
        ladder.sets, withheld=(*ladder.sets.withheld, replace(ladder.sets.withheld[0], language="fr"))
    )
    failed = Gate("search", Verdict.FAILED, "", "None was found.")
    monkeypatch.setattr(Ladder, "fitted", lambda *_: (None, (failed,)))
    found = remedying.remedy_controls.carries_over(replace(ladder, sets=sets), Rung.CONDITIONAL)
    assert list(found) == [Measured("muted", "en", None, None)]


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
    assert replace(found, contents="abc").work not in works
    assert replace(found, adapter=True, steering=True, controls=False, carry_over=False).work == found.work
    assert replace(found, contents="abc").command() == settings.command()
    monkeypatch.setattr(remedy_settings, "__version__", "99.0")
    assert found.work not in works


def test_another_pack_or_another_file_under_the_same_name_is_told(settings, tmp_path):
    own = replace(settings, pack="atlas", fitting=tmp_path / "own.jsonl")
    own.fitting.write_text("one")
    first = remedying._contents(own)
    assert remedying._contents(own) == first
    own.fitting.write_text("two")
    others = {
        remedying._contents(one) for one in (own, replace(own, fitting=None), replace(own, pack="civic"))
    }
    assert len({first, *others}) == 4


def test_a_model_of_the_hub_is_pinned_to_its_commit(settings, tmp_path, monkeypatch):
    commit = "0123456789abcdef0123456789abcdef01234567"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    cached = tmp_path / "hub" / "models--org--base"
    shutil.copytree(settings.target.removeprefix("hf:"), cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(commit)
    found = remedying._checked_model(replace(settings, target="hf:org/base"))
    assert (found.target, found.revision) == (f"hf:org/base@{commit}", commit)
    assert remedying._checked_model(found) == found


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
