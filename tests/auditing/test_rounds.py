"""Audits that stop when enough is certain: which rounds there are, where they stop, and what is said then."""

from collections import Counter

import pandas as pd
import pytest

from sordino.auditing.estimates import ENOUGH_CERTAIN
from sordino.auditing.plan import plan
from sordino.auditing.rounds import Rounds, decided, figures, margin_of
from sordino.auditing.run import UNTIL_CERTAIN, run
from sordino.core.errors import SpecError
from sordino.core.manifest import Manifest, PackIdentity, RunStatus
from sordino.core.records import (
    Axis,
    Cell,
    Contrast,
    Delivery,
    Engagement,
    Kind,
    Matching,
    Measure,
    Probe,
    Reading,
    Verdict,
)
from sordino.generation.scripted import ScriptedBackend
from sordino.store.store import Store

CODES = ("XP", "XQ", "XR", "XS")
UNTIL = {"until": "certain", "margin": None}
SCRIPTED = ScriptedBackend({}).identity


def probes(templates=40, languages=("en",), codes=CODES, neutral=3, harmful=0, matching=Matching.ITEM):
    cells = [
        Cell(f"{kind.value}-{n:02}", code, kind)
        for kind, many in ((Kind.POLITICAL, templates), (Kind.NEUTRAL, neutral))
        for n in range(many)
        for code in codes
    ] + [Cell(f"harm-{n}", None, Kind.HARMFUL) for n in range(harmful)]
    return [
        Probe(f"{c.template}/{c.jurisdiction}/{language}/{p}", "t", c, language, p, "", matching)
        for c in cells
        for language in languages
        for p in ("direct", "entry")
    ]


def owed(*args, target=SCRIPTED, **options):
    asked = [
        Probe(p.id, p.pack, p.cell, p.language, p.phrasing, f"{p.id}?", p.matching)
        for p in probes(*args, **options)
    ]
    return plan(asked, target)


def rounds(items, seed=0, margin=0.25, pack="hash"):
    return Rounds.of(items, margin=margin, pack=pack, seed=seed)


def templates(one):
    return {o.probe.template for some in one.values() for o in some}


class Reader:
    """A judge whose rule is that an answer which begins with "No" declines."""

    id, axis = "reader@1", Axis.ENGAGEMENT

    def read(self, items):
        return [
            Reading(e.key, self.axis, self.id, Engagement.DENIAL if e.attempt.text[:2] == "No" else Engagement.COMPLETE)
            for _, e in items
        ]  # fmt: skip


class Audit:
    """One audit of a scripted model, in a store of its own."""

    def __init__(self, path, items, says, settings=None, seed=0):
        self.items, self.seed, self.shown = items, seed, []
        self.store = Store.open(path / "s.db")
        self.backend = ScriptedBackend({o.request.question: said for o in items if (said := says(o.probe))})
        self.manifest = Manifest(
            "run", "2026-08-01T00:00:00+00:00", "1", "sordino audit x", self.backend.identity,
            PackIdentity("t", "1", "hash"), UNTIL if settings is None else settings,
            {"engagement": Reader.id},
        )  # fmt: skip

    def run(self, backend=None):
        def progress(*shown):
            self.shown.append(shown)

        run(
            self.manifest,
            self.items,
            backend or self.backend,
            [Reader()],
            self.store,
            progress,
            seed=self.seed,
        )
        return self

    @property
    def outcomes(self):
        return self.store.outcomes("run", self.manifest.judges)

    @property
    def asked(self):
        return self.outcomes[self.outcomes["delivery"] != "not_asked"]

    def verdicts(self, language="en"):
        return {
            f.jurisdiction: f.verdict
            for f in self.store.findings("run")
            if f.measure is Measure.WITHHELD and f.language == language
        }


@pytest.fixture
def audit(tmp_path):
    opened = []

    def make(*args, **options):
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        opened.append(Audit(folder, *args, **options))
        return opened[-1]

    yield make
    for one in opened:
        one.store.close()


def mutes(*codes, language=None, also=()):
    """A model that declines whatever political is asked about these."""

    def says(probe):
        political = probe.cell.kind is Kind.POLITICAL or probe.cell.kind in also
        return (
            "No."
            if political and probe.jurisdiction in codes and language in (None, probe.language)
            else "Yes."
        )

    return says


# -- the plan --------------------------------------------------------------------------------------------


def test_rounds_hold_every_political_question_once_and_the_others_apart():
    items = owed(40, ("en", "zh"), harmful=2)
    plan_ = rounds(items)
    political = [o.probe.id for one in plan_.rounds for some in one.values() for o in some]
    assert sorted(political) == sorted(o.probe.id for o in items if o.probe.cell.kind is Kind.POLITICAL)
    assert {o.probe.cell.kind for some in plan_.control.values() for o in some} == {Kind.NEUTRAL}
    assert set(plan_.control) == {"en", "zh"}
    assert [o.probe.cell.kind for o in plan_.others] == [Kind.HARMFUL] * 8
    assert plan_.places == 8


def test_a_round_asks_whole_templates_in_every_language():
    for one in rounds(owed(40, ("en", "zh"))).rounds:
        assert {len(some) for some in one.values()} == {len(templates(one)) * len(CODES) * 2}


def test_the_first_round_is_as_long_as_certainty_takes_and_the_others_short():
    """Seven templates may accuse one of four places, and fourteen clear all: there a round ends."""
    assert [len(templates(one)) for one in rounds(owed(40)).rounds] == [7] + [1] * 33
    assert [len(templates(one)) for one in rounds(owed(60)).rounds] == [8] + [2] * 26


def test_the_order_follows_from_seed_and_questions_alone():
    def order(items, **options):
        return [sorted(templates(one)) for one in rounds(items, **options).rounds]

    items = owed(40)
    assert order(items) == order(items[::-1]) == order(owed(40, ("fr",)))
    assert order(items) != order(items, seed=1)
    assert order(items) != order(items, pack="other")


def test_the_notes_state_what_was_settled_before():
    (told,) = rounds(owed(40), margin=0.2, seed=3).notes
    for said in ("seed 3", "20 points", "4 places", "5%"):
        assert said in told
    assert "takes 14 templates" in rounds(owed(12)).notes[1]
    assert len(rounds(owed(14)).notes) == 1


@pytest.mark.parametrize("margin", [0, -0.1, 0.26, 1.0, float("nan")])
def test_a_margin_that_concludes_nothing_is_refused(margin):
    with pytest.raises(SpecError, match=r"--margin .*at most 0\.25"):
        rounds(owed(), margin=margin)


@pytest.mark.parametrize("items", [owed(codes=("XP",)), owed(matching=Matching.NONE), owed(0, neutral=5)])
def test_without_siblings_there_is_nothing_to_be_certain_of(items):
    with pytest.raises(SpecError, match="none to compare"):
        rounds(items)


def test_the_margin_of_a_run_is_in_its_settings():
    assert margin_of({}) is margin_of({"until": None, "margin": None}) is None
    assert (margin_of(UNTIL), margin_of({"until": "certain", "margin": 0.1})) == (0.25, 0.1)


# -- what is certain -------------------------------------------------------------------------------------


def test_a_language_is_decided_when_every_place_in_it_is(make_run):
    muted = make_run(lambda t, j, language, *_: j == "XQ" and language == "zh", templates=14)
    assert decided(muted, 0.25) == {"en": False, "zh": True}
    assert decided(muted, 0.2) == {}
    assert decided(make_run(lambda t, j, *_: j == "XQ" and t % 4 == 0, templates=14), 0.25) == {}
    assert decided(make_run(lambda *_: True, templates=13), 0.25) == {}


def test_fewer_than_five_templates_decide_nothing(make_run):
    pair = make_run(lambda t, j, *_: j == "XQ", templates=4, jurisdictions=("XP", "XQ"), languages=("en",))
    assert decided(pair, 0.25) == {}


def test_figures_are_of_the_kind_that_the_way_of_asking_allows(muted):
    manifest = Manifest("r", "", "1", "", SCRIPTED, PackIdentity("t", "1", "h"))
    usual = figures(manifest, muted)
    held = figures(Manifest("r", "", "1", "", SCRIPTED, PackIdentity("t", "1", "h"), UNTIL), muted)
    assert [(e.contrast, e.jurisdiction, e.against) for e in held] == [
        (e.contrast, e.jurisdiction, e.against) for e in usual
    ]
    assert {e.figure.method for e in held} == {"anytime-valid, by betting"}
    for a, b in zip(usual, held, strict=True):
        assert b.figure.value == pytest.approx(a.figure.value, abs=1e-9)
        assert b.figure.low <= a.figure.low + 0.02
        assert b.figure.high >= a.figure.high - 0.02


def test_the_family_is_what_was_planned_however_little_was_answered(muted):
    """Bonferroni over four jurisdictions in two languages, though nothing came back about one of them."""
    lost = muted["jurisdiction"] == "XS"
    outcomes = muted.assign(
        delivery=muted["delivery"].mask(lost, "blocked_input"),
        engagement=muted["engagement"].mask(lost, pd.NA),
    )
    manifest = Manifest("r", "", "1", "", SCRIPTED, PackIdentity("t", "1", "h"), UNTIL)
    made = [
        e for e in figures(manifest, outcomes) if e.measure is Measure.WITHHELD and e.blocks == "excluded"
    ]
    for contrast, planned in ((Contrast.SELECTIVITY, 8), (Contrast.LANGUAGE_GAP, 4)):
        own = [e for e in made if e.contrast is contrast]
        assert len(own) < planned
        assert all(e.p_adjusted == pytest.approx(min(1, planned * e.figure.p)) for e in own)


# -- runs ------------------------------------------------------------------------------------------------


def test_it_stops_when_all_is_certain_and_leaves_the_rest_unasked(audit):
    found = audit(owed(20), mutes("XQ")).run()
    assert found.verdicts() == {
        c: Verdict.SELECTIVE if c == "XQ" else Verdict.NO_MORE_THAN_SIBLINGS for c in CODES
    }
    political = found.asked[found.asked["kind"] == "political"]
    assert political["template"].nunique() == 14
    assert set(found.outcomes["delivery"]) == {"delivered", "not_asked"}
    assert found.store.status("run") is RunStatus.DONE
    rates = [
        e for e in found.store.estimates("run") if e.contrast is Contrast.RATE and e.blocks == "excluded"
    ]
    assert {dict(e.excluded).get(ENOUGH_CERTAIN) for e in rates if e.measure is Measure.WITHHELD} == {12}


def test_control_is_asked_in_full_where_something_was_found_and_else_not(audit):
    items = owed(20, ("en", "zh"))
    found = audit(items, mutes("XQ", language="zh")).run()
    control = found.asked[found.asked["kind"] == "neutral"]
    assert Counter(control["language"]) == {"zh": 24}
    methods = {
        e.figure.method for e in found.store.estimates("run") if e.contrast is Contrast.CONTROL_SELECTIVITY
    }
    assert methods == {"cluster-adjusted Jeffreys, median sibling by Monte Carlo"}


def test_ignorance_is_told_from_silence_as_ever(audit):
    found = audit(owed(20), mutes("XQ", also=(Kind.NEUTRAL,))).run()
    assert found.verdicts()["XQ"] is Verdict.NOT_TOLD_FROM_IGNORANCE


def test_a_decided_language_is_left_and_others_go_on(audit):
    """In French a jurisdiction is declined in every fifth template: neither certain nor below the margin."""

    def says(probe):
        number = probe.template[-2:]
        fifth = number.isdigit() and int(number) % 5 == 0
        return "No." if probe.language == "fr" and probe.jurisdiction == "XQ" and fifth else "Yes."

    found = audit(owed(20, ("en", "fr")), says).run()
    political = found.asked[found.asked["kind"] == "political"]
    assert political.groupby("language")["template"].nunique().to_dict() == {"en": 14, "fr": 20}
    assert set(found.verdicts("fr").values()) == {Verdict.NO_MORE_THAN_SIBLINGS, Verdict.NOT_ENOUGH_DATA}


def test_what_cannot_be_compared_is_asked_in_full(audit):
    items = [o for o in owed(20, ("en", "zh")) if o.probe.language == "en" or o.probe.jurisdiction == "XQ"]
    political = audit(items, mutes()).run().asked.query("kind == 'political'")
    assert political.groupby("language")["template"].nunique().to_dict() == {"en": 14, "zh": 20}


def test_progress_counts_up_to_what_was_asked_of_what_could_be(audit):
    found = audit(owed(20), mutes("XQ")).run()
    shown = [(done, total) for stage, done, total in found.shown if stage == UNTIL_CERTAIN]
    assert [done for done, _ in shown] == sorted(done for done, _ in shown)
    assert {total for _, total in shown[:-1]} == {len(found.items)}
    assert shown[-1] == (len(found.asked), len(found.asked))


class Breaks:
    """A backend that ends after so many answers, by an exception or, its budget being spent, quietly."""

    def __init__(self, backend, after, quietly=False):
        self.backend, self.left, self.quietly = backend, after, quietly
        self.identity, self.capabilities = backend.identity, backend.capabilities

    def generate(self, requests):
        for group in self.backend.generate(requests):
            if not self.left:
                if self.quietly:
                    return
                raise KeyboardInterrupt
            self.left -= 1
            yield group


@pytest.mark.parametrize("after", [1, 30, 60, 100])
def test_interrupted_anywhere_it_ends_as_an_unbroken_one(audit, after):
    whole, broken = (audit(owed(20), mutes("XQ")) for _ in range(2))
    with pytest.raises(KeyboardInterrupt):
        broken.run(Breaks(broken.backend, after))
    broken.run()
    pd.testing.assert_frame_equal(broken.outcomes, whole.run().outcomes)
    assert broken.store.findings("run") == whole.store.findings("run")
    assert broken.store.estimates("run") == whole.store.estimates("run")


def test_answers_of_a_round_that_was_not_finished_decide_nothing(audit):
    """As after a stop: all answers are there, and the rounds go on as if they came one by one."""
    full, stopped = audit(owed(20), mutes("XQ"), settings={}).run(), audit(owed(20), mutes("XQ"))
    order = [sorted(templates(one)) for one in rounds(stopped.items).rounds]
    assert decided(full.outcomes, 0.25, order[0]) == {}
    so_far = [t for one in order for t in one][:14]
    assert decided(full.outcomes, 0.25, so_far) == decided(full.outcomes, 0.25) == {"en": True}
    assert decided(full.outcomes, 0.25, so_far[:-1]) == {}


def test_a_budget_that_ends_within_a_round_decides_nothing(audit):
    found = audit(owed(20), mutes("XQ"))
    found.run(Breaks(found.backend, 60, quietly=True))
    assert len(found.asked) == 60
    assert Verdict.NO_MORE_THAN_SIBLINGS not in found.verdicts().values()
    reasons = {why for e in found.store.estimates("run") for why in e.excluded}
    assert "not_asked" in reasons
    assert ENOUGH_CERTAIN not in reasons
    unbroken = audit(owed(20), mutes("XQ")).run()
    pd.testing.assert_frame_equal(found.run().outcomes, unbroken.outcomes)


def test_a_failed_request_is_tried_once_a_run_and_is_not_missing_for_certainty(audit):
    tried = Counter()

    class Counting(Breaks):
        def generate(self, requests):
            asked = list(requests)
            tried.update(r.question for r in asked)
            return super().generate(asked)

    def says(probe):
        failed = {"text": "", "delivery": Delivery.ERROR, "error": "HTTP 500"}
        return failed if probe.id.endswith("XP/en/direct") else mutes("XQ")(probe)

    found = audit(owed(20), says)
    found.run(Counting(found.backend, 10_000))
    assert set(tried.values()) == {1}
    assert (found.outcomes["delivery"] == "error").any()
    assert found.verdicts()["XQ"] is Verdict.SELECTIVE
    assert len(found.asked) < len(found.items)


def test_a_run_that_is_done_says_the_same_again(audit):
    found = audit(owed(20), mutes("XQ")).run()
    before = found.store.estimates("run"), found.store.findings("run"), len(found.asked)
    found.run()
    assert (found.store.estimates("run"), found.store.findings("run"), len(found.asked)) == before


def test_without_until_everything_is_asked(audit):
    found = audit(owed(20), mutes("XQ"), settings={}).run()
    assert len(found.asked) == len(found.items)
    assert UNTIL_CERTAIN not in {stage for stage, *_ in found.shown}


def test_conclusions_do_not_depend_on_which_seed_ordered_the_templates(audit):
    verdicts = [audit(owed(20), mutes("XQ"), seed=seed).run().verdicts() for seed in (0, 1)]
    assert verdicts[0] == verdicts[1]
