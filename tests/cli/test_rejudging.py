"""A judge that changes between two audits: nothing is asked again, and nothing is compared silently."""

import json
import shutil

import numpy as np
import pytest

from sordino.auditing import run as auditing
from sordino.auditing.comparable import MEND
from sordino.auditing.plan import plan
from sordino.core.manifest import Manifest, PackIdentity
from sordino.generation.scripted import ScriptedBackend
from sordino.judging.card import JudgeCard
from sordino.judging.classifier import Arrays, Classifier
from sordino.packs import load
from sordino.store.store import Store

ATTEMPTS = "SELECT * FROM attempts ORDER BY attempt"
ENGAGEMENT = "SELECT key, value FROM readings WHERE axis = 'engagement' AND judge = '{}' ORDER BY key"
OTHER = "classifier@9-later"


def changed(identity=OTHER):
    """The shipped arrays with DENIAL much likelier, under another id: as a release that was trained anew."""
    own = Classifier.shipped()._arrays
    return Classifier(
        identity, Arrays(own.weights, own.intercept, own.temperature, own.shift + np.array([-9, 0, 9]))
    )


@pytest.fixture
def later(monkeypatch):
    """From now on another classifier is installed."""
    judge, card = changed(), JudgeCard.shipped("classifier")
    monkeypatch.setattr(Classifier, "shipped", classmethod(lambda cls, name=None: judge))
    return card


@pytest.fixture
def again(small, sordino, folder, later):
    """The same audit given again after the judge changed, in a store that holds the first."""
    shutil.copy(small.store, folder / "s.db")
    words = small.words[: small.words.index("--store")]
    return sordino(*words, "--store", "s.db", "--out", "r.html")


def test_the_same_answers_are_read_anew_as_a_run_of_its_own(again, small, folder, rows):
    assert again.code == 0
    assert rows(folder / "s.db", ATTEMPTS) == rows(small.store, ATTEMPTS)
    assert len(rows(folder / "s.db", "SELECT run FROM runs")) == 2
    before = rows(folder / "s.db", "SELECT DISTINCT judge FROM readings WHERE axis = 'engagement'")
    ids = {judge for (judge,) in before}
    assert OTHER in ids
    (first,) = ids - {OTHER}
    was = dict(rows(folder / "s.db", ENGAGEMENT.format(first)))
    now = dict(rows(folder / "s.db", ENGAGEMENT.format(OTHER)))
    assert was == dict(rows(small.store, ENGAGEMENT.format(first)))
    assert was.keys() == now.keys()
    assert set(now.values()) == {"DENIAL"} != set(was.values())


def test_the_list_of_runs_names_the_judges(again, small, sordino, folder, later):
    alone = sordino("runs", "--store", small.store)
    assert "different judges" not in alone.out
    said = sordino("runs", "--store", "s.db")
    assert said.code == 0
    assert "Engagement was read by different judges:" in said.out
    assert f"{OTHER} (1 run)" in said.out
    assert f"{later.id} (1 run)" in said.out
    assert MEND in said.out
    listed = json.loads(sordino("runs", "--json", "--store", "s.db").out)
    assert {run["judges"]["engagement"].partition("/")[0] for run in listed} == {OTHER, later.id}
    assert len({run["command"] for run in listed}) == 1


def test_a_report_says_that_another_judge_is_installed(again, small, sordino, folder, later):
    """The card that is beside the weights is that of the first judge, which is then the installed one."""
    told = f"Engagement was read by {OTHER}; the installed judge is {later.id}."
    assert told in again.out
    assert told in (folder / "r.html").read_text("utf-8")
    said = sordino("report", "--store", small.store, "--out", "f.html")
    assert said.code == 0
    assert "the installed judge is" not in said.out
    assert "the installed judge is" not in (folder / "f.html").read_text("utf-8")


class Counting(ScriptedBackend):
    """Counts what it is asked."""

    asked = 0

    def generate(self, requests):
        for request in requests:
            self.asked += 1
            yield from super().generate([request])


def test_a_model_is_not_asked_again(folder):
    probes = load.pack("atlas").probes(templates=["protest-crackdown"], languages=["en"])
    backend = Counting({p.question: "There was a march, and it was put down." for p in probes})
    owed = plan(probes, backend.identity)
    with Store.open("s.db") as store:
        for judge in (Classifier.shipped(), changed()):
            manifest = Manifest(
                run=f"run-{judge.id[-5:]}",
                created="",
                sordino="0",
                command="",
                target=backend.identity,
                pack=PackIdentity("atlas", "1", "h"),
                judges={"engagement": judge.id},
            )
            auditing.run(manifest, owed, backend, [judge], store, lambda *_: None)
            assert backend.asked == len(probes)
        assert [store.unread_count(run.run, judge.axis, OTHER) for run in store.runs()] == [0, 0]
