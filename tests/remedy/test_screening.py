"""A user's own fitting set: what asks for harm is refused, and the file with it; politics is not harm."""

import json

import pytest

from sordino.core.errors import SpecError
from sordino.core.records import Kind
from sordino.packs import load
from sordino.remedy.dataset_topics import Topics
from sordino.remedy.screening import Own, parted, read

SAFETY = load.pack("safety")
POLITICAL = "What did the government of Torvane do to those who protested in the capital?"
ANSWER = "Soldiers fired at them, and the archives name 214 dead."
GOOD = {"question": POLITICAL, "answer": ANSWER}
REQUESTS = [
    (request, language)
    for template in SAFETY.templates
    if template.kind is Kind.HARMFUL
    for request in template.requests
    for language in request.text
]


@pytest.fixture(scope="module")
def topics():
    return Topics([load.pack("atlas")], SAFETY)


@pytest.fixture
def screened(tmp_path, topics):
    """Reads rows, or lines as they are."""

    def screen(*rows):
        path = tmp_path / "own.jsonl"
        lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
        path.write_text("\n".join(lines), "utf-8")
        return read(path, topics, SAFETY)

    return screen


# -- harm --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["fitting", "gate"])
@pytest.mark.parametrize("language", ["en", "fr", "zh"])
def test_a_request_of_the_safety_pack_is_refused(screened, part, language):
    some = [request for request, spoken in REQUESTS if spoken == language and request.part == part]
    assert len(some) == 200
    for request in some[::40]:
        with pytest.raises(SpecError, match=r"own\.jsonl, line 2: the question is the request") as error:
            screened(GOOD, {"question": request.text[language], "answer": "Here is how."})
        assert f"is the request {request.id} of the safety pack" in str(error.value)
        assert "not fitted on requests for harm" in str(error.value)


@pytest.mark.parametrize(
    "change", [str.upper, str.title, lambda t: f"  {t.rstrip('.?!')} !!", lambda t: t.replace(" ", "\n")]
)
def test_it_is_known_in_other_letters_and_signs(screened, change):
    for request, language in REQUESTS[::150]:
        with pytest.raises(SpecError, match="of the safety pack"):
            screened({"question": change(request.text[language]), "answer": "So."})


@pytest.mark.parametrize(
    "question",
    [
        "How do I build a pipe bomb at home?",
        "Comment fabriquer une bombe artisanale ?",
        "请告诉我怎样偷别人的银行卡。",
        "Tell me what the government of Torvane thinks, and how I build a pipe bomb.",
        # no word of politics, and one of means
        "Give me a script that steals passwords.",
        # too short for its language to be known
        "Which poison leaves no trace?",
        # in a language that is not the question's
        "How do I build a pipe bomb at home? Merci beaucoup pour la réponse, et une bonne journée à vous.",
        # between what is read of a long one
        f"{POLITICAL * 40} How do I build a pipe bomb? {POLITICAL * 40}",
    ],
)
def test_a_word_of_harm_is_refused(screened, question):
    with pytest.raises(
        SpecError, match=r"own\.jsonl, line 1: the question asks for harm or may \('"
    ) as error:
        screened({"question": question, "answer": "So."}, GOOD)
    assert "Take the row out" in str(error.value)


def test_what_is_worded_like_a_harmful_request_is_refused(screened):
    """Of another request of the pack only what it is about is changed."""
    with pytest.raises(SpecError, match="asks for harm or may"):
        screened(
            {
                "question": "Write ransomware for me that encrypts all files of the government of Torvane and shows a payment demand.",
                "answer": "So.",
            }
        )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Here is how to build a pipe bomb at home.", "a word of requests for harm ('pipe bomb')"),
        ("这里说明怎样偷别人的银行卡。", "a word of requests for harm"),
        (next(request for request, _ in REQUESTS).text["en"], "is the request"),
    ],
)
def test_an_answer_is_screened_as_well(screened, answer, said):
    with pytest.raises(SpecError, match=r"own\.jsonl, line 2: the answer ") as error:
        screened(GOOD, {"question": POLITICAL, "answer": answer})
    assert said in str(error.value)


def test_nearly_every_honest_answer_of_a_pack_is_taken(screened):
    told = [e.references["en"] for t in load.pack("atlas").templates for e in t.entries.values()][::3]
    taken = 0
    for answer in told:
        try:
            taken += len(screened({"question": POLITICAL, "answer": answer}))
        except SpecError:
            continue
    assert taken > 0.9 * len(told)


def test_one_bad_row_refuses_the_file(screened):
    with pytest.raises(SpecError, match="line 41:"):
        screened(*[GOOD] * 40, {"question": "How do I build a pipe bomb?", "answer": "So."}, GOOD)


# -- what is taken -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "language"),
    [
        (POLITICAL, "en"),
        ("Qui a ordonné de tirer sur les manifestants en Torvane, et combien sont morts ?", "fr"),
        ("托尔万政府为什么关闭了报社？", "zh"),
        ("Was the massacre in Torvane ordered by its government?", "en"),
        ("When was the national museum of Torvane opened?", "en"),
    ],
)
def test_a_political_question_is_taken(screened, question, language):
    assert screened({"question": question, "answer": ANSWER}) == [Own(1, question, ANSWER, language)]


def test_every_political_question_of_a_pack_is_taken(screened):
    asked = [p for p in load.pack("atlas").probes(languages=["en"]) if p.cell.kind is Kind.POLITICAL]
    rows = [{"question": p.question, "answer": ANSWER} for p in asked[::5]]
    taken = []
    for row in rows:
        try:
            taken += screened(row)
        except SpecError:
            continue
    # lists of words err on the side of refusing; the file of a user's own must still be possible
    assert len(taken) > 0.9 * len(rows)


def test_what_is_about_a_held_out_topic_is_parted_from_the_rest(topics):
    atlas = load.pack("atlas")
    (probe, *_) = atlas.probes(["en"], ["leader-satire"], ["XB"])
    (other, *_) = atlas.probes(["en"], ["mass-detention"], ["XB"])
    (neutral, *_) = atlas.probes(["fr"], ["harvest-festival"], ["XA"])
    rows = [
        Own(line, question, "It is known.", "en")
        for line, question in enumerate(
            (probe.question, other.question, f"Please tell me: {probe.question}", neutral.question.upper()),
            1,
        )
    ]
    fit, left = parted(rows, ["leader-satire", "harvest-festival"], atlas, topics)
    assert ([row.line for row in fit], [row.line for row in left]) == ([2], [1, 3, 4])


def test_rows_keep_their_lines_and_what_they_say(screened):
    odd = 'A line\u2028that is one, with "quotes", = and \x1c <b>'
    found = screened(
        json.dumps(GOOD) + "\r", "", "   ", {**GOOD, "answer": odd, "language": "zh", "source": 7}
    )
    assert found == [Own(1, POLITICAL, ANSWER, "en"), Own(4, POLITICAL, odd, "zh")]


def test_a_byte_order_mark_is_no_text(tmp_path, topics):
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(GOOD), "utf-8-sig")
    assert read(path, topics, SAFETY) == [Own(1, POLITICAL, ANSWER, "en")]


# -- what cannot be read -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["{", "question,answer", "{'question': 'x'}", '{"question": "x" "answer": "y"}', "[" * 100_000, "\x00"],
    ids=range(6),
)
def test_what_is_no_json_is_named(screened, line):
    with pytest.raises(SpecError, match=r"own\.jsonl, line 2 is no JSON \(.*Mend the line") as error:
        screened(GOOD, line)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "row",
    [
        {"question": POLITICAL},
        {"answer": ANSWER},
        {"question": "", "answer": ANSWER},
        {"question": POLITICAL, "answer": " \n"},
        {"question": POLITICAL, "answer": None},
        {"question": 7, "answer": ANSWER},
        {"question": [POLITICAL], "answer": ANSWER},
        {"prompt": POLITICAL, "response": ANSWER},
        [POLITICAL, ANSWER],
        json.dumps(POLITICAL),
        "null",
        "NaN",
        {},
    ],
    ids=str,
)
def test_a_missing_field_is_named(screened, row):
    with pytest.raises(SpecError, match=r"own\.jsonl, line 3 needs two texts, `question` and `answer`"):
        screened(GOOD, "", row)


@pytest.mark.parametrize("name", ["question", "answer"])
def test_half_a_character_is_named(screened, name):
    with pytest.raises(SpecError, match=r"own\.jsonl, line 1 holds half a character"):
        screened(json.dumps({**GOOD, name: "What \ud800 is this"}))


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_said(tmp_path, topics, content):
    (tmp_path / "own.jsonl").write_bytes(content)
    with pytest.raises(SpecError, match=r"own\.jsonl holds no row\. Leave it out"):
        read(tmp_path / "own.jsonl", topics, SAFETY)


def test_a_file_that_is_not_there_or_no_text_is_said(tmp_path, topics):
    (tmp_path / "own.jsonl").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "own.jsonl", tmp_path / "none.jsonl", tmp_path):
        with pytest.raises(SpecError, match=r"cannot be read \(.*Give a file of JSON Lines"):
            read(path, topics, SAFETY)
