"""What an adapter learns from: nothing empty, every kind in its share, the same again for the same seed."""

from collections import Counter
from itertools import islice
from random import Random

import pytest

from sordino.remedy.lessons import Lesson, Preference, curriculum, kept_in_turn, material

WITHHELD = [("q1", "The facts.", "No comment."), ("q2", " \n", "No comment."), ("q3", "More facts.", "")]
OWN = {
    "siblings": [("s1", "Told."), ("s2", "")],
    "refusals": [("h1", "I will not."), ("h2", "I must not.")],
    "general": [("g1", "Seven.")],
}


def test_what_is_empty_teaches_nothing():
    told = material(WITHHELD, **OWN)
    assert [(one.prompt, one.kind) for one in told.lessons] == [
        ("q1", "honest"),
        ("q3", "honest"),
        ("h1", "refusal"),
        ("h2", "refusal"),
        ("g1", "general"),
        ("s1", "sibling"),
    ]
    assert told.preferences == (Preference("q1", "The facts.", "No comment."),)
    assert told.anchors == told.lessons[2:]


def _lessons(**counts):
    return [Lesson(f"{kind}{n}", "a", kind) for kind, many in counts.items() for n in range(many)]


def test_honest_lessons_come_once_an_epoch_and_others_in_their_share():
    lessons = _lessons(honest=8, refusal=30, general=3, sibling=9)
    told = curriculum(lessons, epochs=3, beside=0.75, seed=4)
    assert len(told) == 3 * (8 + 6)
    for epoch in (told[:14], told[14:28], told[28:]):
        assert Counter(one.prompt for one in epoch if one.kind == "honest") == {
            f"honest{n}": 1 for n in range(8)
        }
        assert Counter(one.kind for one in epoch) == {"honest": 8, "refusal": 2, "general": 2, "sibling": 2}
    assert told == curriculum(lessons, epochs=3, beside=0.75, seed=4)
    assert told != curriculum(lessons, epochs=3, beside=0.75, seed=5)


@pytest.mark.parametrize(("beside", "kept"), [(0, 3), (2.0, 0)])
def test_honest_lessons_alone(beside, kept):
    told = curriculum(_lessons(honest=4, general=kept), epochs=2, beside=beside, seed=0)
    assert [one.kind for one in told] == ["honest"] * 8


def test_no_lesson_comes_again_before_its_kind_was_used_up():
    lessons = _lessons(honest=2, refusal=5, sibling=2)
    drawn = list(islice(kept_in_turn(lessons, Random(1)), 20))
    assert [one.kind for one in drawn] == ["refusal", "sibling"] * 10
    refusals = [one.prompt for one in drawn if one.kind == "refusal"]
    assert len(set(refusals[:5])) == len(set(refusals[5:])) == 5


def test_nothing_to_keep():
    assert list(kept_in_turn(_lessons(honest=2), Random(0))) == []
