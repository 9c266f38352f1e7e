"""The page of a remedy as its reader meets it: in a browser, without a network, on a desk and on a phone."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path

import pytest

from sordino.reporting import remedy_render
from sordino.reporting.remedy_source import RemedySource

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("SORDINO_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium: set SORDINO_CHROMIUM or put chromium on the PATH"
)
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


@pytest.fixture(scope="module")
def browser() -> Iterator["playwright.Browser"]:
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, folder: Path):
    """open_page(name, width): the page with the network cut; complaints fail the test."""
    complaints: list[str] = []
    contexts = []

    def opened(name: str, width: int = 1280, **more: object):
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((folder / f"{name}.html").as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


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
