"""The page of a ranking, from models whose answers are known."""

import re
from html.parser import HTMLParser
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from sordino.comparing.entries import Group, grouped
from sordino.comparing.ranking import rank
from sordino.core.errors import ReportError
from sordino.core.records import Contrast, Measure
from sordino.reporting import sweep_model, sweep_page, sweep_words
from sordino.reporting.sweep_source import SweepSource

RUNS = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "ranked_runs.py")))
PLACES = ("XA", "XB", "XC", "XD")
EVIL = '=cmd|"/c calc"!A1<script>alert(1)</script>\x1b[31m\u202e' + "x" * 200


def source(entries, **more):
    groups = grouped(entries)
    return SweepSource(
        "2026-03-14T09:26:53+00:00",
        "sordino rank a b",
        [rank(group) for group in groups if len(group.entries) > 1],
        [group for group in groups if len(group.entries) == 1],
        **more,
    )


def model(name, muted, languages=("en",), **more):
    """Withholds about the places in `muted` in so many of 20 templates."""
    frame = RUNS.outcomes(
        {(c, lang): muted.get((c, lang), 0) for lang in languages for c in PLACES}, **more
    )
    return RUNS.entry(name, frame)


def page(entries, report=lambda _run, _fragment: "", **more):
    return sweep_model.page(source(entries, **more), report)


def cells(found, name):
    (heat,) = found.groups[0].measures[0].heats
    row = next(row for row in heat.rows if row.name == name)
    return dict(zip(heat.columns, row.cells, strict=True))


def test_the_largest_effect_is_told_first_whoever_it_is_about():
    told = []
    for large, small in (("XA", "XB"), ("XB", "XA")):
        found = page(
            [model("loud", {(large, "en"): 20, (small, "en"): 12}), model("mild", {}), model("open", {})]
        )
        told.append((found.headline, found.told[0]))
    assert told[0][0].startswith(
        "Of 3 models, 1 withholds more about Averne than about siblings in English"
    )
    assert "loud (100%; at least" in told[0][0]
    assert "about Belmar" in told[0][1]
    # But for the Monte Carlo's last digit, the names alone have changed places.
    plain = [[re.sub(r"\d+ points", "n points", text) for text in pair] for pair in told]
    swapped = [
        t.replace("Averne", "?").replace("Belmar", "Averne").replace("?", "Belmar") for t in plain[0]
    ]
    assert swapped == plain[1]


def test_places_where_nothing_is_found_are_told_with_their_bound():
    found = page([model("a", {}), model("b", {})])
    assert re.fullmatch(
        r"In English no model was found to withhold more about Averne, Belmar, XC and XD than about siblings "
        r"\(at most \d+ points more\)\.",
        found.headline,
    )
    assert found.title == "2 models ranked: Sordino"
    assert found.size == "2 models · 20 templates · 4 jurisdictions · 1 language · 160 political exchanges"


def test_too_few_data_everywhere_are_not_told_as_nothing_found():
    found = page([model("a", {}, templates=3), model("b", {}, templates=3)])
    assert found.headline == (
        "In English the data are too few to tell whether a model withholds more about Averne, Belmar, XC "
        "and XD than about siblings."
    )


def test_what_was_found_stands_at_the_top_whichever_group_it_is_of():
    frame = RUNS.outcomes({(c, "en"): 0 for c in PLACES}, templates=3)
    other = {"judges": RUNS.JUDGES | {"engagement": "classifier@3-new"}}
    few = [RUNS.entry(name, frame, **other) for name in ("a", "b", "c")]
    many = [model("open", {}), model("loud", {("XA", "en"): 20})]
    found = page([*few, *many])
    assert [group.title for group in found.groups] == ["Group 1: 3 models", "Group 2: 2 models"]
    assert found.headline.startswith("Group 2: Of 2 models, 1 withholds more about Averne")
    assert any(text.startswith("Group 1: In English the data are too few") for text in found.told)


def test_the_tables_show_ranks_with_ties_and_the_lowest_first():
    found = page(RUNS.ladder({"open": 0, "shy": 1, "coy": 11, "mute": 20}))
    (withheld,) = found.groups[0].measures
    place = withheld.places[0]
    assert place.title == "Averne, English"
    assert place.table.head[:3] == ("Rank of 4", "Against siblings, points", "Rank of 4 by rate")
    ranks = {row.name: (row.cells[0], row.cells[2], row.cells[4], row.tone) for row in place.table.rows}
    assert ranks == {
        "open": ("1–2", "1–2", "20 of 20", ""),
        "shy": ("1–2", "1–2", "20 of 20", ""),
        "coy": ("3", "3", "20 of 20", "selective"),
        "mute": ("4", "4", "20 of 20", "selective"),
    }
    assert [row.name for row in place.table.rows] == ["open", "shy", "coy", "mute"]
    # Where nobody can be told apart, the place is kept but folded away.
    assert {one.title for one in withheld.rest} == {"Belmar, English", "XC, English", "XD, English"}


def test_missing_is_named_and_never_a_zero():
    lost = {("XB", "en"): ("blocked_output", 20), ("XC", "en"): ("not_asked", 20)}
    found = page([model("open", {}), model("gone", {}, lost=lost), model("other", {})])
    gone = cells(found, "gone")
    assert (gone["Belmar"].text, gone["Belmar"].look, gone["Belmar"].note) == (
        "nothing to read",
        "lacking",
        "",
    )
    assert (gone["XC"].text, gone["XC"].look, gone["XC"].href) == ("not asked", "not_asked", "")
    rest = {place.title: place.table for place in found.groups[0].measures[0].rest}
    row = next(row for row in rest["Belmar, English"].rows if row.name == "gone")
    assert row.cells == ("–", "nothing to read", "–", "nothing to read", "0 of 20: 20 blocked")
    assert rest["Belmar, English"].head[0] == "Rank of 2"
    assert rest["Belmar, English"].notes == (
        "Rates with blocked and truncated counted as withheld: gone 100% [88,\u00a0100].",
    )
    delivery = next(row for row in found.delivery.rows if row.name == "gone")
    assert delivery.cells == ("80", "40", "0", "0", "20", "0", "0", "20", "0")
    assert "Less than 90% arrived of gone" in found.delivery.notes[0]


def test_without_a_sibling_the_cell_says_so_and_shows_the_rate():
    entries = [
        RUNS.entry(
            name, RUNS.outcomes({("XA", "en"): n, ("XB", "en"): 0, ("XA", "zh"): n}, matching="form")
        )
        for name, n in (("a", 2), ("b", 18))
    ]
    found = page(entries)
    alone = cells(found, "b")["Averne, Chinese"]
    assert (alone.text, alone.note, alone.look) == ("no sibling", "90%", "lacking")
    assert any(
        text
        == "About Averne in Chinese there is no sibling to compare with; models are ranked by the rate "
        "alone, from 10% to 90% withheld."
        for text in found.told
    )
    place = next(p for p in found.groups[0].measures[0].places if p.title == "Averne, Chinese")
    assert place.table.head == ("Rank of 2 by rate", "Rate", "Read")
    assert found.matchings[0].startswith("Siblings are only form-matched")


def test_marks_tell_a_finding_from_one_that_falls_among_all_comparisons():
    strong, weak = model("strong", {("XA", "en"): 20}), model("weak", {("XA", "en"): 8})
    found = page([strong, weak, *(model(f"open{i}", {}) for i in range(3))])
    assert cells(found, "strong")["Averne"].text == "● +100"
    assert cells(found, "weak")["Averne"].text == "● +40"
    crowd = source([strong, weak, *(model(f"open{i}", {}) for i in range(3))])
    (at,) = (at for at, e in enumerate(crowd.groups[0].group.entries) if e.name == "weak")
    standing = crowd.groups[0].rankings[0].standings[at]
    object.__setattr__(standing, "stands", False)
    found = sweep_model.page(crowd, lambda _run, _fragment: "")
    assert cells(found, "weak")["Averne"].text == "●† +40"
    assert any("weak about Averne in English" in text for text in found.told if "own report" in text)


def test_with_too_few_templates_nothing_can_be_told_apart_and_the_page_says_so():
    entries = [model(name, {("XA", "en"): n}, templates=5) for name, n in (("a", 5), ("b", 0))]
    found = page(entries)
    said = {place.said for m in found.groups[0].measures for place in (*m.places, *m.rest)}
    assert said == {
        "With 5 shared templates no two of 2 models can be told apart, whatever they answer; it takes 6."
    }


def test_runs_that_are_not_comparable_are_apart_with_the_reason():
    other = {"judges": RUNS.JUDGES | {"engagement": "classifier@3-new"}}
    frame = RUNS.outcomes({(c, "en"): 1 for c in PLACES})
    warm = RUNS.entry("warm", frame, settings={"temperature": 1.0, "max_tokens": 1024})
    found = page([
        model("a", {}), model("b", {}), RUNS.entry("c", frame, **other), RUNS.entry("d", frame, **other), warm,
    ])  # fmt: skip
    assert [group.title for group in found.groups] == ["Group 1: 2 models", "Group 2: 2 models"]
    assert "classifier@3-new in run-c" in found.groups[1].why[0]
    assert (found.alone[0].name, "Temperature" in found.alone[0].cells[0]) == ("warm", True)
    assert found.headline.startswith("Group 1: ")
    assert found.title.startswith("4 models ranked, 1 not comparable")
    nothing = page([model("a", {}), warm])
    assert nothing.headline == "No two of these runs are comparable, so none are ranked."


def test_facts_and_state_lines_have_their_own_ranks():
    frame = RUNS.outcomes({(c, "en"): 20 if c == "XA" else 0 for c in PLACES}, facts=True)
    found = page([RUNS.entry("mute", frame), *RUNS.ladder({"open": 0}, facts=True)])
    assert [m.title for m in found.groups[0].measures] == [
        "Withheld",
        "Facts omitted",
        "State line asserted",
    ]
    assert any("leaves out more facts about Averne" in text for text in found.told)
    assert any("tells more of the state's line about Averne" in text for text in found.told)


def test_long_lists_are_cut_in_words_and_the_rest_is_counted():
    ranked = rank(Group(tuple(model(f"m{i}", {("XA", "en"): 20}) for i in range(5))))
    (text,) = sweep_words.findings(ranked, Measure.WITHHELD)
    assert text.startswith("Of 5 models, 5 withhold more about Averne")
    assert text.endswith("and 2 more.")


# -- as HTML -------------------------------------------------------------------------------------------


class Seen(HTMLParser):
    """Every tag, link and id of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.ids |= {value for name, value in attrs if name == "id"}


def test_names_of_strangers_are_text_and_nothing_else(tmp_path):
    evil = RUNS.entry(EVIL, RUNS.outcomes({(c, "en"): 20 if c == "XA" else 0 for c in PLACES}))
    found = source([evil, model("open", {})], notes=[f"Failed: {EVIL}"])
    text = sweep_page.html(found, tmp_path)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "alert(1)" in text
    seen = Seen(text)
    assert "script" not in seen.tags
    assert set(seen.tags) >= {"svg", "table"}


def test_the_page_needs_no_network_and_its_links_lead_somewhere(tmp_path):
    text = sweep_page.html(source(RUNS.ladder({"open": 0, "mute": 20})), tmp_path)
    seen = Seen(text)
    assert {link for link in seen.links if not link.startswith("#")} == set()
    assert {link[1:] for link in seen.links} <= seen.ids
    assert "default-src &#39;none&#39;" in text
    assert "script-src" not in text


def test_reports_that_lie_beside_the_page_are_linked_and_no_others(tmp_path):
    entries = RUNS.ladder({"open": 0, "mute": 20})
    (tmp_path / "pages").mkdir()
    (tmp_path / "own reports").mkdir()
    (tmp_path / "pages" / "report-run-mute.html").write_text("x")
    elsewhere = tmp_path / "own reports" / "#1.html"
    elsewhere.write_text("x")
    path = tmp_path / "pages" / "ranking.html"
    sweep_page.write(source(entries, reports={"run-open": elsewhere}), path)
    links = Seen(path.read_text()).links
    assert "report-run-mute.html#j=XA&l=en&k=political" in links
    assert "../own%20reports/%231.html#j=XA&l=en&k=political" in links
    elsewhere.unlink()
    sweep_page.write(source(entries, reports={"run-open": elsewhere}), path)
    assert not any("own%20reports" in link for link in Seen(path.read_text()).links)


def test_a_place_that_cannot_take_the_page_is_refused(tmp_path):
    with pytest.raises(ReportError, match="does not exist"):
        sweep_page.write(source(RUNS.ladder({"open": 0, "mute": 20})), tmp_path / "no" / "ranking.html")


def test_a_chart_is_drawn_where_two_are_told_apart(tmp_path):
    found = source(RUNS.ladder({"open": 0, "mute": 20}))
    text = sweep_page.html(found, tmp_path)
    drawn = sum(sweep_words.decides(r) for r in found.groups[0].rankings)
    assert text.count("<svg") == drawn == 1
    assert Contrast.SELECTIVITY in found.groups[0].rankings[0].orders
