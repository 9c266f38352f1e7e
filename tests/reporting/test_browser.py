"""The page as its reader meets it: in a browser, without a network, on a desk and on a phone."""

from dataclasses import replace

import pytest

from sordino.auditing import sampling
from sordino.auditing.corrected import Labels, corrected
from sordino.reporting import render

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def report(source, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = render.write(source, tmp_path_factory.mktemp("report") / "report.html")
    return path.as_uri()


@pytest.fixture(scope="module")
def labelled(source, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Half of the answers have a label, and each says that the answer was withheld."""
    drawn = sampling.frame(source.outcomes).sort_values("key")
    said = dict.fromkeys(drawn["key"][::2], "DENIAL")
    given = Labels("people", said, dict(zip(drawn["key"], drawn["stratum"], strict=True)))
    found = replace(source, corrected=corrected(source.outcomes, given, "classifier/1"))
    return render.write(found, tmp_path_factory.mktemp("labelled") / "report.html").as_uri()


@pytest.fixture
def open_page(visit, report: str):
    """open_page(width, fragment): the report."""
    return lambda width=1200, fragment="", of=report, **more: visit(of + fragment, width, **more)


def showing(page) -> list[tuple[str, str, str]]:
    return page.eval_on_selector_all(
        ".transcript",
        "all => all.filter(n => n.checkVisibility()).map(n => [n.dataset.t, n.dataset.j, n.dataset.l])",
    )


def test_a_heatmap_cell_leads_to_its_exchanges(open_page) -> None:
    page = open_page()
    assert len(showing(page)) == 300
    page.click('.heat a[href="#t=protest-crackdown&j=XB&l=zh"] >> nth=0')
    # The page hears of its new fragment a moment later.
    playwright.expect(page.locator("select[name=l]")).to_have_value("zh")
    assert showing(page) == [["protest-crackdown", "XB", "zh"]] * 2
    assert page.input_value("select[name=j]") == "XB"
    assert page.inner_text("#matching") == "On this page: 2 of the run's 2 matching exchanges."
    assert page.locator(".transcript[open] blockquote").first.is_visible()
    box = page.locator("#transcripts").bounding_box()
    assert box is not None
    assert box["y"] < 50


def test_a_deep_link_a_search_and_a_reset(open_page) -> None:
    page = open_page(fragment="#j=XB&l=zh&e=withheld")
    assert showing(page)
    assert page.locator("#filter").is_visible()
    assert {(j, lang) for _, j, lang in showing(page)} == {("XB", "zh")}
    page.fill("input[name=q]", "no answer holds these words")
    assert showing(page) == []
    assert "q=" in page.evaluate("location.hash")
    page.click("#filter button[type=reset]")
    playwright.expect(page.locator("#matching")).to_contain_text("On this page: 300")
    assert len(showing(page)) == 300


def test_an_unknown_name_shows_nothing_rather_than_everything(open_page) -> None:
    assert showing(open_page(fragment="#j=QQ")) == []


def test_without_a_script_everything_is_there_and_links_still_lead(open_page) -> None:
    page = open_page(java_script_enabled=False)
    assert page.locator(".transcript").count() == 300
    assert not page.locator("#filter").is_visible()
    assert page.locator('[id="t=protest-crackdown&j=XB&l=zh"]').count() == 1


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1200, "light")])
def test_nothing_scrolls_sideways_and_the_picture_follows_the_theme(
    open_page, width: int, scheme: str
) -> None:
    page = open_page(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    drawn = page.evaluate("getComputedStyle(document.querySelector('.chart text')).fill")
    assert drawn == {"light": "rgb(27, 27, 27)", "dark": "rgb(236, 232, 225)"}[scheme]


@pytest.mark.parametrize("width", [320, 1200])
def test_judged_and_corrected_fits_and_leads_to_its_exchanges(open_page, labelled: str, width: int) -> None:
    page = open_page(width, of=labelled)
    page.evaluate("document.querySelectorAll('#corrected details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".doubt").is_visible()
    picture, table = (page.locator(f"#corrected {what}").first.bounding_box() for what in ("svg", "table"))
    assert picture is not None
    assert table is not None
    assert picture["x"] + picture["width"] <= width
    if width > 1000:
        assert table["x"] > picture["x"] + picture["width"], "they stand side by side"
        assert table["x"] + table["width"] <= width, "no column is cut off"
    page.click('#corrected a[href="#j=XB&l=zh&k=political"]')
    playwright.expect(page.locator("select[name=l]")).to_have_value("zh")
    assert {(j, lang) for _, j, lang in showing(page)} == {("XB", "zh")}
