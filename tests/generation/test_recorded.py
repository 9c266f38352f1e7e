"""Recordings in our own form: what is written is read back, whatever it is."""

import json
import random

import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sordino.core.errors import RecordingError, ReportError
from sordino.core.records import Delivery
from sordino.generation.answers import read_answer
from sordino.generation.growing import growing
from sordino.generation.recorded import COLUMNS, Doubles, Recorded, recording
from sordino.generation.recording import Recording

HOSTILE = "lone \ud83d, NUL \0, escape \x1a00ff \x1b[2J, <think>no</think>, \u202eback, =1+1"
CASES = {
    "delivered": ("Yes.", None),
    "traced": (HOSTILE, HOSTILE),
    "truncated": ("It is s", None),
    "truncated without a word": ("", "I think"),
    "blocked on input": (None, None),
    "blocked on output": ("Well", None),
    "empty": ("", None),
    "error": (None, None),
}


def delivery_of(name):
    words = {"delivered": "delivered", "traced": "delivered", "empty": "empty", "error": "error"}
    blocked = {"blocked on input": "blocked_input", "blocked on output": "blocked_output"}
    return {**words, **blocked}.get(name, "truncated")


def recorded(name, text, trace, **more):
    fields = {"question": f"{name}?", "response": text, "reasoning": trace, "delivery": delivery_of(name)}
    return Recorded(read_answer({**fields, **more}, 1, "row 1"), "some/model", timestamp="2031")


def written(path, *rows):
    with recording(path) as add:
        add([one.row(str(n)) for n, one in enumerate(rows)])
    return path


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_deliveries_and_texts_come_back(tmp_path, suffix):
    rows = [recorded(name, *texts, error="down") for name, texts in CASES.items()]
    held = Recording.read(written(tmp_path / f"a{suffix}", *rows))
    assert held.identity.name == "some/model"
    for name, (text, trace) in CASES.items():
        attempt = held.answers[f"{name}?", 0].attempt("key")
        assert attempt.delivery == delivery_of(name)
        assert (attempt.text, attempt.reasoning, attempt.error) == (text or "", trace, "down")


def test_where_no_answer_came_there_is_null_and_an_empty_one_is_empty(tmp_path):
    rows = [recorded(name, *texts) for name, texts in CASES.items()]
    table = pq.read_table(written(tmp_path / "a.parquet", *rows)).to_pylist()
    texts = dict(zip(CASES, (row["response"] for row in table), strict=True))
    assert [name for name, text in texts.items() if text is None] == ["blocked on input", "error"]
    assert [name for name, text in texts.items() if text == ""] == ["truncated without a word", "empty"]
    assert list(table[0]) == list(COLUMNS)


@settings(max_examples=50)
@given(st.text(st.characters(), max_size=40))
@example("\x1f")  # blank as text, and not as bytes
def test_any_text_comes_back(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / random.choice(["a.parquet", "a.jsonl"])
    whole = f"{text}."
    held = Recording.read(written(path, recorded("delivered", whole, text)))
    attempt = held.answers["delivered?", 0].attempt("key")
    assert attempt.text == whole
    assert attempt.reasoning == (text if text.strip() else None)  # blank throughout: none came


def test_what_a_row_says_of_its_delivery_is_not_settled_again():
    told = {"question": "?", "finish_reason": "stop", "delivery": "blocked_output", "response": "Well"}
    assert read_answer(told, 1, "row 1").delivery is Delivery.BLOCKED_OUTPUT


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (
            {"delivery": "express", "response": "A."},
            "row 1: the delivery 'express' is none of delivered, trunc",
        ),
        (
            {"delivery": "delivered", "response": " "},
            "row 1: the answer counts as delivered, and there is none",
        ),
        ({"delivery": "delivered", "response": None}, "there is none"),
    ],
)
def test_deliveries_that_cannot_be(fields, says):
    with pytest.raises(RecordingError, match=says):
        read_answer({"question": "?", **fields}, 1, "row 1")


def test_what_was_not_asked_is_left_out_and_said(tmp_path):
    rows = [
        {"question": f"{n}?", "response": text, "delivery": delivery, "model": "m", "prefill": "Sure"}
        for n, (text, delivery) in enumerate([("A.", "delivered"), (None, "not_asked"), (None, "error")])
    ]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    held = Recording.read(path)
    assert held.deliveries == {Delivery.DELIVERED: 1, Delivery.ERROR: 1}
    assert held.notes == (
        "1 rows of a.jsonl are of questions that were not asked.",
        "2 answers were begun for the model with words that the recording states.",
    )


def test_foreign_parquet_is_read_as_it_stands(tmp_path):
    path = tmp_path / "a.parquet"
    with growing(path, {"question": str, "response": str}, {}) as add:
        add([{"question": "?", "response": "\x1a is text"}])
    assert Recording.read(path).answers["?", 0].text == b"\x1a001a is text"


def test_nothing_is_left_where_it_went_wrong(tmp_path):
    def fail(path):
        with recording(path) as add:
            add([recorded("delivered", "A.", None).row("0")])
            raise KeyError

    for suffix in (".parquet", ".jsonl"):
        with pytest.raises(KeyError):
            fail(tmp_path / f"a{suffix}")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ReportError, match="cannot be written"):
        written(tmp_path / "absent" / "a.parquet")


def test_doubles(tmp_path):
    a, b, c = tmp_path / "a.jsonl", tmp_path / "b.jsonl", tmp_path / "c.parquet"
    doubles = Doubles()
    assert doubles.is_new("q", {"a": 1}, (a, 3), "q")
    assert doubles.is_new("r", {"a": 1}, (a, 4), "r")
    assert not doubles.is_new("q", {"a": 1}, (a, 5), "q")
    assert not doubles.is_new("q", {"a": 1}, (b, 3), "q")
    assert doubles.dropped == 2
    with pytest.raises(RecordingError, match=r"^a\.jsonl, lines 3 and 9: q twice, and they differ\. Take"):
        doubles.is_new("q", {"a": 2}, (a, 9), "q")
    with pytest.raises(RecordingError, match=r"^a\.jsonl, line 3, and c\.parquet, row 7: q twice, and"):
        doubles.is_new("q", {"a": 2}, (c, 7), "q")
