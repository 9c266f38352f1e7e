"""Which runs may be ranked together."""

from itertools import permutations
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

from sordino.comparing.entries import grouped, names
from sordino.core.manifest import PackIdentity
from sordino.core.protocols import TargetIdentity

RUNS = SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "ranked_runs.py")))
ASKED = {("XA", "en"): 3, ("XB", "en"): 0}


def run(name, frame=None, **changes):
    return RUNS.entry(name, RUNS.outcomes(ASKED) if frame is None else frame, **changes)


def said(*entries):
    groups = grouped(entries)
    return [[e.name for e in g.entries] for g in groups], " ".join(w for g in groups for w in g.why)


def test_other_judges_are_another_group_and_the_sentence_names_them():
    others = [run(n, judges=RUNS.JUDGES | {"engagement": "classifier@3-xyz"}) for n in ("d", "e")]
    names, why = said(run("a"), run("b"), *others, run("c"))
    assert names == [["a", "b", "c"], ["d", "e"]]
    assert "classifier@2-abc in run-a, classifier@3-xyz in run-d" in why


def test_parts_of_one_classifier_are_one_judge():
    folded = run("b", judges=RUNS.JUDGES | {"engagement": "classifier@2-abc/fold4"})
    assert said(run("a"), folded) == ([["a", "b"]], "")


def test_a_reasoning_judge_parts_nobody():
    """Only some models show their reasoning, and nothing is ranked on it."""
    thinks = run("b", judges=RUNS.JUDGES | {"reasoning": "reasoning@2-1234"})
    assert said(run("a"), thinks) == ([["a", "b"]], "")


def test_another_sampling_another_pack_and_another_epoch_are_apart():
    warm = run("warm", settings={"temperature": 0.7, "max_tokens": 1024})
    pack = run("pack", pack=PackIdentity("civic", "2", "beef"))
    epoch = run("epoch", settings={"temperature": 0.0, "max_tokens": 1024, "epoch": "2026-04"})
    names, why = said(run("a"), warm, pack, epoch)
    assert names == [["a"], ["epoch"], ["pack"], ["warm"]]
    for words in ("Temperature", "questions differ", "Epoch"):
        assert words in why


def test_where_no_two_fit_together_each_has_a_reason_and_epochs_a_command():
    later, latest = (
        run(n, settings={"temperature": 0.0, "max_tokens": 1024, "epoch": n}) for n in ("later", "latest")
    )
    same = TargetIdentity("openai:m", "m", "rev", host="http://localhost:8000/v1")
    groups = grouped([run("warm", settings={"temperature": 0.7}), run("z")])
    assert [bool(group.why) for group in groups] == [True, True]
    for entry in (later, latest):
        object.__setattr__(entry.manifest, "target", same)
    told = [" ".join(group.why) for group in grouped([later, latest])]
    assert all(why.startswith("Epoch: 'later' in run-later") or "'latest'" in why for why in told)
    assert all("sordino compare run-" in why for why in told)
    assert "sordino compare" not in " ".join(groups[1].why)


def test_recordings_are_asked_the_same_when_their_questions_read_the_same():
    """Their hashes follow the order of their rows, and the names of their files."""
    recorded = {"source": "recording", "settings": {}}
    first = run("a", **recorded)
    turned = run("b", RUNS.outcomes(ASKED, order=-1), **recorded)
    assert said(first, turned) == ([["a", "b"]], "")
    frame = RUNS.outcomes(ASKED)
    worded = run("c", frame.assign(question=frame["question"] + " Please."), **recorded)
    names, why = said(first, worded)
    assert names == [["a"], ["c"]]
    assert "40 of 40 questions are worded otherwise" in why


def test_a_recording_that_holds_too_few_of_the_questions_is_apart():
    recorded = {"source": "recording", "settings": {}}
    nearly = run("b", RUNS.outcomes(ASKED).iloc[:-3], **recorded)
    few = run("c", RUNS.outcomes(ASKED, 10), **recorded)
    names, why = said(run("a", **recorded), nearly, few)
    assert names == [["a", "b"], ["c"]]
    assert "Only 20 questions are in both run-a (40) and run-c (20)." in why


def test_groups_do_not_depend_on_the_order_in_which_runs_are_named():
    """The middle one holds nine tenths of either end, and the ends do not of each other."""
    whole = RUNS.outcomes(ASKED)
    recorded = [
        run(name, frame, source="recording", settings={})
        for name, frame in (("a", whole.iloc[5:]), ("b", whole.iloc[2:-2]), ("c", whole.iloc[:-5]))
    ]
    told = {tuple(map(tuple, said(*some)[0])) for some in permutations(recorded)}
    assert told == {(("a", "b"), ("c",))}


def test_names_are_as_short_as_tells_them_apart():
    def of(name, host="one", run="r"):
        return RUNS.manifest(name, run=run, target=TargetIdentity("s", name, "rev", host=host))

    assert names([of("org/a"), of("org/b")]) == ["a", "b"]
    assert names([of("x/a"), of("y/a"), of("b")]) == ["x/a", "y/a", "b"]
    # Where one needs its organisation all have theirs.
    assert names([of("x/a"), of("y/a"), of("z/b")]) == ["x/a", "y/a", "z/b"]
    assert names([of("x/a"), of("x/a", "two")]) == ["x/a at one", "x/a at two"]
    assert names([of("x/a", run="r1"), of("x/a", run="r2")]) == ["r1: x/a", "r2: x/a"]
    long = "m" * 200
    assert len({n[:100] for n in names([of(long + "1", run="r1"), of(long + "2", run="r2")])}) == 2
