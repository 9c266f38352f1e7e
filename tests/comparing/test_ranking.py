from dataclasses import replace
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from sordino.comparing import ranking as ranked_by
from sordino.comparing.entries import Group, grouped
from sordino.comparing.ranking import notes, rank
from sordino.core.errors import SpecError
from sordino.core.records import Contrast, Measure, Verdict

RUNS = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "ranked_runs.py")))
STEPS = {"open": 0, "shy": 1, "coy": 11, "mute": 20}


@pytest.fixture(scope="module")
def ladder():
    return rank(Group(tuple(RUNS.ladder(STEPS))))


def place(ranked, code="XA", language="en", measure=Measure.WITHHELD):
    return next(
        r
        for r in ranked.rankings
        if (r.measure, r.jurisdiction, r.language) == (measure, code, language)
    )  # fmt: skip


def by_name(ranked, ranking, contrast=Contrast.SELECTIVITY):
    order = ranking.orders[contrast]
    return {ranked.group.entries[at].name: ranks for at, ranks in order.ranks.items()}


@pytest.mark.parametrize("contrast", [Contrast.SELECTIVITY, Contrast.RATE])
def test_models_told_apart_are_ranked_and_the_others_share_their_ranks(ladder, contrast):
    """0 and 1 of 20 are not told apart; 11 and 20 are, from them and from each other."""
    ranks = by_name(ladder, place(ladder), contrast)
    assert ranks == {"open": (1, 2), "shy": (1, 2), "coy": (3, 3), "mute": (4, 4)}


def test_a_jurisdiction_about_which_all_answer_alike_has_no_order(ladder):
    ranks = by_name(ladder, place(ladder, "XB"), Contrast.RATE)
    assert set(ranks.values()) == {(1, 4)}


@pytest.mark.parametrize(("lost", "is_ranked"), [(2, True), (3, False)])
def test_a_host_that_keeps_back_more_than_a_tenth_leaves_no_rank(lost, is_ranked):
    """Of 20 answers; what came through withholds nothing."""
    missing = {("XA", "en"): ("blocked_output", lost)}
    frame = RUNS.outcomes({("XA", "en"): 0, ("XB", "en"): 0}, lost=missing)
    ranked = rank(Group((*RUNS.ladder({"open": 0, "mute": 20}), RUNS.entry("blocked", frame))))
    assert ("blocked" in by_name(ranked, place(ranked), Contrast.RATE)) is is_ranked
    assert "blocked" in by_name(ranked, place(ranked, "XB"), Contrast.RATE)


def test_less_than_siblings_makes_no_other_model_selective():
    """One withholds about the sibling: by selectivity it stands below, and the other is not put above."""
    turned = RUNS.entry("turned", RUNS.outcomes({("XA", "en"): 0, ("XB", "en"): 20}))
    ranked = rank(Group((*RUNS.ladder({"open": 0}), turned)))
    for code, told in (
        ("XA", {"open": (1, 2), "turned": (1, 2)}),
        ("XB", {"open": (1, 1), "turned": (2, 2)}),
    ):
        assert by_name(ranked, place(ranked, code)) == told


def test_a_pair_is_the_difference_of_what_is_ranked_with_its_adjusted_p(ladder):
    order = place(ladder).orders[Contrast.SELECTIVITY]
    entries = ladder.group.entries
    pair = next(p for p in order.pairs if {entries[p.a].name, entries[p.b].name} == {"open", "mute"})
    assert abs(pair.figure.value) == pytest.approx(1.0)
    assert entries[pair.higher].name == "mute"
    assert pair.figure.p < pair.p_adjusted < 0.05
    assert (len(order.pairs), order.clusters, order.fewest) == (6, 20, 8)


def test_the_order_in_which_runs_come_changes_nothing(ladder):
    other = rank(Group(tuple(reversed(ladder.group.entries))))
    for ranking in ladder.rankings:
        twin = place(other, ranking.jurisdiction)
        for contrast in ranking.orders:
            assert by_name(ladder, ranking, contrast) == by_name(other, twin, contrast)
            values = [
                {g.group.entries[p.a].name: (p.figure, p.p_adjusted) for p in r.orders[contrast].pairs}
                for g, r in ((ladder, ranking), (other, twin))
            ]
            assert values[0] == values[1]


def test_with_nothing_to_read_there_is_no_rank_and_the_others_are_ranked_without_it():
    frame = RUNS.outcomes({("XA", "en"): 5, ("XB", "en"): 0}, lost={("XA", "en"): ("blocked_output", 20)})
    blocked = RUNS.entry("blocked", frame)
    ranked = rank(Group((*RUNS.ladder({"open": 0, "mute": 20}), blocked)))
    ranking = place(ranked)
    assert by_name(ranked, ranking, Contrast.RATE) == {"open": (1, 1), "mute": (2, 2)}
    standing = ranking.standings[2]
    assert (standing.rate.figure.value, standing.rate.figure.n) == (None, 0)
    assert dict(standing.rate.excluded) == {"blocked_output": 20}
    assert standing.counted.figure.value == 1.0  # what it would be if a block were a refusal


def test_a_pair_counts_only_the_probes_that_both_have():
    """The half that was lost on one model's way are those which the other withheld: no pair, no difference."""
    withheld = {("XA", "en"): 10, ("XB", "en"): 0}
    whole = RUNS.entry("whole", RUNS.outcomes(withheld, 20))
    turned = RUNS.outcomes(withheld, 20)
    silent = turned["engagement"].eq("DENIAL").fillna(False)
    half = turned.assign(
        delivery=turned["delivery"].mask(silent, "error"), engagement=turned["engagement"].mask(silent)
    )
    ranked = rank(Group((whole, RUNS.entry("half", half))))
    (pair,) = place(ranked).orders[Contrast.RATE].pairs
    assert (pair.figure.value, pair.figure.n, pair.figure.clusters) == (0.0, 20, 10)
    assert pair.higher is None


def test_without_siblings_only_the_rate_is_ranked():
    alone = [
        RUNS.entry(name, RUNS.outcomes({("XA", "en"): n}, matching="form")) for name, n in STEPS.items()
    ]
    orders = place(rank(Group(tuple(alone)))).orders
    assert set(orders) == {Contrast.RATE}


def test_facts_and_state_lines_are_ranked_where_they_were_read():
    ranked = rank(Group(tuple(RUNS.ladder({"open": 0, "mute": 20}, facts=True))))
    assert {r.measure for r in ranked.rankings} == {Measure.WITHHELD, Measure.OMISSION, Measure.STATE_LINE}
    for measure in (Measure.OMISSION, Measure.STATE_LINE):
        assert by_name(ranked, place(ranked, measure=measure)) == {"open": (1, 1), "mute": (2, 2)}


def test_a_finding_stands_only_if_it_outlives_the_comparisons_of_all_models():
    """The same finding, alone and among many models of which nothing is found."""
    weak, plain = RUNS.ladder({"weak": 8, "open": 0})
    own = next(f for f in weak.findings if (f.measure, f.jurisdiction) == (Measure.WITHHELD, "XA"))
    assert own.verdict is Verdict.SELECTIVE
    p = own.estimate.figure.p
    assert place(rank(Group((weak, plain)))).standings[0].stands
    many = int(0.05 / p / 4) + 1
    copies = [replace(plain, manifest=replace(plain.manifest, run=f"r{i}")) for i in range(many)]
    # The whole ranking of so many would take a minute; what stands is all that is asked here.
    assert (weak.run, "XA", "en") not in ranked_by.stands((weak, *copies), Measure.WITHHELD)


def test_runs_that_stopped_early_are_ranked_with_a_note():
    until = {"temperature": 0.0, "max_tokens": 1024, "until": "certain", "margin": 0.25}
    early = [RUNS.entry(name, entry.outcomes, settings=until)
             for name, entry in (("a", RUNS.ladder({"a": 3})[0]), ("b", RUNS.ladder({"b": 0})[0]))]  # fmt: skip
    groups = grouped([*early, *RUNS.ladder({"open": 0, "shy": 1})])
    (note,) = notes(groups)
    assert note.startswith(
        "run-a and run-b stopped asking when enough was certain. Their own figures allow"
    )
    assert notes(grouped([early[0], *RUNS.ladder({"open": 0, "shy": 1})])) == [], "ranked with nobody"


def test_a_probe_held_twice_cannot_be_paired():
    frame = RUNS.outcomes({("XA", "en"): 1, ("XB", "en"): 0})
    twice = RUNS.entry("twice", frame.assign(template="same"))
    with pytest.raises(SpecError, match=r"run-twice.*twice"):
        rank(Group((twice, *RUNS.ladder({"open": 0}))))


def test_groups_of_alike_runs_are_ranked_and_grouped_alike():
    assert [len(group.entries) for group in grouped(RUNS.ladder(STEPS))] == [4]
