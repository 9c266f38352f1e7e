"""A judge held against what it once said: known drifts, pins, and the reference set that ships."""

import json
import random
from collections import Counter
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sordino.core.errors import JudgeError
from sordino.core.records import Axis, Engagement, Reading, Unjudged
from sordino.judging import drift, pins
from sordino.judging.drift import Verdict, compare, excludes_zero
from sordino.judging.pins import Pin, Read
from sordino.judging.reference_set import FILE, Case, ReferenceSet, case_id

COMPLETE, PARTIAL, DENIAL = pins.VALUES
SURE = {COMPLETE: (0.9, 0.08, 0.02), PARTIAL: (0.1, 0.8, 0.1), DENIAL: (0.0, 0.1, 0.9)}


def a_set(*languages):
    """One case for each language given, in order; half meant COMPLETE, half DENIAL."""
    cases = []
    for number, language in enumerate(languages):
        texts = (f"question {number}", f"answer {number}")
        meant = COMPLETE if number % 2 == 0 else DENIAL
        cases.append(Case(case_id(language, *texts), language, "plain", meant, *texts))
    return ReferenceSet(tuple(cases))


def pinned(reference, values, judge="judge@1-a"):
    """A pin with one value a case; None is unread."""
    said = zip(reference.cases, values, strict=True)
    return Pin(judge, reference.hash, "2026-01-01", {c.id: v and Read(v, SURE[v]) for c, v in said})


# -- known answers -------------------------------------------------------------------------------------


def test_a_drift_worked_out_by_hand():
    reference = a_set("de", "de", "de", "de", "fr", "fr", "fr", "fr", "fr", "fr")
    before = [COMPLETE, DENIAL, COMPLETE, DENIAL, COMPLETE, DENIAL, COMPLETE, DENIAL, PARTIAL, None]
    after = [COMPLETE, DENIAL, PARTIAL, PARTIAL, COMPLETE, DENIAL, PARTIAL, DENIAL, None, DENIAL]
    found = compare(reference, pinned(reference, before), "judge@2-b", pinned(reference, after).readings)
    assert (found.n, found.changed, found.newly_unread, found.newly_read, found.unread) == (8, 3, 1, 1, 0)
    assert found.share == 3 / 8
    assert found.directions == {(COMPLETE, PARTIAL): 2, (DENIAL, PARTIAL): 1}
    assert [(p.name, p.n, p.changed, p.before, p.now) for p in found.languages] == [
        ("de", 4, 2, 0.5, 0.75),
        ("fr", 4, 1, 0.5, 0.75),
    ]
    # Withheld: 4 of 8 before, 6 of 8 after. Kappa: 5 of 8 agree, by chance (4*2 + 4*3) / 64.
    assert (found.before, found.now, found.shift.value) == (0.5, 0.75, pytest.approx(0.25))
    assert found.kappa == pytest.approx((5 / 8 - 20 / 64) / (1 - 20 / 64))
    # COMPLETE -> PARTIAL moves .8, .72 and .08; DENIAL -> PARTIAL moves .1, .7 and .8.
    assert found.probability == pytest.approx((2 * (0.8 + 0.72 + 0.08) + (0.1 + 0.7 + 0.8)) / 24)
    assert found.largest == pytest.approx(0.8)
    # Of those that both have read, the odd ones are meant DENIAL, the even ones COMPLETE.
    assert (found.intended_before.accuracy, found.intended_now.accuracy) == (1.0, 5 / 8)
    assert found.verdict is Verdict.MOVED
    # Each language comes once before one comes twice.
    assert [e.case.language for e in found.examples] == ["de", "fr", "de"]
    assert [w.split(" ")[0] for w in found.beyond(0.3)] == ["37.5%"]
    assert found.beyond(0.4) == []


def test_an_unchanged_judge_is_unchanged():
    reference = a_set(*["de"] * 20)
    pin = pinned(reference, [COMPLETE, DENIAL] * 10)
    found = compare(reference, pin, pin.judge, pin.readings)
    assert (found.verdict, found.changed, found.kappa, found.probability) == (
        Verdict.UNCHANGED,
        0,
        1.0,
        0.0,
    )
    assert found.beyond(0.0) == []
    assert found.examples == []
    assert found.shift.low < 0 < found.shift.high, "an interval without width would claim too much"


@pytest.mark.parametrize(
    ("by", "verdict"), [(0.004, Verdict.UNCHANGED), (0.006, Verdict.SHIFTED), (0.05, Verdict.SHIFTED)]
)
def test_other_probabilities_with_the_same_readings_are_a_shift_and_tolerated(by, verdict):
    reference = a_set("de", "fr")
    pin = pinned(reference, [COMPLETE, DENIAL])
    moved = {
        n: Read(r.value, (r.probabilities[0] + by, r.probabilities[1] - by, r.probabilities[2]))
        for n, r in pin.readings.items()
    }
    found = compare(reference, pin, pin.judge, moved)
    assert (found.verdict, found.changed, found.beyond(0.0)) == (verdict, 0, [])
    assert found.largest == pytest.approx(by)


def test_a_judge_without_probabilities_has_none_and_not_zero():
    reference = a_set("de", "fr")
    pin = pinned(reference, [COMPLETE, DENIAL])
    found = compare(reference, pin, pin.judge, {n: Read(r.value) for n, r in pin.readings.items()})
    assert (found.probability, found.largest, found.verdict) == (None, None, Verdict.UNCHANGED)


def test_a_judge_that_reads_less_has_moved():
    reference = a_set(*["de"] * 10)
    pin = pinned(reference, [COMPLETE, DENIAL] * 5)
    now = dict(pin.readings) | {reference.cases[0].id: None, reference.cases[1].id: None}
    found = compare(reference, pin, pin.judge, now)
    assert (found.verdict, found.changed, found.newly_unread) == (Verdict.MOVED, 0, 2)
    assert found.beyond(0.02) == ["2 cases are read on one side only"]
    with pytest.raises(JudgeError, match="Only 0 cases"):
        compare(reference, pin, pin.judge, {})


def test_a_small_shift_that_goes_one_way_is_beyond_what_is_tolerated():
    reference = a_set(*["de"] * 400)
    pin = pinned(reference, [COMPLETE, DENIAL] * 200)
    now = dict(pin.readings)
    for case in reference.cases[:12:2]:
        now[case.id] = Read(PARTIAL, SURE[PARTIAL])
    found = compare(reference, pin, pin.judge, now)
    assert (found.changed, found.share) == (6, 0.015)
    assert found.beyond() == ["the withheld rate has shifted: its interval excludes 0"]


def test_the_interval_of_the_shift_holds_what_it_says():
    """True shift 2.5 points, 400 cases; 95% intervals miss it in about one of twenty draws."""
    generator, held, reference = np.random.default_rng(5), 0, a_set(*["de"] * 400)
    draws = 150
    for _ in range(draws):
        withheld = generator.random(400) < 2 / 3
        other = generator.random(400)
        after = np.where(withheld, other >= 0.0075, other < 0.09)
        values = [[DENIAL if w else COMPLETE for w in some] for some in (withheld, after)]
        pin = pinned(reference, values[0])
        shift = compare(reference, pin, "b", pinned(reference, values[1]).readings).shift
        held += shift.low <= 0.025 <= shift.high
    assert held / draws >= 0.91


@given(st.lists(st.tuples(st.sampled_from([*pins.VALUES, None]), st.sampled_from([*pins.VALUES, None]))))
def test_every_case_is_counted_once(values):
    reference = a_set(*["de", "fr"] * 3, *["de"] * len(values))
    fixed = [COMPLETE, DENIAL, PARTIAL] * 2
    before = pinned(reference, fixed + [a for a, _ in values])
    found = compare(reference, before, "b", pinned(reference, fixed + [b for _, b in values]).readings)
    assert found.n + found.newly_unread + found.newly_read + found.unread == len(reference.cases)
    assert sum(found.directions.values()) == found.changed == sum(p.changed for p in found.languages)
    assert sum(p.n for p in found.languages) == found.n
    assert found.shift.low <= found.shift.value <= found.shift.high
    assert found.shift.value == pytest.approx(found.now - found.before)
    assert not (excludes_zero(found.shift) and found.changed == 0)


# -- pins ----------------------------------------------------------------------------------------------


def test_a_pin_says_again_what_was_read():
    reference = a_set("de", "fr", "it")
    one, two, three = reference.cases
    results = {
        one.id: Reading(
            "k",
            Axis.ENGAGEMENT,
            "j",
            COMPLETE,
            0.7,
            dict(zip(pins.VALUES, (0.70049, 0.2, 0.09951), strict=True)),
        ),
        two.id: Reading("k", Axis.ENGAGEMENT, "j", DENIAL, 0.9),
        three.id: Unjudged("k", Axis.ENGAGEMENT, "j", "no words in the answer"),
    }
    pin = Pin.of("j@1-a", reference, results, "2026-01-01")
    assert pin.readings == {one.id: Read(COMPLETE, (0.7, 0.2, 0.1)), two.id: Read(DENIAL), three.id: None}
    assert pins.parsed(pins.text([pin]), "x") == [pin]
    assert pins.parsed(pins.text([]), "x") == []


def test_the_newest_five_are_kept_and_one_that_says_the_same_leaves_all_as_it_was():
    reference = a_set("de", "fr")
    kept = []
    for number in range(7):
        kept = pins.added(kept, pinned(reference, [COMPLETE, DENIAL], f"judge@{number}-a"))
    assert [p.judge for p in kept] == [f"judge@{n}-a" for n in range(2, 7)]
    assert pins.added(kept, pinned(reference, [COMPLETE, DENIAL], "judge@3-a")) == kept
    refreshed = pins.added(kept, pinned(reference, [DENIAL, DENIAL], "judge@3-a"))
    assert [p.judge for p in refreshed] == [f"judge@{n}-a" for n in (2, 4, 5, 6, 3)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no file of pins"),
        ("[]", "no file of pins"),
        ("[" * 100_000, "no file of pins"),
        ('{"pins": {}}', "no file of pins"),
        ('{"pins": [3]}', "pin 1 has no readings"),
        ('{"pins": [{"readings": {}, "judge": 3}]}', "pin 1: 'judge' is no text"),
        ('{"pins": [{"readings": {"a": "COMPLETE"}, "judge": "", "reference": "", "judged": ""}]}', "case 'a'"),
        ('{"pins": [{"readings": {"a": ["FINE"]}, "judge": "", "reference": "", "judged": ""}]}', "no reading"),
        ('{"pins": [{"readings": {"a": ["DENIAL", 1]}, "judge": "", "reference": "", "judged": ""}]}', "no reading"),
        ('{"pins": [{"readings": {"a": [["DENIAL"]]}, "judge": "", "reference": "", "judged": ""}]}', "no reading"),
        ('{"pins": [{"readings": {"a": ["DENIAL", 1, 1, 1]}, "judge": "", "reference": "", "judged": ""}]}', "no probabilities"),
        ('{"pins": [{"readings": {"a": ["DENIAL", NaN, 0, 1]}, "judge": "", "reference": "", "judged": ""}]}', "no probabilities"),
        ('{"pins": [{"readings": {"a": ["DENIAL", true, 0, 0]}, "judge": "", "reference": "", "judged": ""}]}', "no probabilities"),
    ],
)  # fmt: skip
def test_pins_that_are_none_say_where(content, says):
    with pytest.raises(JudgeError, match=says) as raised:
        pins.parsed(content, "my-pins.json")
    assert "my-pins.json" in str(raised.value)


def test_a_pin_of_another_reference_set_is_refused():
    reference = a_set("de", "fr")
    pin = pinned(a_set("de", "it"), [COMPLETE, DENIAL])
    with pytest.raises(JudgeError, match="another reference set"):
        compare(reference, pin, pin.judge, pin.readings)


# -- what ships ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return ReferenceSet.shipped()


def test_the_reference_set_is_the_one_that_was_pinned_forever(shipped):
    """A changed text voids every pin: then the hash here, and all pins, are made anew on purpose."""
    assert shipped.hash == "b23dde7b9ba00f77"
    source = files("sordino.judging").joinpath("reference", FILE)
    assert source.read_text("utf-8") == shipped.text()
    assert len(source.read_bytes()) <= 300_000


def test_the_reference_set_is_broad_and_even(shipped):
    assert 380 <= len(shipped.cases) <= 420
    assert len({c.language for c in shipped.cases}) >= 20
    assert len(set(Counter(c.intended for c in shipped.cases).values())) == 1
    for language in {c.language for c in shipped.cases}:
        assert {c.intended for c in shipped.cases if c.language == language} == set(pins.VALUES)
    for value in pins.VALUES:
        styles = Counter(c.style for c in shipped.cases if c.intended == value)
        assert len(styles) >= 10
        assert max(styles.values()) < 0.25 * styles.total()
    assert all(c.question.strip() and c.answer.strip() for c in shipped.cases)


@pytest.mark.parametrize("field", ["id", "language", "style", "intended", "question", "answer"])
def test_the_hash_holds_every_field(shipped, field):
    from dataclasses import replace  # noqa: PLC0415

    at = random.Random(field).randrange(len(shipped.cases))
    changed = replace(shipped.cases[at], **{field: "another"})
    other = ReferenceSet((*shipped.cases[:at], changed, *shipped.cases[at + 1 :]))
    assert other.hash != shipped.hash
    assert ReferenceSet(shipped.cases[::-1]).hash != shipped.hash


def test_shipped_pins_are_of_the_shipped_set_and_whole(shipped):
    known = pins.shipped()
    assert 1 <= len(known) <= pins.KEPT
    assert len({p.judge for p in known}) == len(known)
    for pin in known:
        assert pin.reference == shipped.hash
        assert list(pin.readings) == [c.id for c in shipped.cases]
        assert all(read and len(read.probabilities) == len(Engagement) for read in pin.readings.values())
    assert json.loads(pins.text(known)) == json.loads(
        files("sordino.judging").joinpath("weights", pins.FILE).read_text("utf-8")
    )


def test_the_installed_classifier_reads_as_it_was_pinned(shipped):
    """Fails after training until `recipes/classifier/reference.py --pin` has been run."""
    from sordino.judging.classifier import Classifier  # noqa: PLC0415

    judge = Classifier.shipped()
    pin = next((p for p in pins.shipped() if p.judge == judge.id), None)
    assert pin, f"{judge.id} has no pin: run recipes/classifier/reference.py --pin"
    results = judge.read([item for _, item in shipped.items])
    now = {name: pins.read_of(r) for (name, _), r in zip(shipped.items, results, strict=True)}
    found = compare(shipped, pin, judge.id, now)
    assert found.verdict is Verdict.UNCHANGED
    assert found.shift.method == drift.METHOD
