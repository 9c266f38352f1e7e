"""What is said of a name that does not exist."""

import pytest

from sordino.core.errors import unknown

NAMES = {"XA": "Velmora", "XB": "Torvane", "XC": "XC"}


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ("Torvane", "XB"),  # what a report calls it
        ("torvana", "XB"),
        ("xb", "XB"),
        ("XCC", "XC"),
        ("Atlantis", None),
    ],
)
def test_the_nearest_is_found_by_code_and_by_name(given, near):
    said = unknown("jurisdiction", given, NAMES, names=NAMES)
    meant = f" Did you mean {near!r}?" if near else ""
    there = "XA (Velmora), XB (Torvane), XC"
    assert said == f"There is no jurisdiction {given!r}.{meant} There are: {there}."


def test_names_of_what_is_not_there_are_not_offered():
    assert unknown("jurisdiction", "Torvane", ["XA"], names=NAMES) == (
        "There is no jurisdiction 'Torvane'. There are: XA (Velmora)."
    )


def test_without_names_and_without_anything():
    assert unknown("pack", "atlsa", ["civic", "atlas"], "Name one.") == (
        "There is no pack 'atlsa'. Did you mean 'atlas'? There are: atlas, civic. Name one."
    )
    assert unknown("pack", "x", []) == "There is no pack 'x'. There is no pack at all."
    assert unknown("pack", "x", [f"{n:02}" for n in range(22)]).endswith("18, 19 and 2 more.")
