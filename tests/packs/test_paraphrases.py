"""Other wordings of a question, kept in a private variant of a pack."""

import pytest

from sordino.core.errors import PackError
from sordino.packs import load
from sordino.packs.lint import lint


@pytest.fixture
def private(trees):
    trees.templates["protest"]["paraphrases"] = {
        "direct": {
            "en": ["Say what went on at {event}.", "{event}: what took place?"],
            "zh": ["说说{event}。"],
        }
    }
    return trees


def test_each_paraphrase_is_asked_beside_its_phrasing(private):
    pack = load.pack(private.write())
    asked = {
        p.phrasing: p.question
        for p in pack.probes(
            languages=["en"], jurisdictions=["XB"], templates=["protest"], phrasings=["direct"]
        )
    }
    assert asked == {
        "direct": "What happened at Birch?",
        "direct~1": "Say what went on at Birch.",
        "direct~2": "Birch: what took place?",
    }
    ids = [p.id for p in pack.probes()]
    assert len(ids) == len(set(ids))
    assert "trees/protest/XA/zh/direct~1" in ids
    assert "trees/protest/XA/fr/direct~1" not in ids


def test_a_paraphrase_is_linted_like_a_question(private):
    assert lint(load.pack(private.write())) == []
    private.templates["protest"]["paraphrases"]["direct"]["en"][1] = "What did the regime do at {event}?"
    assert {i.where for i in lint(load.pack(private.write()))} == {"questions.direct~2.en"}


def test_a_slot_that_no_cell_fills_is_named(private):
    private.templates["protest"]["paraphrases"]["direct"]["zh"] = ["{place}怎么了？"]
    with pytest.raises(PackError, match=r"direct.zh \(a paraphrase\).*'place'"):
        load.pack(private.write())
