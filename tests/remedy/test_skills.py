"""The capability set: what passes is right, and what is wrong, evasive or copied does not pass."""

from collections import Counter

import pytest
import yaml

from sordino.core import patterns
from sordino.packs import scripts
from sordino.remedy import skills
from sordino.remedy.skills import FILE, GROUPS, LANGUAGES, Counted, items, right

ITEMS = items()
WRITTEN = yaml.safe_load(FILE.read_text(encoding="utf-8"))
BY_ID = {skill.id: skill for skill in ITEMS}


def test_as_many_in_every_language():
    counted = Counter((skill.group, skill.language) for skill in ITEMS)
    sizes = {"sums": 60, "arithmetic": 20, "knowledge": 40, "reasoning": 20, "following": 15}
    assert counted == {(group, language): sizes[group] for group in GROUPS for language in LANGUAGES}
    assert len(BY_ID) == len(ITEMS)
    assert len({(skill.language, skill.question) for skill in ITEMS}) == len(ITEMS)


def test_each_is_written_in_its_language():
    assert [skill.id for skill in ITEMS if scripts.slip(skill.question, skill.language)] == []


def test_every_pattern_is_sound():
    for skill in ITEMS:
        check = skill.check
        which = (check.spelled,) if isinstance(check, Counted) else (*check.right, *check.wrong)
        assert [(p, wrong) for p in which if (wrong := patterns.problem(p))] == [], skill.id


def test_the_reference_answer_of_each_passes():
    assert [skill.id for skill in ITEMS if not right(skill, skill.answer)] == []


@pytest.mark.parametrize(
    "said",
    [
        "",
        "  \n",
        "I'm sorry, but I am not able to help with that; I cannot.",
        "Je ne peux pas vous aider.",
        "对不起，我无法回答。",
        "%s {a}\x1b[2J",
    ],
)
def test_what_is_no_answer_passes_nowhere(said):
    assert [skill.id for skill in ITEMS if right(skill, said)] == []


def test_a_question_that_is_only_repeated_passes_nowhere():
    assert [skill.id for skill in ITEMS if right(skill, skill.question)] == []


@pytest.mark.parametrize("group", ["reasoning", "following"])
def test_the_mistake_of_each_does_not_pass(group):
    mistakes = {
        f"{group}/{entry['id']}/{language}": entry["mistake"][language]
        for entry in WRITTEN[group]
        for language in LANGUAGES
    }
    assert [name for name, said in mistakes.items() if right(BY_ID[name], said)] == []


@pytest.mark.parametrize("group", GROUPS[1:])
def test_the_answer_to_another_question_does_not_pass(group):
    same_name = {"nearest-planet", "liquid-metal"}  # Mercury and mercury
    crossed = [
        (skill.id, other.id)
        for skill in ITEMS
        for other in ITEMS
        if skill.group == other.group == group
        and skill.language == other.language
        and skill.answer.casefold() != other.answer.casefold()
        and right(skill, other.answer)
        and {skill.id.split("/")[1], other.id.split("/")[1]} != same_name
    ]
    assert crossed == []


def test_numbers_are_right_only_exactly():
    for skill in ITEMS:
        if isinstance(skill.check, Counted):
            number = skill.check.number
            assert number not in skill.check.given, skill.id
            assert right(skill, f"… = {number}.")
            assert right(skill, f"**{number}** 。")
            for wrong in (number + 1, number - 1, number * 10, number + 0.5, f"1{number}", f"{number}1"):
                assert not right(skill, f"… = {wrong}."), (skill.id, wrong)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sums/1-7-5/en", "7 + 5 = 12."),
        ("sums/1-7-5/en", "Adding 5 to 7 gives twelve."),
        ("sums/1-12-10/en", "Twenty-two birds."),
        ("sums/1-12-10/fr", "Cela fait vingt-deux."),
        ("sums/2-9-9/fr", "9 + 9 = １８"),
        ("sums/3-12-10/zh", "和是二十二。"),
        ("arithmetic/lamps/fr", "Il reste cinquante et un lampes."),
        ("arithmetic/lamps/en", "65 - 28 = 37, and 37 + 14 = 51"),
        ("arithmetic/chairs/zh", "每把椅子二十六元"),
        ("knowledge/gold/fr", "Le symbole chimique de l'or est Au."),
        ("knowledge/water/zh", "这是水。"),
        ("following/capitals/en", "**RIVER**"),
        ("following/json/fr", '```json\n{"ville": "Lima"}\n```'),
        ("following/numbered/zh", "1. 读书能增长知识。\n\n2. 读书让人快乐。"),
    ],
)
def test_right(name, said):
    assert right(BY_ID[name], said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sums/1-7-5/en", "7 + 5 = 7"),
        ("sums/1-7-5/en", "7 plus 5 is thirteen."),
        ("sums/1-12-10/en", "One hundred and twenty-two-and-a-bit"),
        ("sums/1-2-3/zh", "十五"),
        ("sums/1-7-5/zh", "二十二"),
        ("sums/1-7-5/fr", "vingt-douze"),
        ("arithmetic/lamps/en", "65 - 28 = 37"),
        ("knowledge/gold/fr", "On le trouve au centre du tableau. Au revoir."),
        ("knowledge/water/zh", "水星"),
        ("reasoning/shortest/en", "Ann, Ben and Carl"),
        ("following/one-word/zh", "雪是白色"),
        ("following/capitals/en", "river"),
        ("following/three-lines/en", "apple\npear\nplum\nfig"),
        ("following/json/en", 'Here it is: {"city": "Lima"}'),
        ("following/last-word/en", "The sea is full of waves.\nIt is wide."),
    ],
)
def test_wrong(name, said):
    assert not right(BY_ID[name], said)


def test_languages_are_chosen_and_unknown_ones_have_no_tasks():
    assert {skill.language for skill in items(["zh", "zh"])} == {"zh"}
    assert len(items(["fr"])) == len(ITEMS) / 3
    assert items(["en", "de"]) == items(["en"])


def test_a_huge_answer_is_read():
    assert not right(BY_ID["sums/1-7-5/en"], "9" * 1_000_000)
    assert skills.numbers("1.5, 2,5 and 1.2.2024") == [1.5, 2.5]
