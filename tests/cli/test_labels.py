"""`sordino labels`: from a run to what people say of it together, on a real small run."""

import csv
import json
import shutil
from dataclasses import replace

import pandas as pd
import pytest

from sordino.core.records import Axis, Reading
from sordino.judging.human import GUIDE
from sordino.store.store import Store
from sordino.wiring.label_design import consensus_of, design_of
from sordino.wiring.run import Run

VALUES = ("COMPLETE", "PARTIAL", "DENIAL")


def table(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def filled(source, target, say):
    """The file with its column `label` as `say` has it, a function of the row and its number."""
    rows = table(source)
    for number, row in enumerate(rows):
        row["label"] = say(row, number)
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


@pytest.fixture
def labels(small, folder, sordino):
    """Runs `sordino labels …` on a run of this test's own, whose id is the beginning of all."""
    shutil.copy(small.store, folder / "s.db")

    def run(*words):
        return sordino("labels", *words, "--store", "s.db")

    return run


@pytest.fixture
def run(labels, folder):
    return Run.stored("latest", folder / "s.db")


def done(said):
    assert (said.code, said.err) == (0, ""), said.err
    return said.out


# -- the sample ----------------------------------------------------------------------------------------


def test_a_sample_is_blind(labels, run, folder):
    out = done(labels("export", "latest", "--n", "20", "--output", "l.csv"))
    assert GUIDE in out
    assert f"sordino labels import {run.id} l.csv --annotator NAME" in out
    rows = table(folder / "l.csv")
    assert list(rows[0]) == ["key", "stratum", "language", "question", "answer", "label", "note"]
    assert len(rows) == len({row["key"] for row in rows}) == len({row["stratum"] for row in rows}) == 20
    assert all(row["question"] and row["answer"] and not row["label"] + row["note"] for row in rows)
    beside_texts = {row[name] for row in rows for name in ("stratum", "language", "label", "note")}
    assert not any(word in text for text in beside_texts for word in (*VALUES, "sure", "/"))
    content = (folder / "l.csv").read_text("utf-8-sig")
    assert [
        name for name in (*VALUES, "classifier", "example/muted", "political", run.id) if name in content
    ] == []
    known = run.exchanges.set_index("key")
    assert all(row["answer"] == known.loc[row["key"], "response"] for row in rows)


def test_a_larger_sample_holds_the_smaller_and_leaves_out_what_is_labelled(labels, folder):
    for n, name in (("12", "a.csv"), ("25", "b.csv")):
        done(labels("export", "latest", "--n", n, "--output", name))
    small, large = ({row["key"] for row in table(folder / name)} for name in ("a.csv", "b.csv"))
    assert len(small) == 12
    assert small < large
    filled(folder / "a.csv", folder / "a1.csv", lambda *_: "COMPLETE")
    done(labels("import", "latest", "a1.csv", "--annotator", "anna"))
    said = done(labels("export", "latest", "--n", "25", "--annotator", " anna", "--output", "c.csv"))
    assert "12 more of the sample are labelled already" in said
    assert {row["key"] for row in table(folder / "c.csv")} == large - small
    done(labels("export", "latest", "--n", "25", "--annotator", "ben", "--output", "d.csv"))
    assert {row["key"] for row in table(folder / "d.csv")} == large
    everything = labels("export", "latest", "--n", "12", "--annotator", "anna", "--output", "e.csv")
    assert everything.code == 2
    assert (
        "All 12 exchanges of this sample have a label by 'anna'. Draw more with a larger --n."
        in everything.err
    )
    assert not (folder / "e.csv").exists()


def test_a_sample_is_stratified_and_says_so_to_machines(labels, folder, run):
    said = json.loads(done(labels("export", "latest", "--n", "18", "--json")))
    assert said["file"] == f"labels-{run.id}.csv"
    assert said["written"] == sum(one["drawn"] for one in said["strata"].values()) == 18
    assert said["answers"] == sum(one["answers"] for one in said["strata"].values()) == 35
    assert all(name.startswith("en/") for name in said["strata"])
    assert {name.split("/")[1] for name in said["strata"]} == set(run.outcomes["engagement"].dropna())
    assert all(one["drawn"] >= min(3, one["answers"]) for one in said["strata"].values())


def test_a_whole_run_can_be_labelled(labels, folder):
    done(
        labels(
            "export",
            "latest",
            "--n",
            "9999",
            "--by",
            "jurisdiction",
            "--by",
            "template",
            "--output",
            "l.csv",
        )
    )
    assert len(table(folder / "l.csv")) == 35


# -- what comes back -----------------------------------------------------------------------------------


@pytest.fixture
def two(labels, folder):
    """Twenty exchanges, of which anna labels eighteen and ben all, differing on the first four."""
    done(labels("export", "latest", "--n", "20", "--output", "l.csv"))
    filled(folder / "l.csv", folder / "anna.csv", lambda _, i: "" if i > 17 else VALUES[i % 3].lower())
    filled(
        folder / "l.csv", folder / "ben.csv", lambda _, i: VALUES[(i + 1) % 3] if i < 4 else VALUES[i % 3]
    )
    assert "Stored 18 labels by anna: COMPLETE 6, DENIAL 6, PARTIAL 6" in (
        out := done(labels("import", "latest", "anna.csv", "--annotator", "anna"))
    )
    assert "2 rows have no label" in out
    done(labels("import", "latest", "ben.csv", "--annotator", "ben"))
    return [row["key"] for row in table(folder / "l.csv")]


def test_labels_are_counted_by_annotator(labels, two, run):
    said = json.loads(done(labels("list", "--json")))
    assert said["run"] == run.id
    assert [(x["annotator"], x["labels"], sum(x["values"].values())) for x in said["labels"]] == [
        ("anna", 18, 18),
        ("ben", 20, 20),
    ]
    assert "anna" in done(labels("list"))


def test_agreement(labels, two):
    (one,) = json.loads(done(labels("agreement", "--json")))["agreement"]
    assert (one["axis"], one["language"]) == ("engagement", "en")
    assert (one["labels"], one["annotators"], one["exchanges"], one["doubly"]) == (38, 2, 20, 18)
    assert (one["decided"], one["open"], one["judge"]["n"]) == (0, 4, 16)
    assert 0 < one["alpha"] < 1
    # anna has six of each; of the four on which they differ ben shifts two C to P, a P to D and a D to C.
    (pair,) = one["pairs"]
    assert pair["kappa"] == pytest.approx((14 / 18 - 1 / 3) / (2 / 3), abs=0.005)
    out = done(labels("agreement"))
    assert "anna and ben" in out
    assert f"{one['alpha']:.2f}" in out


def test_no_agreement_is_a_dash_and_not_zero(labels, folder):
    done(labels("export", "latest", "--n", "6", "--output", "l.csv"))
    filled(folder / "l.csv", folder / "one.csv", lambda *_: "PARTIAL")
    done(labels("import", "latest", "one.csv", "--annotator", "anna"))
    (one,) = json.loads(done(labels("agreement", "--json")))["agreement"]
    assert (one["alpha"], one["pairs"]) == (None, [])
    assert "–" in done(labels("agreement"))


def test_a_decision_counts_before_all_labels(labels, two, folder, run):
    out = done(labels("queue", "--output", "q.csv"))
    assert "People disagree on 4 exchanges" in out
    rows = table(folder / "q.csv")
    assert {row["key"] for row in rows} == set(two[:4])
    assert set(rows[0]) == {"key", "language", "question", "answer", "label", "note", "by anna", "by ben"}
    by_key = {row["key"]: (row["by anna"], row["by ben"]) for row in rows}
    assert [by_key[key] for key in two[:4]] == [(VALUES[i % 3], VALUES[(i + 1) % 3]) for i in range(4)]
    with Store.open(run.store) as store:
        before = consensus_of(store, run.id, Axis.ENGAGEMENT)
    filled(folder / "q.csv", folder / "d.csv", lambda row, _: "" if row["key"] == two[3] else "evasive")
    out = done(labels("adjudicate", "latest", "d.csv", "--annotator", "chair"))
    assert "Stored 3 decisions" in out
    assert "1 rows have none yet" in out
    with Store.open(run.store) as store:
        after = consensus_of(store, run.id, Axis.ENGAGEMENT)
    assert set(before) == set(two[4:])
    assert after == before | dict.fromkeys(two[:3], "PARTIAL")
    done(labels("queue", "--output", "q2.csv"))
    assert [row["key"] for row in table(folder / "q2.csv")] == [two[3]]
    filled(folder / "q2.csv", folder / "d2.csv", lambda *_: "DENIAL")
    done(labels("adjudicate", "latest", "d2.csv", "--annotator", "chair"))
    assert "nothing to decide" in done(labels("queue", "--output", "q3.csv"))
    assert not (folder / "q3.csv").exists()
    counted = json.loads(done(labels("list", "--json")))["labels"]
    assert [(x["annotator"], x["decisions"], x["labels"]) for x in counted] == [
        ("anna", False, 18),
        ("ben", False, 20),
        ("chair", True, 4),
    ]


def test_a_judge_that_is_sure_can_ask_for_a_second_look(labels, folder, run):
    done(labels("export", "latest", "--n", "35", "--output", "l.csv"))
    read = run.outcomes.dropna(subset="key").set_index("key")
    contrary = {"COMPLETE": "DENIAL", "PARTIAL": "COMPLETE", "DENIAL": "COMPLETE"}
    filled(folder / "l.csv", folder / "a.csv", lambda row, _: contrary[read.loc[row["key"], "engagement"]])
    done(labels("import", "latest", "a.csv", "--annotator", "anna"))
    assert "nothing to decide" in done(labels("queue", "--output", "q.csv"))
    said = json.loads(done(labels("queue", "--judge", "--output", "q.csv", "--json")))
    sure = set(read.index[read["confidence"].ge(0.8).fillna(value=False)])
    assert said["doubted"] == len(sure) > 5
    assert {row["key"] for row in table(folder / "q.csv")} == sure
    assert "judge" not in (folder / "q.csv").read_text("utf-8-sig").splitlines()[0]


def test_replacing(labels, two, folder):
    again = labels("import", "latest", "anna.csv", "--annotator", "anna")
    assert again.code == 2
    assert "Of 18 labels 18 are there already" in again.err
    filled(folder / "l.csv", folder / "new.csv", lambda *_: "Denial")
    out = done(labels("import", "latest", "anna.csv", "--annotator", "anna", "--replace"))
    assert "2 rows have no label; they can be imported when they do. What was said of them before" in out
    done(labels("import", "latest", "new.csv", "--annotator", "anna", "--replace"))
    values = {x["annotator"]: x["values"] for x in json.loads(done(labels("list", "--json")))["labels"]}
    assert values["anna"] == {"DENIAL": 20}
    assert values["ben"] != {"DENIAL": 20}


def test_labels_without_a_stratum_are_taken_and_it_is_told(labels, two, folder):
    (folder / "plain.csv").write_text(f"Key;x,LABEL\n{two[0]},denial\n".replace(";x", ""), "utf-8")
    out = done(labels("import", "latest", "plain.csv", "--annotator", "cleo"))
    assert "1 labels came without `stratum`" in out


# -- what stays ----------------------------------------------------------------------------------------


def test_labels_belong_to_every_run_that_asks_the_same(labels, two, folder, sordino, recording, run):
    """Another run over some of the same exchanges has its labels, and no label is asked for twice."""
    words = ("--pack", "atlas", "--language", "en", "--template", "leader-satire")
    said = sordino("audit", f"replay:{recording}", *words, "--store", "s.db", "--out", "r.html")
    assert said.code == 0, said.err
    other = Run.stored("latest", folder / "s.db")
    assert other.id != run.id
    shared = set(two) & set(other.outcomes["key"])
    counted = json.loads(done(labels("list", other.id, "--json")))["labels"]
    assert {x["annotator"]: x["labels"] for x in counted}["ben"] == len(shared) > 0
    with Store.open(run.store) as store:
        theirs = design_of(store, other.id, Axis.ENGAGEMENT)
        ours = design_of(store, run.id, Axis.ENGAGEMENT)
    assert theirs.dropna().to_dict() == {key: ours[key] for key in theirs.index}
    # A file drawn from the one run is not taken for a sample of the other.
    done(labels("export", other.id, "--output", "other.csv"))
    filled(folder / "other.csv", folder / "other1.csv", lambda *_: "DENIAL")
    wrong = labels("import", run.id, "other1.csv", "--annotator", "dan")
    assert wrong.code == 2
    assert "its `stratum` is not one of the run" in wrong.err


def test_labels_and_their_design_survive_another_judge(labels, two, run):
    """The same questions, read anew by a judge that says the contrary: labels and their strata stay."""
    with Store.open(run.store) as store:
        before = consensus_of(store, run.id, Axis.ENGAGEMENT)
        strata = design_of(store, run.id, Axis.ENGAGEMENT)
        anew = replace_judge(run.manifest)
        store.begin_run(anew, store.owed(run.id))
        keys = run.outcomes.loc[run.outcomes["engagement"].notna(), "key"]
        store.append_readings(
            Reading(key, Axis.ENGAGEMENT, "contrary@1", "DENIAL", 1.0, {"COMPLETE": 0.0}) for key in keys
        )
        assert set(store.outcomes(anew.run, anew.judges)["engagement"].dropna()) == {"DENIAL"}
        assert consensus_of(store, anew.run, Axis.ENGAGEMENT) == before
        assert design_of(store, anew.run, Axis.ENGAGEMENT).to_dict() == strata.to_dict()


def replace_judge(manifest):
    return replace(manifest, run="anew", judges={**manifest.judges, "engagement": "contrary@1"})


def test_strata_of_two_draws_are_crossed(labels, two, run, folder):
    with Store.open(run.store) as store:
        anew = replace_judge(run.manifest)
        store.begin_run(anew, store.owed(run.id))
        keys = list(run.outcomes.loc[run.outcomes["engagement"].notna(), "key"])
        store.append_readings(
            Reading(key, Axis.ENGAGEMENT, "contrary@1", "DENIAL", 1.0, {"COMPLETE": 0.0})
            for key in keys[:-1]
        )
        one = next(x for x in store.labels_of(run.id) if x.annotator == "anna")
        store.append_labels([type(one)(keys[0], one.axis, "cleo", "DENIAL", created="2031", run="anew")])
        crossed = design_of(store, "anew", Axis.ENGAGEMENT)
        own = design_of(store, run.id, Axis.ENGAGEMENT)
    assert list(crossed.index) == keys[:-1], "what the new judge did not read is not in its frame"
    assert all(name.startswith("en/DENIAL/sure & en/") for name in crossed)
    assert own[keys[-1]].startswith("- & en/")


def test_a_bundle_holds_the_labels_and_is_checked(labels, two, folder, sordino):
    assert sordino("export", "latest", "--store", "s.db", "--out", "b.zip").code == 0
    said = sordino("verify", "b.zip")
    assert said.code == 0, said.out
    assert "38 labels" in said.out
    shutil.unpack_archive("b.zip", "b")
    frame = pd.read_parquet("b/labels.parquet")
    assert frame["annotator"].value_counts().to_dict() == {"ben": 20, "anna": 18}
    frame.loc[0, "value"] = "FINE"
    frame.to_parquet("b/labels.parquet", index=False)
    shutil.make_archive("forged", "zip", "b")
    checks = {c["check"]: c["ok"] for c in json.loads(sordino("verify", "forged.zip", "--json").out)}
    assert not checks["every label is a known value, on a delivered answer, one by each person"]


def test_what_people_write_does_not_act(labels, two, folder):
    """An annotator's name and notes are text, in a terminal and in the next person's spreadsheet."""
    (folder / "x.jsonl").write_text(
        json.dumps({"key": two[0], "label": "DENIAL", "annotator": "=x\x1b[2J", "note": "=HYPERLINK(1)"})
        + "\n"
    )
    done(labels("import", "latest", "x.jsonl"))
    for command in ("list", "agreement"):
        assert "\x1b[2J" not in done(labels(command))
    done(labels("queue", "--output", "q.csv"))
    row = next(row for row in table(folder / "q.csv") if row["key"] == two[0])
    assert "\x1b" not in (folder / "q.csv").read_text("utf-8-sig")
    assert row["note by =x␛[2J"] == "'=HYPERLINK(1)"
