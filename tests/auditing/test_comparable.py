"""What makes two runs not comparable, in words."""

from dataclasses import fields, replace

import pytest

from sordino.auditing.comparable import ASKED, DRAWN, apart, differences, outdated
from sordino.core.manifest import Manifest, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.wiring.settings import HOW_COMPUTED, OF_GENERATION, AuditSettings

GENERATED = {
    "target": "hf:x/y", "pack": "atlas", "languages": [], "jurisdictions": [], "templates": [], "epoch": "",
    "seed": 0, "system": None, "plain": False, "samples": 1, "temperature": 0.0, "top_p": 1.0, "max_tokens": 400,
}  # fmt: skip
RECORDED = {"target": "replay:a.jsonl", "pack": "atlas", "languages": ["en"], "epoch": "", "siblings": None}
JUDGES = {"engagement": "classifier@1-aaaa", "facts": "facts@1-bbbb", "reasoning": "reasoning@1-cccc"}


def run(name, settings=GENERATED, judges=JUDGES, pack="h" * 16, **more):
    return Manifest(
        run=name,
        created="",
        sordino="0",
        command="sordino audit x",
        target=TargetIdentity("hf:x/y", name, "r"),
        pack=PackIdentity("atlas", "1", pack),
        settings={**settings, **more},
        judges=judges,
    )


def test_runs_of_different_models_are_comparable():
    assert differences(run("a"), run("b")) == []
    recorded = run("a", RECORDED), run("b", RECORDED | {"model": "z", "target": "replay:b.jsonl"})
    assert differences(*recorded) == []


def test_the_parts_of_one_classifier_are_one_judge():
    """So is the judge of reasoning, whose id follows the part that it consults."""
    part = JUDGES | {"engagement": "classifier@1-aaaa/fold3", "reasoning": "reasoning@1-dddd"}
    assert differences(run("a"), run("b", judges=part)) == []
    assert apart([run("a"), run("b", judges=part)]) == []


@pytest.mark.parametrize(
    ("axis", "judge"),
    [
        ("engagement", "classifier@2-eeee"),
        ("engagement", "classifier@1-eeee"),
        ("engagement", "llm:qwen@1-eeee"),
        ("facts", "facts@1-eeee"),
        ("facts", "facts@2-bbbb"),
        ("reasoning", "reasoning@1-eeee"),
    ],
)
def test_another_judge_is_named(axis, judge):
    one, other = run("a"), run("b", judges=JUDGES | {axis: judge})
    said = differences(one, other)
    assert said[0] == f"{axis.capitalize()} was read by {JUDGES[axis]} in a, {judge} in b."
    assert len(said) == 1, "the judge of reasoning follows the others and is not named for it"
    assert differences(other, one) == [
        f"{axis.capitalize()} was read by {judge} in b, {JUDGES[axis]} in a."
    ]


def test_an_axis_that_one_run_lacks_is_named():
    judges = {k: v for k, v in JUDGES.items() if k != "reasoning"}
    assert differences(run("a"), run("b", judges=judges)) == ["Reasoning was read in a only."]


def test_what_follows_from_other_questions_is_no_other_judge():
    """The judge of facts hashes the cells that were asked."""
    other = run(
        "b", judges=JUDGES | {"facts": "facts@1-eeee", "reasoning": "reasoning@1-eeee"}, templates=["t"]
    )
    assert differences(run("a"), other) == ["Templates: all in a, t in b."]
    newer = replace(other, settings=GENERATED, pack=PackIdentity("atlas", "1", "i" * 16))
    assert differences(run("a"), newer) == [
        "The questions differ: atlas 1 (hhhhhhhh) in a, atlas 1 (iiiiiiii) in b."
    ]


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"temperature": 0.7}, "Temperature: 0.0 in a, 0.7 in b."),
        ({"top_p": 0.9}, "Top-p: 1.0 in a, 0.9 in b."),
        ({"max_tokens": 20}, "Most tokens of an answer: 400 in a, 20 in b."),
        ({"samples": 5}, "Answers a question: 1 in a, 5 in b."),
        ({"system": "Be brief."}, "System prompt: none in a, 'Be brief.' in b."),
        ({"plain": True}, "Asked without a chat template: no in a, yes in b."),
        ({"epoch": "may"}, "Epoch: none in a, 'may' in b."),
        ({"languages": ("zh", "en")}, "Languages: all in a, en, zh in b."),
    ],
)
def test_settings_that_matter_are_named(setting, says):
    assert differences(run("a"), run("b", **setting)) == [says]


@pytest.mark.parametrize(
    "setting", [{"seed": 4}, {"workers": 2}, {"target": "hf:other"}, {"languages": ()}]
)
def test_settings_that_do_not_matter_are_not(setting):
    assert differences(run("a"), run("b", **setting)) == []


def test_a_recording_beside_a_model_is_said_once():
    said = differences(run("a"), run("b", RECORDED, languages=[]))
    assert said == ["How answers were drawn is known of one run only: b is a recording."]


def test_no_setting_of_an_audit_is_forgotten():
    """One that is added to AuditSettings must be put into DRAWN or ASKED, or here with a reason."""
    indifferent = {
        "target", "model",  # what one compares
        "pack", "columns", "language",  # the questions' hash, or how a file is written
        "seed",  # Monte Carlo figures
    }  # fmt: skip
    known = {*DRAWN, *ASKED, *indifferent, *HOW_COMPUTED}
    assert {f.name for f in fields(AuditSettings)} == known
    assert set(DRAWN) == set(OF_GENERATION) - set(HOW_COMPUTED)


def test_a_long_system_prompt_is_cut():
    (said,) = differences(run("a"), run("b", system="x" * 5_000))
    assert len(said) < 200


def test_judges_that_differ_are_counted():
    new = JUDGES | {"engagement": "classifier@2-eeee", "reasoning": "reasoning@1-eeee"}
    runs = [
        run("a"),
        run("b", judges=JUDGES | {"engagement": "classifier@1-aaaa/fold1"}),
        run("c", judges=new),
    ]
    (found,) = apart(runs)
    assert (found.axis, found.judges) == ("engagement", {"classifier@1-aaaa": 2, "classifier@2-eeee": 1})
    assert found.sentence == (
        "Engagement was read by different judges: classifier@1-aaaa (2 runs), classifier@2-eeee (1 run)."
    )
    assert apart([]) == apart(runs[:1]) == []


def test_judges_of_other_packs_are_not_counted_among_those_that_differ():
    runs = [
        run("a"),
        run("b", judges=JUDGES | {"facts": "facts@1-eeee", "reasoning": "reasoning@1-ffff"}),
        run("c", judges=JUDGES | {"facts": "facts@1-gggg", "reasoning": "reasoning@1-hhhh"}, pack="j" * 16),
    ]
    (found,) = apart(runs)
    assert (found.axis, set(found.judges)) == ("facts", {"facts@1-bbbb", "facts@1-eeee"})
    versions = [run("a"), run("c", judges=JUDGES | {"facts": "facts@2-gggg"}, pack="j" * 16)]
    (found,) = apart(versions)
    assert (found.axis, set(found.judges)) == ("facts", {"facts@1", "facts@2"})


def test_a_run_read_by_another_state_of_the_installed_judge_says_so():
    installed = {"engagement": "classifier@2-eeee"}
    (said,) = outdated(run("a"), installed)
    assert said.startswith(
        "Engagement was read by classifier@1-aaaa; the installed judge is classifier@2-eeee."
    )
    assert "nothing is asked again" in said
    assert outdated(run("a", judges={"engagement": "classifier@2-eeee/fold4"}), installed) == []
    assert outdated(run("a", judges={"engagement": "llm:qwen@1-aaaa"}), installed) == []
    assert outdated(run("a", judges={}), installed) == []
