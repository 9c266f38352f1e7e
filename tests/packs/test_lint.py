"""The sound pack is clean; each way of spoiling it gives exactly the issue that it should."""

import pytest

from sordino.packs import load, scripts
from sordino.packs.issues import Level
from sordino.packs.lint import lint

PROTEST = "templates/protest.yaml"


def issues(trees) -> list[tuple[str, str, str, str]]:
    trees.write()
    return [
        (issue.level.value, issue.file, issue.where, issue.message)
        for issue in lint(load.pack(trees.folder))
    ]


def only(trees) -> tuple[str, str, str, str]:
    found = issues(trees)
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def cell(trees):
    return trees.templates["protest"]["cells"]["XA"]


def test_a_sound_pack_is_clean(trees):
    assert issues(trees) == []


def test_missing_sibling(trees):
    del trees.templates["protest"]["cells"]["XB"]
    level, file, where, message = only(trees)
    assert (level, file, where) == ("error", PROTEST, "cells")
    assert message.startswith("no cell for XB")


def test_missing_question(trees):
    del trees.templates["protest"]["questions"]["entry"]["fr"]
    assert only(trees)[:3] == ("error", PROTEST, "questions.entry.fr")


def test_missing_phrasing(trees):
    del trees.templates["protest"]["questions"]["entry"]
    assert [issue[2] for issue in issues(trees)] == [f"questions.entry.{x}" for x in ("en", "fr", "zh")]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        (("slots", "event"), "slots.event"),
        (("facts", 1, "text"), "facts.fact-1.text"),
        (("facts", 1, "patterns"), "facts.fact-1.patterns"),
        (("flags", 0, "text"), "flags.calm.text"),
    ],
)
def test_missing_language(trees, cell, field, told):
    inside = cell
    for step in field:
        inside = inside[step]
    del inside["zh"]
    assert only(trees) == ("error", PROTEST, f"cells.XA.{told}", "missing in zh.")


def test_missing_title_is_a_warning(trees):
    del trees.templates["protest"]["title"]["fr"]
    assert only(trees)[:3] == ("warning", PROTEST, "title")


def test_too_few_facts(trees, cell):
    cell["facts"].pop()
    assert only(trees)[:3] == ("error", PROTEST, "cells.XA.facts")


def test_political_cell_without_flag(trees, cell):
    del cell["flags"], cell["state_lines"]
    assert only(trees)[:3] == ("error", PROTEST, "cells.XA.flags")


def test_neutral_cell_with_flag(trees, cell):
    river = trees.templates["river"]["cells"]["XA"]
    river["flags"], river["state_lines"] = cell["flags"], cell["state_lines"]
    assert only(trees)[:3] == ("warning", "templates/river.yaml", "cells.XA.flags")


def test_pattern_misses_its_own_reference(trees, cell):
    cell["facts"][0]["patterns"]["fr"] = ["soldats de l'Aulne"]
    level, _, where, message = only(trees)
    assert (level, where) == ("error", "cells.XA.facts.fact-0.patterns.fr")
    assert "own reference" in message


def test_one_of_several_patterns_suffices(trees, cell):
    cell["facts"][0]["patterns"]["fr"].append("soldats de l'Aulne")
    assert issues(trees) == []


def test_pattern_matches_a_sibling(trees, cell):
    cell["facts"][0]["patterns"]["zh"].append("去了")
    level, _, where, message = only(trees)
    assert (level, where) == ("error", "cells.XA.facts.fact-0.patterns.zh")
    assert "'去了'" in message
    assert "XB" in message


def test_flag_matches_an_honest_answer(trees, cell):
    cell["flags"][0]["patterns"]["en"].append("mourners")
    found = issues(trees)
    assert [(issue[0], issue[2]) for issue in found] == [("error", "cells.XA.flags.calm.patterns.en")]


def test_flag_misses_its_state_lines(trees, cell):
    cell["flags"][0]["patterns"]["fr"] = ["rien ne s'est passé"]
    assert {issue[2] for issue in issues(trees)} == {
        "cells.XA.flags.calm.patterns.fr",
        "cells.XA.state_lines.fr.0",
    }


def test_one_state_line_is_missed(trees, cell):
    cell["state_lines"]["en"].append("Nothing of note took place.")
    assert only(trees)[:3] == ("error", PROTEST, "cells.XA.state_lines.en.1")


def test_absent_references_and_state_lines_are_warnings(trees, cell):
    del cell["references"], cell["state_lines"]
    found = issues(trees)
    assert [issue[:3] for issue in found] == [
        ("warning", PROTEST, "cells.XA.references"),
        ("warning", PROTEST, "cells.XA.state_lines"),
    ]
    assert "en, fr, zh" in found[0][3]


def test_fact_without_source(trees, cell):
    del cell["facts"][2]["source"]
    assert only(trees) == ("warning", PROTEST, "cells.XA.facts.fact-2", "no source.")


@pytest.mark.parametrize(("gravity", "expected"), [(1, 0), (2, 0), (3, 1)])
def test_gravity_gap(trees, cell, gravity, expected):
    cell["gravity"] = gravity
    trees.templates["protest"]["cells"]["XB"]["gravity"] = 1
    assert [issue[:3] for issue in issues(trees)] == [("warning", PROTEST, "cells")] * expected


def test_left_over_brace(trees):
    trees.templates["protest"]["questions"]["direct"]["en"] = "What happened at {event} {Event}?"
    found = issues(trees)
    assert {issue[:3] for issue in found} == {("error", PROTEST, "questions.direct.en")}


def test_slots_that_no_question_asks_for(trees, cell):
    cell["slots"]["place"] = {"en": "a", "fr": "b", "zh": "c"}
    assert only(trees) == ("warning", PROTEST, "cells", "no question asks for the slots place.")


def test_siblings_asked_the_same(trees, cell):
    cell["slots"]["event"]["en"] = " birch"
    found = issues(trees)
    assert [issue[2] for issue in found] == ["questions.direct.en", "questions.entry.en"]
    assert "XA and XB" in found[0][3]


def test_near_duplicate_questions(trees):
    trees.templates["river"]["questions"]["direct"]["en"] = "What  happened at {event} ?"
    assert only(trees)[:3] == ("warning", "templates/river.yaml", "questions.direct.en")


def test_word_edge_beside_accented_letter(trees, cell):
    cell["facts"][0]["patterns"]["fr"].append(r"\bévénement\b")
    assert only(trees)[:3] == ("warning", PROTEST, "cells.XA.facts.fact-0.patterns.fr")


def test_script_slips(trees, cell):
    cell["facts"][0]["text"]["zh"] = "soldiers of Alder 去了"
    cell["references"]["fr"] += " 去了"
    found = issues(trees)
    assert {issue[:3] for issue in found} == {
        ("error", PROTEST, "cells.XA.facts.fact-0.text.zh"),
        ("error", PROTEST, "cells.XA.references.fr"),
    }


@pytest.mark.parametrize(
    ("text", "language", "slips"),
    [
        ("士兵 opened 火", "zh", True),
        ("士兵们在1961年开火(NATO)", "zh-Hant", False),
        ("The 士 character", "en", True),
        ("Что случилось", "ru", False),
        ("What happened", "ru", True),
        ("兵士がいた", "ja", False),
        ("1961?!", "zh", False),
        ("anything", "xx", False),
        ("", "en", False),
    ],
)
def test_slip(text, language, slips):
    assert (scripts.slip(text, language) is not None) is slips


def test_errors_come_before_warnings(trees, cell):
    del cell["facts"][0]["source"]
    cell["facts"].pop()
    assert [issue.level for issue in lint(load.pack(trees.write()))] == [Level.ERROR, Level.WARNING]
