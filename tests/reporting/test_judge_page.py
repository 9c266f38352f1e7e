"""Pages about a judge: what they say, that hostile text stays text, and how they look to a browser."""

from dataclasses import replace

import pytest

from sordino.core.records import Axis, Engagement, Reading
from sordino.judging.card import CardFigure, JudgeCard
from sordino.judging.validation import Judged, validate
from sordino.reporting import judge_card, judge_measured, judge_page
from sordino.reporting.judge_views import About, ModelRead

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\u202e{{ 7*7 }}'
C, P, D = Engagement


def judged(name="en"):
    def one(label, value, confidence, number):
        reading = Reading("k", Axis.ENGAGEMENT, "classifier@1", value.value, confidence)
        return Judged(label, reading, f"m{number % 14}", {"language": name}, name, name)

    pairs = (
        [(C, C, 0.97)] * 60
        + [(P, P, 0.8)] * 20
        + [(P, C, 0.7)] * 10
        + [(D, D, 0.99)] * 15
        + [(D, P, 0.52)] * 5
    )
    return [one(*pair, number) for number, pair in enumerate(pairs)]


@pytest.fixture
def measured():
    def page(name="en", source="answers.csv"):
        about = About(
            "classifier@1", source, name, {}, (ModelRead(name, 3, 1), ModelRead(None, 2, None)), {name: 4}
        )
        found = validate(judged(name), unsure_below=0.6)
        return judge_measured.page(found, about, JudgeCard.shipped("facts"))

    return page


def test_the_sentence_the_figures_and_the_limits(measured):
    page = measured()
    assert page.sentence == (
        "Of 110 labelled answers it reads 86.4% as their label says; beyond chance, kappa is 0.76 "
        f"{page.headline.rows[1].cells[0].partition(' ')[2]}."
    )
    assert "3 answers are by 1 of the models" in " ".join(page.about)
    assert page.limits == JudgeCard.shipped("facts").limits
    (part,) = page.parts
    assert part.table.rows[0].cells[0] == "110"
    assert [c.read for c in page.mistakes] == ["COMPLETE", "PARTIAL"]


def test_hostile_names_and_answers_stay_text(measured):
    html = judge_page.html(measured(HOSTILE, HOSTILE))
    assert "<script" not in html
    assert "<img" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "{{ 7*7 }}" in html


def test_a_card_with_next_to_nothing_on_it_is_shown():
    shipped = JudgeCard.shipped("facts")
    bare = replace(
        shipped,
        figures=(CardFigure("kappa", None, None),),
        limits=(),
        detail={"confusion": 3, "calibration": [{}]},
    )
    page = judge_card.page(bare)
    assert (page.curves, page.parts, page.confusion) == ((), (), ())
    assert page.headline.rows[0].cells == ("–", "–")
    assert "The figures to know" in judge_page.html(page)


def test_figures_of_one_kind_stand_side_by_side():
    shipped = JudgeCard.shipped("facts")
    figures = [
        CardFigure("models kept apart: accuracy", 0.961, 90),
        CardFigure("models kept apart: kappa", 0.8, 90),
        CardFigure("language sw: accuracy", 0.7, 10),
        CardFigure("language sw: kappa", -0.004, 10),
        CardFigure("Expected calibration error", 0.0051, 90),
    ]  # fmt: skip
    page = judge_card.page(replace(shipped, figures=tuple(figures), detail={}))
    (part,) = page.parts
    assert (part.table.head, part.table.rows[0].cells) == (
        ("Accuracy", "Kappa", "n"),
        ("70.0%", "0.00", "10"),
    )
    assert [row.name for row in page.headline.rows][-1] == "Expected calibration error"
    assert page.headline.rows[-1].cells == ("0.005", "90")
    assert page.rest[0].rows[0].cells == ("96.1%", "0.80", "90")


@pytest.mark.parametrize("width", [1200, 390])
def test_in_a_browser_without_a_network(measured, visit, tmp_path, width):
    judge_page.write(measured(), tmp_path / "page.html")
    page = visit((tmp_path / "page.html").as_uri(), width)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    drawn = page.eval_on_selector_all("svg", "all => all.map(svg => svg.getBoundingClientRect().height)")
    assert len(drawn) == 3
    assert min(drawn) > 20
