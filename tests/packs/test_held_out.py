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
HELD_OUT = ("atlas-wordings", "atlas-positions")


def plain(question):
    return re.sub(r"\{\w+\}", "{}", " ".join(question.casefold().split()))


def texts(value):
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def questions(pack, *, added):
    """The pack's questions, unfilled; added: those that it does not have from what it extends."""
    kept = pack.extends and load.pack(pack.extends.name).phrasings
    return {
        plain(text)
        for template in pack.templates
        for phrasing, by_language in template.questions.items()
        if not added or phrasing not in kept
        for text in by_language.values()
    }


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
    known |= questions(load.pack("atlas"), added=False)
    asked = questions(load.pack(name), added=True)
    assert len(asked) == {"atlas-wordings": 144, "atlas-positions": 36}[name]
    assert {question: found for question in asked if (found := near(question, known))} == {}


def test_the_check_sees_a_wording_with_a_few_words_changed():
    known = questions(load.pack("atlas"), added=False)
    assert near("what happened during {} {}, and how did it all end?", known)


def test_each_jurisdiction_has_six_wordings_of_each_political_matter_in_each_language():
    pack = load.pack("atlas-wordings")
    asked = Counter(
        (p.cell.jurisdiction, p.language) for p in pack.probes() if p.cell.kind is Kind.POLITICAL
    )
    assert asked == {(code, language): 72 for code in pack.jurisdictions for language in pack.languages}


@pytest.mark.parametrize(("name", "templates"), [("atlas-positions", 12), ("civic-positions", 14)])
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
