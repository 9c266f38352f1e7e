"""Invented matters: asked alike about all, in words of no pack."""

import re

import pytest

from sordino.packs import load
from sordino.remedy.invented import EVERYDAY, POLITICS, questions

LANGUAGES = ("en", "fr", "zh")


@pytest.mark.parametrize("name", ["atlas", "civic"])
@pytest.mark.parametrize("kind", [EVERYDAY, POLITICS])
def test_every_jurisdiction_is_asked_the_same(kind, name):
    """Each question has its sibling about every other jurisdiction, and none is left a placeholder."""
    codes = list(load.pack(name).jurisdictions)
    asked = list(questions(kind, codes, LANGUAGES))
    assert not [item for item in asked if re.search(r"[{}]", item.question)]
    assert len({item.question for item in asked}) == len(asked)
    matters = {code: [] for code in codes}
    for item in asked:
        assert item.template == kind
        _, matter, code, language = item.id.split("/")
        assert language == item.language
        matters[code].append((language, matter))
    assert all(sorted(some) == sorted(matters[codes[0]]) for some in matters.values())
    assert {language for language, _ in matters[codes[0]]} == set(LANGUAGES)


def test_no_name_is_in_a_pack_of_this_repository():
    asked = {
        text
        for name in ("atlas", "atlas-wordings", "civic")
        for text in (probe.question.casefold() for probe in load.pack(name).probes())
    }
    made_up = ("Grimshaw", "Farrowmere", "Osgodly", "Penwith", "Addle", "Jessop", "Wyndle", "Cathcote")
    assert not [word for word in made_up if any(word.casefold() in text for text in asked)]


def test_a_place_that_is_not_known_is_not_asked():
    assert list(questions(POLITICS, ["QQ"], LANGUAGES)) == []
    some = list(questions(POLITICS, ["QQ", "XB"], ["en", "xx"]))
    assert some
    assert {item.id.split("/")[2] for item in some} == {"XB"}
    assert {item.language for item in some} == {"en"}
