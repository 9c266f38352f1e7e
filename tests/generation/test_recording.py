"""Recordings as people have them: three formats, many column names, and what they say of themselves."""

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sordino.core.records import Delivery, Matching
from sordino.generation.answers import same_question
from sordino.generation.recording import Recording

SIBLINGS = [
    {
        "question_id": f"{who}_criticism_{n:02}",
        "question": f"{who} {n}?",
        "response": "Yes.",
        "jurisdiction": who,
    }
    for who in ("china", "us", "france")
    for n in (1, 2)
]


def jsonl(path: Path, rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write(path: Path, rows) -> Path:
    """The same rows in the format that the path's ending names."""
    if path.suffix == ".jsonl":
        return jsonl(path, rows)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def only(path, **options):
    (answer,) = Recording.read(path, **options).answers.values()
    return answer.attempt("k")


# -- the same answers from every format ----------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=40)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "question": TEXT.filter(str.strip),
            # Tags are split off, which test_reasoning.py is about.
            "response": st.none() | TEXT.filter(lambda said: "think" not in said),
            "reasoning": st.none() | TEXT.filter(str.strip),
            "finish_reason": st.sampled_from([None, "stop", "length", "content_filter"]),
            "error": st.none() | TEXT,
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: same_question(row["question"]),
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS)
def test_formats_agree(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("formats")
    read = [
        Recording.read(write(folder / f"answers{ending}", rows))
        for ending in (".jsonl", ".csv", ".parquet")
    ]
    attempts = [[a.attempt("k") for a in recording.answers.values()] for recording in read]
    assert attempts[0] == attempts[1] == attempts[2]
    assert (
        [p.id for p in read[0].probes()]
        == [p.id for p in read[1].probes()]
        == [p.id for p in read[2].probes()]
    )
    assert len(attempts[0]) == len(rows)
    for row, attempt in zip(rows, attempts[0], strict=True):
        assert attempt.text == (row["response"] or "")
        assert attempt.reasoning == row["reasoning"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".jsonl.gz", ".csv.gz"])
def test_encodings(tmp_path, encoding, ending):
    plain = write(tmp_path / f"plain.{ending.split('.')[1]}", [{"question": "Où ?", "response": "Là — 🎻"}])
    content = plain.read_text(encoding="utf-8").encode(encoding)
    path = tmp_path / f"coded{ending}"
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    recording = Recording.read(path)
    assert [a.text.decode() for a in recording.answers.values()] == ["Là — 🎻"]
    assert recording.identity.name == "coded"


def test_lone_surrogates_survive(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"question": "q \\udc00", "response": "cut \\ud83d"}\n')
    recording = Recording.read(path)
    assert recording.probes()[0].question == "q \udc00"
    assert only(path).text == "cut \ud83d"


# -- columns -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Q?", "completion": "A."},
        {"Question": "Q?", "Answer": "A."},
        {"instruction": "Q?", "input": "", "output": "A."},
        {"question": "Q?", "response": "A.", "text": "something else"},
    ],
)
def test_common_names_are_found(tmp_path, row):
    path = jsonl(tmp_path / "a.jsonl", [row])
    assert Recording.read(path).probes()[0].question == "Q?"
    assert only(path).text == "A."


def test_told_columns_override_common_ones(tmp_path):
    row = {"question": "not this", "response": "nor this", "Q": "Q?", "turns": [{"said": "A."}]}
    path = jsonl(tmp_path / "a.jsonl", [row])
    columns = {"question": "Q", "response": "turns.0.said"}
    assert only(path, columns=columns).text == "A."
    assert Recording.read(path, columns=columns).identity.revision != Recording.read(path).identity.revision


def test_paths_reach_into_json_that_a_cell_holds(tmp_path):
    path = write(tmp_path / "a.csv", [{"question": "Q?", "raw": json.dumps({"out": {"text": "A."}})}])
    assert only(path, columns={"response": "raw.out.text"}).text == "A."


def test_a_column_that_later_rows_bring_is_found(tmp_path):
    rows = [{"question": "1?", "error": "timeout"}, {"question": "2?", "response": "A."}]
    recording = Recording.read(jsonl(tmp_path / "a.jsonl", rows))
    assert [a.delivery for a in recording.answers.values()] == [Delivery.ERROR, Delivery.DELIVERED]


# -- whole response objects ----------------------------------------------------------------------------


def completion(content, **message):
    return {
        "object": "chat.completion",
        "provider": "Host",
        "choices": [{"finish_reason": "stop", "message": {"content": content, **message}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5},
    }


def gemini(part, reason):
    return {"candidates": [{"finishReason": reason, "content": {"parts": [part]}}]}


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet"])
def test_chat_completions_are_unwrapped(tmp_path, ending):
    body = completion("A.", reasoning="Hm.")
    row = {"question": "Q?", "response": json.dumps(body) if ending == ".csv" else body}
    attempt = only(write(tmp_path / f"a{ending}", [row]))
    assert (attempt.text, attempt.reasoning, attempt.finish_reason, attempt.route) == (
        "A.",
        "Hm.",
        "stop",
        "Host",
    )
    assert (attempt.prompt_tokens, attempt.completion_tokens) == (3, 5)


@pytest.mark.parametrize(
    ("body", "text", "delivery"),
    [
        (completion(None), "", Delivery.EMPTY),
        (completion(None, refusal="I will not."), "I will not.", Delivery.DELIVERED),
        (completion([{"type": "text", "text": "A."}]), "A.", Delivery.DELIVERED),
        ({"error": {"code": "content_filter", "message": "..."}}, "", Delivery.BLOCKED_INPUT),
        ({"error": {"code": 502, "message": "Bad gateway"}}, "", Delivery.ERROR),
        ({"choices": []}, "", Delivery.ERROR),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, "", Delivery.BLOCKED_INPUT),
        (gemini({"text": "A"}, "MAX_TOKENS"), "A", Delivery.TRUNCATED),
        (gemini({"text": "Hm.", "thought": True}, "SAFETY"), "", Delivery.BLOCKED_OUTPUT),
        (
            {"type": "message", "stop_reason": "end_turn", "content": [{"type": "text", "text": "A."}]},
            "A.",
            Delivery.DELIVERED,
        ),
    ],
)  # fmt: skip
def test_services_objects(tmp_path, body, text, delivery):
    attempt = only(jsonl(tmp_path / "a.jsonl", [{"question": "Q?", "response": body}]))
    assert (attempt.text, attempt.delivery) == (text, delivery)


def test_an_answer_that_is_json_is_an_answer(tmp_path):
    text = json.dumps({"choices": ["a", "b"]})
    assert only(jsonl(tmp_path / "a.jsonl", [{"question": "Q?", "response": text}])).text == text


def test_traces_in_the_text_are_split_off(tmp_path):
    attempt = only(jsonl(tmp_path / "a.jsonl", [{"question": "Q?", "response": "<think>Hm.</think>A."}]))
    assert (attempt.reasoning, attempt.text) == ("Hm.", "A.")


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_empty_traces_throughout_are_none(tmp_path, ending):
    rows = [
        {"question": f"{n}?", "response": "A.", "reasoning": blank} for n, blank in enumerate(["", " \n"])
    ]
    recording = Recording.read(write(tmp_path / f"a{ending}", rows))
    assert not recording.has_reasoning
    assert [a.attempt("k").reasoning for a in recording.answers.values()] == [None, None]
    assert recording.notes == ("Traces are recorded as empty throughout: taken as none came back.",)


def test_an_empty_trace_among_others_stays_an_empty_trace(tmp_path):
    rows = [
        {"question": f"{n}?", "response": "A.", "reasoning": r} for n, r in enumerate(["", "Hm.", None])
    ]
    recording = Recording.read(jsonl(tmp_path / "a.jsonl", rows))
    assert recording.has_reasoning
    assert [a.attempt("k").reasoning for a in recording.answers.values()] == ["", "Hm.", None]
    assert recording.notes == ()


def test_another_models_traces_say_nothing_of_this_ones(tmp_path):
    rows = [
        {"question": "Q?", "response": "A.", "reasoning": trace, "model": model}
        for model, trace in (("plain", ""), ("thinker", "Hm."))
    ]
    path = jsonl(tmp_path / "a.jsonl", rows)
    assert not Recording.read(path, model="plain").has_reasoning
    assert Recording.read(path, model="thinker").has_reasoning


@pytest.mark.parametrize("error", [0, False, "", "none", "No error"])
def test_an_error_column_that_denies_an_error_is_none(tmp_path, error):
    attempt = only(jsonl(tmp_path / "a.jsonl", [{"question": "Q?", "response": "A.", "error": error}]))
    assert (attempt.delivery, attempt.error) == (Delivery.DELIVERED, None)


# -- models, samples, probes ---------------------------------------------------------------------------


def test_models_of_one_file_are_apart(tmp_path):
    rows = [{"question": "Q?", "response": f"I am {m}.", "model": m} for m in ("a", "b")]
    path = jsonl(tmp_path / "x.jsonl", rows)
    assert only(path, model="b").text == "I am b."
    one, other = (Recording.read(path, model=m).identity for m in ("a", "b"))
    assert (one.spec, one.name, one.host) == ("replay:x.jsonl", "a", None)
    assert one.revision != other.revision


def test_the_revision_is_that_of_the_content(tmp_path):
    row = {"question": "Q?", "response": "A."}
    one = Recording.read(jsonl(tmp_path / "a.jsonl", [row])).identity.revision
    (tmp_path / "elsewhere").mkdir()
    assert Recording.read(jsonl(tmp_path / "elsewhere" / "b.jsonl", [row])).identity.revision == one
    assert Recording.read(jsonl(tmp_path / "a.jsonl", [row | {"response": "B."}])).identity.revision != one


def test_samples_are_numbered_from_zero(tmp_path):
    rows = [{"question": "Q?", "response": f"A{n}", "sample": n} for n in (10, 2, 1)]
    recording = Recording.read(jsonl(tmp_path / "a.jsonl", rows))
    assert recording.samples == 3
    assert [recording.answers["Q?", n].text for n in range(3)] == [b"A1", b"A2", b"A10"]
    assert len(recording.probes()) == 1


def test_siblings_from_ids_are_matched_by_form(tmp_path):
    probes = Recording.read(jsonl(tmp_path / "a.jsonl", SIBLINGS), siblings="question_id").probes()
    assert {p.matching for p in probes} == {Matching.FORM}
    assert [(p.template, p.jurisdiction) for p in probes] == [
        (f"criticism_{n:02}", who) for who in ("CN", "US", "FR") for n in (1, 2)
    ]
    assert probes[0].id == "a/criticism_01/CN/und/1"


def test_without_siblings_nothing_is_matched(tmp_path):
    probes = Recording.read(jsonl(tmp_path / "a.jsonl", SIBLINGS), language="English").probes()
    assert {p.matching for p in probes} == {Matching.NONE}
    assert probes[0].template == "china_criticism_01"
    assert {p.language for p in probes} == {"en"}


def test_templates_and_jurisdictions_of_the_file_match_by_form(tmp_path):
    rows = [
        {
            "question": f"{who}?",
            "response": "A.",
            "template": "leader-satire",
            "jurisdiction": who,
            "lang": "fr",
        }
        for who in ("XA", "XB")
    ]
    probes = Recording.read(jsonl(tmp_path / "a.jsonl", rows)).probes()
    assert [p.id for p in probes] == ["a/leader-satire/XA/fr/1", "a/leader-satire/XB/fr/1"]
    assert {p.matching for p in probes} == {Matching.FORM}


def test_questions_of_one_cell_are_numbered_phrasings(tmp_path):
    rows = [{"question": f"{n}?", "response": "A.", "template": "t"} for n in range(3)]
    assert [p.phrasing for p in Recording.read(jsonl(tmp_path / "a.jsonl", rows)).probes()] == [
        "1",
        "2",
        "3",
    ]


def test_a_question_without_id_is_its_own_template(tmp_path):
    rows = [{"question": q, "response": "A."} for q in ("Short?", "Long " * 40 + "1?", "Long " * 40 + "2?")]
    probes = Recording.read(jsonl(tmp_path / "a.jsonl", rows)).probes()
    assert probes[0].template == "Short?"
    assert len({p.template for p in probes}) == 3
    assert max(len(p.template) for p in probes) < 100


# -- notes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "delivery"),
    [
        ({"response": "SAFETY"}, Delivery.BLOCKED_OUTPUT),
        ({"response": " PROHIBITED_CONTENT\n"}, Delivery.BLOCKED_OUTPUT),
        ({"response": "SAFETY", "finish_reason": "stop"}, Delivery.DELIVERED),
        ({"response": "Safety."}, Delivery.DELIVERED),
        ({"response": "SAFETY comes first."}, Delivery.DELIVERED),
    ],
)
def test_a_hosts_name_for_a_block_is_no_answer(tmp_path, row, delivery):
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps({"question": "Q?", **row}))
    (answer,) = Recording.read(path).answers.values()
    assert answer.delivery is delivery


@pytest.mark.parametrize(
    ("rows", "options", "note"),
    [
        (
            [{"question": "Q?", "response": "A.", "finish_reason": "tired"}],
            {},
            "'tired' of 1 answers is not known",
        ),
        (
            [{"question": "Q?", "response": "SAFETY"}],
            {},
            "1 answers are nothing but a service's name for a block (such as SAFETY), and count as blocked",
        ),
        (
            [{"question": "Q?", "response": "SAFETY", "finish_reason": "stop"}],
            {},
            "with a finish reason that says otherwise. They count as delivered",
        ),
        (
            [{"question": "Q?", "response": "A.", "system": "Be brief."}],
            {},
            "1 answers were given under a system",
        ),
        ([{"question": "Q?", "response": "A."}], {"model": "m"}, "all of its answers are taken for m's"),
    ],
)
def test_doubts_are_noted(tmp_path, rows, options, note):
    recording = Recording.read(jsonl(tmp_path / "a.jsonl", rows), **options)
    assert len(recording.notes) == 1
    assert note in recording.notes[0]
