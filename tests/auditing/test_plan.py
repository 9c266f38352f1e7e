"""What is owed, and what is refused before anything is asked."""

import pytest

from sordino.auditing.plan import plan
from sordino.core.errors import SpecError
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Cell, Fact, Probe

TARGET = TargetIdentity("replay:x", "x", "revision")


def probe(name, question, *facts):
    cell = Cell(name, "XQ", facts=tuple(Fact(f, {}, {"en": (f,)}) for f in facts))
    return Probe(f"t/{name}", "t", cell, "en", "direct", question)


def test_every_probe_and_sample_is_owed_under_its_own_key():
    owed = plan([probe("a", "A?"), probe("b", "B?")], TARGET, samples=2)
    assert [o.probe.template for o in owed] == ["a", "a", "b", "b"]
    assert len({o.request.key for o in owed}) == 4


def test_a_new_epoch_asks_again():
    (first,), (second,) = plan([probe("a", "A?")], TARGET), plan([probe("a", "A?")], TARGET, epoch="later")
    assert first.request.key != second.request.key


def test_what_a_recording_does_not_hold_is_owed_once_and_never_asked():
    owed = plan([probe("a", "A?")], TARGET, samples=3, holds=lambda _: False)
    assert [o.request for o in owed] == [None]


def test_one_answer_is_not_read_for_two_cells():
    with pytest.raises(SpecError, match="t/one and t/two ask the same question"):
        plan([probe("one", "Same?", "alpha"), probe("two", "Same?", "beta")], TARGET)
