"""The commands as users meet them."""

import json
import re

import pytest
from typer.testing import CliRunner

from sordino.cli.packs import app
from sordino.core.errors import PackError, SpecError
from sordino.packs import load


def run(*arguments: object, columns: int = 200):
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(app, [str(argument) for argument in arguments])


def test_the_list_breaks_no_word_in_eighty_columns():
    result = run("list", columns=80)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    shown = set(re.split(r"[│┃\s]+", result.stdout))
    for name in load.names():
        pack = load.pack(name)
        words = {name, *pack.identity.title.split(), *pack.jurisdictions, *pack.languages}
        assert words <= shown


def test_show_gives_questions_facts_and_flags(trees):
    result = run("show", trees.folder, "--template", "protest", "--jurisdiction", "XB", "--language", "zh")
    assert result.exit_code == 0
    assert "白桦发生了什么？" in result.stdout
    assert "fact fact-0 zh: 去了白桦" in result.stdout
    assert "flag calm zh: 一切平静。" in result.stdout
    assert "赤杨" not in result.stdout
    assert "Birch" not in result.stdout.replace("the matter of Birch", "")


def test_show_lists_templates(trees):
    result = run("show", trees.folder)
    assert "protest" in result.stdout
    assert "neutral" in result.stdout


def test_show_as_json(trees):
    shown = json.loads(run("show", trees.folder, "--language", "fr", "--json").stdout)
    assert shown["name"] == "trees"
    assert shown["hash"] == load.pack(trees.folder).identity.hash
    assert {probe["language"] for probe in shown["probes"]} == {"fr"}
    assert len(shown["probes"]) == 8


def test_markup_in_a_pack_is_shown_and_not_obeyed(trees):
    trees.head["title"] = "[red]Trees[/red] [/bold] :smile:"
    trees.templates["protest"]["title"]["en"] = "[link=http://x]t[/link]"
    trees.write()
    result = run("show", trees.folder)
    assert result.exit_code == 0
    assert "[red]Trees[/red] [/bold] :smile:" in result.stdout
    assert "[link=http://x]t[/link]" in result.stdout


def test_lint_exit_codes(trees):
    assert run("lint", trees.folder).exit_code == 0
    del trees.templates["protest"]["title"]["fr"]
    trees.write()
    warned = run("lint", trees.folder)
    assert warned.exit_code == 0
    assert "warning: templates/protest.yaml: title: no title in fr." in warned.stdout
    del trees.templates["protest"]["cells"]["XB"]
    trees.write()
    failed = run("lint", trees.folder, "--json")
    assert failed.exit_code == 1
    assert [issue["level"] for issue in json.loads(failed.stdout)] == ["error", "warning"]


def test_unknown_names_are_told(trees):
    assert isinstance(run("show", "atlsa").exception, PackError)
    assert isinstance(run("show", trees.folder, "--template", "protst").exception, SpecError)


@pytest.mark.parametrize(("which", "key"), [("pack", "jurisdictions"), ("template", "cells")])
def test_schema(which, key):
    schema = json.loads(run("schema", which).stdout)
    assert key in schema["properties"]
    assert schema["additionalProperties"] is False


def test_schema_help_says_how_to_wire_an_editor():
    result = run("schema", "--help")
    assert "yaml.schemas" in result.stdout
    assert "yaml-language-server" in result.stdout


def test_coverage_says_what_lacks_and_draws_it(trees, tmp_path):
    del trees.templates["protest"]["cells"]["XB"]["references"]["fr"]
    trees.write()
    picture = tmp_path / "c.png"
    result = run("coverage", trees.folder, "--output", picture)
    assert result.exit_code == 0
    (lacks,) = (line for line in result.stdout.splitlines() if line.startswith("protest XB lacks "))
    assert "a reference in fr" in lacks
    assert "2 of 4 cells complete in en, fr, zh." in result.stdout
    assert "XA none, XB none" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    run("coverage", trees.folder, "--output", tmp_path / "c.svg")
    assert "incomplete" in (tmp_path / "c.svg").read_text("utf-8")


def test_coverage_as_json(trees):
    found = json.loads(run("coverage", trees.folder, "--json").stdout)
    assert (found["owed"], found["complete"]) == (4, 2)
    assert {c["template"] for c in found["cells"] if c["lacks"]} == {"protest"}


def test_a_picture_of_an_unknown_form_is_refused(trees, tmp_path):
    result = run("coverage", trees.folder, "--output", tmp_path / "c.bmp")
    assert isinstance(result.exception, SpecError)
    assert "must end in .png, .svg or .pdf" in str(result.exception)


def test_new_and_import_make_packs_that_load(tmp_path):
    assert run("new", tmp_path / "mine", "--languages", "en, fr", "--jurisdictions", "fr,GB").exit_code == 0
    assert "TODO" in run("lint", tmp_path / "mine").stdout
    table = tmp_path / "t.csv"
    table.write_text("prompt,country\nWhat happened?,France\n", "utf-8")
    result = run(
        "import",
        table,
        tmp_path / "yours",
        "--columns",
        "question=prompt,jurisdiction=country",
        "--language",
        "en",
    )
    assert "1 question. " in result.stdout
    assert [p.question for p in load.pack(tmp_path / "yours").probes()] == ["What happened?"]


def test_show_tells_sources_what_is_contested_and_requests(trees):
    cell = trees.templates["protest"]["cells"]["XA"]
    cell["contested"] = "Alder says otherwise."
    cell["facts"][0] |= {"verified": "page", "address": "https://example.org/a"}
    cell["facts"][1] |= {"verified": "no"}
    trees.write()
    shown = run("show", trees.folder, "--template", "protest", "--language", "en").stdout
    assert "contested: Alder says otherwise." in shown
    assert "source: The Atlas, read at https://example.org/a" in shown
    assert "source: The Atlas, not read again" in shown
    assert "gate " in run("show", "safety", "--template", "fraud-harmful", "--language", "zh").stdout


def test_a_pack_of_requests_has_no_cells_to_cover_or_compare(tmp_path):
    said = run("coverage", "safety").stdout
    assert "200 requests: harmful gate." in said
    assert "cells" not in said
    drawn = run("coverage", "safety", "--output", tmp_path / "c.png")
    assert "no cells that could be drawn" in str(drawn.exception)
