"""`runs`, `report`: what the store holds, by id, beginning and "latest"."""

import json

import pytest
from typer.testing import CliRunner

from sordino.cli.main import app


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


@pytest.mark.parametrize("command", ["runs", "report", "export"])
def test_a_store_that_is_not_there_is_not_made(sordino, folder, command):
    said = sordino(command, "--store", "no.db")
    assert said.code == 2
    assert said.err == (
        "sordino: The store no.db does not exist. Give the path of a store that an audit has written.\n"
    )
    assert list(folder.iterdir()) == []
