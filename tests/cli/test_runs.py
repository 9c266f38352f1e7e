"""`runs`, `report`: what the store holds, by id, beginning and "latest"."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from sordino import open_run
from sordino.cli.main import app
from sordino.core.errors import StoreError
from sordino.core.manifest import RunStatus
from sordino.store.location import place, url_of
from sordino.store.store import Store
from sordino.wiring.run import Run


@pytest.fixture(scope="module")
def run(small, rows):
    return rows(small.store, "SELECT run FROM runs")[0][0]


def test_runs_are_listed(small, sordino, run):
    said = sordino("runs", "--store", small.store, columns=80)
    assert (said.code, said.err) == (0, "")
    assert run in said.out, "an id stays on one line, to be copied"
    assert "done" in said.out
    (listed,) = json.loads(sordino("runs", "--json", "--store", small.store).out)
    assert (listed["run"], listed["status"], listed["owed"], listed["settled"]) == (run, "done", 36, 35)


def test_the_store_can_be_told_by_the_environment(small, sordino, run, folder):
    # `sordino` takes SORDINO_STORE away, so this goes by typer's own runner.
    result = CliRunner(env={"SORDINO_STORE": str(small.store)}).invoke(app, ["runs", "--json"])
    assert json.loads(result.stdout)[0]["run"] == run


@pytest.mark.parametrize("given", ["latest", "id", "beginning"])
def test_a_report_is_written_again_from_the_store_alone(small, sordino, run, given, folder):
    name = {"latest": "latest", "id": run, "beginning": run[:-2]}[given]
    said = sordino("report", name, "--store", small.store, "--out", "r.html")
    assert said.code == 0
    assert (folder / "r.html").read_text("utf-8") == small.report.read_text("utf-8")


def test_without_a_name_the_report_is_named_after_the_run(small, sordino, run, folder):
    assert sordino("report", "--store", small.store).code == 0
    assert [p.name for p in folder.iterdir()] == [f"report-{run}.html"]


def test_fewer_transcripts_make_a_smaller_report(small, sordino, folder):
    assert sordino("report", "--store", small.store, "--out", "r.html", "--transcripts", 0).code == 0
    assert 0 < (folder / "r.html").stat().st_size < small.report.stat().st_size


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("report", "exampel"), ("exampel", "example-muted-")),
        (("report", "exampel", "--json"), ("exampel", "example-muted-")),
        (("report", "--out", "no/r.html"), ("folder no does not exist",)),
        (("report", "--json", "--csv"), ("--json and --csv",)),
        (("export", "exampel"), ("exampel", "example-muted-")),
        (("export", "--out", "no/b.zip"), ("folder no does not exist",)),
    ],
)
def test_what_is_not_there_is_said(small, sordino, folder, words, says):
    said = sordino(*words, "--store", small.store)
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    assert said.err.startswith("sordino: ")
    assert all(part in said.err for part in says)
    assert list(folder.iterdir()) == []


def test_a_run_that_was_not_finished_concludes_nothing(small, sordino, run, folder):
    shutil.copy(small.store, folder / "s.db")
    with Store.open("s.db") as store:
        store.set_status(run, RunStatus.INTERRUPTED)
        command = store.manifest(run).command
    for words in (("report",), ("report", "--json"), ("export",)):
        said = sordino(*words, "--store", "s.db")
        assert (said.code, said.out) == (2, "")
        assert said.err == f"sordino: The run '{run}' was not finished; `{command}` goes on from there.\n"
    with pytest.raises(StoreError, match="was not finished"):
        _ = open_run(run, "s.db").sentence
    assert "interrupted" in sordino("runs", "--store", "s.db").out
    assert [p.name for p in folder.glob("*") if not p.name.startswith("s.db")] == []


@pytest.mark.parametrize("secret", ["://u:s3cret@h/d", "://u@h/d?password=s3cret"])
def test_a_password_is_not_shown(secret):
    assert "s3cret" not in repr(Run("a", f"postgresql{secret}"))
    assert place(url_of(f"postgresql{secret}")).endswith("@h/d")


def test_the_order_of_options_makes_no_other_run(small, sordino, run, recording, folder):
    shutil.copy(small.store, "s.db")
    words = ("--template", "harvest-festival", "--template", "leader-satire")
    words += ("--language", "en", "--pack", "atlas", "--template", "protest-crackdown")
    said = sordino("audit", f"replay:{recording}", *words, "--store", "s.db", "--out", "r.html")
    assert said.code == 0
    (listed,) = json.loads(sordino("runs", "--json", "--store", "s.db").out)
    assert listed["run"] == run


@pytest.mark.parametrize("command", ["runs", "report", "export"])
def test_a_store_that_is_not_there_is_not_made(sordino, folder, command):
    said = sordino(command, "--store", "no.db")
    assert said.code == 2
    assert said.err == (
        "sordino: The store no.db does not exist. Give the path of a store that an audit has written.\n"
    )
    assert list(folder.iterdir()) == []
