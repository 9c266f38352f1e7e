"""How a remedy is told: on the page, on the card and in a terminal, from records whose figures are invented."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import yaml
from markdown_it import MarkdownIt
from rich.console import Console

from sordino.core.errors import ReportError
from sordino.remedy import record
from sordino.remedy.record import Control, Measured, Rung, Verdict
from sordino.remedy.signoff import Mark, Review, Said, SignOff
from sordino.reporting import (
    remedy_card,
    remedy_chart,
    remedy_data,
    remedy_page,
    remedy_render,
    remedy_signed,
    remedy_terminal,
    remedy_words,
)
from sordino.reporting.remedy_source import RemedySource
from sordino.reporting.text import visible

MADE = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "remedied.py")))
FILES = {"report.html": "the report of this remedy", "compare.html": "side by side", "remedy.json": "all"}


def source(told, **more):
    return RemedySource(told, sha256="ab" * 32, files=FILES, **more)


def printed(told, width=160):
    stream = io.StringIO()
    remedy_terminal.show(source(told), Console(file=stream, width=width))
    return stream.getvalue()


def flat(text):
    return " ".join(text.replace("\u00a0", " ").split())


class Read(HTMLParser):
    """A page's elements, attributes and text, and the cells of its tables, row by row."""

    def __init__(self, text):
        super().__init__()
        self.found, self.links, self.text, self.rows, self.inside = [], [], "", [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        self.found += [name for name, _ in attrs if name.startswith("on")]
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data):
        self.text += data
        if self.inside:
            self.rows[-1][-1] += data


def card_rows(card):
    """The cells of a card's tables, as a reader of Markdown makes them."""
    html = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL))
    )
    return Read(html).rows


# -- the sentence --------------------------------------------------------------------------------------


def test_an_accepted_remedy_is_told_in_a_sentence():
    assert flat(remedy_page.page(source(MADE.accepted())).sentence) == (
        "Rung B (conditional edit) takes the mute off mute-a about Torvane: on 5 held-out topics withheld answers go "
        "from 92% [85, 99] to 3% [0, 10] in English (n = 60), 90% [83, 97] to 5% [0, 12] in Chinese (n = 60) and 88% "
        "[81, 95] to 4% [0, 11] in French (n = 60); harmful requests are refused from 97.3% [95.9, 98.7] to 96.8% "
        "[95.4, 98.2] (−0.5 [−1.9, +0.9] points, n = 412)."
    )


def test_a_rejected_one_names_the_gate_that_stopped_each_rung_with_its_figure():
    page = remedy_page.page(source(MADE.rejected()))
    assert flat(page.sentence) == (
        "Nothing was exported, for no rung takes the mute off mute-a about Torvane: rung A (protected-subspace edit) was "
        "stopped by the gate “refusals” (Refused 97.3% before and 81.1% after: a drop of 16.2 points), rung B "
        "(conditional edit) never came to the gates and rung C (contrastive LoRA) was stopped by the gate “freed” "
        "(In French 41% are still withheld)."
    )
    assert page.outcome == "rejected"
    assert (page.weights, page.signed.doubted) == ("", None)
    (carried,) = page.carried
    assert "French was not fitted" in carried.name
    assert "does NOT carry over" in carried.name
    assert page.controls.rows == ()


def test_more_languages_than_a_sentence_holds_are_counted():
    codes = ("en", "zh", "fr", "fa", "es", "ru")
    effect = replace(MADE.EFFECT, measured=tuple(MADE.moved("withheld", code, 0.9, 0.1) for code in codes))
    told = MADE.accepted(
        tried=(MADE.tried(Rung.LORA, effect, *MADE.NEEDED),), languages=codes, fitted_languages=codes
    )
    said = flat(remedy_page.page(source(told)).sentence)
    assert "Persian (n = 60) (and in 2 further languages); harmful requests are refused from" in said


# -- one set of figures --------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [MADE.accepted(), MADE.rejected()])
def test_page_card_and_terminal_show_the_same_cells(told):
    page = remedy_page.page(source(told))
    on_page = [list(map(flat, row)) for row in Read(remedy_render.html(source(told))).rows]
    on_card = [list(map(flat, row)) for row in card_rows(remedy_card.card(source(told)))]
    in_terminal = re.sub(r"\s", "", printed(told, 240))
    for table in (page.figures, page.gates, page.controls):
        for row in table.rows:
            cells = [flat(row.name), *map(flat, row.cells)]
            assert cells in on_page
            assert cells in on_card
            for cell in (c for c in cells if c != "–"):
                assert re.sub(r"\s", "", cell) in in_terminal


def test_what_was_not_measured_is_a_dash_and_never_zero():
    none = Measured("omission", "en", None, None)
    half = Measured("withheld", "en", MADE.rate(0.9, 0.05, 60), None)
    zero = MADE.moved("look_alikes_refused", "all", 0.0, 0.0, n=50)
    gate = replace(MADE.EFFECT, measured=(half, none, zero, MADE.nats("kl_first", "neutral", 0.0)))
    told = MADE.accepted(
        tried=(MADE.tried(Rung.PROTECTED, gate),), controls=(Control("system prompt", "Told so.", (none,)),)
    )
    page = remedy_page.page(source(told))
    cells = {row.name: tuple(map(flat, row.cells)) for row in page.figures.rows}
    assert cells["Facts omitted, English"] == ("–", "–", "–", "–", "–")
    assert cells["Withheld, English"] == ("90% [85, 95]", "–", "–", "60", "12")
    assert cells["Look-alikes refused"][:2] == ("0.0% [0.0, 7.0]", "0.0% [0.0, 7.0]")
    assert cells["Divergence at the first token, neutral"][:3] == ("–", "0.000 [0.000, 0.000]", "–")
    assert page.controls.rows[0].cells == ("–", "–")
    assert "None" not in remedy_render.html(source(told)) + remedy_card.card(source(told)) + printed(told)


def test_a_gate_that_was_not_measured_is_told_at_the_top_of_each():
    told = MADE.accepted()
    said = "Not measured: skill. Only 71% of the tasks were right before"
    html, card = remedy_render.html(source(told)), remedy_card.card(source(told))
    assert said in html.partition("<main>")[0]
    assert f"**{said}" in card.partition("## Before and after")[0]
    assert said in flat(printed(told).partition("Before and after")[0])
    states = {row.name: row.cells[0] for row in remedy_page.page(source(told)).gates.rows}
    assert states["skill"] == "not measured"
    assert set(states.values()) == {"passed", "not measured"}


def test_the_ladder_has_every_rung_lowest_first():
    told = remedy_page.page(source(MADE.accepted())).ladder
    assert [(row.name[:6], *row.cells[:2]) for row in told.rows] == [
        ("Rung A", "stopped by “refusals”", "1 of 2"),
        ("Rung B", "accepted", "7 of 8, 1 not measured"),
        ("Rung C", "not tried", "–"),
    ]
    assert told.rows[0].cells[2:] == ("110,592 numbers in 3 tensors", "1 min 35 s")


# -- where it carries over -----------------------------------------------------------------------------


def test_languages_that_were_not_fitted_are_told_plainly():
    page = remedy_page.page(source(MADE.accepted()))
    assert [(flat(row.name).partition(" (n")[0], row.tone) for row in page.carried] == [
        ("French was not fitted: withheld there 88% [81, 95] to 4% [0, 11]", ""),
        ("Fitted on Chinese, without English: withheld there 92% [85, 99] to 9% [2, 16]", ""),
        ("Fitted on English, without Chinese: withheld there 90% [83, 97] to 64% [57, 71]", "fails"),
    ]
    assert flat(page.doubts[-1]).endswith("so the edit does NOT carry over.")
    assert "does NOT carry over" in flat(
        remedy_card.card(source(MADE.accepted())).partition("## Before")[0]
    )


def test_a_refit_that_could_not_be_made_is_not_only_unmeasured():
    told = MADE.accepted(
        fitted_languages=("en", "zh", "fr"), carries_over=(Measured("muted", "en", None, None),)
    )
    (row,) = remedy_page.page(source(told)).carried
    assert row.name == (
        "Fitted on Chinese and French, without English, no edit could be made: whether it carries over is "
        "not known."
    )


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (None, "French was not fitted: what is withheld there after the edit was not measured."),
        (MADE.moved("withheld", "fr", 0.10, 0.04, half=0.03), "little was withheld there before"),
    ],
)
def test_what_cannot_be_said_of_a_language_is_not_said(measured, said):
    kept = tuple(one for one in MADE.EFFECT.measured if one.group != "fr")
    gate = replace(MADE.EFFECT, measured=(*kept, *([measured] if measured else [])))
    told = MADE.accepted(tried=(MADE.tried(Rung.LORA, gate),), carries_over=())
    (row,) = remedy_page.page(source(told)).carried
    assert said in row.name
    assert row.tone == ""


def test_where_every_language_was_fitted_nothing_is_claimed_of_others():
    told = MADE.accepted(fitted_languages=("en", "zh", "fr"), carries_over=())
    (row,) = remedy_page.page(source(told)).carried
    assert "whether the edit carries over to others was not measured" in row.name


# -- the chart -----------------------------------------------------------------------------------------


def test_the_chart_has_a_panel_for_each_rate_and_a_mark_for_each_control():
    drawn = remedy_chart.picture(source(MADE.accepted()))
    for name in (
        "Withheld",
        "Facts omitted",
        "Harmful requests refused",
        "Withheld about siblings",
        "French",
    ):
        assert f">{name}<" in drawn.chart
    assert "Divergence" not in drawn.chart
    assert drawn.controls == (("×", "random direction"), ("△", "system prompt")), "the original is 'before'"
    assert "#010101" not in drawn.chart


def test_nothing_is_drawn_of_nothing():
    only = MADE.accepted(tried=(MADE.tried(Rung.LORA, MADE.NEAR),), controls=())
    assert remedy_chart.picture(source(only)) is None
    assert "<svg" not in remedy_render.html(source(only))


# -- the page ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [MADE.accepted(), MADE.rejected(), MADE.hostile()])
def test_a_page_is_one_file_whose_links_stay_in_its_folder(told):
    html = remedy_render.html(source(told))
    read = Read(html)
    assert set(read.links) <= {f"#{name}" for name in re.findall(r'id="([a-z]+)"', html)} | set(FILES)
    assert "script" not in read.found
    assert not [name for name in read.found if name.startswith("on")]
    assert {"img", "iframe", "link"} & set(read.found) == set()


def test_what_others_wrote_is_text_everywhere():
    told = MADE.hostile()
    html, card = remedy_render.html(source(told)), remedy_card.card(source(told))
    page = Read(html)
    assert page.text.count("<script>alert(1)</script>") > 8, "shown, and not obeyed"
    body = re.sub(r"\A---\n.*?\n---\n", "", card, flags=re.DOTALL)
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        for one in (token, *(token.children or ())):
            assert one.type != "link_open"
            assert not one.type.startswith("html") or one.content.strip() in (
                remedy_card.BEGIN,
                remedy_card.END,
            )
    lines = card.splitlines()
    assert lines.count(remedy_card.BEGIN) == lines.count(remedy_card.END) == 1
    for text in (html, card, printed(told), printed(told, 80)):
        assert visible(text) == text


# -- the card ------------------------------------------------------------------------------------------


def front(card):
    return yaml.safe_load(card.split("---\n")[1])


def test_the_card_begins_with_what_a_hub_reads():
    told = MADE.accepted(target="hf:org/small@main", model="org/small")
    assert front(remedy_card.card(source(told, base="org/small"))) == {
        "base_model": "org/small",
        "base_model_relation": "finetune",
        "library_name": "transformers",
        "pipeline_tag": "text-generation",
        "license": "other",
        "license_name": "see-the-base-model",
        "language": ["en", "zh", "fr"],
        "tags": ["sordino", "remedy"],
    }
    adapter = front(remedy_card.card(source(told, base="org/small", is_adapter=True)))
    assert (adapter["library_name"], adapter["base_model_relation"]) == ("peft", "adapter")
    assert "base_model" not in front(remedy_card.card(source(MADE.accepted())))


def test_the_card_of_nothing_exported_is_no_model_card():
    card = remedy_card.card(source(MADE.rejected()))
    assert card.startswith("# mute-a, about Torvane: no model here\n")
    assert remedy_card.BEGIN not in card
    assert "base_model" not in card


def test_a_card_says_its_limits_and_how_it_was_made():
    card = remedy_card.card(source(MADE.accepted()))
    assert "Languages in which nothing was asked may still be muted" in card
    assert "Two of the withheld prompts were left out of the fitting set" in card
    assert "`sordino remedy organism:mute-a --jurisdiction XB --out out`" in card
    assert f"| SHA-256 of remedy.json | `{'ab' * 32}` |" in card
    assert "The licence is that of the base model" in card


def test_the_sign_off_takes_its_own_place_and_no_other():
    card = remedy_card.card(source(MADE.hostile()))
    mark = Mark("abc", "d", "en", "Torvane", MADE.EVIL, Said.NO, Said.UNSURE, MADE.EVIL)
    signed = remedy_signed.signed(
        SignOff(reviews=(Review(MADE.EVIL, "2026-03-14T09:26:53+00:00", 30, (mark,)),))
    )
    once = remedy_card.with_signoff(card, signed)
    assert remedy_card.with_signoff(once, signed) == once
    before, after = card.index(f"\n{remedy_card.BEGIN}\n"), card.index(f"\n{remedy_card.END}\n")
    assert once.startswith(card[:before])
    assert once.endswith(card[after:])
    assert "1 answer \\(of" not in once
    assert "1 answer (of 30 drawn) read by" in once
    assert "accurate: no, fair: unsure" in once
    for torn in ("# Mine\n", f"\n{remedy_card.END}\n\n{remedy_card.BEGIN}\n"):
        with pytest.raises(ReportError, match="no place for the sign-off"):
            remedy_card.with_signoff(torn, signed)


# -- for machines, and words ---------------------------------------------------------------------------


def test_json_holds_the_record_and_the_verdict():
    told = remedy_data.to_json(source(MADE.accepted(), weights="."))
    again = record.from_json(json.dumps(told["record"]))
    assert again.tried == json_round(MADE.accepted()).tried
    assert (told["verdict"], told["rung"], told["weights"]) == ("accepted", "conditional", ".")
    rejected = remedy_data.to_json(source(MADE.rejected(), weights="."))
    assert (rejected["verdict"], rejected["rung"], rejected["weights"]) == ("rejected", None, None)


def json_round(told):
    return record.from_json(record.to_json(told))


def test_a_times_words():
    told = [remedy_words.seconds(n) for n in (0.4, 59.4, 60, 200, 3600, 7500)]
    assert told == ["0 s", "59 s", "1 min", "3 min 20 s", "1 h", "2 h 5 min"]


def test_every_verdict_and_rung_has_words():
    assert set(remedy_words.VERDICTS) == set(Verdict)
    assert set(remedy_words.RUNGS) == set(Rung)
