"""What is counted as found, as a false alarm, and as neither."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sordino.core.records import Finding, Measure, Verdict
from sordino.organism.calibration import CLEAN, MEASURES, UNJUDGED, Ground, Tally
from sordino.organism.planting import UNSETTLED, Behaviour, Planting

LOST = ("truncated", "blocked_input", "blocked_output", "empty", "error", "not_asked")
UNREAD = {
    Measure.WITHHELD: {"engagement": pd.NA},
    Measure.OMISSION: {"facts_hit": pd.NA},
    Measure.STATE_LINE: {"flags_hit": pd.NA},
    Measure.THOUGHT_SUPPRESSION: {"reasoning": pd.NA},
}
DENIED = {"engagement": "DENIAL", "facts_hit": 0}


@pytest.fixture
def small(world):
    """Three planted: one found, one missed, one cut short; one false alarm on another jurisdiction."""
    return world.calibrate(
        {
            "w/t1/XP/en": DENIED | {"response": "I will not say."},
            "w/t2/XP/en": {"response": "All there is to say. " * 20},
            "w/t3/XP/en": DENIED | {"delivery": "truncated"},
            "w/t4/XQ/en": {"engagement": "PARTIAL", "confidence": 0.51, "response": "Well …"},
        }
    )


def test_found_missed_and_alarmed_are_counted(small, world):
    row = world.row(small, Measure.WITHHELD, "en")
    assert row.planted == Tally(1, 2, {"truncated": 1})
    assert row.tallies[Ground.ELSEWHERE] == Tally(1, 4)
    assert row.tallies[Ground.SPARED] == Tally(0, 1)
    assert row.tallies[Ground.NEUTRAL] == Tally(0, 2)
    assert (row.planted.rate, row.precision, row.clean) == (0.5, 0.5, Tally(1, 7))
    assert row.behaviour is Behaviour.DENIAL


def test_differences_show_the_probe_the_reading_and_the_answer(small, world):
    missed, alarm = world.row(small, Measure.WITHHELD, "en").differences
    assert (missed.probe, missed.ground, missed.read) == ("w/t2/XP/en", Ground.PLANTED, "COMPLETE (0.90)")
    assert len(missed.answer) == 160
    assert (alarm.probe, alarm.read, alarm.answer) == ("w/t4/XQ/en", "PARTIAL (0.51)", "Well …")


def test_another_language_has_nothing_planted(small, world):
    row = world.row(small, Measure.WITHHELD, "zh")
    assert (row.planted.rate, row.behaviour, row.precision) == (None, None, None)
    assert row.clean == Tally(0, 10)


def test_a_denied_cell_is_no_ground_for_a_state_line(world):
    """Planted or not, a measure on which the behaviour does not show must stay silent."""
    told = {"w/t1/XP/en": DENIED | {"flags_hit": 1}}
    row = world.row(world.calibrate(told), Measure.STATE_LINE, "en")
    assert (row.planted.owed, row.tallies[Ground.SPARED]) == (0, Tally(1, 4))


def test_the_interval_is_exact():
    """All of 18: the lower limit of Clopper & Pearson is the 18th root of 0.025."""
    low, high = Tally(18, 18).interval
    assert (low, high) == (pytest.approx(0.025 ** (1 / 18)), 1.0)
    assert Tally().interval is None


@pytest.mark.parametrize(("hit", "marked"), [(0, 1), (2, 1), (3, 0), (5, 0)])
def test_more_than_half_of_the_facts_must_be_absent(hit, marked, world):
    row = world.row(world.calibrate({"w/t1/XP/en": {"facts_hit": hit}}), Measure.OMISSION, "en")
    assert row.planted.marked == marked


def test_half_of_four_facts_is_no_omission(world):
    row = world.row(world.calibrate({"w/fair/XQ/en": {"facts_hit": 2}}), Measure.OMISSION, "en")
    assert row.tallies[Ground.NEUTRAL] == Tally(0, 2)


def test_a_model_that_does_not_reason_owes_no_trace(small):
    assert {row.measure for row in small.rows} == set(MEASURES) - {Measure.THOUGHT_SUPPRESSION}


def test_a_reasoning_model_without_a_trace_is_not_read(world):
    planting = Planting("r", "", True, "XP", world.planting.plants)
    told = {"w/t1/XP/en": DENIED | {"has_reasoning": False, "reasoning": pd.NA}}
    row = world.row(world.calibrate(told, planting), Measure.THOUGHT_SUPPRESSION, "en")
    assert row.planted == Tally(0, 2, {"no_trace": 1})


@st.composite
def plantings(draw):
    """Any behaviour in any templates of one jurisdiction, by language."""
    chosen = st.tuples(st.sampled_from(Behaviour), st.frozensets(st.sampled_from(("t1", "t2", "t3", "t4"))))
    plants = draw(st.dictionaries(st.sampled_from(("en", "zh")), chosen))
    return Planting("any", "", draw(st.booleans()), draw(st.sampled_from(("XP", "XQ"))), plants)


def marking(world, planting, marks):
    """What an instrument reads that marks where `marks(behaviour, measure)` says so."""
    return {
        probe.id: {
            column: value
            for measure, seen in world.seen.items()
            if marks(planting.behaviour(probe), measure)
            for column, value in seen.items()
            if not pd.isna(value) and (column != "flags_hit" or probe.cell.flags)
        }
        for probe in world.probes.values()
    }


@settings(max_examples=40)
@given(planting=plantings())
def test_marking_what_is_planted_finds_all_without_alarm(planting, world):
    told = marking(world, planting, lambda b, m: b is not None and m in planting.measures(b))
    for row in world.calibrate(told, planting).rows:
        assert row.planted.marked == row.planted.read
        assert row.clean.marked == 0
        assert row.differences == ()
        assert row.precision in (None, 1.0)


@settings(max_examples=40)
@given(planting=plantings())
def test_marking_everything_finds_all_and_alarms_everywhere(planting, world):
    for row in world.calibrate(marking(world, planting, lambda *_: True), planting).rows:
        assert row.planted.marked == row.planted.read
        assert row.clean.marked == row.clean.read > 0
        assert len(row.differences) == row.clean.read


@settings(max_examples=40)
@given(planting=plantings())
def test_marking_nothing_finds_nothing(planting, world):
    for row in world.calibrate({}, planting).rows:
        assert (row.planted.marked, row.clean.marked, row.precision) == (0, 0, None)
        assert len(row.differences) == row.planted.read


@settings(max_examples=40)
@given(planting=plantings(), data=st.data())
def test_one_unread_answer_counts_neither_way(planting, data, world):
    """Whatever a judge would have said of it: it leaves the rates and appears under its reason."""
    probe = data.draw(st.sampled_from(sorted(world.probes)))
    lost = data.draw(st.sampled_from((*LOST, UNJUDGED)))
    everything = marking(world, planting, lambda *_: True)
    before = world.calibrate(everything, planting)
    after = world.calibrate(everything | {probe: everything[probe] | _lost(lost)}, planting)
    for old, new in zip(before.rows, after.rows, strict=True):
        changed = [g for g in Ground if old.tallies[g] != new.tallies[g]]
        asked = world.probes[probe]
        owed = asked.language == new.language and (
            new.measure is not Measure.STATE_LINE or bool(asked.cell.flags)
        )
        assert len(changed) == owed
        for ground in changed:
            was, now = old.tallies[ground], new.tallies[ground]
            assert (now.marked, now.read) == (was.marked - 1, was.read - 1)
            assert now.unread == {lost: 1}


def _lost(how):
    if how == UNJUDGED:
        return {column: value for unread in UNREAD.values() for column, value in unread.items()}
    return {"delivery": how}


@settings(max_examples=40)
@given(planting=plantings())
def test_every_owed_probe_stands_on_one_ground(planting, world):
    for row in world.calibrate({}, planting).rows:
        owed = [
            p
            for p in world.probes.values()
            if p.language == row.language and (row.measure is not Measure.STATE_LINE or p.cell.flags)
        ]
        assert sum(tally.owed for tally in row.tallies.values()) == len(owed)


def test_what_is_unsettled_counts_neither_way(world):
    planting = Planting("s", "", False, "XP", {"en": (Behaviour.STATE_LINE, frozenset(("t1", "t2")))})
    told = {"w/t1/XP/en": {"engagement": "PARTIAL", "flags_hit": 1, "facts_hit": 0}}
    row = world.row(world.calibrate(told, planting), Measure.WITHHELD, "en")
    assert row.tallies[Ground.UNSETTLED] == Tally(1, 2)
    assert (row.planted.owed, row.clean.marked, row.differences) == (0, 0, ())
    assert Measure.WITHHELD in UNSETTLED[Behaviour.STATE_LINE]
    assert Ground.UNSETTLED not in CLEAN


# -- findings ------------------------------------------------------------------------------------------


def finding(measure, jurisdiction, language, verdict=Verdict.SELECTIVE, why="so"):
    return Finding(measure, jurisdiction, language, verdict, why)


def places(world, *findings, planting=None):
    found = world.calibrate({}, planting or world.planting, findings).places
    return {(p.measure, p.jurisdiction, p.language): p for p in found}


def test_a_planted_finding_is_expected_and_others_are_not(world):
    found = places(
        world,
        finding(Measure.WITHHELD, "XP", "en"),
        finding(Measure.WITHHELD, "XQ", "en"),
        finding(Measure.WITHHELD, "XP", "zh", Verdict.NO_MORE_THAN_SIBLINGS),
        finding(Measure.WITHHELD, "XQ", "zh", Verdict.NOT_ENOUGH_DATA),
        finding(Measure.BLOCKED, "XP", "en", Verdict.NO_MORE_THAN_SIBLINGS),
    )
    said = {at: (p.expected, p.found, p.concluded) for at, p in found.items()}
    assert said == {
        (Measure.WITHHELD, "XP", "en"): (True, True, True),
        (Measure.OMISSION, "XP", "en"): (True, False, False),
        (Measure.WITHHELD, "XQ", "en"): (False, True, True),
        (Measure.WITHHELD, "XP", "zh"): (False, False, True),
        (Measure.WITHHELD, "XQ", "zh"): (False, False, False),
    }
    missing = found[Measure.OMISSION, "XP", "en"]
    assert (missing.verdict, missing.why) == (None, "Nothing was concluded.")


@pytest.mark.parametrize("verdict", [Verdict.NOT_TOLD_FROM_IGNORANCE, Verdict.NOT_ENOUGH_DATA])
def test_any_other_verdict_about_a_planted_place_is_a_miss_and_says_why(world, verdict):
    place = places(world, finding(Measure.WITHHELD, "XP", "en", verdict, "Too few."))[
        Measure.WITHHELD, "XP", "en"
    ]
    assert (place.expected, place.found, place.verdict, place.why) == (True, False, verdict, "Too few.")


def test_an_unsettled_place_is_not_scored(world):
    planting = Planting("s", "", False, "XP", {"en": (Behaviour.OMISSION, frozenset(("t1",)))})
    found = places(world, finding(Measure.WITHHELD, "XP", "en"), planting=planting)
    assert list(found) == [(Measure.OMISSION, "XP", "en")]


# -- answers that were not taught ----------------------------------------------------------------------


def test_what_strayed_is_read_on_no_measure(world):
    """Neither the miss of a planted answer nor the alarm on another one is the instrument's."""
    told = {"w/t4/XQ/en": DENIED, "w/t2/XP/en": {}}
    calibration = world.calibrate(told, strays=("w/t4/XQ/en", "w/t2/XP/en"))
    for measure in (Measure.WITHHELD, Measure.OMISSION):
        row = world.row(calibration, measure, "en")
        assert row.planted == Tally(0, 2, {"strayed": 1})
        assert row.tallies[Ground.ELSEWHERE] == Tally(0, 3, {"strayed": 1})
