"""`sordino sweep` as people meet it: what it prints, how it fails, how it is stopped and goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from runpy import run_path

import pytest

from sordino.cli import sweep_view
from sordino.core.jobs import Began, Done, Failed, Lost, Progressed

ATLAS = Path(__file__).parents[2] / "examples" / "atlas.jsonl"
STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
RECORDED = f"""
pack: atlas
templates: [protest-crackdown, leader-satire, harvest-festival]
languages: [en]
models:
  - {{target: 'replay:{ATLAS}', models: all}}
"""
QUICK = "pack: atlas\ntemplates: [leader-satire]\nlanguages: [en]\nconcurrency: 1\nmodels:\n"


def answers(_, body):
    return f"{body['model']} says: {body['messages'][-1]['content']}"


def served(base, *models):
    return "".join(f"- {{target: 'openai:{model}@{base}', name: {model}}}\n" for model in models)


@pytest.fixture
def no_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "")


def test_a_recording_of_two_models_is_compared_and_not_audited_twice(sordino, folder, rows):
    (folder / "models.yaml").write_text(RECORDED, "utf-8")
    first = sordino("sweep", "models.yaml", "--store", "s.db", "--reports")
    assert first.code == 0, first.err
    assert first.err.count("\ndone   example/") == 2, first.err
    assert "Withheld, English" in first.out
    assert "Page: sweep.html\nRuns: 2   (kept in s.db)\n" in first.out
    page = (folder / "sweep.html").read_text("utf-8")
    for run, status in rows(folder / "s.db", "SELECT run, status FROM runs"):
        assert status == "done"
        assert f"report-{run}.html" in page
        assert (folder / f"report-{run}.html").exists()
    when = "SELECT run, manifest_json FROM runs ORDER BY run"
    before = rows(folder / "s.db", when)
    again = sordino("sweep", "models.yaml", "--store", "s.db", "--json", "--out", "again.html")
    assert (again.code, again.err) == (0, "")
    told = json.loads(again.out)
    assert [(m["name"], m["state"]) for m in told["models"]] == [
        ("example/open", "stored"),
        ("example/muted", "stored"),
    ]
    assert {m["run"] for m in told["models"]} == {run for run, _ in before}
    assert told["page"] == "again.html"
    assert told["ranking"]["groups"]
    assert rows(folder / "s.db", when) == before


def listing(*models):
    return STUB["fault"](200, {"data": [{"id": model} for model in models]})()


def test_one_model_that_fails_stops_no_other(sordino, folder, no_key):
    """The server has it while all are looked up, and no longer when it is to be asked."""
    looked_up = []

    def lists():
        looked_up.append(1)
        return listing("a", "b", "\x1b[31mc") if len(looked_up) > 3 else listing("a", "b", "[bold]x")

    with STUB["StubServer"](answers, lists=lists) as server:
        targets = f'- {{target: "openai:[bold]x@{server.base}", name: closed}}\n' + served(
            server.base, "a", "b"
        )
        (folder / "models.yaml").write_text(QUICK + targets, "utf-8")
        said = sordino("sweep", "models.yaml", "--store", "s.db", "--jobs", 2)
    assert said.code == 1, said.err
    assert "To ask: at most about 36 requests, " in said.err
    assert "\nfailed closed" in said.err
    assert "Failed: 1. The same command tries again.\n  closed: " in said.err
    assert "There is no model '[bold]x'." in said.err
    assert "\x1b[31m" not in said.err + said.out
    assert "closed is not in it: " in said.out
    assert "Runs: 2 " in said.out
    assert "a took: 12 requests" in said.err
    assert "Traceback" not in said.err


def test_requests_that_failed_are_told_and_asked_again(sordino, folder, no_key):
    with STUB["StubServer"](
        lambda n, body: STUB["fault"](422, "no") if n % 2 else answers(n, body)
    ) as server:
        (folder / "models.yaml").write_text(QUICK + served(server.base, "a"), "utf-8")
        first = sordino("sweep", "models.yaml", "--store", "s.db")
        assert first.code == 0, first.err
        assert "\npartly a " in first.err
        assert "a: 6 requests failed, 0 were not in the budget. The same command asks them." in first.err
        asked, server.says = len(server.bodies), answers
        again = sordino("sweep", "models.yaml", "--store", "s.db", "--json")
        assert len(server.bodies) - asked == 6
    (model,) = json.loads(again.out)["models"]
    assert (model["state"], model["requests_failed"]) == ("done", 0)


def test_one_run_alone_is_compared_with_nothing(sordino, folder):
    (folder / "models.yaml").write_text(RECORDED.replace("all", "[example/open]"), "utf-8")
    said = sordino("sweep", "models.yaml", "--store", "s.db")
    assert said.code == 0, said.err
    assert said.out == "Runs: 1   (kept in s.db)\n"
    assert not (folder / "sweep.html").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")
def test_interrupted_it_keeps_what_it_has_and_the_same_command_goes_on(sordino, folder, rows, no_key):
    with STUB["StubServer"](answers, pause=0.4) as server:
        targets = served(server.base, "a", "b", "c")
        (folder / "models.yaml").write_text(QUICK + targets, "utf-8")
        words = ("sweep", "models.yaml", "--store", "s.db", "--jobs", "2")
        process = subprocess.Popen(
            [sys.executable, "-m", "sordino", *words], stderr=subprocess.PIPE, start_new_session=True
        )
        until = time.monotonic() + 120
        while len(server.bodies) < 9:
            assert process.poll() is None, process.stderr.read().decode()
            assert time.monotonic() < until
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
        told = err.decode()
        assert process.returncode == 130, told
        assert "Interrupted. What was settled is stored; the same command goes on from there." in told
        assert "Traceback" not in told
        kept = rows(folder / "s.db", "SELECT count(*) FROM attempts")[0][0]
        assert 4 <= kept < 36
        assert {status for _, status in rows(folder / "s.db", "SELECT run, status FROM runs")} == {
            "interrupted"
        }
        server.pause, asked = 0.0, len(server.bodies)
        said = sordino(*words)
        assert said.code == 0, said.err
        assert len(server.bodies) - asked == 36 - kept
    assert rows(folder / "s.db", "SELECT count(*), count(DISTINCT key) FROM attempts") == [(36, 36)]
    assert {status for _, status in rows(folder / "s.db", "SELECT run, status FROM runs")} == {"done"}


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("gone.yaml",), ("gone.yaml cannot be read",)),
        (("models.yaml", "--jobs", "0"), ("--jobs 0", "--jobs 2")),
        (
            ("models.yaml", "--executor", "rai"),
            ("--executor: There is no executor 'rai'. Did you mean 'ray'?",),
        ),
        (("models.yaml", "--ray-address", "auto"), ("--ray-address is for --executor ray",)),
        (("models.yaml", "--out", "no/where.html"), ("no",)),
        # The command is checked before what its file names is looked up.
        (("wrong.yaml", "--jobs", "0"), ("--jobs 0",)),
        (("wrong.yaml", "--executor", "slurm"), ("There is no executor 'slurm'",)),
        (("wrong.yaml",), ("wrong.yaml:3: models.1: ", "'nobody' is no target")),
    ],
    ids=" ".join,
)
def test_a_sweep_that_cannot_be(sordino, folder, words, parts):
    (folder / "models.yaml").write_text(RECORDED, "utf-8")
    (folder / "wrong.yaml").write_text(
        f"models:\n- {{target: 'replay:{ATLAS}', model: example/open}}\n- nobody\n"
    )
    said = sordino("sweep", *words, "--store", "s.db")
    assert (said.code, said.out) == (2, "")
    assert [part for part in parts if part not in said.err] == [], said.err
    assert sorted(p.name for p in folder.iterdir()) == ["models.yaml", "wrong.yaml"]


def test_the_view_has_a_line_for_each_under_way_and_keeps_one_of_each_that_ended(capsys):
    from rich.console import Console  # noqa: PLC0415

    from sordino.wiring.settings import AuditSettings  # noqa: PLC0415
    from sordino.wiring.sweep_file import Entry  # noqa: PLC0415
    from sordino.wiring.sweeping import Audited, Planned  # noqa: PLC0415

    planned = [Planned(Entry(name, AuditSettings(name), "")) for name in ("a", "[bold]b", "c")]
    stored = Planned(Entry("d", AuditSettings("d"), ""), finished=Audited("d-1", "d: nothing."))
    view = sweep_view._View(Console(stderr=True, width=100, force_terminal=False), [*planned, stored])
    for event in (
        Began("a", 1, "h"),
        Began("[bold]b", 2, "h"),
        Progressed("a", "asking", 5, 10),
        Progressed("[bold]b", "asking", 0, 10),
    ):
        view.hear(event)
    table = [(t.description, t.fields["stage"], t.fields["count"], t.completed) for t in view._bars.tasks]
    assert table == [
        ("all", "", "0 of 3 models", pytest.approx(0.45)),
        ("a", "asking", "5/10", 5),
        ("[bold]b", "asking", "0/10", 0),
    ]
    view.hear(Lost("a", "Its process died (killed by SIGKILL); it is tried again."))
    view.hear(Began("a", 3, "h"))
    view.hear(Done("a", Audited("a-1", "a: \x1b[31m" + 90 * "long ")))
    view.hear(Failed("[bold]b", "No."))
    view.hear(Began("c", 4, "h"))
    view.hear(Done("c", Audited("c-1", "c: nothing.")))
    assert [t.description for t in view._bars.tasks] == ["all"]
    assert (view._bars.tasks[0].completed, view._bars.tasks[0].fields["count"]) == (3, "3 of 3 models")
    view.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:2] for line in lines if line[:1].isalpha() and not line.startswith("all")] == [
        ["stored", "d"],
        ["again", "a"],
        ["done", "a"],
        ["failed", "[bold]b"],
        ["done", "c"],
    ]
    assert max(map(len, lines)) <= 100
    assert "\x1b[31m" not in "".join(lines)
