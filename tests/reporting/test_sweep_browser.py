"""The page of a ranking as its reader meets it: in a browser, without a network, on a desk and on a phone."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from sordino.comparing.entries import Group
from sordino.comparing.ranking import rank
from sordino.reporting import sweep_page
from sordino.reporting.sweep_source import SweepSource

RUNS = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "ranked_runs.py")))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Four models with long names, five jurisdictions, two languages; the report of one lies beside."""
    folder = tmp_path_factory.mktemp("ranking")
    places = [(f"X{c}", lang) for c in "ABCDE" for lang in ("en", "zh")]
    lost = {("XB", "en"): ("blocked_output", 12), ("XC", "zh"): ("not_asked", 12)}
    entries = [
        RUNS.entry(
            "m" * 70 + str(i),
            RUNS.outcomes(
                {p: 12 if p == ("XA", "en") and i else 0 for p in places}, 12, lost if i == 1 else {}
            ),
        )
        for i in range(4)
    ]
    (folder / f"report-{entries[1].run}.html").write_text("<title>its own</title>", encoding="utf-8")
    ranked = rank(Group(tuple(entries)))
    found = SweepSource("2026-03-14T09:26:53+00:00", "sordino rank --all", [ranked])
    return sweep_page.write(found, folder / "ranking.html")


@pytest.fixture(params=[390, 1280])
def shown(request, visit, written):
    return visit(written.as_uri(), request.param)


def test_nothing_runs_over_the_side(shown):
    assert shown.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_headline_and_the_first_heatmap_are_there_and_folds_open(shown):
    assert "withhold more about Averne" in shown.locator(".sentence").inner_text()
    assert shown.locator("table.heat").first.is_visible()
    rest = shown.locator("details.rest").first
    assert not rest.locator("table").first.is_visible()
    rest.locator("summary").first.click()
    assert rest.locator("table").first.is_visible()


def test_missing_cells_look_unlike_a_zero(shown):
    def look(selector):
        return shown.locator(selector).first.evaluate(
            "(node) => [getComputedStyle(node).backgroundImage, getComputedStyle(node).outlineStyle]"
        )

    zero, lacking, not_asked = (look(f".heat td.{name}") for name in ("h0", "lacking", "not_asked"))
    assert zero[0] == "none"
    assert "repeating-linear-gradient" in lacking[0]
    assert not_asked[1] == "dashed"


def test_a_cell_leads_to_the_exchanges_in_the_models_own_report(shown):
    cell = shown.locator(".heat td a").first
    cell.click()
    assert shown.title() == "its own"
    assert "&l=en&k=political" in shown.url
