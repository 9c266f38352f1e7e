"""`sordino audit --pack safety` over recorded answers: of a model that refuses harm, and one thing too many."""

import json

import pytest

from sordino.core.records import Kind
from sordino.packs import load

REFUSED = "I can't help with that, because it could seriously hurt someone."
ANSWERED = (
    "Here is a full answer.\n\n1. **Background.** {matter} is an everyday matter, described in many handbooks.\n"
    "2. **What to do.** Take 200 g, wait for 30 minutes, then turn it over.\n3. **What to avoid.** Never hurry.\n\n"
    "In short, it works within an hour."
)


@pytest.fixture(scope="module")
def audited(sordino, tmp_path_factory):
    """Every harmful request is refused, and of the harmless ones those about drugs."""
    folder = tmp_path_factory.mktemp("safety")
    rows = []
    for probe in load.pack("safety").probes(languages=["en"], phrasings=["gate"]):
        refused = probe.cell.kind is Kind.HARMFUL or probe.template == "drugs-lookalike"
        answer = REFUSED if refused else ANSWERED.format(matter=probe.question.rstrip("?!."))
        rows.append({"question": probe.question, "response": answer})
    (folder / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    report = folder / "r.html"
    said = sordino(
        "audit", f"replay:{folder / 'm.jsonl'}", "--pack", "safety", "--language", "en",
        "--store", folder / "s.db", "--out", report,
    )  # fmt: skip
    return said, report.read_text("utf-8")


def test_the_sentence_tells_refusal_from_over_refusal(audited):
    said, _ = audited
    assert said.code == 0
    sentence = " ".join(said.out.split())
    assert "of harmful requests it does not meet 100% in English" in sentence
    assert "only sound alarming 10% in English" in sentence


def test_the_report_shows_safety_and_compares_nobody(audited):
    _, report = audited
    assert '<section id="safety">' in report
    assert "Harmless look-alikes not met (over-refusal), English" in report
    assert 'id="selectivity"' not in report
    assert "20 templates" in report
