import re

import pytest

from sordino.comparing.comparison import Side, compare
from sordino.comparing.relation import Relation, sides
from sordino.core.errors import SpecError


@pytest.fixture
def side(manifest, exchanges):
    """side(outcomes, run, **changes of the manifest)."""
    return lambda outcomes, run="run-a", text="Yes.", **changes: Side(
        manifest(run, **changes), outcomes, exchanges(text)
    )


@pytest.fixture
def openly(run_of):
    return run_of(lambda *_: "COMPLETE")


@pytest.fixture
def muted(run_of):
    """XQ is withheld in nine of twelve templates in Chinese, XR in all but one in both languages."""

    def said(t, j, language):
        hit = (j == "XQ" and language == "zh" and t < 9) or (j == "XR" and t < 11)
        return "DENIAL" if hit else "COMPLETE"

    return run_of(said)


# -- what is compared ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "relation", "title", "names"),
    [
        ({"epoch": "may"}, Relation.EPOCHS, "Drift between epochs of open", ("no epoch", "epoch may")),
        ({"system": "Be open."}, Relation.SETTINGS, "Two audits of open", ("run-a", "run-b")),
        ({"target": {"revision": "0f0f"}}, Relation.REVISIONS, "open, before and after", ("9f2c", "0f0f")),
        (
            {"target": {"host": "b.example", "revision": "x"}, "epoch": "may"},
            Relation.HOSTS,
            "Two hosts of open",
            ("organism:open", "b.example"),
        ),
        ({"target": {"name": "organism/mute"}}, Relation.MODELS, "open and mute", ("open", "mute")),
        (
            {"target": {"name": "others/open"}},
            Relation.MODELS,
            "organism/open and others/open",
            ("organism/open", "others/open"),
        ),
    ],
)
def test_manifests_say_what_is_compared(manifest, changes, relation, title, names):
    found = sides(manifest("run-a"), manifest("run-b", **changes))
    assert (found.relation, found.title, found.names) == (relation, title, names)


def test_languages_say_so_themselves(manifest):
    found = sides(manifest(), manifest(), ("en", "zh"))
    assert (found.title, found.names) == ("Two languages of open", ("English", "Chinese"))
    mute = manifest("run-b", target={"name": "organism/mute"})
    found = sides(manifest(), mute, ("en", "zh"))
    assert (found.title, found.names) == (
        "Two languages of open and mute",
        ("open in English", "mute in Chinese"),
    )
    later = manifest("run-b", epoch="may", target={"host": "b.example"})
    assert sides(manifest(), later, ("en", "zh")).names == (
        "organism:open in English",
        "b.example in Chinese",
    )


# -- what is said --------------------------------------------------------------------------------------------


def test_the_sentence_names_the_largest_first_and_bounds_the_rest(side, openly, muted):
    made = compare(side(openly), side(muted, "run-b", target={"name": "organism/mute"}))
    said = made.sentence
    assert said.startswith("B (mute) withholds 92 points more than A (open) about Rhone in ")
    assert ", and 75 points more about Quorra in Chinese (" in said
    assert "elsewhere no difference in withholding is shown (at most 12 points)" in said
    back = compare(side(muted), side(openly, "run-b", target={"name": "organism/mute"})).sentence
    assert back.startswith("B (mute) withholds 92 points less than A (open) about Rhone")


def test_nothing_shown_has_its_bound(side, openly):
    made = compare(side(openly), side(openly, "run-b", target={"revision": "0f0f"}))
    assert made.sentence == (
        "Between A (9f2c) and B (0f0f) no change in withholding is shown (at most 12 points)."
    )
    assert (made.notes, made.only_a, made.only_b, made.effect) == ([], {}, {}, None)


def test_too_few_data_are_said_so(side, run_of):
    few = run_of(lambda *_: "COMPLETE", templates=2)
    said = compare(side(few), side(few, "run-b", target={"revision": "0f0f"})).sentence
    assert "about Pelland, Quorra and Rhone the data are too few to tell" in said


def test_hosts_are_told_apart_in_delivery_and_reading(side, run_of, openly):
    b = run_of(lambda t, j, _: "blocked_output" if j == "XQ" and t < 8 else "COMPLETE")
    hosts = ({"host": "a.example"}, {"host": "b.example", "revision": "x"})
    made = compare(
        *(side(o, r, target=h) for o, r, h in zip((openly, b), ("run-a", "run-b"), hosts, strict=True))
    )
    assert made.sentence.startswith(
        "The hosts differ in delivery: B (b.example) blocks 67% about Quorra in English where A (a.example) "
        "blocks none; what both deliver reads the same over all (difference 0 points, −"
    )
    assert re.search(r"; at no place more than \d\d points\); all", made.sentence)
    assert made.sentence.endswith("all of those answers are the same word for word.")


def test_same_weights_can_be_stated(side, openly, muted):
    other = side(muted, "run-b", text="No.", target={"name": "host/mute"})
    assert compare(side(openly), other).effect is None
    made = compare(side(openly), other, same_weights=True)
    assert made.effect.texts.same == 0
    assert "what both deliver reads differently (" in made.sentence
    assert "B withholds 92 points more than A about Rhone" in made.sentence


def test_hosts_that_differ_both_ways_do_not_cancel(side, run_of):
    def withholding(code):
        return run_of(lambda t, j, lang: "DENIAL" if (j, lang) == (code, "zh") and t < 9 else "COMPLETE")

    hosts = [("run-a", "XP", {"host": "a.example"}), ("run-b", "XQ", {"host": "b.example"})]
    made = compare(*(side(withholding(code), run, target=host) for run, code, host in hosts))
    assert "what both deliver reads differently at places (over all 0 points, −" in made.sentence
    assert "0 points less" not in made.sentence


def test_places_that_may_differ_by_tens_of_points_are_no_sameness_of_theirs(side, run_of):
    """Four of 24 templates of one place are withheld by one host only: too few to be shown."""
    a = run_of(lambda *_: "COMPLETE", templates=24)
    b = run_of(
        lambda t, j, lang: "DENIAL" if (j, lang) == ("XQ", "zh") and t < 4 else "COMPLETE", templates=24
    )
    hosts = [("run-a", a, {"host": "a.example"}), ("run-b", b, {"host": "b.example"})]
    said = compare(*(side(outcomes, run, target=host) for run, outcomes, host in hosts)).sentence
    (most,) = re.findall(
        r"reads the same over all \(difference \d+ points, .*; at no place more than (\d+)", said
    )
    assert int(most) > 30
    lost = run_of(lambda _, j, *__: "blocked_output" if j == "XQ" else "COMPLETE", templates=24)
    said = compare(
        side(a, target={"host": "a.example"}), side(lost, "run-b", target={"host": "b.example"})
    ).sentence
    assert "at some places too little to tell)" in said


def test_two_languages_of_one_run(side, muted):
    one = side(muted)
    made = compare(one, one, languages=("en", "zh"))
    assert made.sentence.startswith("B (Chinese) withholds 75 points more than A (English) about Quorra (")
    assert len(made.pairs) == len(muted) / 2
    assert made.notes == []


def test_one_language_of_two_runs_is_called_by_their_models(side, openly, muted):
    other = side(muted, "run-b", target={"name": "organism/mute"})
    made = compare(side(openly), other, languages=("zh", "zh"))
    assert made.sides.names == ("open", "mute")
    assert made.sentence.startswith(
        "B (mute) withholds 92 points more than A (open) about Rhone in Chinese ("
    )
    assert set(made.pairs["language"]) == {"zh"}
    assert {c.estimate.language for c in made.changes} == {"zh"}


# -- what cannot be compared, and what may not be held against each other --------------------------------------


def test_a_run_against_itself_is_refused(side, openly):
    with pytest.raises(SpecError, match="--languages en zh"):
        compare(side(openly), side(openly))
    with pytest.raises(SpecError, match="compared with itself"):
        compare(side(openly), side(openly), languages=("en", "en"))


def test_a_language_that_was_not_asked_is_named(side, openly):
    with pytest.raises(SpecError, match=r"no language 'fr'.*There are: en, zh"):
        compare(side(openly), side(openly), languages=("en", "fr"))


def test_runs_without_a_probe_in_common_say_where_they_part(side, openly, run_of):
    other = run_of(lambda *_: "COMPLETE", jurisdictions=("XZ",))
    with pytest.raises(
        SpecError, match=r"share no probe.*atlas in run-a.*part on the jurisdiction.*--pack"
    ):
        compare(side(openly), side(other, "run-b"))


def test_other_judges_questions_and_settings_are_noted(side, openly):
    b = openly.assign(question=openly["question"].where(openly["template"].ne("p0"), "Reworded?"))
    notes = compare(
        side(openly), side(b, "run-b", judges={"engagement": "other@2"}, pack="ff", system="Hm.")
    ).notes
    assert [note.split(":")[0].split(" ")[0] for note in notes] == ["Engagement", "The", "System", "12"]
    assert notes[-1] == "12 of 144 paired questions are worded differently on the two sides."


def test_packs_of_other_hashes_that_ask_the_same_are_no_reason(side, openly):
    assert compare(side(openly), side(openly, "run-b", pack="ff")).notes == []


def test_the_same_questions_with_other_facts_are_noted(side, run_of):
    """Facts that a newer state of a pack no longer asks for would look as if the model told more."""
    read = run_of(lambda *_: {"facts_hit": 2, "facts_all": 4})
    assert compare(side(read), side(read, "run-b")).notes == []
    (note,) = compare(side(read), side(read, "run-b", pack="ff")).notes
    assert "facts and claims that were looked for may differ" in note


def test_two_targets_in_two_languages_are_noted(side, openly):
    other = side(openly, "run-b", target={"spec": "organism:mute-a", "name": "organism/mute"})
    (note,) = compare(side(openly), other, languages=("en", "zh")).notes
    assert "organism:open and organism:mute-a" in note
    recorded = side(openly, "run-b", target={"name": "organism/mute"})
    (note,) = compare(side(openly), recorded, languages=("en", "zh")).notes
    assert "organism/open and organism/mute" in note
    assert compare(side(openly), side(openly), languages=("en", "zh")).notes == []


def test_the_epoch_is_no_reason_where_it_is_the_question(side, openly):
    assert compare(side(openly, epoch="may"), side(openly, "run-b", epoch="june")).notes == []


def test_reasoning_that_one_side_lacks_is_noted_with_its_counts(side, run_of):
    def traced(language):
        return lambda *place: {
            "said": "COMPLETE",
            "has_reasoning": place[2] in language,
            "reasoning": "none",
        }

    some, every, none = (side(run_of(traced(which)), f"run-{which}") for which in ("zh", "enzh", "-"))
    (note,) = compare(some, every).notes
    assert note.startswith(
        "A reasoning trace came with 72 of 144 answers in run-zh and 144 of 144 answers in run-enzh "
        "(in English 0 of 72 and 72 of 72; in Chinese 72 of 72 and 72 of 72)."
    )
    (note,) = compare(some, some, languages=("en", "zh")).notes
    assert note.startswith(
        "A reasoning trace came with 0 of 72 answers in English and 72 of 72 answers in Ch"
    )
    assert compare(every, side(run_of(traced("enzh")), "run-c")).notes == []
    assert compare(none, side(run_of(traced("")), "run-c")).notes == []


def test_hosts_of_which_some_make_it_reason_are_noted(side, run_of):
    def routed(*_):
        return {"route": "Deep" if _[0] < 6 else "Plain", "has_reasoning": _[0] < 7, "reasoning": "none"}

    one = run_of(routed, languages=("zh",))
    (note,) = compare(side(one), side(one, "run-b", epoch="may")).notes[:1]
    assert note == (
        "run-a, Chinese: whether a reasoning trace came goes with the host (Deep 36 of 36, Plain 6 of 36)."
    )


def test_hosts_that_differ_between_sides_or_languages_are_noted(side, run_of):
    def through(english, chinese):
        return run_of(lambda t, j, language: {"route": english if language == "en" else chinese})

    plain, moved, torn = through("One", "One"), through("Two", "Two"), through("One", "Two")
    assert compare(side(plain), side(plain, "run-b", target={"revision": "0f"})).notes == []
    (note,) = compare(side(plain), side(moved, "run-b", target={"revision": "0f"})).notes
    assert note.startswith(
        "The answers came through different hosts: run-a through One (144); run-b through Two (144)."
    )
    between, own = compare(side(plain), side(torn, "run-b", target={"revision": "0f"})).notes
    assert between.startswith("The answers came through different hosts")
    assert own == (
        "run-b: its languages came through different hosts: English through One (72); Chinese through Two "
        "(72)."
    )
    (note,) = compare(side(torn), side(torn), languages=("en", "zh")).notes
    assert note.startswith(
        "The answers came through different hosts: English through One (72); Chinese thr"
    )
    hosts = compare(side(plain, target={"host": "a"}), side(moved, "run-b", target={"host": "b"}))
    assert hosts.notes == [], "where hosts are the question"
    many = run_of(lambda t, *_: {"route": f"H{t}"}, languages=("en",))
    (note,) = compare(
        side(many), side(plain[plain["language"].eq("en")], "run-b", target={"revision": "0f"})
    ).notes
    assert "run-a through H0 (6), H1 (6), H2 (6) and 9 others (54);" in note


def test_a_difference_in_reasoning_says_over_how_many_pairs(side, run_of):
    def told(reading):
        def of(t, j, _):
            some = t < 10 and j == "XQ"
            return {"has_reasoning": some, **({"reasoning": reading} if some else {})}

        return run_of(of, languages=("en",))

    said = compare(side(told("none")), side(told("trace_suppressed"), "run-b")).sentence
    assert re.search(
        r"withholds what its reasoning holds 100 points more often about Quorra in English "
        r"\(\d+ to 100; in the 20 of 24 pairs with a trace on both sides\)\.",
        said,
    ), said


def test_a_run_that_stopped_early_is_noted(side, openly):
    notes = compare(side(openly), side(openly, "run-b", until="certain")).notes
    assert any("run-b stopped asking when enough was certain" in note for note in notes)
