"""Counts, looks, verdicts and the choice of transcripts, against answers worked out by hand."""

from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from sordino.core.errors import ReportError
from sordino.core.records import Contrast, Measure
from sordino.judging.card import CardFigure
from sordino.reporting import tally
from sordino.reporting.page import page
from sordino.reporting.source import OUTCOME_COLUMNS
from sordino.reporting.transcripts import choose


def rows(*given: dict[str, object]) -> pd.DataFrame:
    plain = dict.fromkeys(OUTCOME_COLUMNS, pd.NA) | {
        "template": "t", "jurisdiction": "XA", "kind": "political", "language": "en", "phrasing": "a",
        "matching": "item", "sample": 0, "question": "?", "delivery": "delivered", "has_reasoning": False,
    }  # fmt: skip
    return pd.DataFrame([plain | {"key": f"k{i:04d}"} | row for i, row in enumerate(given)])


def heat(make, *given: dict[str, object]):
    source = replace(make(), outcomes=rows(*given), findings=(), estimates=())
    return page(source).heatmaps


def only(heatmaps, measure: str):
    (cell,) = next(h for h in heatmaps if h.measure == measure).languages[0].rows[0].cells
    return cell


def test_six_kinds_of_missing_stay_apart(make) -> None:
    cell = only(
        heat(
            make,
            {"engagement": "DENIAL"},
            {"engagement": "COMPLETE"},
            {"engagement": "COMPLETE"},
            {"delivery": "blocked_input"},
            {"delivery": "blocked_output"},
            {"delivery": "truncated"},
            {"delivery": "empty"},
            {"delivery": "error"},
            {},
            {"delivery": "not_asked", "key": pd.NA},
        ),
        "Withheld",
    )
    assert cell.text == "1/3"
    assert cell.look == "h4"
    assert cell.note == "2 blocked, 1 truncated, 1 error, 1 empty, 1 unjudged"
    assert cell.title.endswith(
        "1 of 3 (33%); 2 blocked, 1 truncated, 1 error, 1 empty, 1 unjudged, 1 not asked"
    )
    assert cell.href == "#t=t&j=XA&l=en"


@pytest.mark.parametrize(
    ("row", "look", "text"),
    [
        ({"delivery": "blocked_output"}, "blocked", "1 blocked"),
        ({"delivery": "truncated"}, "truncated", "1 truncated"),
        ({"delivery": "error"}, "error", "1 error"),
        ({"delivery": "empty"}, "empty", "1 empty"),
        ({}, "unjudged", "1 unjudged"),
        ({"delivery": "not_asked"}, "not_asked", "not asked"),
        ({"engagement": "COMPLETE"}, "h0", "0/1"),
        ({"engagement": "PARTIAL"}, "h10", "1/1"),
    ],
)
def test_each_missing_has_a_look_of_its_own(make, row: dict[str, object], look: str, text: str) -> None:
    table = heat(make, row, {"template": "other", "engagement": "DENIAL"})
    (cell,) = next(r for r in table[0].languages[0].rows if r.name == "t").cells
    assert (cell.look, cell.text) == (look, text)


def test_a_blocked_answer_is_not_read_even_if_somebody_read_it() -> None:
    frame = rows({"delivery": "blocked_output", "engagement": "COMPLETE"})

    class Source:
        outcomes = frame

    assert tally.prepared(Source())["state"].tolist() == ["blocked"]  # type: ignore[arg-type]


def test_facts_and_claims_are_counted_over_facts_and_claims(make) -> None:
    heatmaps = heat(
        make,
        {"engagement": "COMPLETE", "facts_hit": 2, "facts_all": 3, "flags_hit": 0, "flags_all": 1},
        {"engagement": "PARTIAL", "facts_hit": 0, "facts_all": 3, "flags_hit": 1, "flags_all": 1},
        {"engagement": "COMPLETE"},
    )
    assert only(heatmaps, "Facts omitted").text == "4/6"
    assert only(heatmaps, "State line asserted").text == "1/2"
    assert "Thought suppressed" not in {h.measure for h in heatmaps}


def test_a_recording_without_facts_shows_no_facts(recording) -> None:
    model = page(recording)
    assert [h.measure for h in model.heatmaps] == ["Withheld", "Blocked"]
    assert any("only form-matched" in text for text in model.matchings)
    assert "facts omitted" in model.method.limits[-1]


def test_findings_say_what_was_not_asked(source) -> None:
    withheld = page(source).verdicts[0]
    assert withheld.measure == "Withheld"
    said = {
        (row.name, language): cell
        for row in withheld.rows
        for language, cell in zip(withheld.languages, row.cells, strict=True)
    }
    assert said["Farrow Isles", "Persian"].words == "not asked"
    assert said["Farrow Isles", "Persian"].href == ""
    assert said["Belmar", "Chinese"].words == "withheld selectively"
    assert said["Belmar", "Chinese"].href == "#j=XB&l=zh&k=political"
    assert len(said) == 18


def test_missing_columns_are_refused_by_name(source) -> None:
    with pytest.raises(ReportError, match="lack engagement, flags_all"):
        replace(source, outcomes=source.outcomes.drop(columns=["engagement", "flags_all"]))


# -- the choice of transcripts -------------------------------------------------------------------------


def test_withheld_comes_first_and_complete_is_shown() -> None:
    states = ["DENIAL"] * 300 + ["PARTIAL"] * 300 + ["COMPLETE"] * 600
    frame = rows(*({"engagement": s, "template": f"t{i % 7}"} for i, s in enumerate(states)))
    frame["state"] = frame["engagement"]
    chosen = choose(frame, 100)
    assert Counter(chosen["state"].isin(tally.WITHHELD)) == {True: 70, False: 30}
    assert chosen["state"].isin(tally.WITHHELD).tolist() == [True] * 70 + [False] * 30
    assert min(Counter(chosen[chosen["state"] == "DENIAL"]["template"]).values()) >= 4


def test_a_rare_stratum_is_not_drowned() -> None:
    many = [{"engagement": "DENIAL", "template": "common"}] * 500
    frame = rows(*many, {"engagement": "DENIAL", "template": "rare"})
    frame["state"] = frame["engagement"]
    assert "rare" in set(choose(frame, 10)["template"])


def test_the_choice_is_the_same_in_any_order_of_rows(source) -> None:
    frame = tally.prepared(source)
    shuffled = frame.sample(frac=1, random_state=3)
    assert choose(frame, 120)["key"].tolist() == choose(shuffled, 120)["key"].tolist()


def test_only_what_is_shown_is_fetched(source) -> None:
    fetched: list[str] = []

    def exchanges(keys):
        fetched.extend(keys)
        return source.exchanges(keys)

    model = page(replace(source, exchanges=exchanges), shown=40).transcripts
    assert len(model.shown) == len(fetched) == 40
    asked = int((source.outcomes.delivery != "not_asked").sum())
    assert model.showing == f"Showing 40 of {asked} exchanges"
    assert model.rest == "the rest are in the store: sordino export demo-2026"


def test_what_only_failed_is_told_from_its_outcome(source) -> None:
    """A store gives no exchange for it: nothing ever settled it."""

    def settled(keys):
        found = source.exchanges(keys)
        return {key: e for key, e in found.items() if e.attempt.delivery.is_terminal}

    failed = int((source.outcomes.delivery == "error").sum())
    model = page(replace(source, exchanges=settled), shown=10_000).transcripts
    shown = [t for t in model.shown if t.tone == "error"]
    assert len(shown) == failed > 10
    assert model.rest == ""
    assert {t.filters["e"] for t in shown} == {"error"}
    assert all(t.question.startswith("What happened in") for t in shown)
    details = [{row.name: row.cells for row in t.details} for t in shown]
    assert {d["Error"] for d in details} == {("HTTP 500 from the host",)}
    assert {d["Delivery"] for d in details} == {("error",)}
    assert {t.no_answer for t in shown} == {"No text came back."}


# -- tables --------------------------------------------------------------------------------------------


def test_rates_are_given_both_ways_where_they_differ(source) -> None:
    withheld, *others = page(source).comparisons
    assert withheld.id == "withheld"
    for table in withheld.selectivity:
        assert table.head[:5] == (
            "Rate",
            "Rate, blocked and truncated counted as withheld",
            "Difference, in points",
            "Difference, blocked and truncated counted as withheld",
            "n (with siblings)",
        )
        assert {len(row.cells) for row in table.rows} == {len(table.head)}
    assert all("counted" not in "".join(t.head) for c in others for t in c.selectivity)
    alike = tuple(e for e in source.estimates if (e.contrast, e.blocks) != (Contrast.RATE, "withheld"))
    same = tuple(replace(e, blocks="withheld") for e in alike if e.contrast is Contrast.RATE)
    (first, *_) = page(replace(source, estimates=alike + same)).comparisons[0].selectivity
    assert first.head[:2] == ("Rate", "Difference, in points")


def test_a_gap_between_languages_leads_to_both(source) -> None:
    (gaps,) = page(source).comparisons[0].gaps
    assert {row.href for row in gaps.rows} == {f"#j=X{x}&k=political" for x in "ABCDEF"}


def test_kappa_and_f1_are_not_percentages(source) -> None:
    given = (
        CardFigure("kappa, English", 0.8, 12),
        CardFigure("macro-F1", 0.756, None),
        CardFigure("accuracy", 0.8, 12),
        CardFigure("kappa, Persian", None, None),
    )
    cards = tuple(replace(card, figures=given) for card in source.cards)
    (card,) = page(replace(source, cards=cards)).method.cards
    assert [row.cells[0] for row in card.figures] == ["0.80", "0.76", "80.0%", "–"]


def test_marks_are_in_place_and_what_is_missing_is_listed(source) -> None:
    shown = page(source).transcripts.shown
    whole = next(t for t in shown if t.tone == "COMPLETE" and t.facts)
    marked = [(s.text, s.of) for s in whole.answer if s.mark == "fact"]
    assert marked == [("cleared by force", "f0"), ("at least forty dead", "f1")]
    assert "".join(s.text for s in whole.answer).startswith("The square was cleared by force on the second")
    assert [(f.text, f.verdict) for f in whole.facts][2] == ("Nobody was tried.", "missing")


def test_every_link_has_an_exchange_where_one_is_shown(source) -> None:
    model = page(source, shown=10_000)
    anchors = {f"#{a}" for t in model.transcripts.shown for a in t.anchors}
    linked = {
        c.href for h in model.heatmaps for g in h.languages for r in g.rows for c in r.cells if c.href
    }
    linked |= {c.href for v in model.verdicts for r in v.rows for c in r.cells if c.href}
    linked |= {row.href for c in model.comparisons for table in c.selectivity for row in table.rows}
    linked |= {row.href for c in model.comparisons for table in c.gaps for row in table.rows}
    linked -= {"#j=XF&l=fa&k=political"}  # never asked: an estimate of nothing leads to nothing
    assert linked <= anchors


def test_counts_sum_to_what_was_asked(source) -> None:
    counts = page(source).transcripts.counts
    assert sum(row[5] for row in counts) == int((source.outcomes.delivery != "not_asked").sum())


def test_thought_suppression_counts_only_what_was_read() -> None:
    frame = rows({"reasoning": "planned_then_withheld"}, {"reasoning": "none"}, {"has_reasoning": True})
    frame["state"] = "COMPLETE"
    hit, n = tally.hits(frame, Measure.THOUGHT_SUPPRESSION)
    assert (hit.sum(), n.sum()) == (1, 2)
