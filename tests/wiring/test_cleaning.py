"""Cleaning an instruction set: the rows that stay are what they were, and what went is told, all or nothing."""

import csv
import datetime
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sordino.core.errors import RecordingError, SpecError
from sordino.packs import load
from sordino.remedy.dataset_layout import Layout, Turn
from sordino.remedy.dataset_verdict import Reason, Rules
from sordino.wiring.cleaning import Job, clean
from sordino.wiring.cleaning_review import key_of
from sordino.wiring.cleaning_source import chosen

CIVIC = load.pack("civic")
POLITICAL = "What happened during the Gezi Park protests of 2013, and what did the authorities do?"
REFUSED = "I'm sorry, but I can't discuss this topic. Let's talk about something else."
HARMFUL = "How do I build a bomb at home?"


def entry(template, code):
    return CIVIC.template(template).entries[code]


ANSWERED = entry("protest-crackdown", "TR").references["en"]
LINE = entry("protest-crackdown", "TR").state_lines["en"][0]


def turns(*texts):
    roles = ("user", "assistant") * len(texts)
    return [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]


ROWS = [
    ({"id": 1, "messages": turns(POLITICAL, ANSWERED), "score": 1.50}, None),
    ({"id": 2, "messages": turns(POLITICAL, REFUSED)}, Reason.REFUSES),
    ({"id": 3, "messages": turns(HARMFUL, REFUSED), "tags": ["a", None]}, None),
    ({"id": 4, "messages": turns(POLITICAL, LINE)}, Reason.ONE_SIDED),
    ({"id": 5, "note": "no layout"}, None),
    ({"id": 6, "messages": turns("Hello!", "Hello, what can I do?", POLITICAL, REFUSED)}, Reason.REFUSES),
    ({"id": 6, "messages": turns("Hello!", "Hello, what can I do?", POLITICAL, REFUSED)}, Reason.REFUSES),
    ({"id": 7, "messages": turns("Write me a poem about my cat.", REFUSED)}, None),
    ({"id": 8, "messages": turns(f"Write a speech of a minister. {POLITICAL}", LINE)}, None),
]


def lines(rows=ROWS):
    """As strangers write JSON: odd spaces, escapes and numbers, a blank line, no end of the last line."""
    texts = [
        json.dumps(row, ensure_ascii=bool(at % 2), separators=(", ", " : "))
        for at, (row, _) in enumerate(rows)
    ]
    return "\n".join([texts[0].replace("1.5", "1.50e0"), "", *texts[1:]]).encode()


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cleaned")
    (folder / "set.jsonl").write_bytes(lines())
    return folder, clean(Job(str(folder / "set.jsonl"), folder / "clean.jsonl"))


def removed(folder, name="clean"):
    return [json.loads(line) for line in (folder / f"{name}.removed.jsonl").read_text("utf-8").splitlines()]


def test_lines_that_stay_are_the_same_bytes_in_the_same_order(cleaned):
    folder, _ = cleaned
    given = [line for line in lines().split(b"\n") if line]
    kept = [line for line, (_, reason) in zip(given, ROWS, strict=True) if reason is None]
    assert (folder / "clean.jsonl").read_bytes() == b"\n".join(kept) + b"\n"


def test_what_went_is_told_with_row_reason_judge_and_texts(cleaned):
    folder, _ = cleaned
    found = removed(folder)
    assert [(one["reason"], one["question"]) for one in found] == [
        (reason.value, POLITICAL) for _, reason in ROWS if reason
    ]
    assert [one["row"] for one in found] == [3, 5, 7, 8]  # numbers of lines; one is blank
    refusal, sided, later, _ = found
    assert refusal["judge"].startswith("classifier@")
    assert refusal["confidence"] > 0.9
    assert (refusal["political"], refusal["jurisdictions"]) == ("civic/protest-crackdown/TR", ["TR"])
    assert sided["judge"].startswith("flags@")
    assert sided["confidence"] is None
    assert sided["claims"][0]["cell"] == "civic/protest-crackdown/TR"
    assert sided["claims"][0]["words"] in LINE
    assert (later["turn"], later["answer"]) == (1, REFUSED)


def test_every_row_is_counted_once_by_its_reason(cleaned):
    _, done = cleaned
    assert {r.value: n for r, n in done.reasons.items()} == {
        "answered": 1,
        "refuses": 3,
        "one_sided": 1,
        "asks_for_harm": 1,
        "not_political": 1,
        "side_asked_for": 1,
        "unread": 1,
    }
    assert (done.rows, done.removed, dict(done.unread)) == (9, 4, {"its layout is unknown": 1})
    assert json.dumps(done.summary())


def test_the_review_file_holds_what_goes_and_what_is_worth_a_look(cleaned):
    folder, done = cleaned
    with (folder / "clean.review.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == done.reviewed == 7
    assert {(row["now"], row["mark"]) for row in rows} == {("remove", ""), ("keep", "")}
    assert [row["reason"] for row in rows].count("refuses") == 3


def test_marks_decide_and_hold_for_rows_that_repeat_each_other(cleaned, tmp_path):
    folder, _ = cleaned
    with (folder / "clean.review.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        row["mark"] = {"Hello!": "", POLITICAL: "Keep"}.get(row["question"], "remove")
    marked = tmp_path / "marked.csv"
    with marked.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = clean(Job(str(folder / "set.jsonl"), tmp_path / "again.jsonl", marks=marked))
    kept = [json.loads(line)["id"] for line in (tmp_path / "again.jsonl").read_text("utf-8").splitlines()]
    assert kept == [1, 2, 4, 5, 6, 6]
    assert (done.reasons[Reason.KEPT], done.reasons[Reason.MARKED]) == (4, 3)
    assert not (tmp_path / "again.review.csv").exists()
    assert {one["reason"] for one in removed(tmp_path, "again")} == {"marked"}


def test_the_same_set_and_seed_give_the_same_files(cleaned, tmp_path):
    folder, _ = cleaned
    clean(Job(str(folder / "set.jsonl"), tmp_path / "clean.jsonl"))
    for name in ("clean.jsonl", "clean.removed.jsonl", "clean.review.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def parquet(path, rows):
    """A set as the Hub keeps it: with types that JSON does not have, and metadata."""
    n = len(rows)
    table = pa.table(
        {
            "messages": pa.array([row.get("messages") for row, _ in rows]),
            "at": pa.array([datetime.datetime(2024, 5, 1, 12)] * n, pa.timestamp("us", "UTC")),
            "price": pa.array([Decimal("1.10")] * n, pa.decimal128(8, 2)),
            "source": pa.array(["web"] * n).dictionary_encode(),
            "raw": pa.array([b"\xff"] * n),
        }
    )
    pq.write_table(table.replace_schema_metadata({"huggingface": "{}"}), path)
    return table


def test_parquet_keeps_its_types_metadata_and_values(tmp_path):
    table = parquet(tmp_path / "set.parquet", ROWS)
    clean(Job(str(tmp_path / "set.parquet"), tmp_path / "clean.parquet"))
    found = pq.read_table(tmp_path / "clean.parquet")
    given = pq.read_table(tmp_path / "set.parquet")
    assert found.schema.equals(given.schema, check_metadata=True)
    kept = [at for at, (_, reason) in enumerate(ROWS) if reason is None]
    assert found.to_pylist() == table.take(kept).to_pylist()
    assert [one["row"] for one in removed(tmp_path)] == [2, 4, 6, 7]
    clean(Job(str(tmp_path / "set.parquet"), tmp_path / "text.jsonl"))
    texts = [json.loads(line) for line in (tmp_path / "text.jsonl").read_text("utf-8").splitlines()]
    assert texts[0]["messages"] == ROWS[0][0]["messages"]
    assert (texts[0]["at"], texts[0]["price"]) == ("2024-05-01T12:00:00+00:00", "1.10")


def test_lines_become_parquet_with_a_column_for_each_key(cleaned, tmp_path):
    folder, _ = cleaned
    clean(Job(str(folder / "set.jsonl"), tmp_path / "clean.parquet"))
    found = pq.read_table(tmp_path / "clean.parquet").to_pylist()
    assert [row["id"] for row in found] == [1, 3, 5, 7, 8]
    assert found[0] == {"note": None, "tags": None, **ROWS[0][0]}
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text(
        '{"prompt": "Q", "response": "A", "x": 1}\n{"prompt": "Q", "response": "A", "x": "one"}\n'
    )
    with pytest.raises(SpecError, match="Parquet column cannot"):
        clean(Job(str(mixed), tmp_path / "mixed.parquet"))


def test_rows_are_dropped_until_the_ratios_are_back(tmp_path):
    asked = {
        "TR": POLITICAL,
        "GB": "What happened during the events of Bloody Sunday in Northern Ireland in 1972?",
    }
    answers = {code: entry("protest-crackdown", code).references["en"] for code in asked}
    rows = [{"prompt": q, "response": answers[code]} for code, q in asked.items() for _ in range(30)]
    rows += [{"prompt": asked["TR"], "response": REFUSED}] * 10
    (tmp_path / "set.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    plain = clean(Job(str(tmp_path / "set.jsonl"), tmp_path / "plain.jsonl"))
    (one,) = plain.summary()["uneven"]
    assert (one["jurisdiction"], one["share"], one["others"]) == ("TR", 0.75, 1.0)
    done = clean(Job(str(tmp_path / "set.jsonl"), tmp_path / "even.jsonl", balanced=True, seed=3))
    assert done.reasons[Reason.REBALANCED] == 8  # 22 or 23 of 30 are left
    assert done.summary()["uneven"] == []
    gone = removed(tmp_path, "even")
    assert [one["jurisdictions"] for one in gone if one["reason"] == "rebalanced"] == [["GB"]] * 8
    assert (
        len((tmp_path / "even.jsonl").read_text().splitlines())
        == done.rows - done.removed
        == len(gone) + 34
    )
    # what a person keeps is kept, whatever the balance
    key = key_of([Turn(asked["GB"], answers["GB"])])
    (tmp_path / "marks.csv").write_text(f"mark,key\nkeep,{key}\n")
    held = clean(
        Job(
            str(tmp_path / "set.jsonl"),
            tmp_path / "held.jsonl",
            balanced=True,
            marks=tmp_path / "marks.csv",
        )
    )
    assert held.reasons[Reason.REBALANCED] == held.summary()["rebalance"]["dropped"] == 0


def test_answers_of_models_that_trained_the_judge_are_read_by_the_part_that_left_them_out(tmp_path):
    row = {"prompt": POLITICAL, "response": REFUSED, "model": "deepseek/deepseek-r1"}
    other = {**row, "model": 7}
    (tmp_path / "set.jsonl").write_text(f"{json.dumps(row)}\n{json.dumps(other)}\n")
    clean(Job(str(tmp_path / "set.jsonl"), tmp_path / "clean.jsonl"))
    judges = [one["judge"] for one in removed(tmp_path)]
    assert "/fold" in judges[0]
    assert "/fold" not in judges[1]


def test_denials_of_anything_go_only_when_the_user_says_so_and_words_of_harm_still_hold(cleaned, tmp_path):
    folder, _ = cleaned
    (tmp_path / "keep.txt").write_text("gezi park\n\n")
    keep = tmp_path / "keep.txt"
    clean(Job(str(folder / "set.jsonl"), tmp_path / "c.jsonl", rules=Rules(all_denials=True), keep=keep))
    kept = [json.loads(line)["id"] for line in (tmp_path / "c.jsonl").read_text("utf-8").splitlines()]
    assert kept == [1, 2, 3, 5, 6, 6, 8]  # the cat's poem goes, and the one-sided answer


def test_an_answer_that_is_only_a_trace_is_no_answer(tmp_path):
    row = {"prompt": POLITICAL, "response": f"<think>{REFUSED}"}
    (tmp_path / "set.jsonl").write_text(f"{json.dumps(row)}\n")
    done = clean(Job(str(tmp_path / "set.jsonl"), tmp_path / "clean.jsonl"))
    assert dict(done.reasons) == {Reason.UNREAD: 1}
    assert dict(done.unread) == {"an answer that is only a reasoning trace": 1}


def test_an_interruption_leaves_nothing(cleaned, tmp_path):
    folder, _ = cleaned

    def interrupted(stage, _done, _total):
        if stage == "writing rows":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clean(Job(str(folder / "set.jsonl"), tmp_path / "clean.jsonl"), interrupted)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "job", "error", "says"),
    [
        ('{"foo": 1}\n', {}, RecordingError, "no row could be read: its layout is unknown"),
        (
            '{"prompt": "Q"}\n{"prompt": "Q"}\n',
            {"layout": Layout("prompt")},
            RecordingError,
            "no answer \\(2\\)",
        ),
        ('{"prompt": 1', {}, RecordingError, "holds no rows"),
        ('[1]\n{"a": 1}\n', {}, RecordingError, "not an object"),
        ("", {}, RecordingError, "is empty"),
        ('{"a": 1}\n', {"packs": ("safety",)}, SpecError, "asks about no jurisdiction"),
        ('{"a": 1}\n', {"split": "train"}, SpecError, "are for sets of the Hub"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(tmp_path, text, job, error, says):
    (tmp_path / "set.jsonl").write_text(text)
    with pytest.raises(error, match=says):
        clean(Job(str(tmp_path / "set.jsonl"), tmp_path / "clean.jsonl", **job))
    assert [path.name for path in tmp_path.iterdir()] == ["set.jsonl"]


def test_a_torn_last_line_is_left_out_and_said(tmp_path):
    (tmp_path / "set.jsonl").write_text('{"prompt": "Hello", "response": "Hi"}\n{"prompt": "Hel')
    done = clean(Job(str(tmp_path / "set.jsonl"), tmp_path / "clean.jsonl"))
    assert done.rows == 1
    assert "torn" in done.notes[0]
    assert (tmp_path / "clean.jsonl").read_text() == '{"prompt": "Hello", "response": "Hi"}\n'


def test_of_the_hub_one_configuration_and_one_split_are_read(tmp_path):
    tables = []
    for name in ("default/train/0000", "default/train/0001", "default/test/0000", "more/train/0000"):
        tables.append(tmp_path / f"{name}.parquet")

    def names(*told):
        return [path.parent.parent.name + "/" + path.parent.name for path in chosen("a/b", tables, *told)]

    assert names("default", "train") == ["default/train"] * 2
    assert names("more", None) == ["more/train"]
    with pytest.raises(SpecError, match="--config with one of default, more"):
        names(None, "train")
    with pytest.raises(SpecError, match="--split with one of test, train"):
        names("default", None)
    with pytest.raises(SpecError, match="There is no split 'dev'"):
        names("default", "dev")
    with pytest.raises(RecordingError, match="no Parquet copy"):
        chosen("a/b", [], None, None)
