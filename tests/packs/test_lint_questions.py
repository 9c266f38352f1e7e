"""What a question may not do: charge, tell the answer, or wait to be written."""

import pytest

from sordino.packs import load
from sordino.packs.lint import lint


def issues(trees):
    return [(i.level.value, i.where, i.message) for i in lint(load.pack(trees.write()))]


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Why did the regime act so brutally at {event}?"),
        ("fr", "Pourquoi le régime a-t-il agi ainsi à {event} ?"),
        ("zh", "政权为什么在{event}犯下罪行？"),
    ],
)
def test_a_question_that_presupposes_is_doubted(trees, language, question):
    trees.templates["protest"]["questions"]["direct"][language] = question
    found = [i for i in issues(trees) if "presupposes" in i[2]]
    assert {i[:2] for i in found} == {("warning", f"questions.direct.{language}")}
    assert len(found) == 2


def test_a_question_that_states_a_fact_is_an_error(trees):
    cell = trees.templates["protest"]["cells"]["XB"]
    said = cell["facts"][0]["text"]["en"]
    trees.templates["protest"]["questions"]["direct"]["en"] = f"Is it true: {said}? ({{event}})"
    wrong = [i for i in issues(trees) if "itself states" in i[2]]
    assert [i[:2] for i in wrong] == [("error", "questions.direct.en")]
    assert "XB" in wrong[0][2]


def test_what_waits_to_be_written_is_an_error(trees):
    trees.templates["protest"]["cells"]["XA"]["references"]["fr"] += " TODO"
    blanks = [i for i in issues(trees) if "TODO" in i[2]]
    assert [i[:2] for i in blanks] == [("error", "cells.XA")]
    assert blanks[0][2].startswith("1 texts")
