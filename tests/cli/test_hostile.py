"""What models, recordings and servers write is shown, kept, and never obeyed."""

import json
import re
from html.parser import HTMLParser

import pytest

MARKUP = (
    "</pre></script><script>alert(1)</script><img src=x onerror=alert(2)><style>*{display:none}</style>"
)
TEXTS = {
    "markup": MARKUP,
    "terminal": "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x9b1m",
    "nul": "a\0b\0",
    "long": "all of the words " * 60_000,
    "half": "half \ud83d a character \udfff",
    "bidi": "\u202eevil\u2066 \u2069",
    "templates": "[bold red]x[/] {{ 7*7 }} {0} %s $(id) `id` =1+1",
}
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Page(HTMLParser):
    """Counts the elements of a page, and what could act in them."""

    def __init__(self, text):
        super().__init__()
        self.found: dict[str, int] = {}
        self.acting: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found[tag] = self.found.get(tag, 0) + 1
        self.acting += [name for name, _ in attrs if name.startswith("on")]


def rows(said, times):
    """Answers of which every field says the same hostile text."""
    name = said[:200].encode("utf-8", "ignore").decode()  # halves of characters are refused in names
    places = [(j, "en") for j in ("CN", "US", name)] + [("CN", name)]
    for n in range(times):
        for jurisdiction, language in places:
            yield {
                "model": "".join(text[:99] for text in TEXTS.values()),
                "question": f"{jurisdiction} {language} {n}: {said}?",
                "response": None if n == 3 else said,
                "reasoning": said if n == 1 else None,
                "error": said if n == 3 else None,
                "finish_reason": said[:200] if n == 2 else "stop",
                "provider": said,
                "template": f"{n} {name}",
                "jurisdiction": jurisdiction,
                "language": language,
                "phrasing": name,
            }


@pytest.fixture(scope="module")
def hostile(audited, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "r.jsonl"
    with path.open("w", encoding="ascii") as file:
        for kind, said in TEXTS.items():
            file.writelines(json.dumps(row) + "\n" for row in rows(said, 1 if kind == "long" else 4))
    return audited(f"replay:{path}")


def test_the_audit_ends_well_and_the_terminal_is_safe(hostile, sordino):
    assert hostile.said.code == 0, hostile.said.err
    assert "not asked" not in hostile.said.err
    runs = sordino("runs", "--store", hostile.store)
    for text in (hostile.said.out, hostile.said.err, runs.out):
        assert ACTING.findall(text) == []


def test_the_report_holds_no_element_that_is_not_ours(hostile, small):
    ours, page = Page(small.report.read_text("utf-8")), Page(hostile.report.read_text("utf-8"))
    assert page.found["script"] == ours.found["script"]
    assert page.found["style"] == ours.found["style"]
    assert "img" not in page.found
    assert page.found.keys() <= ours.found.keys() | {
        "details",
        "summary",
        "pre",
        "mark",
        "blockquote",
        "em",
    }
    assert page.acting == []
    assert "49 {0}" not in hostile.report.read_text("utf-8")
    assert hostile.report.stat().st_size < 8 << 20


def test_machines_are_given_sound_json_and_csv(hostile, sordino):
    shown = sordino("report", "--json", "--store", hostile.store, cwd=hostile.folder)
    assert {e["jurisdiction"] for e in json.loads(shown.out)["estimates"]} >= {"CN", "US"}
    assert shown.out.isascii()
    shown = sordino("report", "--csv", "--store", hostile.store, cwd=hostile.folder)
    assert shown.code == 0
    assert ACTING.findall(shown.out) == []
    assert not re.search(r'(?m)(^|,)"?[=+@]', shown.out), "no formula for a spreadsheet"


def test_bundles_are_made_and_verified(hostile, sordino, folder):
    assert sordino("export", "--store", hostile.store, "--out", "b.zip").code == 0
    said = sordino("verify", "b.zip")
    assert (said.code, said.err) == (0, ""), said.out


def test_messages_about_bad_input_do_not_act_either(sordino, folder):
    rows = [{"question": "1?", "response": "A.", "model": f"{name} \x1b[2J\0\u202e"} for name in "ab"]
    (folder / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "ascii")
    said = sordino("audit", "replay:r.jsonl")
    assert said.code == 2
    assert "holds 2 models" in said.err
    assert ACTING.findall(said.err) == []
