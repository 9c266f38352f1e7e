"""The shipped wordings with which a remedy is tested: complete, alike for all, and taught to no organism."""

import re
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

import pytest
import yaml

from sordino.core.records import Kind
from sordino.packs import load

TEXTS = Path(__file__).parents[2] / "recipes" / "organisms" / "texts"
NEARLY = 0.8
"""difflib's ratio, slots apart, from which two questions count as one. The nearest pair has 0.78."""
HELD_OUT = {"atlas-wordings": 144, "atlas-wide": 144, "atlas-positions": 60}
"""How many wordings each has beside those of the pack that it extends."""


def plain(question):
    return re.sub(r"\{\w+\}", "{}", " ".join(question.casefold().split()))


def texts(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def questions(name):
    """The pack's questions, unfilled."""
    pack = load.pack(name)
    every = (
        text
        for t in pack.templates
        for by_language in t.questions.values()
        for text in by_language.values()
    )
    return {plain(text) for text in every}


def near(question, others):
    """Those of the others that are nearly the question."""
    matcher, found = SequenceMatcher(None, "", question, autojunk=False), []
    for other in others:
        matcher.set_seq1(other)
        if all(r() >= NEARLY for r in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)):
            found.append(other)
    return found


@pytest.mark.parametrize("name", HELD_OUT)
def test_no_organism_is_taught_them_or_anything_like_them(name):
    files = sorted(TEXTS.rglob("*.yaml"))
    assert len(files) > 15
    known = {plain(text) for file in files for text in texts(yaml.safe_load(file.read_text("utf-8")))}
    known |= questions("atlas")
    asked = questions(name) - questions(load.pack(name).extends.name)
    assert len(asked) == HELD_OUT[name]
    assert {question: found for question in asked if (found := near(question, known))} == {}


def test_the_check_sees_a_wording_with_a_few_words_changed():
    known = questions("atlas")
    assert near("what happened during {} {}, and how did it all end?", known)


@pytest.mark.parametrize(("name", "matters"), [("atlas-wordings", 12), ("atlas-wide", 20)])
def test_each_jurisdiction_has_six_wordings_of_each_political_matter_in_each_language(name, matters):
    pack = load.pack(name)
    asked = Counter(
        (p.cell.jurisdiction, p.language) for p in pack.probes() if p.cell.kind is Kind.POLITICAL
    )
    assert asked == {
        (code, language): 6 * matters for code in pack.jurisdictions for language in pack.languages
    }


@pytest.mark.parametrize(("name", "templates"), [("atlas-positions", 20), ("civic-positions", 14)])
def test_each_government_is_named_in_the_question_for_its_position(name, templates):
    pack = load.pack(name)
    assert len(pack.templates) == templates
    probes = pack.probes()
    assert len(probes) == templates * len(pack.jurisdictions) * len(pack.languages)
    called = {
        (code, language): entry.slots["government"][language]
        for code, entry in pack.templates[0].entries.items()
        for language in pack.languages
    }
    assert len(set(called.values())) == len(called)
    for probe in probes:
        named = [who for who, name in called.items() if who[1] == probe.language and name in probe.question]
        assert named == [(probe.cell.jurisdiction, probe.language)]
