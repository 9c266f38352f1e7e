"""The files that people fill in: whatever a model said goes in harmless and comes back as it was written."""

import csv
import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sordino.core.errors import LabelError, RecordingError
from sordino.core.records import Axis
from sordino.generation.readers import read_rows
from sordino.reporting.text import cell
from sordino.wiring.label_files import LONGEST, read, seal, write

COLUMNS = ("key", "stratum", "language", "question", "answer", "label", "note")

TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(), max_size=30),
    st.text("=+-@\t\r\n\",; '\0\u202eλ谁و\ud800", max_size=20),
    st.sampled_from(
        ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", '"', "'=1", '","', "\ufeff", "谁\n说"]
    ),
)
KEYS = st.one_of(
    st.text("0123456789abcdef", min_size=1, max_size=32),
    st.text("0123456789", min_size=1, max_size=32),
    st.from_regex(r"[0-9]{1,20}e[0-9]{1,11}", fullmatch=True),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("files")


@settings(max_examples=60)
@given(rows=st.lists(st.tuples(KEYS, TEXTS, TEXTS), min_size=1, max_size=4, unique_by=lambda row: row[0]))
def test_every_text_of_every_script_comes_back_as_it_was_written(folder, rows):
    path = folder / "labels.csv"
    write(path, COLUMNS, [{"key": k, "question": q, "answer": a, "label": "DENIAL"} for k, q, a in rows])
    read_back = [row for _, row in read_rows(path, list, [])]
    assert [(row["question"] or "", row["answer"] or "") for row in read_back] == [
        (cell(q), cell(a)) for _, q, a in rows
    ]
    assert all(
        not (row["question"] or "").startswith(("=", "+", "-", "@", "\t", "\r")) for row in read_back
    )
    found = read(path, "anna", Axis.ENGAGEMENT)
    assert [one.key for one in found.given] == [key for key, _, _ in rows], "a key is never changed"


@given(notes=st.lists(TEXTS, min_size=1, max_size=4))
def test_a_note_comes_back(folder, notes):
    path = folder / "notes.csv"
    write(path, COLUMNS, [{"key": f"k{i}", "note": n, "label": "PARTIAL"} for i, n in enumerate(notes)])
    found = read(path, "anna", Axis.ENGAGEMENT)
    assert [one.note for one in found.given] == [cell(note).strip() or None for note in notes]


@settings(max_examples=30)
@given(key=st.from_regex(r"[0-9]{5,32}(e[0-9]{1,5})?", fullmatch=True))
def test_no_spreadsheet_takes_a_key_for_a_number(folder, key):
    path = folder / "keys.csv"
    write(path, COLUMNS, [{"key": key, "label": "DENIAL"}])
    with path.open(encoding="utf-8-sig", newline="") as file:
        shown = next(csv.DictReader(file))["key"]
    with pytest.raises(ValueError, match="could not convert"):
        float(shown)


def test_a_file_is_utf_8_that_spreadsheets_know_and_quoted_as_rfc_4180_has_it(folder):
    path = folder / "labels.csv"
    write(path, ("key", "answer"), [{"key": "k", "answer": 'Sie sagte: "Ja,\nvielleicht"'}])
    assert path.read_bytes() == b'\xef\xbb\xbfkey,answer\nk,"Sie sagte: ""Ja,\nvielleicht"""\n'


def test_an_answer_longer_than_a_cell_is_cut_and_says_so(folder):
    path = folder / "labels.csv"
    write(path, ("key", "answer"), [{"key": "k", "answer": "谁" * (LONGEST + 1_234)}])
    with path.open(encoding="utf-8-sig", newline="") as file:
        shown = next(csv.DictReader(file))["answer"]
    assert shown.endswith("谁 … [1,234 more characters]")
    assert len(shown) < 32_767


def test_a_seal_differs_by_row_and_is_no_number():
    seals = {seal(run, key, stratum) for run in "ab" for key in "cd" for stratum in ("en/DENIAL/sure", "x")}
    assert len(seals) == 8
    assert all(s.isalpha() and s.isascii() and s.islower() for s in seals)


def test_nothing_half_written_is_left(folder):
    def rows():
        yield {"key": "k"}
        raise KeyboardInterrupt

    place = folder / "whole"
    place.mkdir()
    with pytest.raises(KeyboardInterrupt):
        write(place / "labels.csv", ("key",), rows())
    assert list(place.iterdir()) == []


# -- filled in elsewhere -------------------------------------------------------------------------------

ROWS = [
    {"key": "a", "label": "denial", "note": " odd "},
    {"key": "b", "label": None},
    {"key": "c", "label": "Evasive", "annotator": "anna"},
]


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_json_lines_and_parquet_are_read_alike(folder):
    pd.DataFrame(ROWS).assign(score=1.5).to_parquet(folder / "labels.parquet")
    for path in (jsonl(folder / "labels.jsonl", ROWS), folder / "labels.parquet"):
        found = read(path, "anna", Axis.ENGAGEMENT)
        assert [(x.key, x.annotator, x.value, x.note) for x in found.given] == [
            ("a", "anna", "DENIAL", "odd"),
            ("c", "anna", "PARTIAL", None),
        ]
        assert found.empty == 1


def test_a_file_can_hold_what_two_people_said_of_one_exchange(folder):
    rows = [{"key": "a", "label": "DENIAL", "annotator": who} for who in ("anna", "ben")]
    found = read(jsonl(folder / "two.jsonl", rows), None, Axis.ENGAGEMENT)
    assert [(x.key, x.annotator) for x in found.given] == [("a", "anna"), ("a", "ben")]


@pytest.mark.parametrize(
    ("rows", "annotator", "said"),
    [
        ([{"key": "a", "label": 1}], "anna", r"line 1: `label` is '1', which is no text"),
        ([{"key": ["a"], "label": "DENIAL"}], "anna", "line 1: `key` is .* which is no text"),
        ([{"label": "DENIAL"}], "anna", "line 1: a label without a key"),
        ([{"key": "a", "answer": "x"}], "anna", "no column `label`. Its columns: key, answer"),
        (
            [{"key": "a", "label": "DENIAL", "annotator": "ben"}],
            "anna",
            "'ben' and --annotator says 'anna'",
        ),
        ([{"key": "a", "label": "DENIAL", "annotator": " "}], None, "nobody is named"),
        (ROWS[:2], " ", "--annotator is empty"),
    ],
)
def test_rows_that_cannot_be_taken(folder, rows, annotator, said):
    with pytest.raises(LabelError, match=said):
        read(jsonl(folder / "bad.jsonl", rows), annotator, Axis.ENGAGEMENT)


def test_a_torn_last_line_is_no_set_of_labels(folder):
    path = jsonl(folder / "torn.jsonl", ROWS)
    path.write_text(path.read_text("utf-8") + '{"key": "d", "la', "utf-8")
    with pytest.raises(LabelError, match=r"torn\.jsonl: its last line is no JSON"):
        read(path, "anna", Axis.ENGAGEMENT)
    path.write_text('{"key": "d", "la\n' + json.dumps(ROWS[0]) + "\n", "utf-8")
    with pytest.raises(RecordingError, match=r"torn\.jsonl, line 1: not JSON"):
        read(path, "anna", Axis.ENGAGEMENT)
