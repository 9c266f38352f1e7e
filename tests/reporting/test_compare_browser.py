"""The page of a comparison as its reader meets it: in a browser, without a network, on a desk and on a phone."""

from dataclasses import replace

import pytest

from sordino.comparing.comparison import Side, compare
from sordino.reporting import compare_render
from sordino.reporting.compare_source import CompareSource
from sordino.store.outcomes import STRING

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def address(make, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two runs of which the second is muted about XB in Chinese."""
    names = [f"t{i}" for i in range(8)]
    runs = [
        make(names, ("XA", "XB"), ("en", "zh"), ("plain", "indirect"), muted, facts=True)
        for muted in ({}, {("XB", "zh"): 0.97})
    ]
    plain = dict.fromkeys(("template", "jurisdiction", "language", "phrasing"), STRING)
    sources = [
        replace(
            source,
            outcomes=source.outcomes.astype(plain),
            manifest=replace(source.manifest, run=run, target=replace(source.manifest.target, name=run)),
        )
        for run, source in zip(("first", "second"), runs, strict=True)
    ]
    made = compare(*(Side(s.manifest, s.outcomes, s.exchanges) for s in sources))
    path = tmp_path_factory.mktemp("compared") / "compare.html"
    return compare_render.write(
        CompareSource(made, *sources, "sordino compare first second"), path
    ).as_uri()


@pytest.fixture
def open_page(visit, address: str):
    """open_page(width, fragment): the comparison."""
    return lambda width=1280, fragment="", **more: visit(address + fragment, width, **more)


def showing(page) -> list[dict[str, str]]:
    return page.eval_on_selector_all(
        ".pair", "all => all.filter(n => n.checkVisibility()).map(n => ({...n.dataset}))"
    )


def test_a_move_leads_to_its_pairs(open_page) -> None:
    page = open_page()
    link = page.locator('.flow a[href="#e=COMPLETE-DENIAL&k=political"]')
    number = int(link.inner_text())
    link.click()
    playwright.expect(page.locator("select[name=e]")).to_have_value("COMPLETE-DENIAL")
    found = showing(page)
    assert len(found) == number
    assert all("COMPLETE-DENIAL" in pair["e"].split() and pair["k"] == "political" for pair in found)
    assert page.input_value("select[name=e]") == "COMPLETE-DENIAL"
    assert (
        page.inner_text("#matching") == f"On this page: {number} of the {number} changed pairs that match."
    )


def test_pairs_are_filtered_by_place_and_kind_of_change(open_page) -> None:
    page = open_page(fragment="#j=XB&l=zh")
    assert {(pair["j"], pair["l"]) for pair in showing(page)} == {("XB", "zh")}
    page.select_option("select[name=e]", "facts_lost")
    assert all("facts_lost" in pair["e"].split() for pair in showing(page))
    page.click("#filter button[type=reset]")
    playwright.expect(page.locator("#matching")).to_contain_text("On this page")
    assert len(showing(page)) == page.locator(".pair").count()


@pytest.mark.parametrize(("width", "beside"), [(1280, True), (390, False)])
def test_the_answers_stand_side_by_side_and_on_a_phone_one_below_the_other(
    open_page, width: int, beside: bool
) -> None:
    page = open_page(width)
    page.locator(".pair > summary").first.click()
    a, b = (page.locator(f".pair .side.{side}").first.bounding_box() for side in "ab")
    question = page.locator(".pair .asked").first.bounding_box()
    assert question["y"] + question["height"] <= a["y"] + 1
    assert (b["x"] >= a["x"] + a["width"]) is beside
    assert (b["y"] >= a["y"] + a["height"] - 1) is not beside


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")])
def test_nothing_scrolls_sideways(open_page, width: int, scheme: str) -> None:
    page = open_page(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_without_a_script_everything_is_there(open_page) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator(".pair").count() > 5
    assert not page.locator("#filter").is_visible()
    assert page.locator('[id="j=XB&l=zh"]').count() == 1
