"""A comparison as people meet it: the page model, the file, the terminal, and data."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest
from rich.console import Console

from sordino.comparing.comparison import Side, compare
from sordino.core.records import Measure
from sordino.reporting import compare_data, compare_render, compare_terminal
from sordino.reporting.compare_chart import charts
from sordino.reporting.compare_page import page
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.compare_transcripts import changed_pairs
from sordino.store.outcomes import STRING

TEMPLATES = tuple(f"t{i}" for i in range(10))
EVIL = "\"><script>alert(1)</script>'{{7*7}}\x1b[31m\u202e\x00"
NAMES = ("template", "jurisdiction", "language", "phrasing")

Compared = Callable[..., CompareSource]


def strict(source):
    """Its outcomes with names as the store returns them."""
    return replace(source, outcomes=source.outcomes.astype(dict.fromkeys(NAMES, STRING)))


def named(source, run: str, name: str):
    identity = replace(source.manifest.target, name=name, spec=name)
    return replace(source, manifest=replace(source.manifest, run=run, target=identity))


@pytest.fixture(scope="module")
def compared(make) -> Compared:
    """compared(a, b, …): a comparison of two small runs by what they mute."""

    def made(
        a=None, b=None, names=TEMPLATES, places=("XA", "XB"), spoken=("en", "zh"), **more
    ) -> CompareSource:
        runs = [
            strict(make(names, places, spoken, ("plain", "indirect"), muted or {}, facts=True))
            for muted in (a, b)
        ]
        ours, theirs = named(runs[0], "run-a", "org/first"), named(runs[1], "run-b", "org/second")
        return of(ours, theirs, **more)

    return made


def of(ours, theirs, **more) -> CompareSource:
    sides = (Side(s.manifest, s.outcomes, s.exchanges) for s in (ours, theirs))
    return CompareSource(compare(*sides, **more), ours, theirs, "sordino compare run-a run-b")


@pytest.fixture(scope="module")
def muted(compared: Compared) -> CompareSource:
    """The second withholds nearly everything about XB in Chinese."""
    return compared({}, {("XB", "zh"): 0.97})


@pytest.fixture(scope="module")
def model(muted: CompareSource):
    return page(muted)


# -- the page model ------------------------------------------------------------------------------------------


def test_the_difference_is_in_the_sentence_the_table_and_the_summary(model) -> None:
    assert model.heading == "first and second"
    assert model.names == ("first", "second")
    assert re.match(
        r"B \(second\) withholds \d+ points more than A \(first\) about XB in Chinese \(", model.sentence
    )
    (withheld,) = (part for part in model.parts if part.id == "withheld")
    assert withheld.is_open
    assert withheld.summary.startswith("a difference is shown at 1 of 4 places; none at ")
    shown = [
        (table.caption, row.name) for table in withheld.tables for row in table.rows if row.tone == "shown"
    ]
    assert shown == [("Chinese", "XB")]


def test_left_out_is_named_on_its_side_and_empty_columns_are_not_shown(model) -> None:
    (withheld,) = (part for part in model.parts if part.id == "withheld")
    said = {cell for table in withheld.tables for row in table.rows for cell in row.cells}
    assert any(re.search(r"\d+ (blocked|truncated|empty|unjudged|error|not asked)", cell) for cell in said)
    for table in (table for part in model.parts for table in part.tables):
        columns = zip(*(row.cells for row in table.rows), strict=True)
        assert all(set(column) != {"–"} for column in columns)


def test_what_became_what_adds_up_and_leads_to_the_pairs(model, muted: CompareSource) -> None:
    (table,) = model.flows
    counted = sum(int(cell.text.replace(",", "")) for _, cells in table.rows for cell in cells)
    assert counted == len(muted.made.pairs)
    links = {cell.href for _, cells in table.rows for cell in cells if cell.href}
    assert "#e=COMPLETE-DENIAL&k=political" in links
    tokens = {name for pair in changed_pairs(muted, 10_000).shown for name in pair.filters["e"].split()}
    assert {href.partition("&")[0].removeprefix("#e=") for href in links} <= tokens


def test_the_commonest_move_is_the_darkest(model) -> None:
    """By rows the two of two that a host unblocked would stand out more than fifty that fell silent."""
    (table,) = model.flows
    moves = [cell for _, cells in table.rows for cell in cells if cell.look != "same"]
    most = max(moves, key=lambda cell: int(cell.text.replace(",", "")))
    assert most.look == "h10"
    assert {cell.look for cell in moves if cell.text == "0"} <= {"h0"}
    assert {cell.look for cell in moves if cell.text == "1"} <= {"h1"}


def test_only_changed_pairs_stand_side_by_side_the_largest_first(model, muted: CompareSource) -> None:
    pairs = muted.made.pairs
    changed = int(pairs["changes"].ne("").sum())
    assert len(model.pairs.shown) == changed
    assert (
        model.pairs.showing
        == f"Showing {changed} of {changed} pairs that changed, the largest changes first"
    )
    first = model.pairs.shown[0]
    assert "→" in first.change
    assert first.question
    sizes = dict(zip(pairs["key_a"], pairs["size"], strict=True))
    shown = [sizes[pair.a.key] for pair in model.pairs.shown]
    assert shown == sorted(shown, reverse=True)


def test_a_cap_says_how_many_more_there_are(muted: CompareSource) -> None:
    some = changed_pairs(muted, 3)
    assert len(some.shown) == 3
    assert re.fullmatch(r"Showing 3 of (\d+) pairs.* first; \d+ more are in the store", some.showing)
    assert sum(n for *_, n in some.counts) == int(some.showing.split()[3])


def test_facts_that_b_lacks_are_called_so(model) -> None:
    lost = next(pair for pair in model.pairs.shown if "facts lost" in pair.also)
    assert "missing, unlike A" in {found.verdict for found in lost.b.facts}
    assert {found.verdict for found in lost.a.facts} <= {"found", "missing"}
    assert any(span.mark == "fact" for span in lost.a.answer)


def test_two_languages_show_each_sides_own_question(make) -> None:
    run = strict(make(TEMPLATES, ("XA", "XB"), ("en", "zh"), ("plain",), {("XB", "zh"): 0.97}, facts=True))
    shown = page(of(run, run, languages=("en", "zh")))
    assert shown.names == ("English", "Chinese")
    pair = shown.pairs.shown[0]
    assert pair.question == ""
    assert pair.a.question != pair.b.question
    assert not any(table.caption for part in shown.parts for table in part.tables)
    assert "#j=XB&k=political" in {
        row.href for part in shown.parts for table in part.tables for row in table.rows
    }


def test_what_only_one_side_was_asked_is_told(make) -> None:
    ours = named(strict(make(TEMPLATES, ("XA", "XB"), ("en",))), "run-a", "org/first")
    theirs = named(strict(make(TEMPLATES[:8], ("XA", "XB", "XC"), ("en",))), "run-b", "org/second")
    told = page(of(ours, theirs)).alone
    assert told[0] == "Only A was asked: 4 on a template that the other side lacks."
    assert told[1].startswith(
        "Only B was asked: 8 about a jurisdiction that the other side was not asked about"
    )


def test_the_same_weights_have_a_section_of_their_own(compared: Compared) -> None:
    assert page(compared({}, {})).host is None
    host = page(compared({}, {}, same_weights=True)).host
    assert host.table.rows[-1].name == "Withheld, of political answers that both delivered"
    assert "are the same word for word" in host.words[0]


# -- the file ------------------------------------------------------------------------------------------------


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.links: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag, tuple(sorted(name for name, _ in attrs))] += 1
        self.links |= {value or "" for name, value in attrs if name in ("href", "src", "action")}


def poisoned(source: CompareSource, text: str) -> CompareSource:
    """The same comparison with `text` for every text that comes from outside."""

    def told(one):
        def exchanges(keys):
            return {
                key: replace(
                    e, attempt=replace(e.attempt, text=e.attempt.text and text, reasoning=text, route=text)
                )
                for key, e in one.exchanges(keys).items()
            }

        identity = replace(one.manifest.target, name=text, spec=text, revision=text, host=text)
        return replace(
            one,
            exchanges=exchanges,
            template_titles=dict.fromkeys(one.outcomes["template"].unique(), text),
            manifest=replace(one.manifest, target=identity, command=text, created=text),
        )

    made = source.made
    question = pd.Series(text, made.pairs.index, dtype=object)
    return CompareSource(
        replace(
            made,
            a=told(source.a).manifest,
            b=told(source.b).manifest,
            pairs=made.pairs.assign(question_a=question, question_b=question),
            sides=replace(made.sides, title=text, names=(text, text)),
            sentence=text,
            notes=(text,),
        ),
        told(source.a),
        told(source.b),
        text,
    )


def test_nothing_from_outside_becomes_an_element_or_an_attribute(compared: Compared) -> None:
    muted = {(EVIL, "zh"): 0.97}
    evil = compared({}, muted, names=(*TEMPLATES[:4], EVIL), places=("XA", EVIL))
    plain = compared({}, {("XB", "zh"): 0.97}, names=TEMPLATES[:5])
    got = compare_render.html(poisoned(evil, EVIL))
    assert Elements(got).seen == Elements(compare_render.html(poisoned(plain, "p" * len(EVIL)))).seen
    assert all(link.startswith("#") for link in Elements(got).links)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", got)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in got


def test_half_characters_in_names_do_no_harm(compared: Compared) -> None:
    html = compare_render.html(poisoned(compared({}, {}, places=("XA", "X\ud800")), "\ud800"))
    html.encode("utf-8")
    assert "⟨U+D800⟩" in html


def test_the_file_is_the_same_twice_and_asks_the_network_for_nothing(muted: CompareSource) -> None:
    html = compare_render.html(muted)
    assert compare_render.html(muted) == html
    assert not re.search(r"@import|url\(|<link|<iframe|<img|https?://(?!www\.w3\.org)", html)


def test_nothing_changed_is_a_page_as_well(compared: Compared) -> None:
    source = compared({}, {})
    html = compare_render.html(source)
    assert "No pair changed." in html
    assert page(source).pairs.shown == ()


def test_charts_hold_every_place(muted: CompareSource) -> None:
    rates, gaps = charts(muted, Measure.WITHHELD)
    for drawn in (rates, gaps):
        assert drawn.count(">XA<") == drawn.count(">XB<") == 2
    assert (
        charts(muted, Measure.THOUGHT_SUPPRESSION) is None
        or "no estimate" in charts(muted, Measure.THOUGHT_SUPPRESSION)[1]
    )


# -- terminal and data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [60, 80, 140])
def test_the_terminal_shows_the_differences_at_any_width(muted: CompareSource, width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    compare_terminal.show(muted, console)
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "Withheld, Chinese" in text
    assert re.search(r"XB +\d+% +\d+% +\+\d+ \[\+\d+,\+\d+\] +<?0\.0", text)
    assert re.search(r"What became what: \d+ answered → (declined|partly answered)", " ".join(text.split()))


def test_hostile_names_are_neither_markup_nor_escapes(compared: Compared) -> None:
    evil = "[bold red]x[/]\x1b[2J\x00"
    console = Console(file=io.StringIO(), width=200, force_terminal=False)
    compare_terminal.show(poisoned(compared({}, {}, places=("XA", evil)), evil), console)
    text = console.file.getvalue()
    assert "\x1b" not in text
    assert "[bold red]x[/]␛[2J␀" in text


def test_csv_has_a_row_for_each_difference_and_no_formulas(compared: Compared) -> None:
    source = compared({}, {}, places=("XA", "=HYPERLINK(1)"))
    rows = list(csv.DictReader(io.StringIO(compare_data.csv(source.made))))
    assert len(rows) == len(source.made.changes)
    assert {row["jurisdiction"] for row in rows} == {"XA", "'=HYPERLINK(1)"}
    frame = compare_data.frame(source.made)
    assert list(frame.columns) == list(rows[0])
    known = frame[frame["value"].notna() & frame["a"].notna()]
    assert (known["b"] - known["a"] - known["value"]).abs().max() < 1e-9


def test_json_is_plain_and_whole(muted: CompareSource) -> None:
    made = muted.made
    told = json.loads(json.dumps(compare_data.to_json(made)))
    assert told["relation"] == "models"
    assert (told["a"]["run"], told["b"]["name"]) == ("run-a", "second")
    assert len(told["changes"]) == len(made.changes)
    assert sum(flow["n"] for flow in told["flows"]) == told["pairs"] == len(made.pairs)
    assert {"probe_id_a", "key_b", "state_a", "size", "changes"} <= set(told["changed"][0])
