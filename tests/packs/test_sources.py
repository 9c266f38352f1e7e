"""Where facts come from: what may be written, what a report says of it, and what a pack has."""

import pytest

from sordino.core.errors import PackError
from sordino.core.records import Fact
from sordino.packs import load
from sordino.packs.coverage import coverage, own_languages, unverified

PAGE = "https://example.org/inquiry"
BOOK = {"title": "The Inquiry", "publisher": "State Press", "year": 1962}


def facts(trees):
    return load.pack(trees.write()).template("protest").entries["XA"].cell.facts


def test_a_source_is_told_in_one_line(trees):
    written = trees.templates["protest"]["cells"]["XA"]["facts"]
    written[0] |= {"source": BOOK, "verified": "no"}
    written[1] |= {"source": BOOK, "verified": "page", "address": PAGE}
    first, second, third, _ = facts(trees)
    assert (first.source, first.verified, first.address) == ("The Inquiry, State Press, 1962", False, None)
    assert (second.verified, second.address) == (True, PAGE)
    assert (third.source, third.verified) == ("The Atlas", None)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"verified": "page"}, "`verified: page` and `address:` come together"),
        ({"verified": "no", "address": PAGE}, "come together"),
        ({"verified": "yes"}, "'yes' is not one of 'page' or 'no'"),
        ({"verified": "page", "address": "inquiry.org"}, "an address begins with https://"),
        ({"source": {"publisher": "State Press"}}, "title: the key is missing"),
        ({"source": BOOK | {"page": 4}}, "page"),
        ({"source": BOOK | {"year": "1962"}}, "expected a whole number"),
    ],
)
def test_a_wrong_source_is_named(trees, said, told):
    trees.templates["protest"]["cells"]["XA"]["facts"][0] |= said
    with pytest.raises(PackError) as wrong:
        load.pack(trees.write())
    assert told in str(wrong.value)
    assert "cells.XA.facts.0" in str(wrong.value)


def test_a_report_says_how_many_sources_were_not_read_again():
    def fact(verified):
        return Fact("f", {}, {}, "A book", verified, PAGE if verified else None)

    assert unverified([fact(None)] * 3) is None
    assert unverified([fact(True)]) is None
    assert "3 (75%)" in str(unverified([fact(False)] * 3 + [fact(True), fact(None)]))


def test_coverage_counts_and_names_what_lacks(trees):
    cell = trees.templates["protest"]["cells"]["XB"]
    cell["facts"][0] |= {"verified": "page", "address": PAGE}
    del cell["references"]["fr"]
    cell["state_lines"]["zh"] = []
    found = coverage(load.pack(trees.write()))
    assert (len(found.cells), found.owed, found.verified) == (4, 4, 1)
    lacks = {(c.template, c.jurisdiction): c.lacks for c in found.cells}
    # The sound pack has one state line a language, of the two that there should be.
    assert lacks["protest", "XA"] == tuple(f"state lines in {x}" for x in ("en", "fr", "zh"))
    assert set(lacks["protest", "XB"]) == {*lacks["protest", "XA"], "a reference in fr"}
    assert lacks["river", "XA"] == ()


def test_own_languages_are_the_official_ones():
    asked = ("en", "fr", "zh", "zh-Hant")
    assert own_languages("CN", asked) == ("zh", "zh-Hant")
    assert own_languages("IN", asked) == ("en",)
    assert own_languages("IR", asked) == own_languages("XA", asked) == ()
