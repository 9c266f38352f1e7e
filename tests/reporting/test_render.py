"""The file itself: nothing from outside becomes markup, it needs no network, it is whole or not there."""

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from sordino.core.errors import ReportError
from sordino.core.records import Finding, Measure, Verdict
from sordino.reporting import charts, document, render

HOSTILE = (
    '"><script>alert(1)</script><img src=x onerror=alert(2)>',
    "</script></style></title></textarea>--><svg onload=alert(3)>",
    "' onmouseover='alert(4)' x='{{ 7*7 }}{% raw %}",
    "\x1b]0;owned\x07\x00\x1b[31m\u202egnp.exe\u2066",
    "\ud800\udfff lone \ufffe]]> <![CDATA[ &lt;b&gt; &#60;i&#62;",
)


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.links: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag, tuple(sorted(name for name, _ in attrs))] += 1
        self.links |= {
            value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "action")
        }

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def parsed(html: str) -> Elements:
    elements = Elements()
    elements.feed(html)
    elements.close()
    return elements


def poisoned(source, text: str):
    """The same run, with `text` in every place that comes from outside."""

    def exchanges(keys):
        return {
            key: replace(
                e,
                attempt=replace(
                    e.attempt, text=e.attempt.text and text, reasoning=text, route=text,
                    error=e.attempt.error and text, finish_reason=text,
                ),
            )
            for key, e in source.exchanges(keys).items()
        }  # fmt: skip

    return replace(
        source,
        exchanges=exchanges,
        sentence=text,
        notes=(text,),
        outcomes=source.outcomes.assign(question=pd.Series(text, source.outcomes.index, dtype=object)),
        template_titles=dict.fromkeys(source.outcomes.template.unique(), text),
        cards=tuple(replace(c, name=text, summary=text, limits=(text,)) for c in source.cards),
        findings=tuple(replace(f, why=text) for f in source.findings),
        manifest=replace(
            source.manifest, run=text, command=text, created=text, settings={text: [text]},
            target=replace(source.manifest.target, name=text, spec=text, revision=text),
        ),
    )  # fmt: skip


@pytest.fixture(scope="module")
def html(source) -> str:
    return render.html(source)


@pytest.fixture(scope="module")
def wanted(make) -> Counter:
    """The elements and attributes of a page on which every name is harmless."""
    plain = poisoned(make(["a", "b"], ["XA", "XB"], ["en", "zh"], neutral=True), "plain words")
    return parsed(render.html(plain)).seen


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_from_outside_becomes_an_element_or_an_attribute(make, wanted: Counter, text: str) -> None:
    names = [text, text + "2"]
    hostile = poisoned(make(names, names, names, names[:1], neutral=True), text)
    got = parsed(render.html(hostile))
    assert got.seen == wanted
    assert all(link.startswith("#") for link in got.links)


def test_a_hostile_text_is_still_shown(make) -> None:
    html = render.html(poisoned(make(), "<b>\x1b\x00\ud800</b>"))
    html.encode("utf-8")
    assert "&lt;b&gt;␛␀⟨U+D800⟩&lt;/b&gt;" in html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", html)


def test_a_million_characters_are_cut_with_a_note(make) -> None:
    html = render.html(poisoned(make(["t"], ["XA"], ["en"], samples=3), "x" * 1_000_000))
    assert "992,000 more characters are not shown here; the store has them." in html
    assert len(html) < 500_000


def test_the_page_asks_the_network_for_nothing(html: str) -> None:
    elements = parsed(html)
    assert all(link.startswith("#") for link in elements.links)
    assert not re.search(r"@import|url\(|<link|<iframe|<img|<form[^>]+action", html)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert elements.seen["script", ()] == 1


def test_the_same_source_gives_the_same_file(source, html: str) -> None:
    assert render.html(source) == html


def test_charts_take_their_colours_from_the_page(source) -> None:
    svg = charts.forest(source, Measure.WITHHELD)
    assert svg is not None
    assert 'fill="var(--ink)"' in svg
    assert 'stroke="var(--accent)"' in svg
    assert not re.search("#0[1-4]0[1-4]0[1-4]", svg)
    assert "Farrow Isles" in svg
    assert "no estimate" in svg
    assert charts.forest(source, Measure.STATE_LINE) is None


@pytest.mark.parametrize("estimates", [True, False])
def test_the_picture_is_a_png(source, estimates: bool) -> None:
    picture = charts.summary_png(source if estimates else replace(source, estimates=()))
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")


def test_a_run_without_anything_still_has_a_page(make) -> None:
    empty = make()
    empty = replace(empty, outcomes=empty.outcomes.iloc[:0], estimates=(), findings=())
    html = render.html(empty)
    assert "There are no findings." in html
    assert "Nothing could be compared." in html


# -- writing -------------------------------------------------------------------------------------------


def test_a_report_replaces_the_old_one_and_leaves_nothing_beside_it(source, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    assert render.write(source, path) == path
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_failed_report_leaves_the_old_one(source, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def gone(keys):
        raise OSError("the store went away")

    with pytest.raises(OSError, match="went away"):
        render.write(replace(source, exchanges=gone), path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_what_cannot_be_written_as_utf_8_leaves_nothing_beside(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        document.replace(tmp_path / "page.html", "whole, then half a character: \ud800")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_take_a_report_is_refused_beforehand(tmp_path: Path) -> None:
    render.check_writable(tmp_path / "report.html")
    assert not list(tmp_path.iterdir())
    with pytest.raises(ReportError, match="is a folder"):
        render.check_writable(tmp_path)
    with pytest.raises(ReportError, match="does not exist"):
        render.check_writable(tmp_path / "missing" / "report.html")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs /proc, in which nobody can write")
def test_a_folder_that_takes_no_files_is_refused() -> None:
    with pytest.raises(ReportError, match="cannot be written"):
        render.check_writable(Path("/proc/report.html"))


def test_json_holds_every_finding_and_estimate(source) -> None:
    whole = json.loads(json.dumps(render.to_json(source), allow_nan=False))
    assert len(whole["findings"]) == len(source.findings)
    assert len(whole["estimates"]) == len(source.estimates)
    assert whole["findings"][0]["verdict"] in {v.value for v in Verdict}
    assert whole["manifest"]["target"]["name"] == "mute-a"
    assert whole["judges"][0]["figures"][1]["value"] is None


def test_csv_has_a_row_for_each_estimate_and_no_formula(source) -> None:
    evil = replace(
        source.estimates[0], jurisdiction="=HYPERLINK(1)\x1b", excluded={"error": 2, "blocked_input": 1}
    )
    blank = replace(evil, figure=replace(evil.figure, value=None, low=None, high=None))
    text = render.csv(replace(source, estimates=[evil, blank]))
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert first["jurisdiction"] == "'=HYPERLINK(1)␛"
    assert first["excluded"] == "blocked_input=1; error=2"
    assert float(first["value"]) == source.estimates[0].figure.value
    assert second["value"] == ""
    assert first["n"] == str(source.estimates[0].figure.n)


def test_findings_without_estimates_are_plain_json(source) -> None:
    bare = Finding(Measure.BLOCKED, "XA", "en", Verdict.NOT_ENOUGH_DATA, "Too few.")
    (found,) = render.to_json(replace(source, findings=(bare,)))["findings"]  # type: ignore[misc]
    assert found["estimate"] is None
    assert found["measure"] == "blocked"
