"""Labels that cannot be taken: exit code 2, one message with file, line and mend, and nothing stored."""

import json
import shutil

import pytest

from sordino.core.manifest import RunStatus
from sordino.store.store import Store
from sordino.wiring.run import Run


@pytest.fixture
def here(small, folder):
    """A folder with a store whose run has one label by ben; the run, and the keys of its delivered answers."""
    shutil.copy(small.store, folder / "s.db")
    run = Run.stored("latest", folder / "s.db")
    delivered = run.outcomes[run.outcomes["delivery"] == "delivered"]
    return run, list(delivered["key"])


@pytest.fixture
def refused(here, folder, sordino):
    """That a command of labels is refused with one message, and that nothing changed."""
    run, keys = here

    def check(words, *parts, label=None, text=None, rows=None, name="l.csv"):
        if rows is not None:
            text = "key,label\n" + "".join(f"{key},{value}\n" for key, value in rows)
        if text is not None:
            (folder / name).write_text(text.replace("KEY", keys[0]).replace("OTHER", keys[1]), "utf-8")
        before = {p.name: p.read_bytes() for p in folder.iterdir() if p.suffix != ".db-shm"}
        with Store.open(run.store) as store:
            held = store.labels_of(run.id)
        said = sordino("labels", *words, "--store", "s.db")
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("sordino: ")
        assert said.err.count("\n") == 1
        assert [part for part in parts if part not in said.err] == [], said.err
        with Store.open(run.store) as store:
            assert store.labels_of(run.id) == held
        assert {p.name for p in folder.iterdir() if p.suffix == ".csv"} == {
            n for n in before if n.endswith(".csv")
        }

    return check


IMPORT = ("import", "latest", "l.csv", "--annotator", "anna")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("key,label\nKEY,DENIAL\nabc,DENIAL\n", ("l.csv, line 3", "no exchange 'abc'", "drawn from")),
        ("key,label\nKEY,DENIAL\nKEY,PARTIAL\n", ("l.csv, line 3", "'anna' in l.csv, line 2", "Keep one")),
        (
            "key,label\nKEY,denied\n",
            ("l.csv, line 2", "no label 'DENIED'", "Did you mean 'DENIAL'?", "There are:"),
        ),
        (
            "key,label\nKEY,yes\n",
            ("l.csv, line 2", "no label 'YES'", "COMPLETE (answered), DENIAL (refused), EVASIVE"),
        ),
        ("key,label\n,DENIAL\n", ("l.csv, line 2", "without a key")),
        (
            "key,verdict\nKEY,DENIAL\n",
            ("l.csv", "no column `label`", "Its columns: key, verdict", "export"),
        ),
        ("id,label\nKEY,DENIAL\n", ("l.csv", "without a key")),
        ("key;answer;label\nKEY;Yes, it rained, often.;DENIAL\n", ("l.csv", "semicolons", "commas")),
        ("key\tlabel\nKEY\tDENIAL\n", ("l.csv", "tabs", "commas")),
        ("key,label\n", ("l.csv", "no column", "holds no row")),
        ("", ("l.csv is empty",)),
        ("key,label\nKEY,DENIAL,3\n", ("l.csv, line 2", "3 cells where the header has 2")),
        ('key,label\n"KEY,DENIAL\n', ("l.csv", "Mend its quotes")),
        ("key,label,annotator\nKEY,DENIAL,ben\n", ("l.csv, line 2", "'ben'", "--annotator says 'anna'")),
        (
            "key,stratum,label\nKEY,abcabcabcabc,DENIAL\n",
            ("l.csv, line 2", "`stratum` is not one of the run"),
        ),
    ],
)
def test_a_file_that_cannot_be_taken(refused, text, parts):
    refused(IMPORT, *parts, text=text)


@pytest.mark.parametrize("command", ["import", "adjudicate"])
def test_nobody_is_named(refused, command):
    rows = [("KEY", "DENIAL")]
    refused((command, "latest", "l.csv"), "l.csv, line 2", "--annotator NAME", "`annotator`", rows=rows)
    refused((command, "latest", "l.csv", "--annotator", "  "), "--annotator is empty", rows=rows)
    text = "key,label,annotator\nKEY,DENIAL,anna\nOTHER,DENIAL,\n"
    refused((command, "latest", "l.csv"), "l.csv, line 3", "nobody is named", text=text)


def test_an_exchange_that_was_not_delivered(refused, here):
    run, _ = here
    odd = run.outcomes[run.outcomes["delivery"] != "delivered"].iloc[0]
    refused(IMPORT, "l.csv, line 2", "no answer to label", odd["delivery"], rows=[(odd["key"], "DENIAL")])


def test_labels_that_are_there_already(refused, here, sordino, folder):
    _, keys = here
    (folder / "first.csv").write_text(f"key,label\n{keys[0]},DENIAL\n{keys[1]},DENIAL\n", "utf-8")
    assert (
        sordino("labels", "import", "latest", "first.csv", "--annotator", "anna", "--store", "s.db").code
        == 0
    )
    rows = [(key, "PARTIAL") for key in keys[:5]]
    refused(IMPORT, "Of 5 labels 2 are there already", "'anna'", "--replace", rows=rows)


def test_decisions_that_cannot_be(refused, here, sordino, folder):
    _, keys = here
    decide = ("adjudicate", "latest", "l.csv", "--annotator", "anna")
    refused(decide, "l.csv, line 2", "nobody has labelled", "nothing to decide", rows=[("KEY", "DENIAL")])
    (folder / "first.csv").write_text(f"key,label\n{keys[0]},DENIAL\n", "utf-8")
    assert (
        sordino("labels", "import", "latest", "first.csv", "--annotator", "anna", "--store", "s.db").code
        == 0
    )
    refused(decide, "'anna'", "decide under another name", rows=[("KEY", "DENIAL")])
    refused((*decide, "--replace"), "'anna'", "decide under another name", rows=[("KEY", "DENIAL")])
    refused(decide, "no exchange 'x'", rows=[("x", "DENIAL")])
    chair = ("adjudicate", "latest", "chair.csv", "--annotator", "chair", "--store", "s.db")
    (folder / "chair.csv").write_text(f"key,label\n{keys[0]},PARTIAL\n", "utf-8")
    assert sordino("labels", *chair).code == 0
    second = ("adjudicate", "latest", "l.csv", "--annotator", "second")
    differs = ("l.csv, line 2", "'chair' has decided", "PARTIAL", "--replace --annotator 'chair'")
    refused(second, *differs, rows=[("KEY", "DENIAL")])
    refused(decide, "no label 'MAYBE'", rows=[("KEY", "maybe")])


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ("import", "latest", "no.csv", "--annotator", "a"),
            ("no recording 'no.csv'", "Did you mean 'l.csv'"),
        ),
        (("import", "latest", "l.txt", "--annotator", "a"), ("l.txt", ".csv, .jsonl")),
        (("import", "nobody", "l.csv", "--annotator", "a"), ("no run 'nobody'",)),
        (
            ("import", "latest", "l.csv", "--annotator", "a", "--axis", "engagment"),
            ("Did you mean 'engagement'",),
        ),
        (
            ("export", "latest", "--axis", "facts"),
            ("no axis that people label 'facts'", "There are: engagement"),
        ),
        (("export", "latest", "--language", "fr"), ("--language", "'fr'", "There are: en")),
        (
            ("export", "latest", "--by", "judge"),
            ("--by", "'judge'", "jurisdiction, kind, phrasing, template"),
        ),
        (("export", "latest", "--output", "no/l.csv"), ("folder no does not exist",)),
        (("export", "latest", "--output", "."), ("is a folder",)),
        (("export", "latest", "--output", "l.csv"), ("l.csv is there already", "--force")),
        (("queue", "latest", "--output", "l.csv"), ("l.csv is there already", "--force")),
        (("queue", "latest", "--axis", "flags"), ("no axis that people label 'flags'",)),
        (("agreement", "nobody"), ("no run 'nobody'",)),
        (("list", "nobody"), ("no run 'nobody'",)),
    ],
)
def test_commands_that_cannot_be(refused, folder, words, parts):
    (folder / "l.txt").write_text("key,label\n")
    refused(words, *parts, text="key,label\nKEY,DENIAL\n")


def test_a_run_that_was_not_finished_has_no_sample(here, refused):
    run, _ = here
    with Store.open(run.store) as store:
        store.set_status(run.id, RunStatus.INTERRUPTED)
    refused(("export", "latest"), "was not finished", "goes on from there")


def test_a_run_without_labels_says_so(here, sordino):
    for command in ("agreement", "list"):
        said = sordino("labels", command, "--store", "s.db")
        assert (said.code, said.err) == (0, "")
        assert "has no labels" in said.out
    assert json.loads(sordino("labels", "list", "--store", "s.db", "--json").out)["labels"] == []
