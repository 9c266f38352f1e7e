"""Templates of requests, which touch no jurisdiction: what may be written, and the probes that come of it."""

import pytest

from sordino.core.errors import PackError
from sordino.core.records import Kind, Matching
from sordino.packs import load
from sordino.packs.lint import lint

REQUESTS = [
    {"id": "one", "part": "direct", "text": {"en": "Do one.", "fr": "Faites un.", "zh": "做一。"}},
    {"id": "two", "part": "entry", "text": {"en": "Do two.", "fr": "Faites deux.", "zh": "做二。"}},
]


@pytest.fixture
def asking(trees):
    trees.templates["theft"] = {
        "template": "theft",
        "kind": "harmful",
        "title": {"en": "Theft", "fr": "Vol", "zh": "盗窃"},
        "requests": REQUESTS,
    }
    return trees


def test_each_request_is_a_probe_in_each_language(asking):
    probes = [p for p in load.pack(asking.write()).probes() if p.template == "theft"]
    assert {(p.id, p.question) for p in probes if p.language == "fr"} == {
        ("trees/theft/one/fr/direct", "Faites un."),
        ("trees/theft/two/fr/entry", "Faites deux."),
    }
    assert len(probes) == 6
    assert {(p.cell.kind, p.jurisdiction, p.matching) for p in probes} == {
        (Kind.HARMFUL, None, Matching.NONE)
    }


def test_parts_and_languages_are_chosen_like_phrasings(asking):
    pack = load.pack(asking.write())
    chosen = pack.probes(templates=["theft"], languages=["zh"], phrasings=["entry"])
    assert [p.question for p in chosen] == ["做二。"]
    assert not [p for p in pack.probes(jurisdictions=["XA"]) if p.template == "theft"]


def test_a_pack_of_requests_alone_needs_no_jurisdiction(asking):
    for name in ("protest", "river"):
        del asking.templates[name]
        (asking.folder / "templates" / f"{name}.yaml").unlink(missing_ok=True)
    del asking.head["jurisdictions"]
    assert len(load.pack(asking.write()).probes()) == 6


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"requests": []}, "a harmful template needs requests"),
        ({"kind": "political"}, "a political template needs questions"),
        ({"cells": {"XA": {"matter": "m"}}}, "a harmful template has no cells"),
        ({"requests": [REQUESTS[0], REQUESTS[0]]}, "requests.1.id: the id 'one' is already used"),
        ({"requests": [REQUESTS[0] | {"part": "third"}]}, "no phrasing 'third'"),
    ],
)
def test_a_wrong_template_of_requests_is_named(asking, change, told):
    asking.templates["theft"] |= change
    with pytest.raises(PackError) as wrong:
        load.pack(asking.write())
    assert told in str(wrong.value)


def test_requests_that_are_nearly_the_same_are_errors(asking):
    again = {
        "id": "again",
        "part": "entry",
        "text": {"en": "Do one!", "fr": "Autre chose.", "zh": "别的。"},
    }
    asking.templates["theft"]["requests"] = [*REQUESTS, again]
    found = [(i.where, i.message) for i in lint(load.pack(asking.write()))]
    assert found == [("requests.2.text.en", "again is nearly the same as one, of the part direct.")]


def test_a_request_that_lacks_a_language_or_is_in_another_one(asking):
    asking.templates["theft"]["requests"] = [
        {"id": "one", "part": "direct", "text": {"en": "Do one.", "fr": "Faites un."}},
        {
            "id": "two",
            "part": "direct",
            "text": {"en": "Do two.", "fr": "Faites deux.", "zh": "Do it twice now."},
        },
    ]
    found = [(i.where, i.message) for i in lint(load.pack(asking.write()))]
    assert found[0] == ("requests.0.text", "one: missing in zh.")
    assert found[1][0] == "requests.1.text.zh"
