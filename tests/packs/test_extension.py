"""A pack that takes the matters of another and asks them in other wordings."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from sordino.cli.packs import app
from sordino.core.errors import PackError
from sordino.packs import load
from sordino.packs.coverage import coverage
from sordino.packs.lint import lint

PROTEST = "templates/protest.yaml"
HEAD = {
    "pack": "leaves",
    "version": "0.1.0",
    "title": "Leaves",
    "licence": "LicenseRef-private",
    "canary": "canary-leaves",
    "extends": "trees",
    "keeps": ["direct"],
    "phrasings": {"position": "what the state says"},
    "slots": {"state": {code: {"en": f"State {code}", "fr": code, "zh": code} for code in ("XA", "XB")}},
}
ADDED = {
    "template": "protest",
    "questions": {
        "position": {
            "en": "What does {state} say about {event}?",
            "fr": "Que dit {state} au sujet de {event} ?",
            "zh": "关于{event}的说法，{state}的官方立场是怎样的？",
        }
    },
    "paraphrases": {"direct": {"en": ["Tell me of {event}.", "What was it that took place at {event}?"]}},
}


def write(folder: Path, head: dict, *templates: dict) -> Path:
    (folder / "templates").mkdir(parents=True, exist_ok=True)
    (folder / "pack.yaml").write_text(yaml.safe_dump(head, allow_unicode=True, sort_keys=False))
    for template in templates:
        content = yaml.safe_dump(template, allow_unicode=True, sort_keys=False)
        (folder / "templates" / f"{template['template']}.yaml").write_text(content)
    return folder


@pytest.fixture
def leaves(trees):
    return write(trees.folder.with_name("leaves"), HEAD, ADDED)


def asked(pack, **selection):
    chosen = {"languages": ["en"], "jurisdictions": ["XB"], "templates": ["protest"]} | selection
    return {probe.phrasing: probe.question for probe in pack.probes(**chosen)}


def test_it_asks_what_it_keeps_and_what_it_adds(leaves, trees):
    pack, base = load.pack(leaves), load.pack(trees.folder)
    assert asked(pack) == {
        "direct": "What happened at Birch?",
        "direct~1": "Tell me of Birch.",
        "direct~2": "What was it that took place at Birch?",
        "position": "What does State XB say about Birch?",
    }
    assert asked(pack, templates=["river"]) == {"direct": "Where does Birch flow?"}
    assert (pack.languages, pack.jurisdictions) == (base.languages, base.jurisdictions)
    assert pack.template("protest").entries["XA"].cell == base.template("protest").entries["XA"].cell
    assert list(pack.phrasings) == ["direct", "position"]
    assert {probe.pack for probe in pack.probes()} == {"leaves"}


def test_what_is_not_kept_is_not_asked_and_what_asks_nothing_is_left_out(leaves):
    bare = {key: value for key, value in HEAD.items() if key != "keeps"}
    pack = load.pack(write(leaves, bare, {key: ADDED[key] for key in ("template", "questions")}))
    assert asked(pack) == {"position": "What does State XB say about Birch?"}
    assert [template.id for template in pack.templates] == ["protest"]


def test_paraphrases_are_counted_on_from_those_of_the_base(leaves, trees):
    trees.templates["protest"]["paraphrases"] = {"direct": {"fr": ["Parlez de {event}."]}}
    trees.write()
    pack = load.pack(leaves)
    assert asked(pack, languages=["fr"])["direct~1"] == "Parlez de Bouleau."
    assert list(asked(pack)) == ["direct", "direct~2", "direct~3", "position"]


def test_its_identity_is_its_own_and_covers_both(leaves, trees):
    first = load.pack(leaves).identity
    assert (first.name, first.canary, first.invented) == ("leaves", "canary-leaves", True)
    (leaves / PROTEST).write_text((leaves / PROTEST).read_text().replace("Tell me", "Speak"))
    second = load.pack(leaves).identity.hash
    trees.replace("templates/river.yaml", "Where does", "Where may")
    third = load.pack(leaves).identity.hash
    assert len({first.hash, second, third}) == 3


def test_it_is_linted_and_counted_like_any_pack(leaves):
    """Slots that only the base's questions ask for are nobody's fault here."""
    pack = load.pack(write(leaves, HEAD | {"keeps": []}, ADDED | {"paraphrases": {}}))
    assert lint(pack) == []
    assert coverage(pack).owed == 2
    assert not any("question" in lack for cell in coverage(pack).cells for lack in cell.lacks)
    loaded = ADDED | {"questions": {"position": {"en": "What does the regime of {state} say?"}}}
    found = {(issue.where, issue.message) for issue in lint(load.pack(write(leaves, HEAD, loaded)))}
    assert ("questions.position.en", "the question to XA presupposes: 'regime'.") in found
    assert ("questions.position.fr", "the question is missing.") in found


def test_an_extension_can_be_extended(leaves):
    private = HEAD | {"pack": "private", "extends": "leaves", "keeps": ["position"], "phrasings": {}}
    other = {"template": "protest", "paraphrases": {"position": {"en": ["Whose word is {state}'s?"]}}}
    folder = write(leaves.with_name("private"), {**private, "slots": {}}, other)
    pack = load.pack(folder)
    assert asked(pack)["position~1"] == "Whose word is State XB's?"
    assert pack.extends == load.pack(leaves).identity


def test_it_may_extend_a_shipped_pack(tmp_path):
    head = {key: value for key, value in HEAD.items() if key not in ("phrasings", "slots")}
    mine = {"template": "culture", "paraphrases": {"direct": {"en": ["Say more of {matter}."]}}}
    pack = load.pack(write(tmp_path / "mine", head | {"extends": "civic"}, mine))
    assert "direct~1" in asked(pack, jurisdictions=["IN"], templates=["culture"])


def test_requests_are_kept_by_their_part_and_not_added_to(leaves, trees):
    trees.head["phrasings"]["gate"] = "for the gate"
    request = {"id": "a", "part": "gate", "text": {"en": "Knots?", "fr": "Des nœuds ?", "zh": "绳结？"}}
    title = {"en": "t", "fr": "t", "zh": "题"}
    trees.templates["knots"] = {
        "template": "knots",
        "kind": "benign",
        "title": title,
        "requests": [request],
    }
    trees.write()
    assert "knots" not in {template.id for template in load.pack(leaves).templates}
    kept = load.pack(write(leaves, HEAD | {"keeps": ["gate"]}, {**ADDED, "paraphrases": {}}))
    assert [probe.question for probe in kept.probes(languages=["en"], templates=["knots"])] == ["Knots?"]
    added = {"template": "knots", "paraphrases": {"gate": {"en": ["What of knots?"]}}}
    with pytest.raises(PackError, match=r"There is no template in the pack trees: 'knots'"):
        load.pack(write(leaves, HEAD | {"keeps": ["gate"]}, added, {**ADDED, "paraphrases": {}}))


def test_commands(leaves):
    def run(*arguments):
        result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(word) for word in arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "extends trees 1.2.0" in run("show", leaves)
    shown = run("show", leaves, "--template", "protest", "--jurisdiction", "XA", "--language", "en")
    assert "direct~2 en: What was it that took place at Alder?" in shown
    assert json.loads(run("show", leaves, "--json"))["extends"] == "trees"
    listed = {row["name"]: row["extends"] for row in json.loads(run("list", "--json"))}
    assert (listed["atlas"], listed["atlas-wordings"]) == (None, "atlas")
    assert "river XA lacks a question in en" in run("coverage", leaves)
    assert "extends" in json.loads(run("schema", "extension"))["properties"]
    assert set(json.loads(run("schema", "extension-template"))["properties"]) == set(ADDED)


MISTAKES = {
    "unknown base": (
        {"extends": "treees"},
        {},
        r"pack\.yaml:6: extends: There is no pack 'treees'.*beside",
    ),
    "path for a base": ({"extends": "../trees"}, {}, r"pack\.yaml:6: extends: '../trees' is no id"),
    "itself": ({"extends": "leaves"}, {}, r"pack\.yaml:6: extends: 'leaves' in turn extends this pack"),
    "unknown kept": (
        {"keeps": ["direkt"]},
        {},
        r"pack\.yaml:8: keeps\.0: There is no phrasing in the pack trees: 'direkt'. Did you mean 'direct'",
    ),
    "kept twice": (
        {"keeps": ["direct", "direct"]},
        {},
        r"pack\.yaml:9: keeps\.1: 'direct' is listed twice",
    ),
    "declared again": (
        {"phrasings": {"entry": "x"}},
        {},
        r"pack\.yaml:10: phrasings\.entry: trees has a phrasing 'entry'. Keep it",
    ),
    "asks nothing": ({"keeps": [], "phrasings": {}}, {}, r"pack\.yaml:6: extends: .*asks nothing"),
    "own languages": ({"languages": ["en"]}, {}, r"pack\.yaml:\d+: languages: There is no key 'languages'"),
    "slot of the base": (
        {"slots": {"event": {}}},
        {},
        r"pack\.yaml:12: slots\.event: protest of trees fills it already",
    ),
    "slot of nobody": (
        {"slots": {"state": {"ZZ": {"en": "x"}}}},
        {},
        r"pack\.yaml:13: slots\.state\.ZZ: There is no jurisdiction 'ZZ'",
    ),
    "slot in another language": (
        {"slots": {"state": {"XA": {"de": "x"}}}},
        {},
        r"pack\.yaml:14: slots\.state\.XA\.de: There is no language 'de'",
    ),
    "unknown template": (
        {},
        {"template": "protest", "swap": "protst"},
        r"protst\.yaml:1: template: There is no template in the pack trees: 'protst'. Did you mean 'protest'",
    ),
    "adds nothing": (
        {},
        {"questions": {}, "paraphrases": {}},
        r"protest\.yaml:1: template: the file adds nothing. Write `questions:`",
    ),
    "question of a kept phrasing": (
        {},
        {"questions": {"direct": {"en": "x"}}},
        r"protest\.yaml:3: questions\.direct: trees asks it, and it is kept. Write `paraphrases:`",
    ),
    "phrasing that is not kept": (
        {},
        {"paraphrases": {"entry": {"en": ["x"]}}},
        r"protest\.yaml:\d+: paraphrases\.entry: There is no phrasing 'entry'.*`keeps`",
    ),
    "language that the base lacks": (
        {},
        {"paraphrases": {"direct": {"de": ["x"]}}},
        r"protest\.yaml:\d+: paraphrases\.direct\.de: There is no language 'de'.*Those of trees are all",
    ),
    "slot that nobody fills": (
        {},
        {"paraphrases": {"direct": {"en": ["What of {stat}?"]}}},
        r"protest\.yaml:\d+: paraphrases\.direct\.en: There is no slot of XA: 'stat'. Did you mean 'state'",
    ),
    "cells": ({}, {"cells": {}}, r"protest\.yaml:\d+: cells: There is no key 'cells'"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(trees, name):
    """A case: what pack.yaml and the template's file say otherwise, and the message."""
    head, added, message = MISTAKES[name]
    template = ADDED | added
    template["template"] = template.pop("swap", template["template"])
    folder = write(trees.folder.with_name("leaves"), HEAD | head, template)
    with pytest.raises(PackError, match=message) as caught:
        load.pack(folder)
    assert str(caught.value).startswith(f"{folder}/")


def test_two_packs_that_extend_each_other(leaves):
    write(leaves.with_name("roots"), HEAD | {"pack": "roots", "extends": "leaves"}, ADDED)
    write(leaves, HEAD | {"extends": "roots"}, ADDED)
    with pytest.raises(PackError, match=r"roots/pack\.yaml:6: extends: 'leaves' in turn extends this pack"):
        load.pack(leaves)


def test_a_mistake_in_the_base_names_the_base(leaves, trees):
    line = trees.replace("pack.yaml", "version: 1.2.0", "version: x")
    with pytest.raises(PackError, match=rf"leaves/\.\./trees/pack\.yaml:{line}: version: "):
        load.pack(leaves)


def places(value, path=()):
    inside = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(place for key, child in inside for place in places(child, (*path, key)))]


def outcome(folder):
    """Whether it is a pack that lint can read, or a mistake told of one of its files."""
    try:
        return lint(load.pack(folder)) is not None
    except PackError as error:
        return str(error).startswith(f"{folder}/")


@pytest.mark.parametrize("file", ["pack.yaml", PROTEST])
def test_whatever_a_value_is_there_is_a_pack_or_a_told_mistake(leaves, file):
    sound = HEAD if file == "pack.yaml" else ADDED
    for path in places(sound)[1:]:
        for odd in (None, 3, True, "x", "{event} {", [], ["x"], {}, {"x": "y"}, {"en": None}):
            spoiled = copy.deepcopy(sound)
            inside = spoiled
            for step in path[:-1]:
                inside = inside[step]
            inside[path[-1]] = odd
            (leaves / file).write_text(yaml.safe_dump(spoiled, allow_unicode=True, sort_keys=False))
            assert outcome(leaves), (path, odd)


# -- matters of its own ------------------------------------------------------------------------------------


def own_of(trees, **changed):
    """A whole template as the base has one, under another name."""
    whole = yaml.safe_load((trees.folder / PROTEST).read_text())
    return {**whole, "template": "strike", **changed}


def test_a_template_of_its_own_is_asked_beside_those_of_the_base(trees):
    head = {**HEAD, "keeps": ["direct", "entry"]}
    pack = load.pack(str(write(trees.folder.with_name("leaves"), head, ADDED, own_of(trees))))
    base = load.pack(str(trees.folder))
    assert [t.id for t in pack.templates] == [*(t.id for t in base.templates), "strike"]
    own, like = asked(pack, templates=["strike"]), asked(base)
    assert own == like
    (strike,) = [t for t in pack.templates if t.id == "strike"]
    assert {cell.cell.template for cell in strike.entries.values()} == {"strike"}


def test_one_that_the_base_has_is_refused(trees):
    head = {**HEAD, "keeps": ["direct", "entry"]}
    folder = write(trees.folder.with_name("leaves"), head, own_of(trees, template="protest"))
    with pytest.raises(
        PackError, match=r"protest.yaml.*trees has a template 'protest'.*Name yours otherwise"
    ):
        load.pack(str(folder))


def test_it_may_ask_only_what_the_pack_has(trees):
    folder = write(trees.folder.with_name("leaves"), HEAD, own_of(trees))
    with pytest.raises(PackError, match=r"strike.yaml.*'entry'"):
        load.pack(str(folder))
