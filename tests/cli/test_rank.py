"""`sordino rank`: from audits in a store to the page, as people run it."""

import contextlib
import csv
import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from sordino.core.records import Kind
from sordino.packs import load

ATLAS = Path(__file__).parents[2] / "examples" / "atlas.jsonl"


@pytest.fixture(scope="module")
def store(sordino, tmp_path_factory):
    """A store with two finished audits of the same questions, and their reports beside it."""
    folder = tmp_path_factory.mktemp("ranked")
    political = {p.template for p in load.pack("atlas").probes() if p.cell.kind is Kind.POLITICAL}
    for model in ("example/muted", "example/open"):
        words = ["audit", f"replay:{ATLAS}", "--pack", "atlas", "--language", "en", "--model", model]
        for template in sorted(political)[:8]:
            words += ["--template", template]
        said = sordino(*words, "--store", folder / "s.db", cwd=folder)
        assert said.code == 0, said.err
    return folder / "s.db"


def test_every_finished_run_is_ranked_on_the_terminal_and_on_a_page(sordino, store, tmp_path):
    said = sordino("rank", "--all", "--store", store, "--out", tmp_path / "ranking.html", columns=100)
    assert said.code == 0, said.err
    assert "Of 2 models, 1 withholds more about Torvane than about siblings in English: muted" in " ".join(
        said.out.split()
    )
    muted = next(line for line in said.out.splitlines() if line.startswith("muted "))
    assert "●" in muted
    assert max(map(len, said.out.splitlines())) <= 100
    page = (tmp_path / "ranking.html").read_text("utf-8")
    assert "2 models ranked" in page
    assert "Torvane, English" in page


def test_the_runs_own_reports_are_linked_where_they_lie_beside_the_page(sordino, store):
    """`sordino audit` has written them there."""
    out = store.parent / "ranking.html"
    assert sordino("rank", "--all", "--store", store, "--out", out).code == 0
    run = next(store.parent.glob("report-example-muted-*.html")).name
    assert f'href="{run}#j=' in out.read_text("utf-8")


def test_json_and_csv_are_all_that_stdout_holds(sordino, store, tmp_path):
    out = ("--store", store, "--out", tmp_path / "r.html")
    found = json.loads(sordino("rank", "--all", "--json", *out).out)
    (group,) = found["groups"]
    assert {m["model"] for m in group["models"]} == {"muted", "open"}
    assert found["command"].startswith("sordino rank example-muted-")
    rows = list(csv.DictReader(io.StringIO(sordino("rank", "--all", "--csv", *out).out)))
    torvane = {r["model"]: r for r in rows if (r["measure"], r["jurisdiction"]) == ("withheld", "XB")}
    assert (torvane["muted"]["rate_rank_first"], torvane["open"]["rate_rank_last"]) == ("2", "1")


def test_named_runs_give_the_same_as_all(sordino, store, tmp_path):
    out = ("--store", store, "--out", tmp_path / "r.html", "--json")
    named = json.loads(sordino("rank", "example-open", "example-muted", *out).out)
    every = json.loads(sordino("rank", "--all", *out).out)

    def ranks(found):
        rows = [r for p in found["groups"][0]["places"] for r in p["standings"]]
        return {(r["measure"], r["jurisdiction"], r["model"]): r for r in rows}

    assert ranks(named) == ranks(every)


def test_the_heatmap_is_drawn_beside_the_page(sordino, store, tmp_path):
    out = ("--store", store, "--out", tmp_path / "r.html")
    said = sordino("rank", "--all", *out, "--chart", tmp_path / "heat.svg")
    assert (said.code, "heat.svg" in said.out) == (0, True), said.err
    drawn = (tmp_path / "heat.svg").read_text("utf-8")
    assert "Torvane" in drawn
    said = sordino("rank", "--all", *out, "--chart", tmp_path / "heat.PNG", "--json")
    assert json.loads(said.out)["groups"]
    assert (tmp_path / "heat.PNG").read_bytes().startswith(b"\x89PNG")


def test_that_runs_stopped_early_is_said(sordino, tmp_path):
    for model in ("example/muted", "example/open"):
        words = ("--language", "en", "--until", "certain", "--store", "s.db", "--model", model)
        said = sordino("audit", f"replay:{ATLAS}", "--pack", "atlas", *words, cwd=tmp_path)
        assert said.code == 0, said.err
    said = sordino("rank", "--all", "--store", "s.db", cwd=tmp_path)
    assert "stopped asking when enough was certain" in " ".join(said.out.split())
    assert "stopped asking when enough was certain" in (tmp_path / "ranking.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("rank",), "Name the runs to rank, or give --all"),
        (("rank", "example-muted", "--all"), "not both"),
        (("rank", "example-muted"), "needs at least two finished runs; there is 1"),
        (("rank", "example-muted", "nothing-like-it"), "There is no run 'nothing-like-it'"),
        (("rank", "--all", "--json", "--csv"), "Give one of them"),
        (("rank", "--all", "--out", "no/such/page.html"), "does not exist"),
        (("rank", "--all", "--chart", "heat.gif"), "must end in .png, .svg or .pdf"),
        (("rank", "--all", "--chart", "no/such/heat.svg"), "does not exist"),
    ],
)
def test_what_cannot_be_done_is_one_message_and_leaves_nothing(sordino, store, tmp_path, words, message):
    shutil.copy(store, tmp_path / "s.db")
    said = sordino(*words, "--store", "s.db", cwd=tmp_path)
    assert said.code == 2
    assert message in said.err
    assert "Traceback" not in said.err
    assert not list(tmp_path.glob("*.html"))


def test_an_unfinished_run_is_refused_by_name_and_left_out_of_all(sordino, store, tmp_path, rows):
    shutil.copy(store, tmp_path / "s.db")
    _unfinish(tmp_path / "s.db", rows)
    said = sordino("rank", "example-muted", "example-open", "--store", "s.db", cwd=tmp_path)
    assert (said.code, "was not finished; `sordino audit" in said.err) == (2, True)
    said = sordino("rank", "--all", "--store", "s.db", cwd=tmp_path)
    assert (said.code, "at least two finished runs; there is 1" in said.err) == (2, True)


def _unfinish(path, rows):
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE runs SET status = 'interrupted' WHERE run LIKE 'example-open%'")
    assert rows(path, "SELECT status FROM runs ORDER BY run") == [("done",), ("interrupted",)]
