"""The page of a remedy as its reader meets it: in a browser, without a network, on a desk and on a phone."""

from pathlib import Path
from runpy import run_path

import pytest

from sordino.reporting import remedy_render
from sordino.reporting.remedy_source import RemedySource

MADE = run_path(str(Path(__file__).parents[1] / "remedied.py"))
CASES = ("accepted", "rejected", "hostile")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("remedied")
    for name in CASES:
        source = RemedySource(MADE[name](), files={"compare.html": "side by side"})
        remedy_render.write(source, made / f"{name}.html")
    (made / "compare.html").write_text("<title>compared</title>", "utf-8")
    return made


@pytest.fixture
def open_page(visit, folder: Path):
    """open_page(name, width): the page of a case."""
    return lambda name, width=1280, **more: visit((folder / f"{name}.html").as_uri(), width, **more)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")])
def test_nothing_scrolls_sideways(open_page, name: str, width: int, scheme: str) -> None:
    page = open_page(name, width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_chart_stands_beside_its_table_and_on_a_phone_above_it(open_page) -> None:
    for width, beside in ((1280, True), (390, False)):
        page = open_page("accepted", width)
        chart, table = (page.locator(f"#figures {name}").bounding_box() for name in ("svg", ".figures"))
        assert (table["x"] >= chart["x"] + chart["width"] - 1) is beside
        assert (table["y"] >= chart["y"] + chart["height"]) is not beside


def test_the_comparison_is_a_click_away(open_page) -> None:
    page = open_page("accepted")
    page.click("a[href='compare.html']")
    assert page.title() == "compared"
