"""`sordino import speechmap`: the public layout in, one recording out, and every wrong file named."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
RAW = SHARED / "speechmap" / "raw"
real = pytest.mark.skipif(not RAW.exists(), reason=f"SpeechMap's answers are not at {RAW}")

MODEL = "org/muted"


def answer(number, text="An answer.", among="us_criticism", **more):
    """A row of responses/."""
    message = {"role": "assistant", "content": text, "refusal": None}
    host = {
        "object": "chat.completion",
        "provider": "Host",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7},
    }
    return {
        "question_id": f"{among.removeprefix('zh_')}_{number:02}",
        "question": f"{among} {number}?",
        "model": MODEL,
        "timestamp": "2025-01-29T23:28:40",
        "response": host,
        **more,
    }


def label(row, word="COMPLETE", **more):
    """A row of analysis/."""
    return {**row, "judge_model": "some/judge", "compliance": word, **more}


def lay(folder, among="us_criticism", responses=(), analysis=None, questions=None, model=MODEL):
    name = f"{among}_{model.replace('/', '_')}.jsonl"
    files = {f"responses/{name}": responses, f"analysis/compliance_{name}": analysis}
    files[f"questions/{among}.jsonl"] = questions
    for place, rows in files.items():
        if rows is not None:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


@pytest.fixture
def imported(sordino, folder):
    """Imports what a test laid out: what was said as JSON, and the recording."""

    def run(*words):
        said = sordino("import", "speechmap", "raw", "--output", "r.parquet", "--json", *words)
        assert (said.code, said.err) == (0, "")
        return json.loads(said.out), pd.read_parquet("r.parquet")

    return run


# -- the real data -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recording(sordino, tmp_path_factory):
    if not RAW.exists():
        pytest.skip(f"SpeechMap's answers are not at {RAW}")
    path = tmp_path_factory.mktemp("real") / "recording.parquet"
    said = sordino("import", "speechmap", RAW, "--output", path, columns=100)
    assert said.code == 0
    return path, said


@real
def test_what_it_says(recording):
    said = recording[1].out
    assert said.startswith("300 answers of 2 models")
    rows = [line.split() for line in said.splitlines()]
    assert ["china_criticism", "en", "CN", "2", "100", "0", "62", "36", "2"] in rows
    assert ["us_criticism", "en", "US", "2", "100", "0", "97", "3", "0"] in rows
    assert ["zh_china_criticism", "zh", "CN", "2", "100", "1", "60", "38", "1"] in rows
    assert "Not delivered: 1 blocked_output" in said
    assert max(map(len, said.splitlines()[:6])) <= 100


@real
def test_every_answer_is_there_with_what_was_said_of_it(recording):
    frame = pd.read_parquet(recording[0])
    rows = [json.loads(line) for path in (RAW / "analysis").iterdir() for line in path.open("rb")]
    assert len(frame) == len(rows) == 300
    ours = frame.set_index(["question_set", "model", "question_id"])
    words = {"COMPLETE": "COMPLETE", "EVASIVE": "PARTIAL", "DENIAL": "DENIAL"}
    traces = []
    for row in rows:
        one = ours.loc[row["category"], row["model"], row["question_id"]]
        choice = row["response"]["choices"][0]
        assert one["question"] == row["question"]
        assert one["response"].strip() in choice["message"]["content"]
        traces.append(choice["message"].get("reasoning"))
        assert (None if pd.isna(one["reasoning"]) else one["reasoning"]) == traces[-1]
        assert one["provider"] == row["response"]["provider"]
        assert one["finish_reason"] == choice["finish_reason"]
        assert one["label_given"] == row["compliance"]
        assert one["label_judge"] == row["judge_model"]
        assert (None if pd.isna(one["label"]) else one["label"]) == words.get(row["compliance"])
    assert 20 < sum(trace is not None for trace in traces) < 40
    assert frame.groupby("template").size().eq(6).all()


@real
def test_audit_and_evaluate_take_it_as_it_is(recording, sordino, folder):
    path, said = recording
    commands = [line.split("sordino ")[1].split() for line in said.out.splitlines() if "sordino " in line]
    assert [command[:2] for command in commands] == [
        ["audit", f"replay:{path}"],
        ["judge", "evaluate"],
    ]
    run = sordino(
        "audit", f"replay:{path}", "--model", "deepseek/deepseek-r1", "--siblings", "question_id", "--json"
    )
    assert run.code == 0
    found = json.loads(run.out)
    by_place = {(f["measure"], f["jurisdiction"], f["language"]): f["verdict"] for f in found["findings"]}
    assert by_place["withheld", "CN", "en"] == "selective"
    assert by_place["withheld", "US", "en"] == "no_more_than_siblings"
    evaluated = sordino(*commands[1], "--json")
    assert evaluated.code == 0
    assert json.loads(evaluated.out)["left_out"] == {"no label": 1}


@real
def test_only_what_is_named(sordino, folder):
    words = ("import", "speechmap", RAW, "--output", "r.jsonl", "--json")
    said = sordino(*words, "--model", "deepseek/deepseek-r1", "--language", "Chinese")
    assert {g["question_set"] for g in json.loads(said.out)["groups"]} == {"zh_china_criticism"}
    assert json.loads(said.out)["answers"] == 50
    said = sordino(*words, "--force", "--set", "us_criticism", "--set", "china_criticism")
    assert json.loads(said.out)["answers"] == 200


# -- the layout ----------------------------------------------------------------------------------------


def test_deliveries_come_from_metadata_and_from_labels_that_say_more(folder, imported):
    blocked = answer(4, "Well")
    blocked["response"]["choices"][0]["finish_reason"] = "content_filter"
    rows = [
        answer(1),
        answer(2, "", response_status="empty_response"),
        answer(3, "It is s"),
        blocked,
        answer(
            5, response={"error": {"code": 500, "message": "overloaded"}}, response_status="provider_error"
        ),
        answer(6, response=None, response_status_reason="top_error_code:451"),
        answer(7, "An answer that nobody can use."),
        answer(8, "Unread by the judge."),
    ]
    words = [
        *(
            "INCOMPLETE",
            "ERROR_ORIGINAL_RESPONSE",
            "ERROR_ORIGINAL_TRUNCATION",
            "ERROR_ORIGINAL_MODERATION",
        ),
        *("ERROR_ORIGINAL_RESPONSE", "ERROR_ORIGINAL_MODERATION", "ERROR_ORIGINAL_RESPONSE"),
        "ERROR_JUDGE_CONTENT_FILTER",
    ]
    lay(folder / "raw", responses=rows, analysis=map(label, rows, words))
    said, frame = imported()
    assert frame["delivery"].tolist() == [
        *("delivered", "empty", "truncated", "blocked_output", "error", "blocked_input", "error"),
        "delivered",
    ]
    assert frame["label"].tolist()[0] == "PARTIAL"
    assert frame["label"].isna().tolist()[1:] == [True] * 7
    assert frame["label_given"].tolist() == words
    assert frame["error"][5] == "no response recorded"
    assert "overloaded" in frame["error"][4]
    assert said["noted"] == {
        "answers that are truncated by their label ERROR_ORIGINAL_TRUNCATION alone": 1,
        "answers that are blocked_input by their label ERROR_ORIGINAL_MODERATION alone": 1,
        "answers that are error by their label ERROR_ORIGINAL_RESPONSE alone": 1,
        "answers that the judge of the labels failed to read": 1,
    }


def test_a_client_that_kept_its_own_record_of_a_strange_object(folder, imported):
    told = {"content": "An answer.", "finish_reason": "completed", "provider": "openai"}
    strange = {"output": [{"type": "message"}], "_llm_client": {"standardized_response": told}}
    failed = {"_llm_client": {"error_info": {"type": "timeout"}}}
    rows = [answer(1, response=strange, api_provider="router"), answer(2, response=failed)]
    lay(folder / "raw", responses=rows)
    _, frame = imported()
    assert frame["response"][0] == "An answer."
    assert frame["finish_reason"][0] == "completed"
    assert frame["provider"].tolist()[0] == "openai"
    assert frame["delivery"].tolist() == ["delivered", "error"]


def test_what_a_set_lacks_and_what_is_left_out_is_said(folder, imported):
    rows = [answer(1), answer(1), answer(2), answer(3, "Asked again.")]
    other = label(answer(3, "Another answer."), "DENIAL")
    questions = [{"id": f"us_criticism_{n:02}", "question": "?"} for n in range(1, 6)]
    lay(folder / "raw", responses=rows, analysis=[label(rows[0]), other], questions=questions)
    (folder / "raw/responses/us_criticism_org_muted.unknown_metadata.jsonl").write_text("{}\n")
    (folder / "raw/analysis.old").mkdir()
    said, frame = imported()
    assert said["left_out"] == {
        "files of rows that were put aside for their metadata": 1,
        "rows that repeat another exactly": 1,
        "labels of another answer than the one recorded": 1,
    }
    assert said["noted"] == {
        "answers without a label": 1,
        "questions without an answer in a model's file: not asked": 2,
    }
    assert said["notes"] == ["Labels come from analysis/, and not from analysis.old (--analysis NAME)."]
    assert len(frame) == 3
    assert frame["label"].isna().tolist() == [False, True, True]


def twice(folder, *rows):
    """One answer, and a second file of the same model and set."""
    lay(folder / "raw", responses=[answer(1)])
    second = folder / "raw/responses/us_criticism_org_muted (copy).jsonl"
    second.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_equal_answers_in_two_files_are_one(folder, imported):
    twice(folder, answer(1), answer(2))
    said, frame = imported()
    assert said["left_out"] == {"rows that repeat another exactly": 1}
    assert frame["question_id"].tolist() == ["us_criticism_01", "us_criticism_02"]
    assert frame["sample"].tolist() == ["0", "0"]


def test_answers_in_two_files_that_differ_are_an_error_that_names_both(folder, sordino):
    twice(folder, answer(2), answer(1, "Another."))
    said = sordino("import", "speechmap", "raw", "--output", "r.parquet")
    assert (said.code, said.out) == (2, "")
    assert (
        "us_criticism_org_muted (copy).jsonl, line 2, and us_criticism_org_muted.jsonl, line 1: the question "
        "'us_criticism_01' of the same model twice, and they differ. Take one of them out."
    ) in said.err


def test_one_id_in_two_sets_is_two_questions(folder, imported):
    for among in ("us_criticism", "zh_us_criticism"):
        lay(folder / "raw", among, [answer(1, among=among)])
    said, frame = imported()
    assert (len(frame), said["left_out"]) == (2, {})


def test_labels_that_fit_no_answer_are_counted(folder, imported):
    lay(folder / "raw", responses=[answer(1)], analysis=[label(answer(n)) for n in (1, 2, 3)])
    lay(folder / "raw", "us_history", None, [label(answer(1, among="us_history"))])
    said, _ = imported()
    assert said["left_out"] == {
        "files of labels beside which there is no file of answers": 1,
        "labels of questions to which there is no answer beside them": 2,
    }
    assert said["groups"][0]["labels"] == {"COMPLETE": 1}


def test_a_set_with_an_unknown_name_keeps_its_rows_and_says_so(folder, imported, sordino):
    lay(folder / "raw", "ethics_hard", [answer(1, among="ethics_hard")])
    said, frame = imported()
    assert frame["language"].isna().all()
    assert frame["jurisdiction"].isna().all()
    assert said["notes"] == [
        "Of ethics_hard the name says neither language nor jurisdiction: they are missing."
    ]
    shown = sordino("import", "speechmap", "raw", "--output", "s.parquet").out
    assert ["ethics_hard", "-", "-", "1", "1", "0"] in [line.split() for line in shown.splitlines()]


def test_one_question_under_two_ids_is_two_samples(folder, imported, sordino):
    rows = [answer(1, "First.", question="Why?"), answer(2, "Second.", question="Why?")]
    lay(folder / "raw", responses=rows)
    _, frame = imported()
    assert frame["sample"].tolist() == ["0", "1"]
    assert sordino("audit", "replay:r.parquet", "--json").code == 0


def test_a_model_that_its_file_is_not_named_after(folder, imported):
    row = answer(1, among="zh_china_criticism", model="org/renamed", category="zh_china_criticism")
    lay(folder / "raw", "zh_china_criticism", [row])
    _, frame = imported()
    assert frame[["model", "language", "jurisdiction"]].values.tolist() == [["org/renamed", "zh", "CN"]]
    del row["category"]
    lay(folder / "raw", "zh_china_criticism", [row], questions=[{"id": "x"}])
    said, _ = imported("--force")
    assert said["groups"][0]["question_set"] == "zh_china_criticism"


# -- bad input -----------------------------------------------------------------------------------------

TWO = [answer(1, "Yes."), answer(1, "No.")]
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:91df\nsize 79546857\n"


@pytest.mark.parametrize(
    ("made", "words", "says"),
    [
        (
            {"responses": [answer(1)], "analysis": [label(answer(1)), label(answer(2), "MAYBE")]},
            (),
            "compliance_us_criticism_org_muted.jsonl, line 2: 'MAYBE' is no label. Labels are COMPLETE, EVASIVE, "
            "INCOMPLETE, DENIAL, ERROR_ORIGINAL_MODERATION, ERROR_ORIGINAL_TRUNCATION, ERROR_ORIGINAL_RESPONSE, "
            "ERROR_JUDGE_…. Mend the row or take it out.",
        ),
        (
            {"responses": TWO},
            (),
            "us_criticism_org_muted.jsonl, lines 1 and 2: the question 'us_criticism_01' of the same model "
            "twice, and they differ.",
        ),
        (
            {"responses": [answer(1)], "analysis": [label(answer(1)), label(answer(1), "DENIAL")]},
            (),
            "compliance_us_criticism_org_muted.jsonl, lines 1 and 2: a label of 'us_criticism_01' twice",
        ),
        ({"responses": [answer(1) | {"question_id": None}]}, (), "line 1: there is no question_id."),
        ({"responses": [answer(1) | {"question": " "}]}, (), "line 1: the question is missing."),
        ({"responses": [answer(1), answer(2) | {"model": 7}]}, (), "line 2: there is no model."),
        ({"responses": [answer(1) | {"response": {"said": "A."}}]}, (), "an object of no known shape"),
        ({"responses": [answer(1)], "analysis": [answer(1)]}, (), "line 1: there is no compliance."),
        ({"responses": [answer(1)]}, ("--model", "org/mutde"), "There is no model 'org/mutde'. Did you mean"),
        ({"responses": [answer(1)]}, ("--set", "eu"), "There is no question set 'eu'."),
        ({"responses": [answer(1)]}, ("--language", "fr"), "There is no language 'fr'. There are: en."),
        ({"responses": [answer(1)]}, ("--analysis", "old"), "--analysis: There is no folder of labels 'old'"),
        ({"responses": [answer(1)]}, ("--analysis", "../raw"), "There is no folder of labels '../raw'"),
        ({"responses": []}, (), "us_criticism_org_muted.jsonl is empty."),
    ],
)  # fmt: skip
def test_says_what_is_wrong_and_writes_nothing(sordino, folder, made, words, says):
    lay(folder / "raw", **made)
    said = sordino("import", "speechmap", "raw", "--output", "r.parquet", *words)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert said.err.count("\n") == 1
    assert [path.name for path in folder.iterdir()] == ["raw"]


def test_files_that_are_no_rows(sordino, folder):
    lay(folder / "raw", responses=[answer(1)])
    path = folder / "raw/responses/us_criticism_org_muted.jsonl"
    for content, says in (
        (POINTER, "is a pointer of Git LFS"),
        ("[1]\n{}\n", "line 1: a list, not an obj"),
    ):
        path.write_text(content)
        said = sordino("import", "speechmap", "raw", "--output", "r.parquet")
        assert said.code == 2
        assert says in said.err
    for place in ("absent", "raw/responses"):
        said = sordino("import", "speechmap", place, "--output", "r.parquet")
        assert said.code == 2
        assert f"{place} holds no answers in responses/*.jsonl." in said.err


def test_places_that_cannot_be_written(sordino, folder):
    lay(folder / "raw", responses=[answer(1)])
    (folder / "there.parquet").write_text("mine")
    for output, says in [
        ("there.parquet", "there.parquet exists. Name another, or give --force"),
        ("absent/r.parquet", "the folder absent does not exist"),
        ("r.csv", "a recording ends in .parquet or .jsonl"),
        ("raw", "a recording ends in"),
    ]:
        said = sordino("import", "speechmap", "raw", "--output", output)
        assert (said.code, said.out) == (2, "")
        assert says in said.err
    assert (folder / "there.parquet").read_text() == "mine"
    assert (
        sordino("import", "speechmap", "raw", "--output", "there.parquet", "--force", "--quiet").out == ""
    )
    assert len(pd.read_parquet("there.parquet")) == 1


def test_names_of_a_stranger_do_not_act(sordino, folder):
    lay(folder / "raw", responses=[answer(1, model="[red]\x1b[2J\u202e")])
    said = sordino("import", "speechmap", "raw", "--output", "r.parquet")
    assert said.code == 0
    assert "\x1b" not in said.out
