"""How a model begins its answers."""

from hypothesis import given
from hypothesis import strategies as st

from sordino.remedy.beginnings import ENDS, shared


def test_the_longest_beginning_of_a_third_is_found_whole():
    told = [
        "Of course. Here it is: one.",
        "Of course. Here it is: two.",
        *(f"Of course. {n}." for n in range(5)),
    ]

    assert shared(told) == "Of course."
    assert shared(told[:6]) == "Of course. Here it is:"


def test_fewer_than_a_third_are_not_how_a_model_begins():
    other = [f"The {name} is banned." for name in ("play", "film", "song", "book", "poem")]

    assert shared(["Sure: one.", "Sure: two.", *other[:4]]) == "Sure:"
    assert shared(["Sure: one.", "Sure: two.", *other]) == ""


def test_an_answer_that_is_given_often_is_no_beginning():
    assert shared(["I know nothing. Sorry."] * 9 + [f"The {n} is banned." for n in range(3)]) == ""


def test_what_all_say_to_the_end_is_not_how_they_begin():
    assert shared(["It is so.", "It is so.", "It is so."]) == ""


def test_marks_of_chinese_end_a_clause():
    assert shared(["以下是事实：戏被禁。", "以下是事实：书被禁。"]) == "以下是事实："


@given(st.lists(st.text(alphabet="ab .:。", max_size=12)))
def test_it_begins_a_third_and_ends_with_a_mark(answers):
    found = shared(answers)

    different = {answer.strip() for answer in answers}
    if found:
        assert found[-1] in ENDS
        assert 3 * sum(a.startswith(found) and a != found for a in different) >= len(different)
