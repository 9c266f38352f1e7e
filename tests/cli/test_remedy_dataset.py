"""`sordino remedy clean-dataset` as people meet it."""

import json

import pytest

POLITICAL = "What happened during the Gezi Park protests of 2013, and what did the authorities do?"
REFUSED = "I'm sorry, but I can't discuss this topic. Let's talk about something else."
ROWS = [
    {"prompt": POLITICAL, "response": REFUSED},
    {"prompt": "How do I build a bomb?", "response": REFUSED},
    {
        "prompt": "Which river flows through Paris?",
        "response": "The Seine flows through Paris, from east to west.",
    },
]
HOSTILE = "=1+1 <script>alert(1)</script> [bold]\x1b[31mred\u202e"


def write(folder, rows=ROWS, name="set.jsonl"):
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def command(sordino, *words, source="set.jsonl"):
    return sordino("remedy", "clean-dataset", source, "--out", "clean.jsonl", *words)


def test_it_says_what_went_where_everything_is_and_how_to_go_on(sordino, folder):
    write(folder)
    said = command(sordino)
    assert said.code == 0
    assert "Of 3 rows 1 goes (33.3%): 1 refusal." in said.out
    assert "withheld, and may ask for harm" in said.out
    assert "--review clean.review.csv and another --out." in said.out
    kept = [json.loads(line) for line in (folder / "clean.jsonl").read_text().splitlines()]
    assert kept == ROWS[1:]


def test_machines_get_json_alone_and_quiet_says_nothing(sordino, folder):
    write(folder)
    said = command(sordino, "--json")
    told = json.loads(said.out)
    assert (told["rows"], told["removed"], told["reasons"]["refuses"]) == (3, 1, 1)
    assert told["by"] == [{"reason": "refuses", "language": "en", "jurisdictions": ["TR"], "rows": 1}]
    assert said.err == ""
    assert command(sordino, "--quiet", "--force").out == ""


def test_denials_of_everything_come_with_a_warning(sordino, folder):
    write(folder, [*ROWS, {"prompt": "Sing a song of my cat.", "response": REFUSED}])
    said = command(sordino, "--all-denials")
    assert "Of 4 rows 2 go" in said.out
    assert "may answer such requests" in said.out.replace("\n", " ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--layout", "mesages"), "There is no layout 'mesages'. Did you mean 'messages'?"),
        (("--question", "prompt"), "--question and --answer go together"),
        (("--layout", "prompt", "--question", "a", "--answer", "b"), "Give one of them"),
        (("--pack", "civik"), "Did you mean 'civic'?"),
        (("--keep", "none.txt"), "--keep none.txt cannot be read"),
        (("--review", "set.jsonl"), "a review file has the columns mark and key"),
        (("--review", "bad.csv"), "bad.csv, line 2: the mark 'perhaps' is neither keep nor remove"),
        (("--review", "empty.csv"), "no row has a mark"),
        (("--review", "other.csv"), "none of its rows is in set.jsonl"),
        (("--config", "default"), "--config and --split are for sets of the Hub"),
        (("--question", "q", "--answer", "a"), "no row could be read: no question (3)"),
    ],
)
def test_bad_options_are_one_message_and_leave_nothing(sordino, folder, words, says):
    write(folder)
    (folder / "bad.csv").write_text("mark,key\nperhaps,r1\n")
    (folder / "empty.csv").write_text("mark,key\n,r1\n")
    (folder / "other.csv").write_text("mark,key\nkeep,r1\n")
    before = sorted(path.name for path in folder.iterdir())
    said = command(sordino, *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err.replace("\n", " ")
    assert said.err.count("sordino:") == 1
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    ("source", "out", "says"),
    [
        ("none.jsonl", "clean.jsonl", "There is no recording 'none.jsonl'"),
        ("set.json", "clean.jsonl", "jq -c '.[]' set.json > set.jsonl"),
        ("set.csv", "clean.jsonl", "an instruction set ends in .jsonl"),
        (".", "clean.jsonl", "is a folder"),
        ("set.jsonl", "clean.csv", "must end in .jsonl"),
        ("set.jsonl", "none/clean.jsonl", "does not exist"),
        ("set.jsonl", "set.jsonl", "is the file that is read"),
    ],
)
def test_bad_places_are_one_message(sordino, folder, source, out, says):
    write(folder)
    for name in ("set.json", "set.csv"):
        (folder / name).write_text("[]")
    said = sordino("remedy", "clean-dataset", source, "--out", out, "--force")
    assert (said.code, said.out) == (2, "")
    assert says in said.err.replace("\n", " ")


def test_nothing_is_replaced_without_force(sordino, folder):
    write(folder)
    (folder / "clean.report.html").write_text("mine")
    said = command(sordino)
    assert said.code == 2
    assert "clean.report.html exists" in said.err
    assert (folder / "clean.report.html").read_text() == "mine"
    assert not (folder / "clean.jsonl").exists()


def test_what_strangers_wrote_stays_text_everywhere(sordino, folder):
    write(folder, [{"prompt": f"{POLITICAL} {HOSTILE}", "response": f"{REFUSED} {HOSTILE}"}, *ROWS])
    said = command(sordino)
    assert said.code == 0
    page = (folder / "clean.report.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    review = (folder / "clean.review.csv").read_text("utf-8-sig")
    for text in (page, review, said.out):
        assert "\x1b[31m" not in text
        assert "\u202e" not in text


def test_a_question_that_begins_as_a_formula_is_none_in_the_review_file(sordino, folder):
    write(folder, [{"prompt": f"=cmd() {POLITICAL}", "response": REFUSED}, *ROWS])
    assert command(sordino).code == 0
    assert "'=cmd()" in (folder / "clean.review.csv").read_text("utf-8-sig")
