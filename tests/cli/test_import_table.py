"""`sordino import table`: any table in, one form out, and everything that is wrong with it said at once."""

import json

import pandas as pd
import pytest

ROW = {"question": "Q?", "response": "A.", "model": "m"}


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def imported(sordino, folder):
    def run(name, *words):
        said = sordino("import", "table", name, "--output", "r.parquet", "--json", *words)
        assert (said.code, said.err) == (0, "")
        return json.loads(said.out), pd.read_parquet("r.parquet")

    return run


def test_it_is_more_than_a_copy(folder, imported):
    whole = {
        "object": "chat.completion",
        "choices": [{"message": {"content": "<think>Hm.</think>Yes."}, "finish_reason": "stop"}],
        "usage": {"completion_tokens": 9},
    }
    rows = [
        {
            "prompt": "1?",
            "answer": whole,
            "country": "china",
            "lang": "Chinese",
            "engine": "m",
            "mood": "bad",
        },
        {
            "prompt": "2?",
            "answer": None,
            "country": "USA",
            "lang": "zh_CN",
            "engine": "m",
            "label": "ERROR",
        },
        {"prompt": "3?", "answer": "It is", "stop_reason": "max_tokens", "engine": "m", "label": "evasive"},
        {"prompt": "4?", "answer": "", "stop_reason": "stop", "engine": "m", "label": "DENIAL"},
    ]
    lines(folder / "a.jsonl", *rows)
    said, frame = imported("a.jsonl", "--columns", "model=engine", "--language", "French")
    assert frame["delivery"].tolist() == ["delivered", "error", "truncated", "empty"]
    assert frame["response"].tolist()[0] == "Yes."
    assert frame["reasoning"].tolist()[0] == "Hm."
    assert frame["completion_tokens"].tolist()[0] == 9
    assert frame["language"].tolist() == ["zh", "zh-CN", "fr", "fr"]
    assert frame["jurisdiction"].tolist()[:2] == ["CN", "US"]
    assert frame["label"].fillna("-").tolist() == ["-", "-", "PARTIAL", "DENIAL"]
    assert frame["label_given"].tolist()[1:] == ["ERROR", "evasive", "DENIAL"]
    assert said["notes"] == ["Columns that a recording has no place for, left out: mood."]
    assert said["next"][0] == "sordino audit replay:r.parquet"


def test_a_recording_in_our_form_comes_out_as_it_went_in(folder, imported, sordino):
    lines(folder / "a.jsonl", ROW | {"label": "EVASIVE", "timestamp": "2031"}, ROW | {"question": "R?"})
    _, first = imported("a.jsonl")
    (folder / "r.parquet").rename(folder / "first.parquet")
    _, second = imported("first.parquet")
    pd.testing.assert_frame_equal(first, second)
    said = sordino("import", "table", "first.parquet", "--output", "r.jsonl")
    assert said.code == 0
    _, third = imported("r.jsonl", "--force")
    assert third.where(third.notna(), None).equals(first.where(first.notna(), None))


def test_equal_rows_are_dropped_and_samples_kept(folder, imported):
    rows = [
        ROW,
        ROW,
        ROW | {"sample": 1, "response": "B."},
        ROW | {"delivery": "not_asked", "question": "N?"},
    ]
    lines(folder / "a.jsonl", *rows)
    said, frame = imported("a.jsonl")
    assert frame["sample"].tolist() == ["0", "1"]
    assert said["left_out"] == {
        "rows of questions that were not asked": 1,
        "rows that repeat another exactly": 1,
    }
    assert said["noted"] == {"answers that say no language": 2}


def test_every_problem_is_named_in_one_message(folder, sordino):
    rows = [
        ROW,
        ROW | {"response": "B."},
        ROW | {"question": ""},
        ROW | {"question": "R?", "label": "GOOD"},
        ROW | {"question": "S?", "model": None},
        ROW | {"response": "C.", "label": "REFUSED"},
        ROW | {"question": "T?", "model": None, "label": "GOOD"},
    ]
    lines(folder / "a.jsonl", *rows)
    said = sordino("import", "table", "a.jsonl", "--output", "r.parquet")
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "a.jsonl: 6 rows cannot be taken." in said.err
    for problem in (
        "a.jsonl, lines 1 and 2: the same question of the same model twice, and they differ. Number repeats",
        "a.jsonl, line 3: the question is missing.",
        "a.jsonl, line 4: There is no label 'GOOD'.",
        "a.jsonl, line 5: the model is missing.",
        # A bad label hides no duplicate, nor a missing model a bad label.
        "a.jsonl, line 6: There is no label 'REFUSED'. Did you mean 'DENIAL'? There are: COMPLETE (answered),",
        "a.jsonl, lines 1 and 6: the same question of the same model twice, and they differ.",
        "a.jsonl, line 7: the model is missing. Fill it in, or give --model NAME. a.jsonl, line 7: There is no",
    ):
        assert problem in said.err
    assert [path.name for path in folder.iterdir()] == ["a.jsonl"]


def test_one_row_with_two_problems_is_one_row(folder, sordino):
    lines(folder / "a.jsonl", ROW, ROW | {"question": "S?", "model": None, "label": "GOOD"})
    said = sordino("import", "table", "a.jsonl", "--output", "r.parquet")
    assert said.err.startswith(
        "sordino: a.jsonl: 1 row cannot be taken. a.jsonl, line 2: the model is miss"
    )
    assert "There is no label 'GOOD'" in said.err


def test_a_cut_line_is_named_once(folder, sordino):
    (folder / "cut.jsonl").write_text(json.dumps(ROW) + '\n{"question": "Q2?",\n' + json.dumps(ROW) + "\n")
    said = sordino("import", "table", "cut.jsonl", "--output", "r.parquet")
    assert said.code == 2
    assert "cut.jsonl, line 2: not JSON (" in said.err
    assert "column 20)" in said.err
    assert "line 1" not in said.err


def test_names_that_nobody_knows_are_kept_and_said(folder, imported):
    rows = [
        ROW | {"question": f"{n}?", "language": language, "jurisdiction": jurisdiction}
        for n, (language, jurisdiction) in enumerate(
            [
                ("Englsh", "Chna"),
                ("Englsh", "Atlantis"),
                ("French", "XC"),
                ("zh-Hant-TW", "USA"),
                ("qaa", "EU"),
            ]
        )
    ]
    lines(folder / "a.jsonl", *rows)
    said, frame = imported("a.jsonl")
    tail = "neither a code nor an English name in CLDR: kept."
    assert said["noted"] == {
        f"answers in the language 'Englsh', {tail} Did you mean English (en)?": 2,
        f"answers about the jurisdiction 'Chna', {tail} Did you mean China (CN)?": 1,
        f"answers about the jurisdiction 'Atlantis', {tail}": 1,
    }
    assert frame["language"].tolist() == ["Englsh", "Englsh", "fr", "zh-Hant-TW", "qaa"]
    assert frame["jurisdiction"].tolist() == ["Chna", "Atlantis", "XC", "US", "EU"]


def test_of_many_names_that_nobody_knows_some_are_said(folder, imported):
    lines(
        folder / "a.jsonl",
        *[ROW | {"question": f"{n}?", "jurisdiction": f"Land {n:02}"} for n in range(13)],
    )
    said, _ = imported("a.jsonl", "--language", "en")
    assert len(said["noted"]) == 11
    assert (
        said["noted"]["answers about the jurisdiction of 3 other names that CLDR does not have: kept."] == 3
    )


def test_what_nobody_labelled_is_not_none(folder, sordino):
    rows = [
        ROW | {"language": "en", "label": "DENIAL"},
        ROW | {"language": "en", "question": "R?"},
        ROW | {"language": "fr", "question": "S?"},
    ]
    lines(folder / "a.jsonl", *rows)
    said = sordino("import", "table", "a.jsonl", "--output", "r.parquet").out
    shown = [line.split() for line in said.splitlines()]
    assert ["en", "-", "1", "2", "0", "0", "0", "1"] in shown
    assert ["fr", "-", "1", "1", "0", "–", "–", "–"] in shown
    assert "Note: 2 answers without a label" in said


def test_many_problems_are_counted(folder, sordino):
    lines(folder / "a.jsonl", ROW, *[ROW | {"response": str(n)} for n in range(30)])
    said = sordino("import", "table", "a.jsonl", "--output", "r.parquet")
    assert "30 rows cannot be taken." in said.err
    assert said.err.rstrip().endswith("And 20 more.")


@pytest.mark.parametrize(
    ("content", "words", "says"),
    [
        (
            {"question": "Q?", "response": "A."},
            (),
            "no column says whose answers these are. Give --model NAME",
        ),
        ({"q": "Q?", "response": "A.", "model": "m"}, (), "no column holds the question"),
        ({"question": "Q?", "said": "A.", "model": "m"}, (), "no column holds the response"),
        (ROW, ("--columns", "response=reply"), "there is no column 'reply' to read the response from"),
        (ROW, ("--columns", "respnse=x"), "Did you mean 'response'?"),
        (
            ROW,
            ("--label", "verdict"),
            "there is no column 'verdict' of labels. Its columns: question, resp",
        ),
    ],
)
def test_columns_that_are_not_there(folder, sordino, content, words, says):
    lines(folder / "a.jsonl", content)
    said = sordino("import", "table", "a.jsonl", "--output", "r.parquet", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert [path.name for path in folder.iterdir()] == ["a.jsonl"]


def test_files_that_are_none(folder, sordino):
    (folder / "empty.jsonl").write_text("")
    (folder / "blank.csv").write_text("question,response,model\n")
    lines(folder / "a.jsonl", ROW)
    for words, says in [
        (("empty.jsonl", "--output", "r.parquet"), "empty.jsonl is empty."),
        (("blank.csv", "--output", "r.parquet"), "blank.csv holds no answers."),
        (("absent.jsonl", "--output", "r.parquet"), "There is no recording 'absent.jsonl'"),
        (("a.jsonl", "--output", "a.jsonl", "--force"), "is the file that is read"),
        ((".", "--output", "r.parquet"), ". is a folder"),
    ]:
        said = sordino("import", "table", *words)
        assert (said.code, said.out) == (2, "")
        assert says in said.err


def test_whose_answers_they_are_can_be_told(folder, imported):
    (folder / "a.csv").write_text("question,response\nQ?,A.\n")
    said, frame = imported("a.csv", "--model", "org/m", "--jurisdiction", "Russia")
    assert frame[["model", "jurisdiction"]].values.tolist() == [["org/m", "RU"]]
    assert said["groups"][0]["deliveries"] == {"delivered": 1}
