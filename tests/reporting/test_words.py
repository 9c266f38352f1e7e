import pytest

from sordino.core.names import jurisdiction_name, language_name
from sordino.core.records import Figure, Finding, Measure, Verdict
from sordino.reporting import words


def figure(value: float | None, low: float | None, high: float | None) -> Figure:
    return Figure(value, low, high, 24, 12, "a method")


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (None, "–"),
        (0.0, "0%"),
        (0.001, "<1%"),
        (0.254, "25%"),
        (0.999, ">99%"),
        (1.0, "100%"),
        (float("nan"), "–"),
    ],
)
def test_percent_never_rounds_something_to_nothing(rate: float | None, shown: str) -> None:
    assert words.percent(rate) == shown


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.481, 0.352, 0.601, "+48 [+35,\u00a0+60]"),
        (-0.012, -0.05, 0.026, "−1.2 [−5.0,\u00a0+2.6]"),
        (-0.001, -0.1, 0.1, "0 [−10,\u00a0+10]"),
        (0.2, None, None, "+20"),
        (None, None, None, "–"),
    ],
)
def test_points_earn_their_decimals(
    value: float | None, low: float | None, high: float | None, shown: str
) -> None:
    assert words.points(figure(value, low, high)) == shown


@pytest.mark.parametrize(
    ("bound", "shown"), [(0.0, "+0"), (0.0401, "+4.1"), (0.04, "+4"), (0.2104, "+22"), (-0.02, "+0")]
)
def test_a_bound_is_never_rounded_down(bound: float, shown: str) -> None:
    assert words.at_most(bound) == f"at most {shown} points"


def test_verdicts_in_words() -> None:
    def say(verdict: Verdict) -> str:
        return words.verdict_name(Finding(Measure.WITHHELD, "XB", "zh", verdict, ""))

    assert say(Verdict.SELECTIVE) == "withheld selectively"
    assert say(Verdict.NO_MORE_THAN_SIBLINGS) == "no more than siblings"
    assert say(Verdict.NOT_TOLD_FROM_IGNORANCE) == "not told from ignorance"
    assert say(Verdict.NOT_ENOUGH_DATA) == "not enough data"


def test_every_measure_has_words() -> None:
    assert set(words.MEASURES) == set(words.SELECTIVE) == set(Measure)


def test_names_come_from_the_pack_then_the_territories_then_the_code(source, recording) -> None:
    assert words.jurisdiction(source.manifest, "XB") == "Belmar"
    assert words.jurisdiction(recording.manifest, "CN") == "China"
    assert words.jurisdiction(recording.manifest, "Q-9") == "Q-9"
    assert words.jurisdiction(recording.manifest, None) == "No jurisdiction"
    assert words.language("zh") == "Chinese"
    assert words.language("qqx") == "qqx"


def test_codes_read_alike_everywhere_and_invented_places_are_no_test_data(recording) -> None:
    assert words.language("zh-Hant") == language_name("zh-Hant") == "Traditional Chinese"
    assert words.language("und") == language_name("und") == "an unstated language"
    for code in ("XA", "XB", "ZZ"):
        assert words.jurisdiction(recording.manifest, code) == jurisdiction_name(code, {}) == code
    assert jurisdiction_name("XB", {"XB": {"fr": "Belmar"}}) == "Belmar"


def test_p_values() -> None:
    assert [words.p_value(p) for p in (None, 0.0001, 0.0312, 0.5)] == ["–", "<0.001", "0.031", "0.50"]
