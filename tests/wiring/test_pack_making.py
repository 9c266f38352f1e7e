"""Packs that are begun by a command: from nothing, or from a table of questions."""

import json
from pathlib import Path

import pytest

from sordino.core.errors import PackError, SordinoError, SpecError
from sordino.packs.lint import lint
from sordino.wiring.pack_making import Draft, from_table, skeleton

ROWS = [
    {"question": "What happened at {A}?", "country": "France", "topic": "A strike", "language": "English"},
    {"question": "What happened at B?", "country": "GB", "topic": "A strike", "language": "en"},
    {"question": "«¿Qué?»: a second & other", "country": "GB", "topic": "Satire", "language": "es"},
]
COLUMNS = {"jurisdiction": "country", "template": "topic"}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    return file


def test_a_new_pack_lacks_nothing_but_its_texts(tmp_path):
    pack = skeleton("topic", ["en", "fr"], ["FR", "GB"]).write(tmp_path / "topic")
    assert pack.jurisdictions["GB"] == {"en": "United Kingdom", "fr": "Royaume-Uni"}
    assert {issue.message.split(" ", 1)[1] for issue in lint(pack)} == {"texts still say TODO. Write them."}


def test_two_new_packs_have_different_canaries(tmp_path):
    one, two = (skeleton("topic", ["en"], ["FR", "GB"]).write(tmp_path / name) for name in ("a", "b"))
    assert one.identity.canary != two.identity.canary


def test_rows_become_probes_as_they_were_asked(table, tmp_path):
    pack = from_table("mine", [table], COLUMNS).write(tmp_path / "mine")
    asked = {(p.template, p.jurisdiction, p.language): p.question for p in pack.probes()}
    assert asked == {
        ("a-strike", "FR", "en"): ROWS[0]["question"],
        ("a-strike", "GB", "en"): ROWS[1]["question"],
        ("satire", "GB", "es"): ROWS[2]["question"],
    }


def test_rows_without_a_template_are_no_siblings(table, tmp_path):
    pack = from_table("mine", [table], {"jurisdiction": "country"}).write(tmp_path / "mine")
    assert [template.id for template in pack.templates] == ["item-0001", "item-0002", "item-0003"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"question": " "}, "line 4: there is no question"),
        ({"country": None}, "line 4: there is no jurisdiction. Fill it in, give --jurisdiction"),
        ({"topic": "A strike", "country": "FR"}, "asks about FR in en twice"),
        ({"kind": "polite"}, "no kind 'polite'"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(table, tmp_path, row, told):
    with table.open("a", encoding="utf-8") as file:
        file.write(json.dumps(ROWS[1] | {"topic": "Other"} | row) + "\n")
    with pytest.raises(SpecError) as wrong:
        from_table("mine", [table], COLUMNS).write(tmp_path / "mine")
    assert told in str(wrong.value)
    assert not (tmp_path / "mine").exists()


def test_a_column_that_is_no_field_is_named(table):
    with pytest.raises(SpecError, match="no field 'prompt'"):
        from_table("mine", [table], {"prompt": "question"})


def test_nothing_is_left_of_a_pack_that_does_not_load(tmp_path):
    draft = skeleton("Not_an_id", ["en"], ["FR", "GB"])
    with pytest.raises(PackError, match="is no id"):
        draft.write(tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "note.txt").write_text("keep")
    with pytest.raises(SordinoError, match="is there already"):
        Draft({}).write(tmp_path / "mine")
    assert (tmp_path / "mine" / "note.txt").read_text() == "keep"
