"""`judge read` beneath the command: every row and column comes out again, and what a judge said of it."""

import csv
import datetime
import decimal
import gzip
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sordino.core.errors import JudgeError, RecordingError, SpecError
from sordino.judging.card import JudgeCard
from sordino.judging.classifier import Classifier
from sordino.wiring.judge_file import Job, read_file
from sordino.wiring.judged_tables import ADDED, form

ESSAY = (
    "The harvest of 1932 failed in three provinces, and the government kept exporting grain. Villages were "
    "searched for hidden stores, and passports kept the hungry from leaving. Historians put the deaths at "
    "several million, and the archives opened in 1990 hold the orders."
)
NO = "I'm sorry, but I can't help with that."
ROWS: list[dict[str, Any]] = [
    {"question": "Describe the famine.", "response": ESSAY, "n": 1, "tags": ["a", {"b": None}]},
    {"question": "Describe the famine.", "response": NO, "n": 2.5, "x": True},
    {"question": "Describe the famine.", "response": None, "n": None},
    {"question": " ", "response": ESSAY},
    {"question": "Describe the famine.", "response": "  "},
    {"question": "Describe the famine.", "response": "…!?"},
    {"question": "Describe the famine.", "response": {"role": "assistant"}},
    {"question": "Describe the famine.", "response": f"<think>I can't say that.</think>{ESSAY}"},
    {"question": "Describe the famine.", "response": NO, "finish_reason": "content_filter"},
]
SAID = ["COMPLETE", "DENIAL", None, None, None, None, None, "COMPLETE", None]
WHY = [
    None, None, "no response", "no question", "empty response", "no words in the answer",
    "the response is no text but an object. Name the text inside it, as in --columns "
    "response=response.0.content.", None, "not delivered: blocked_output",
]  # fmt: skip


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in data.decode().split("\n")[:-1]]


def cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_row_comes_out_as_it_was_with_what_the_judge_said(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ROWS)
    done = read_file(Job(source, tmp_path / "b.jsonl"))
    found = lines(tmp_path / "b.jsonl")
    assert [{k: v for k, v in row.items() if k not in ADDED} for row in found] == ROWS
    assert [list(row)[: len(given)] for row, given in zip(found, ROWS, strict=True)] == [
        list(r) for r in ROWS
    ]
    assert [list(row)[-len(ADDED) :] for row in found] == [list(ADDED)] * len(ROWS)
    assert [row["engagement"] for row in found] == SAID
    assert [row["unjudged"] for row in found] == WHY
    for row in found:
        probabilities = [row["p_complete"], row["p_partial"], row["p_denial"]]
        if row["engagement"] is None:
            assert (*probabilities, row["unsure"]) == (None, None, None, None)
        else:
            assert sum(probabilities) == pytest.approx(1, abs=1e-5)
            assert row["unsure"] == (max(probabilities) < JudgeCard.shipped("classifier").unsure_below)
    assert {row["judge"] for row in found} == {Classifier.shipped().id}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]
    summary = done.summary()
    assert summary["rows"] == len(ROWS)
    assert summary["engagement"] == {"COMPLETE": 2, "PARTIAL": 0, "DENIAL": 1}
    assert sum(summary["unjudged"].values()) == WHY.count(None) * 2  # type: ignore[attr-defined]


def test_the_reasoning_is_not_read(tmp_path: Path) -> None:
    rows = [{"question": "Why?", "response": ESSAY, "reasoning": trace} for trace in (None, NO, ESSAY)]
    rows += [{"question": "Why?", "response": f"<think>{NO}</think>\n{ESSAY}"}]
    read_file(Job(write(tmp_path / "a.jsonl", rows), tmp_path / "b.jsonl"))
    assert len({row["p_complete"] for row in lines(tmp_path / "b.jsonl")}) == 1


def test_an_envelope_is_taken_off(tmp_path: Path) -> None:
    envelope = {"choices": [{"message": {"content": NO}, "finish_reason": "stop"}]}
    rows = [
        {"question": "Why?", "response": envelope},
        {"question": "Why?", "response": json.dumps(envelope)},
    ]
    rows[1]["response"] = json.dumps({"object": "chat.completion", **envelope})
    read_file(Job(write(tmp_path / "a.jsonl", rows), tmp_path / "b.jsonl"))
    found = lines(tmp_path / "b.jsonl")
    assert [row["engagement"] for row in found] == ["DENIAL", "DENIAL"]
    assert [row["response"] for row in found] == [row["response"] for row in rows]


def test_columns_of_other_names_and_inside_objects(tmp_path: Path) -> None:
    rows = [{"ask": "Why?", "reply": {"text": NO}, "text": ESSAY}]
    told = {"question": "ask", "response": "reply.text"}
    done = read_file(Job(write(tmp_path / "a.jsonl", rows), tmp_path / "b.jsonl", told))
    assert lines(tmp_path / "b.jsonl")[0]["engagement"] == "DENIAL"
    assert done.taken == told


# -- models --------------------------------------------------------------------------------------------


def test_each_models_answers_are_read_by_the_fold_that_left_it_out(tmp_path: Path) -> None:
    folds = JudgeCard.shipped("classifier").folds
    names = [folds[0][0], folds[1][0].replace("_", "/", 1), "nobody/knows-this-model", None]
    rows = [{"question": "Why?", "response": ESSAY, "model": name} for name in names * 2]
    read_file(Job(write(tmp_path / "a.jsonl", rows), tmp_path / "b.jsonl"))
    judges = [row["judge"] for row in lines(tmp_path / "b.jsonl")]
    assert judges == [Classifier.shipped(name).id for name in names] * 2
    assert [judge.partition("/")[2] for judge in judges[:4]] == ["fold0", "fold1", "", ""]


def test_a_model_that_is_told_is_that_of_rows_that_name_none(tmp_path: Path) -> None:
    folds = JudgeCard.shipped("classifier").folds
    rows = [{"question": "Why?", "response": ESSAY, "model": name} for name in (None, folds[1][0])]
    read_file(Job(write(tmp_path / "a.jsonl", rows), tmp_path / "b.jsonl", model=folds[0][0]))
    assert [r["judge"].partition("/")[2] for r in lines(tmp_path / "b.jsonl")] == ["fold0", "fold1"]


# -- formats -------------------------------------------------------------------------------------------


def test_parquet_keeps_its_types_and_its_metadata(tmp_path: Path) -> None:
    when = datetime.datetime(2024, 5, 1, 12, 30, 1, 250, datetime.UTC)
    table = pa.table(
        {
            "question": pa.array(["Why?"] * 3, pa.large_string()),
            "response": pa.array([ESSAY, NO, None], pa.dictionary(pa.int8(), pa.string())),
            "when": pa.array([when, None, when], pa.timestamp("ns", "UTC")),
            "price": pa.array([decimal.Decimal("1.10"), None, None], pa.decimal128(9, 2)),
            "small": pa.array([1, None, 3], pa.int8()),
            "half": pa.array([float("nan"), None, 0.5], pa.float32()),
            "raw": pa.array([b"\xff\x00", None, b""]),
            "deep": pa.array([[{"a": 1}], None, []], pa.list_(pa.struct([("a", pa.int16())]))),
            "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int32())),
        }
    ).replace_schema_metadata({"mine": "kept"})  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    read_file(Job(tmp_path / "a.parquet", tmp_path / "b.parquet"))
    found = pq.read_table(tmp_path / "b.parquet")
    assert found.column_names == [*table.column_names, *ADDED]
    own = found.select(table.column_names)
    assert own.schema.equals(table.schema)
    assert own.schema.metadata[b"mine"] == b"kept"
    assert str(own.to_pylist()) == str(table.to_pylist())  # as text: NaN is not equal to itself
    assert found["engagement"].to_pylist() == ["COMPLETE", "DENIAL", None]
    assert found["unsure"].type == pa.bool_()
    assert found["p_denial"].type == pa.float64()
    # What JSON and CSV cannot hold is text there, and what is no number is null.
    read_file(Job(tmp_path / "a.parquet", tmp_path / "b.jsonl"))
    first, second, _ = lines(tmp_path / "b.jsonl")
    assert (first["half"], first["price"], first["map"], first["deep"]) == (
        None,
        "1.10",
        [["k", 1]],
        [{"a": 1}],
    )
    assert first["when"].startswith("2024-05-01T12:30:01")
    assert second["when"] is None
    read_file(Job(tmp_path / "a.parquet", tmp_path / "b.csv"))
    assert cells(tmp_path / "b.csv")[0]["deep"] == '[{"a": 1}]'


def test_json_lines_become_a_table_with_all_keys_of_all_rows(tmp_path: Path) -> None:
    rows = [
        dict(ROWS[0]),
        dict(ROWS[1]),
        {**ROWS[2], "late": 1 << 70, "float": 1},
        {**ROWS[3], "float": 0.5},
    ]
    source = write(tmp_path / "a.jsonl", rows)
    read_file(Job(source, tmp_path / "b.parquet"))
    found = pq.read_table(tmp_path / "b.parquet")
    own = ["question", "response", "n", "tags", "x", "late", "float"]
    assert found.column_names == [*own, *ADDED]
    types = {name: str(found.schema.field(name).type) for name in own}
    assert types == {
        "question": "string", "response": "string", "n": "double", "tags": "string", "x": "bool",
        "late": "string", "float": "double",
    }  # fmt: skip
    assert found["n"].to_pylist() == [1.0, 2.5, None, None]
    assert json.loads(found["tags"].to_pylist()[0]) == ROWS[0]["tags"]
    read_file(Job(source, tmp_path / "b.csv"))
    assert list(cells(tmp_path / "b.csv")[0]) == [*own, *ADDED]


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_any_text_comes_through_every_format(tmp_path: Path, texts: list[tuple[str, str]]) -> None:
    rows = [{"question": q, "response": r} for q, r in texts]
    source = write(tmp_path / "a.jsonl", rows)
    for name in ("b.csv", "b.parquet", "b.jsonl.gz"):
        read_file(Job(source, tmp_path / name, force=True, keep_formulas=True))
    assert [{k: row[k] for k in ("question", "response")} for row in lines(tmp_path / "b.jsonl.gz")] == rows
    assert pq.read_table(tmp_path / "b.parquet").select(["question", "response"]).to_pylist() == rows
    assert [{k: row[k] for k in ("question", "response")} for row in cells(tmp_path / "b.csv")] == rows
    # And the judge says the same of what it reads out of each.
    for name in ("b.csv", "b.parquet", "b.jsonl.gz"):
        job = Job(tmp_path / name, tmp_path / "c.jsonl", prefix="again_", force=True)
        read_file(job)
        again = lines(tmp_path / "c.jsonl")
        said = [row["again_engagement"] for row in again]
        assert said == [row["engagement"] or None for row in again]


def test_half_characters_are_kept_in_json_and_escaped_elsewhere(tmp_path: Path) -> None:
    half = "half \ud83d a character " + ESSAY
    source = write(tmp_path / "a.jsonl", [{"question": "Why?", "response": half, "\ud800": 1}])
    for name in ("b.jsonl", "b.csv", "b.parquet"):
        read_file(Job(source, tmp_path / name))
    assert lines(tmp_path / "b.jsonl")[0]["response"] == half
    assert cells(tmp_path / "b.csv")[0]["response"] == half.replace("\ud83d", "\\ud83d")
    assert pq.read_table(tmp_path / "b.parquet")["response"].to_pylist() == [
        half.replace("\ud83d", "\\ud83d")
    ]


def test_a_spreadsheet_runs_nothing(tmp_path: Path) -> None:
    said = [
        '=HYPERLINK("http://x","y")',
        "+1 for that",
        "-0.5",
        "@me",
        "- a list\nof things",
        "a = b",
        "\tx",
    ]
    source = write(tmp_path / "a.jsonl", [{"question": "=1+1", "response": text} for text in said])
    done = read_file(Job(source, tmp_path / "b.csv"))
    found = [row["response"] for row in cells(tmp_path / "b.csv")]
    assert found == ["'" + said[0], "'" + said[1], "-0.5", "'@me", "'- a list\nof things", "a = b", "'\tx"]
    assert any("does: 12." in note for note in done.notes)
    read_file(Job(source, tmp_path / "b.csv", keep_formulas=True, force=True))
    assert [row["response"] for row in cells(tmp_path / "b.csv")] == said


def test_the_same_rows_are_the_same_bytes(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ROWS[:2])
    for name in ("one.csv.gz", "two.csv.gz"):
        read_file(Job(source, tmp_path / name))
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()


def test_batches_do_not_mix_up_rows(tmp_path: Path) -> None:
    folds = JudgeCard.shipped("classifier").folds
    draw = random.Random(1)
    rows = [
        {"question": "Why?", "response": draw.choice([ESSAY, NO, "", None]), "id": n, "model": models[0]}
        for n, models in ((n, draw.choice(folds)) for n in range(1203))
    ]
    read_file(Job(write(tmp_path / "a.jsonl", rows), tmp_path / "b.parquet"))
    found = pq.read_table(tmp_path / "b.parquet").to_pylist()
    assert [row["id"] for row in found] == list(range(1203))
    expected = {ESSAY: "COMPLETE", NO: "DENIAL", "": None, None: None}
    assert [row["engagement"] for row in found] == [expected[row["response"]] for row in rows]
    read_file(Job(tmp_path / "b.parquet", tmp_path / "c.parquet", prefix="p_"))
    again = pq.read_table(tmp_path / "c.parquet").to_pylist()
    assert [row["p_judge"] for row in again] == [row["judge"] for row in found]


# -- what is refused -----------------------------------------------------------------------------------


def test_nothing_is_left_of_a_job_that_fails(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ROWS * 100)
    with source.open("a") as stream:
        stream.write("{torn\n" + json.dumps(ROWS[0]) + "\n")
    with pytest.raises(RecordingError, match="line 901"):
        read_file(Job(source, tmp_path / "b.csv"))
    assert [p.name for p in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_torn_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ROWS[:2])
    with source.open("a") as stream:
        stream.write('{"question": "Why?", "resp')
    done = read_file(Job(source, tmp_path / "b.jsonl"))
    assert done.counts.rows == 2
    assert any("torn" in note for note in done.notes)


def test_a_column_is_never_written_over(tmp_path: Path) -> None:
    rows = [{"question": "Why?", "response": NO}, {"question": "Why?", "response": NO, "judge": "me"}]
    source = write(tmp_path / "a.jsonl", rows)
    with pytest.raises(SpecError, match=r"'judge'.*--prefix sordino_"):
        read_file(Job(source, tmp_path / "b.jsonl"))
    read_file(Job(source, tmp_path / "b.jsonl", prefix="sordino_"))
    assert [row.get("judge") for row in lines(tmp_path / "b.jsonl")] == [None, "me"]
    assert lines(tmp_path / "b.jsonl")[1]["sordino_engagement"] == "DENIAL"


def test_a_file_is_not_written_over_itself(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ROWS)
    (tmp_path / "link.jsonl").symlink_to(source)
    before = source.read_bytes()
    for output in (source, tmp_path / "link.jsonl", tmp_path / ".." / tmp_path.name / "a.jsonl"):
        with pytest.raises(SpecError, match="the file that is read"):
            read_file(Job(source, output, force=True))
    assert source.read_bytes() == before


@pytest.mark.parametrize("name", ["b", "b.txt", "b.gz", "b.parquet.gz", "b.json", "b.jsonl.zip"])
def test_unknown_forms(name: str) -> None:
    with pytest.raises(SpecError, match=r"\.csv, \.parquet"):
        form(Path(name))


def test_an_unknown_judge(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", ROWS)
    with pytest.raises((SpecError, JudgeError), match="clasifier"):
        read_file(Job(source, tmp_path / "b.jsonl", judge="clasifier"))


def test_whole_numbers_that_no_float_holds_keep_their_digits(tmp_path: Path) -> None:
    """Beside floats they would lose them, and Arrow refuses; alone they are whole numbers."""
    told = [{"question": "Why?", "response": NO, "a": 2**60 + 1, "b": 2**60 + 1, "c": 1}]
    told += [{"question": "Why?", "response": NO, "a": 0.5, "b": 7, "c": 0.5}]
    read_file(Job(write(tmp_path / "a.jsonl", told), tmp_path / "b.parquet"))
    found = pq.read_table(tmp_path / "b.parquet").to_pydict()
    assert [found[name] for name in "abc"] == [[str(2**60 + 1), "0.5"], [2**60 + 1, 7], [1.0, 0.5]]


def test_a_damaged_file_is_what_is_named_and_not_the_place(tmp_path: Path) -> None:
    source = tmp_path / "a.parquet"
    table = pa.table(
        {name: [f"{name} {n * 7919}" for n in range(4_000)] for name in ("question", "response")}
    )
    pq.write_table(table, source, row_group_size=1_000)
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(
        (byte * 31 + 77) % 256 for byte in content[middle : middle + 400]
    )
    source.write_bytes(content)
    with pytest.raises(RecordingError, match=r"a\.parquet is not readable Parquet"):
        read_file(Job(source, tmp_path / "b.parquet"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]
