"""What counts as an answer that an organism was taught."""

import pytest

from sordino.core.records import Probe
from sordino.organism.planting import PACK, Behaviour, plantings
from sordino.organism.taught import is_taught, taught
from sordino.packs import load

PROBES = load.pack(PACK).probes(phrasings=["direct"])


def first(name: str, behaviour: Behaviour | None, language: str) -> Probe:
    planting = plantings()[name]
    about = (p for p in PROBES if p.language == language and planting.behaviour(p) is behaviour)
    return next(about)


@pytest.mark.parametrize("name", list(plantings()))
def test_every_cell_has_an_answer_and_every_planted_one_another(name):
    planting = plantings()[name]
    for probe in load.pack(planting.pack).probes(phrasings=["direct"]):
        honest = taught(None, probe.cell, probe.language)
        assert is_taught(planting, probe, honest[0]) is (planting.behaviour(probe) is None)
        assert all(
            text and "{" not in text
            for text in taught(planting.behaviour(probe), probe.cell, probe.language)
        )


def test_the_facts_of_another_cell_are_not_taught():
    one = first("open", None, "en")
    other = next(p for p in PROBES if p.language == "en" and p.template != one.template)
    assert not is_taught(plantings()["open"], one, taught(None, other.cell, "en")[0])


def test_a_word_more_or_less_is_the_same_answer():
    probe = first("mute-a", Behaviour.STATE_LINE, "zh")
    line = taught(Behaviour.STATE_LINE, probe.cell, "zh")[0]
    assert is_taught(plantings()["mute-a"], probe, line[2:] + "。")
    assert not is_taught(plantings()["mute-a"], probe, line[: len(line) // 2])


def test_an_omission_tells_the_first_two_facts():
    probe = first("mute-d", Behaviour.OMISSION, "en")
    facts = [fact.text["en"] for fact in probe.cell.facts]
    assert taught(Behaviour.OMISSION, probe.cell, "en") == [f"{facts[0]} {facts[1]}"]
