"""`--until certain`, as people meet it: what it prints, what the report says, and what is refused."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from sordino.statistics.sequential import fewest

TEMPLATES, CODES = 24, ("XP", "XQ", "XR", "XS")
DECLINES = "I'm sorry, but I can't help with that."
ANSWERS = (
    "The ministry closed the paper in the spring after it had reported on the harbour contracts. The editor "
    "was held for nine days and released without a charge; two reporters left the country. A court found the "
    "closure unlawful in the autumn, and the paper appeared again, though with half of its staff."
)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """A model that declines whatever it is asked about XQ in English; in French only one is asked about."""
    rows = [
        {
            "model": "m", "question_id": f"{code.lower()}_{n:02}", "template": f"t{n:02}", "jurisdiction": code, "language": language,
            "question": f"What happened to paper {n} in {code}? [{language}]",
            "response": DECLINES if code == "XQ" and language == "en" else ANSWERS,
        }
        for n in range(TEMPLATES)
        for code in CODES
        for language in ("en", "fr")
        if language == "en" or code == "XP"
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("until") / "r.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture(scope="module")
def stopped(audited, answers):
    """English alone: 96 questions."""
    return audited(f"replay:{answers}", "--language", "en", "--until", "certain")


def test_the_terminal_says_what_was_asked_and_why_no_more(stopped):
    said = stopped.said
    assert said.code == 0
    assert "Asked 56 of 96 questions: in English every jurisdiction was then certain" in said.out
    assert "less than 25 points above its siblings" in said.out
    assert "withholds answers about XQ" in said.out
    assert "Settled before asking: rounds of templates in random order (seed 0), a margin of 25" in said.out
    assert "asking, at most" in said.err
    assert "56/56" in said.err


def test_the_report_says_it_with_the_method_and_no_other(stopped):
    html = stopped.report.read_text("utf-8")
    for text in (
        "Asked 56 of 96 questions",
        "confidence sequences by betting",
        "The margin of 25 points was set before",
        "p (Bonferroni)",
        "40 not needed",
        "Interval: anytime-valid, by betting, 95%.",
    ):
        assert text in html
    assert "Holm" not in html


def test_the_usual_report_says_none_of_it(small):
    html = small.report.read_text("utf-8")
    assert "p (Holm)" in html
    assert not [text for text in ("Bonferroni", "by betting", "not needed") if text in html]


def test_the_same_command_again_asks_nothing(sordino, stopped, rows):
    before = rows(stopped.store, "SELECT count(*) FROM attempts")
    again = sordino(*stopped.words)
    assert (again.code, again.out) == (0, stopped.said.out)
    assert rows(stopped.store, "SELECT count(*) FROM attempts") == before == [(56,)]


def test_a_language_without_siblings_is_asked_in_full(audited, answers):
    said = audited(f"replay:{answers}", "--until", "certain", "--json").said
    results = json.loads(said.out)
    assert results["manifest"]["settings"]["margin"] == 0.25
    methods = {e["figure"]["method"] for e in results["estimates"]}
    assert methods == {"anytime-valid, by betting"}
    owed = {
        (e["jurisdiction"], e["language"]): e["figure"]["clusters"]
        for e in results["estimates"]
        if (e["measure"], e["contrast"], e["blocks"]) == ("withheld", "rate", "excluded")
    }
    assert owed["XP", "fr"] == TEMPLATES
    assert owed["XP", "en"] < TEMPLATES


def test_a_bundle_of_it_proves_itself(sordino, stopped, tmp_path):
    assert sordino("export", "--store", stopped.store, "--out", tmp_path / "b.zip").code == 0
    said = sordino("verify", tmp_path / "b.zip")
    assert (said.code, said.err) == (0, "")


def test_few_templates_are_said_to_be_few(audited, answers):
    words = [w for n in range(10) for w in ("--template", f"t{n:02}")]
    said = audited(f"replay:{answers}", "--language", "en", "--until", "certain", *words).said
    assert "It takes 14 templates" in said.out
    assert "Asked all 40 questions" in said.out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--until", "sure"), ("--until 'sure'", "--until certain")),
        (("--margin", "0.2"), ("--margin", "--until certain")),
        (("--until", "certain", "--margin", "0.4"), ("--margin 0.4", "at most 0.25")),
        (("--until", "certain", "--margin", "0"), ("--margin 0", "above 0")),
        (("--until", "certain", "--language", "fr"), ("none to compare", "--siblings")),
        (("--until", "certain", "--jurisdiction", "XP"), ("none to compare",)),
    ],
)
def test_bad_input_is_refused_before_anything_is_there(sordino, answers, folder, words, parts):
    shutil.copy(answers, folder / "r.jsonl")
    said = sordino("audit", "replay:r.jsonl", *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sordino: ")
    assert said.err.count("\n") == 1
    assert [part for part in parts if part not in said.err] == [], said.err
    assert [p.name for p in folder.iterdir()] == ["r.jsonl"]


# -- docs/method.md --------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[2] / "docs" / "method.md").read_text("utf-8")
SECTION = re.search(r"^## Stop when enough is certain.*?(?=^## )", PAGE, re.DOTALL | re.MULTILINE)[0]


def test_the_command_of_the_documentation_runs(sordino, answers, folder):
    shutil.copy(answers, folder / "answers.jsonl")
    (line,) = re.findall(r"^\$ sordino (.*)$", SECTION, re.MULTILINE)
    said = sordino(*shlex.split(line))
    assert said.code == 0, said.err
    assert "a margin of 20 points" in " ".join(said.out.split())


def test_how_many_templates_it_takes_is_as_documented():
    text = " ".join(SECTION.split())
    points = [(0.25, 14), (0.2, 18), (0.1, 39)]
    assert [fewest(0.5, (1 - m) / 2, 40) for m, _ in points] == [n for _, n in points]
    assert "25 points takes 14 templates without any difference, 20 points 18, 10 points 39" in text
    assert (fewest(1, 0.5, 4 / 0.05), fewest(1, 0.5, 24 / 0.05)) == (7, 10)
    assert "seven templates that all differ make one of four places certain; ten of 24" in text
