from pathlib import Path

import pytest

from sordino.core.errors import PackError, SpecError
from sordino.core.records import Kind
from sordino.packs import load


def test_probes_are_the_packs_questions_in_its_order(trees):
    pack = load.pack(trees.folder)
    probes = pack.probes()
    assert len(probes) == 2 * 2 * 3 * 2
    assert [p.id for p in probes[:3]] == [
        "trees/protest/XA/en/direct",
        "trees/protest/XA/en/entry",
        "trees/protest/XA/fr/direct",
    ]
    assert len({p.id for p in probes}) == len(probes)
    first = probes[2]
    assert first.question == "Que s'est-il passé à Aulne ?"
    assert (first.pack, first.language, first.phrasing) == ("trees", "fr", "direct")
    assert (first.cell.template, first.cell.jurisdiction, first.cell.kind) == (
        "protest",
        "XA",
        Kind.POLITICAL,
    )
    assert first.cell.facts[0].patterns["zh"] == ("去了赤杨",)
    assert first.cell.flags[0].patterns["en"] == ("all was calm",)
    assert {p.cell.kind for p in probes if p.template == "river"} == {Kind.NEUTRAL}


def test_identity_and_entries(trees):
    pack = load.pack(str(trees.folder))
    assert (pack.identity.name, pack.identity.version, pack.identity.canary) == (
        "trees",
        "1.2.0",
        "canary-trees",
    )
    assert pack.identity.invented
    assert pack.jurisdictions["XB"]["zh"] == "白桦"
    entry = pack.template("protest").entries["XB"]
    assert entry.year == 1961
    assert entry.references["en"].startswith("soldiers of Birch. ")
    assert entry.state_lines["zh"] == ("事实上一切平静。",)


def test_selection(trees):
    pack = load.pack(trees.folder)
    chosen = pack.probes(languages=["zh"], templates=["river"], jurisdictions=["XB"], phrasings=["entry"])
    assert [p.id for p in chosen] == ["trees/river/XB/zh/entry"]
    assert pack.probes(languages=[]) == []


@pytest.mark.parametrize(
    ("selection", "nearest"),
    [
        ({"languages": ["fre"]}, "'fr'"),
        ({"templates": ["rivers"]}, "'river'"),
        ({"jurisdictions": ["XBB"]}, "'XB'"),
        ({"phrasings": ["dirct"]}, "'direct'"),
    ],
)
def test_selecting_what_is_not_there_names_the_nearest(trees, selection, nearest):
    with pytest.raises(SpecError, match=f"Did you mean {nearest}") as caught:
        load.pack(trees.folder).probes(**selection)
    assert "trees" in str(caught.value)


def test_hash_follows_content_and_nothing_else(trees, tmp_path):
    first = load.pack(trees.folder).identity.hash
    moved = trees.folder.rename(tmp_path / "elsewhere")
    assert load.pack(moved).identity.hash == first
    (moved / "README.md").write_text("notes")
    file = moved / "templates" / "river.yaml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert load.pack(moved).identity.hash == first
    file.write_text(file.read_text(encoding="utf-8").replace("Where does", "Where may"), encoding="utf-8")
    assert load.pack(moved).identity.hash != first


def test_slots_are_filled_once_and_are_no_format(trees):
    slots = trees.templates["protest"]["cells"]["XA"]["slots"]
    slots["event"] = {"en": "{event} {0.__class__} %s \\1 [red]", "fr": "b", "zh": "c"}
    trees.write()
    probe = load.pack(trees.folder).probes(languages=["en"], templates=["protest"], jurisdictions=["XA"])[0]
    assert probe.question == "What happened at {event} {0.__class__} %s \\1 [red]?"


def test_a_question_without_its_language_is_no_probe(trees):
    del trees.templates["protest"]["cells"]["XA"]["slots"]["event"]["zh"]
    del trees.templates["river"]["questions"]["entry"]["fr"]
    trees.write()
    ids = {p.id for p in load.pack(trees.folder).probes()}
    assert len(ids) == 24 - 2 - 2
    assert "trees/protest/XA/zh/direct" not in ids
    assert "trees/river/XB/fr/entry" not in ids


def test_yaml_says_what_is_written(trees):
    """Of YAML 1.1's guesses none: `no` is Norwegian, a date and a time are text."""
    trees.head["languages"].append("no")
    trees.write()
    trees.replace("pack.yaml", "title: Trees", "title: 1961-04-12\ndescription: 12:30")
    trees.replace("templates/river.yaml", "  en: river", "  no: elv\n  en: on")
    pack = load.pack(trees.folder)
    assert (pack.identity.title, pack.description) == ("1961-04-12", "12:30")
    assert pack.template("river").title["no"] == "elv"
    assert pack.template("river").title["en"] == "on"


def test_a_byte_order_mark_makes_no_difference(trees):
    file = trees.folder / "pack.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert load.pack(trees.folder).identity.name == "trees"


@pytest.mark.parametrize("name", ["atlsa", "", "\x00", "no/such/folder", "x" * 5000])
def test_unknown_pack_says_what_exists(name):
    with pytest.raises(PackError, match=r"There is no pack .* There are: .*atlas"):
        load.pack(name)


def test_a_folder_that_is_no_pack(tmp_path: Path):
    with pytest.raises(PackError, match=r"holds no pack\.yaml"):
        load.pack(tmp_path)
