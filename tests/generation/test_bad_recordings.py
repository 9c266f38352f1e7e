"""Every way a recording can be wrong gets one message that says where and what to do."""

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sordino.core.errors import RecordingError, SordinoError, SpecError
from sordino.generation.columns import parse
from sordino.generation.readers import LONGEST_LINE
from sordino.generation.recording import Recording

GOOD = '{"question": "1?", "response": "A."}\n'
ROW = {"question": "Q?", "response": "A."}


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    ("name", "content", "options", "says"),
    [
        # columns
        ("a.jsonl", lines({"q": "Q?", "response": "A."}), {}, "no column holds the question"),
        ("a.jsonl", lines({"q": "Q?", "response": "A."}), {}, "Its columns: q, response. Name it with"),
        ("a.jsonl", lines({"question": "Q?", "said": "A."}), {}, "no column holds the response"),
        ("a.csv", b"question,said\nQ?,A.\n", {}, "no column holds the response"),
        ("a.jsonl", lines(ROW), {"columns": {"response": "reply"}}, "no column 'reply' to read the resp"),
        ("a.jsonl", lines(ROW), {"columns": {"language": "lng"}}, "no column 'lng' to read the language"),
        ("a.jsonl", lines(ROW), {"columns": {"respnse": "x"}}, "Did you mean 'response'?"),
        # models
        ("a.jsonl", lines(ROW | {"model": "a"}, ROW | {"model": "b"}), {}, "with --model: a, b."),
        ("a.jsonl", lines(ROW | {"model": "alpha"}), {"model": "alhpa"}, "Did you mean 'alpha'?"),
        ("a.jsonl", lines(ROW | {"model": "a"}, ROW), {}, "line 2: the model is missing"),
        # rows
        ("a.jsonl", lines(ROW, {"question": None, "response": "A."}), {}, "a.jsonl, line 2: the question"),
        ("a.jsonl", lines({"question": " ", "response": "A."}), {}, "line 1: the question is missing"),
        ("a.jsonl", lines(ROW, ROW), {}, "lines 1 and 2: the same question of the same model twice"),
        ("a.jsonl", lines(ROW, ROW), {}, "--columns sample=COLUMN"),
        ("a.jsonl", lines(ROW | {"sample": 1}, ROW | {"sample": 1}), {}, "lines 1 and 2"),
        ("a.csv", b"question,response\nQ?,A.\n\nQ?,B.\n", {}, "lines 2 and 4"),
        ("a.jsonl", lines({"question": [{"role": "user"}], "response": "A."}), {}, "the question is no"),
        ("a.jsonl", lines({"question": "Q?", "response": {"said": "A."}}), {}, "the response is no text"),
        # siblings
        ("a.jsonl", lines(ROW | {"id": "china_07", "country": "CN"}), {"siblings": "id"}, "no two"),
        ("a.jsonl", lines(ROW), {"siblings": "question_id"}, "no two requests alike"),
        # files
        ("a.jsonl", b"", {}, "a.jsonl is empty"),
        ("a.jsonl", b"\n \n", {}, "holds no answers"),
        ("a.csv", b"question,response\n", {}, "holds no answers"),
        ("a.txt", b"Q? A.", {}, "ends in .csv, .jsonl, .ndjson, .parquet"),
        ("a", b"Q? A.", {}, "ends in .csv"),
        ("a.jsonl.gz", lines(ROW), {}, "a.jsonl.gz cannot be read"),
        ("a.jsonl.gz", gzip.compress(lines(*[ROW] * 50), mtime=0)[:-12], {}, "a.jsonl.gz cannot be read"),
        ("a.parquet", lines(ROW), {}, "a.parquet is not readable Parquet"),
        # encodings
        ("a.jsonl", GOOD.encode() + b'{"question": "\xe9"}\n' + GOOD.encode(), {}, "line 2, byte 15 (0x"),
        ("a.csv", b"question,response\nQ?,\xe9!\n", {}, "a.csv, line 2, byte 4 (0xe9): not UTF-8"),
        ("a.jsonl", b"\xff\xfe" + GOOD.encode("utf-16-le") + b"\x00", {}, "not UTF-16 as it begins"),
        # syntax
        ("a.jsonl", GOOD.encode() + b'{"question": "2?", "resp\n' + GOOD.encode(), {}, "line 2: not JSON"),
        ("a.jsonl", b"[1, 2]\n", {}, "line 1: a list, not an object"),
        ("a.jsonl", b'{"question": "1?", "question": "2?"}\n', {}, "line 1: the key 'question' stands twice"),
        ("a.jsonl", b'{"question": "1?", "response": {"a": 1, "a": 2}}\n', {}, "the key 'a' stands twice"),
        ("a.jsonl", b"[" * 200_000 + b"\n", {}, "line 1: nested too deeply"),
        ("a.jsonl", b'{"question": "torn', {}, "holds no answers. a.jsonl, line 1: not JSON"),
        ("a.csv", b"question,response\nQ?,A.,B.\n", {}, "line 2: 3 cells where the header has 2"),
        ("a.csv", b'question,response\nQ?,"A.\n', {}, "not CSV"),
        ("a.csv", b"question,question,response\nQ?,Q?,A.\n", {}, "two columns are named 'question'"),
    ],
)  # fmt: skip
def test_says_what_is_wrong(tmp_path, name, content, options, says):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SordinoError) as caught:
        Recording.read(path, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_absent_files_and_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecordingError, match=r"There is no recording .a\.jsonl"):
        Recording.read(tmp_path / "a.jsonl")
    with pytest.raises(RecordingError) as alone:
        Recording.read(Path("a.jsonl"))
    assert str(alone.value) == (
        "There is no recording 'a.jsonl' in this folder, nor any other. Give the path of one."
    )
    (tmp_path / "b.jsonl").mkdir()
    with pytest.raises(RecordingError, match="is a folder"):
        Recording.read(tmp_path / "b.jsonl")
    with pytest.raises(RecordingError, match="is a folder"):
        Recording.read(tmp_path)


@pytest.mark.parametrize("tail", ['{"question": "2?", "resp', '{"question": "2?", "response": "é'])
def test_a_torn_last_line_is_noted_and_the_rest_used(tmp_path, tail):
    path = tmp_path / "a.jsonl"
    path.write_bytes(GOOD.encode() + tail.encode()[: -1 if tail.endswith("é") else None])
    recording = Recording.read(path)
    assert len(recording.answers) == 1
    assert len(recording.notes) == 1
    assert "a.jsonl, line 2" in recording.notes[0]
    assert "the rest is used" in recording.notes[0]


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.csv.gz"])
def test_endless_lines_are_refused(tmp_path, name):
    path = tmp_path / name
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"question,response\n" if "csv" in name else b"")
        for _ in range((LONGEST_LINE >> 20) + 1):
            file.write(b"x" * (1 << 20))
    with pytest.raises(RecordingError, match=r"line [12]: longer than 64 MiB"):
        Recording.read(path)


def test_parquet_names_its_rows(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist([ROW, ROW]), path)
    with pytest.raises(RecordingError, match=r"a\.parquet, rows 1 and 2"):
        Recording.read(path)


def test_parquet_with_a_column_twice(tmp_path):
    path = tmp_path / "a.parquet"
    cells = [pa.array([text]) for text in ("Q?", "A.", "B.")]
    pq.write_table(pa.Table.from_arrays(cells, names=["question", "response", "response"]), path)
    with pytest.raises(RecordingError, match="two columns are named 'response'"):
        Recording.read(path)


def test_parquet_that_is_not_utf8(tmp_path):
    path = tmp_path / "a.parquet"
    bad = pa.array([b"fine", b"caf\xe9"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"question": ["1?", "2?"], "response": bad}), path)
    with pytest.raises(RecordingError, match=r"a\.parquet, row 1 or .* not UTF-8"):
        Recording.read(path)


def test_columns_option():
    assert parse("question=Q, response=a.0.b") == {"question": "Q", "response": "a.0.b"}
    for bad in ("question", "question=", "=Q"):
        with pytest.raises(SpecError, match="is not FIELD=COLUMN"):
            parse(bad)
