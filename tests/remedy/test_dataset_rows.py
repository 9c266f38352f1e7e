"""Rows of an instruction set: how their layouts are read, what becomes of them, and how they are counted."""

import pytest

from sordino.remedy.dataset_balance import HALF, LEAST, by_jurisdiction, rebalance, uneven
from sordino.remedy.dataset_layout import NAMED, Layout, Turn, Unread
from sordino.remedy.dataset_tally import Case, Tally, after, before
from sordino.remedy.dataset_topics import Topic
from sordino.remedy.dataset_verdict import Claim, Decision, Reason, Rules, TurnRead, decide

# -- layouts -------------------------------------------------------------------------------------------

DIALOGUE = [
    {"role": "system", "content": "S"},
    {"role": "user", "content": "Q1"},
    {"role": "assistant", "content": "A1"},
    {"role": "tool", "content": "T"},
    {"role": "user", "content": [{"type": "text", "text": "Q2"}, {"type": "image_url"}]},
    {"role": "assistant", "content": None, "tool_calls": []},
    {"role": "assistant", "content": "A2"},
]
SHAREGPT = [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]


@pytest.mark.parametrize(
    ("row", "name", "turns"),
    [
        ({"messages": DIALOGUE}, "messages", [("Q1", "A1"), ("Q2", "A2")]),
        ({"conversations": SHAREGPT, "id": 1}, "conversations", [("Q", "A")]),
        ({"conversation": SHAREGPT}, "conversations", [("Q", "A")]),
        ({"instruction": "I", "input": "X", "output": "O"}, "alpaca", [("I\n\nX", "O")]),
        ({"instruction": "I", "input": "", "output": "O"}, "alpaca", [("I", "O")]),
        ({"instruction": "I", "context": "C", "response": "R"}, "alpaca", [("I\n\nC", "R")]),
        ({"Prompt": "P", "Response": "R"}, "prompt", [("P", "R")]),
        ({"prompt": "P", "completion": "C"}, "prompt", [("P", "C")]),
        ({"prompt": "P", "response": None, "completion": "C"}, "prompt", [("P", "C")]),
        ({"instruction": "I", "input": None, "context": "C", "output": None, "response": "R"}, "alpaca", [("I\n\nC", "R")]),
        ({"question": "Q", "answer": "A"}, "question", [("Q", "A")]),
        ({"prompt": "no", "messages": DIALOGUE[1:3]}, "messages", [("Q1", "A1")]),
        ({"messages": None, "prompt": "P", "response": "R"}, "prompt", [("P", "R")]),
        ({"prompt": DIALOGUE[1:2], "completion": DIALOGUE[2:3]}, "prompt", [("Q1", "A1")]),
        ({"messages": '[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]'}, "messages", [("Q", "A")]),
    ],
)  # fmt: skip
def test_layouts_are_known_by_their_columns(row, name, turns):
    assert Layout().of(row) == name
    assert list(Layout().turns(row)) == [Turn(*turn) for turn in turns]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"foo": "bar"}, "its layout is unknown"),
        ({}, "its layout is unknown"),
        ({"messages": []}, "no answer of an assistant to a question"),
        ({"messages": "nonsense"}, "its turns are no list"),
        ({"messages": 7}, "its turns are no list"),
        ({"messages": [None, 3, {"role": None}]}, "no answer of an assistant to a question"),
        ({"messages": [{"role": "assistant", "content": "A"}]}, "no answer of an assistant to a question"),
        ({"prompt": "P", "response": "  "}, "no answer"),
        ({"prompt": "P", "response": None}, "no answer"),
        ({"prompt": "", "response": "R"}, "no question"),
        ({"prompt": {"a": 1}, "response": "R"}, "its question is no text"),
        ({"question": "Q", "answer": 3.5}, "its answer is no text"),
    ],
)
def test_what_cannot_be_read_says_why(row, why):
    assert Layout().turns(row) == Unread(why)


def test_the_user_may_name_layout_or_columns():
    row = {"q": {"text": "Q"}, "a": ["A"], "prompt": "P", "response": "R", "question": "X", "answer": "Y"}
    named = Layout(None, "q.text", "a.0")
    assert (named.of(row), list(named.turns(row))) == (NAMED, [Turn("Q", "A")])
    assert named.wanted(["q", "a", "b"]) == ["q", "a"]
    assert list(Layout("question").turns(row)) == [Turn("X", "Y")]
    assert Layout("messages").turns(row) == Unread("no column messages")
    assert Layout().wanted(["messages", "model", "score"]) == ["messages", "model"]


# -- verdicts ------------------------------------------------------------------------------------------

POLITICAL = Topic("en", ("FR",), political="FR + law")
CLAIM = (Claim("civic/x/FR", "line", "It was lawful.", "lawful"),)


def read(denial=0.0, partial=0.0, topic=POLITICAL, claims=()):
    return TurnRead(topic, denial, partial, "judge", claims, "flags" if claims else "")


@pytest.mark.parametrize(
    ("turn", "reason"),
    [
        (read(0.9, 0.05), Reason.REFUSES),
        (read(0.41, 0.41), Reason.REFUSES),  # sure that it withholds, though not how
        (read(0.1, 0.75), Reason.EVADES),
        (read(0.4, 0.3), Reason.UNSURE),
        (read(0.1, 0.2), Reason.ANSWERED),
        (read(0.9, topic=Topic("en")), Reason.NOT_POLITICAL),
        (read(0.9, topic=Topic("en", harm="bomb")), Reason.ASKS_FOR_HARM),
        (read(0.9, topic=Topic("en", ("FR",), political="x", harm="bomb")), Reason.ASKS_FOR_HARM),
        (read(0.9, topic=Topic("en", ("FR",), political="x", doubt="i")), Reason.ASKS_FOR_HARM),
        (read(0.9, topic=Topic("en", ("FR",), political="x", doubt="i", asked=True)), Reason.REFUSES),
        (read(0.1, 0.8, topic=Topic("en", ("FR",), political="x", position="stance")), Reason.SIDE_ASKED_FOR),
        (read(0.8, 0.1, topic=Topic("en", ("FR",), political="x", position="stance")), Reason.REFUSES),
        (read(claims=CLAIM), Reason.ONE_SIDED),
        (read(0.3, 0.3, claims=CLAIM), Reason.ONE_SIDED),
        (read(0.9, claims=CLAIM), Reason.REFUSES),
        (read(claims=CLAIM, topic=Topic("en", political="x", side="speech")), Reason.SIDE_ASKED_FOR),
        (read(claims=CLAIM, topic=Topic("en", political="x", position="stance")), Reason.SIDE_ASKED_FOR),
        (TurnRead(POLITICAL, None, None, "judge"), Reason.UNREAD),
    ],
)  # fmt: skip
def test_what_becomes_of_a_turn(turn, reason):
    assert decide([turn], Rules()).reason is reason


def test_a_row_goes_when_one_of_its_turns_goes_and_says_which():
    found = decide([read(), read(0.05, 0.9), read(0.4, 0.3)], Rules())
    assert (found.reason, found.turn, found.reason.goes) == (Reason.EVADES, 1, True)
    assert found.confidence == pytest.approx(0.95)
    assert decide([read(), TurnRead(POLITICAL, None, None, "j")], Rules()).reason is Reason.UNREAD


def test_all_denials_spare_only_what_has_words_of_harm():
    rules = Rules(all_denials=True)
    assert decide([read(0.9, topic=Topic("en"))], rules).reason is Reason.REFUSES
    assert decide([read(0.9, topic=Topic("en", ("FR",), political="x", doubt="i"))], rules).reason.goes
    assert decide([read(0.9, topic=Topic("en", harm="bomb"))], rules).reason is Reason.ASKS_FOR_HARM


@pytest.mark.parametrize(
    ("sure", "reason"), [(0.3, Reason.REFUSES), (0.4, Reason.ANSWERED), (0.95, Reason.ANSWERED)]
)
def test_the_threshold_is_the_user_s(sure, reason):
    assert decide([read(0.35)], Rules(sure=sure)).reason is reason


# -- balance -------------------------------------------------------------------------------------------

CN, US, BOTH, NONE = (("CN",), "en"), (("US",), "en"), (("CN", "US"), "en"), ((), "en")


def test_a_jurisdiction_that_lost_a_fifth_more_than_the_others_is_told():
    counts = {CN: 100, US: 100, NONE: 1_000}
    assert uneven(counts, {CN: 79, US: 99, NONE: 1_000}) != []
    (one,) = uneven(counts, {CN: 79, US: 99, NONE: 1_000})
    assert (one.kept.jurisdiction, one.kept.share, one.others) == ("CN", 0.79, 0.99)
    assert uneven(counts, {CN: 80, US: 100, NONE: 0}) == []  # exactly four fifths
    few = {CN: LEAST - 1, US: 100}
    assert uneven(few, {US: 100}) == []


def test_it_is_told_by_language_too_and_rows_about_several_are_no_others():
    zh = (("CN",), "zh")
    other = (("US",), "zh")
    found = uneven({CN: 1_000, zh: 30, US: 1_000, other: 30}, {CN: 1_000, zh: 10, US: 1_000, other: 30})
    assert [(u.kept.jurisdiction, u.kept.language) for u in found] == [("CN", "zh")]
    assert uneven({CN: 100, BOTH: 100}, {CN: 10, BOTH: 100}) == []  # nobody to compare with


def test_rows_by_jurisdiction_count_for_each_that_they_touch():
    kept = by_jurisdiction({CN: 3, BOTH: 2, (("CN",), "zh"): 5}, {CN: 1, BOTH: 2})
    told = {(k.jurisdiction, k.language): (k.before, k.after) for k in kept}
    assert told == {("CN", None): (10, 3), ("CN", "en"): (5, 3), ("CN", "zh"): (5, 0), ("US", "en"): (2, 2)}


def test_rebalancing_brings_the_others_down_to_the_least_kept():
    plan = rebalance({CN: 100, US: 200, NONE: 50}, {CN: 60, US: 190, NONE: 50})
    assert (plan.share, dict(plan.drop)) == (0.6, {US: 70})
    assert not rebalance({CN: 100, US: 100}, {CN: 90, US: 90}).drop
    refused = rebalance({CN: 100, US: 100}, {CN: 30, US: 100})
    assert refused.share < HALF
    assert not refused.drop
    assert "more than half" in refused.why_not
    assert "no jurisdiction has" in rebalance({NONE: 5}, {NONE: 5}).why_not


# -- tally ---------------------------------------------------------------------------------------------


def case(row, reason):
    return Case(row, f"r{row}", Decision(reason), CN, "q", "a")


def test_counts_before_and_after():
    tally = Tally(0, 0)
    for reason, stratum in ((Reason.ANSWERED, CN), (Reason.REFUSES, CN), (Reason.NOT_POLITICAL, NONE)):
        tally.add(reason, stratum)
    counts = tally.counts
    assert counts == {(Reason.ANSWERED, CN): 1, (Reason.REFUSES, CN): 1, (Reason.NOT_POLITICAL, NONE): 1}
    assert (before(counts)[CN], after(counts)[CN]) == (2, 1)
    assert [tally.stays(at) for at in range(4)] == [True, False, True, False]


def test_dropping_takes_rows_that_stay_and_the_same_again_with_the_same_seed():
    def dropped(seed):
        tally = Tally(0, seed)
        for at in range(100):
            tally.add(Reason.REFUSES if at % 2 else Reason.ANSWERED, CN)
        places = tally.drop({CN: 10})
        assert len(places) == 10
        assert all(at % 2 == 0 and not tally.stays(at) for at in places)
        assert tally.counts[Reason.REBALANCED, CN] == 10
        return places

    assert dropped(1) == dropped(1) != dropped(2)


def test_refusals_of_harm_and_what_is_held_are_not_dropped():
    tally = Tally(0, 0)
    for reason in (Reason.ANSWERED, Reason.ASKS_FOR_HARM, Reason.ANSWERED):
        tally.add(reason, CN)
    assert tally.drop({CN: 3}, [2]) == [0]


def test_samples_are_drawn_evenly_and_what_is_unsure_is_kept_whole():
    seen = [0] * 20
    for seed in range(300):
        tally = Tally(5, seed)
        for row in range(20):
            tally.show(case(row, Reason.EVADES))
            tally.show(case(row, Reason.UNSURE))
        assert len(tally.cases[Reason.UNSURE]) == 20
        for one in tally.cases[Reason.EVADES]:
            seen[one.row] += 1
    assert sum(seen) == 1_500
    assert min(seen) > 45  # 75 expected, standard deviation 7.5
    assert max(seen) < 105
