"""Sweeps of real models: by processes here and by Ray, killed in the middle and gone on with."""

import contextlib
import os
import re
import signal
import sqlite3
from collections import Counter
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import SpecError, StoreError
from sordino.core.jobs import Began, Done, Lost, Progressed
from sordino.execution.job_processes import JobProcesses
from sordino.execution.ray import RayCluster
from sordino.wiring import audit, executors, sweep_file, sweeping
from sordino.wiring.cost import Cost
from sordino.wiring.executors import Room
from sordino.wiring.prices import Tokens
from sordino.wiring.settings import AuditSettings

ORGANISMS = """
templates: [leader-satire]
languages: [en]
max_tokens: 24
batch_size: 2
workers: 1
dtype: float32
models: [organism:open, organism:mute-a]
"""
SERVED = """
pack: atlas
templates: [leader-satire]
languages: [en]
concurrency: 1
models:
  - {{target: "openai:m1@{base}", name: m1}}
  - {{target: "openai:m2@{base}", name: m2}}
"""
RUNS = "SELECT run, status FROM runs ORDER BY run"
READINGS = "SELECT key, axis, judge, value FROM readings ORDER BY key, axis, judge"
STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
SAID = "SELECT key, text FROM attempts JOIN answers USING (attempt) ORDER BY key"


def rows(store, query):
    with contextlib.closing(sqlite3.connect(store)) as connection:
        return connection.execute(query).fetchall()


def entries_of(text, folder):
    path = folder / "models.yaml"
    path.write_text(text, "utf-8")
    return sweep_file.read(path)


def carried_out_one_by_one(entries, folder):
    """The store of the same audits, one after the other in this process."""
    for entry in entries:
        audit.audit(entry.settings, folder / "s.db")
    return folder / "s.db"


@pytest.fixture(scope="module")
def entries(tmp_path_factory):
    pytest.importorskip("transformers")
    return entries_of(ORGANISMS, tmp_path_factory.mktemp("sweep"))


@pytest.fixture(scope="module")
def unbroken(entries, tmp_path_factory):
    return carried_out_one_by_one(entries, tmp_path_factory.mktemp("unbroken"))


class Killer:
    """Listens, and kills the process of the first job that is in the middle of asking.

    at: the answers that it must have stored by then.
    """

    def __init__(self, at=1):
        self.processes, self.heard, self.killed, self.at = {}, Counter(), None, at

    def __call__(self, event):
        self.heard[event.job, type(event)] += 1
        if isinstance(event, Began):
            self.processes[event.job] = event.process
        is_amid = (
            isinstance(event, Progressed)
            and event.stage == "asking"
            and self.at <= event.done < event.total
        )
        if is_amid and self.killed is None:
            self.killed = event.job
            os.kill(self.processes[event.job], signal.SIGKILL)


def check_all_is_there_once(store, unbroken, killer, names):
    assert {name: killer.heard[name, Began] for name in names} == {
        name: 2 if name == killer.killed else 1 for name in names
    }
    assert killer.heard[killer.killed, Lost] == 1
    assert [killer.heard[name, Done] for name in names] == [1, 1]
    for query in (SAID, RUNS, READINGS):
        assert rows(store, query) == rows(unbroken, query)
    assert rows(store, "SELECT count(*), count(DISTINCT key) FROM attempts") == [(24, 24)]


def test_a_process_killed_in_the_middle_loses_and_doubles_nothing(entries, unbroken, tmp_path):
    store, killer = tmp_path / "s.db", Killer()
    planned = sweeping.plan(entries, store)
    assert {one.device for one in planned} <= {"cpu", "cuda", "mps"}
    swept = sweeping.carry_out(planned, store, JobProcesses(2, 1), listen=killer)
    assert not swept.failed
    check_all_is_there_once(store, unbroken, killer, ["organism:open", "organism:mute-a"])


def test_a_worker_of_ray_killed_in_the_middle_loses_and_doubles_nothing(tmp_path, monkeypatch, capsys):
    """Both models are behind a server, so that the workers need no torch."""
    pytest.importorskip("ray")
    monkeypatch.setenv("OPENAI_API_KEY", "")
    store, killer = tmp_path / "s.db", Killer()
    with STUB["StubServer"](
        lambda _, body: f"{body['model']}: {body['messages'][-1]['content']}"
    ) as server:
        entries = entries_of(SERVED.format(base=server.base), tmp_path)
        (tmp_path / "unbroken").mkdir()
        unbroken = carried_out_one_by_one(entries, tmp_path / "unbroken")
        server.pause = 0.2
        with RayCluster(None, tasks=2, threads=1) as cluster:
            swept = sweeping.carry_out(sweeping.plan(entries, store), store, cluster, listen=killer)
    assert not swept.failed
    assert capsys.readouterr().out == "", "what Ray prints of a death is no result"
    assert {one.left for one in swept.audited.values()} == {0}
    check_all_is_there_once(store, unbroken, killer, ["m1", "m2"])


BUDGETED = """
pack: civic
languages: [en]
concurrency: 4
budget_requests: 40
models:
  - {{target: "openai:m1@{base}", name: m1}}
"""


def test_a_process_killed_under_a_budget_leaves_it_no_larger(tmp_path, monkeypatch):
    """What it stored is charged to the next, and what it may have sent besides."""
    monkeypatch.setenv("OPENAI_API_KEY", "")
    store, killer = tmp_path / "s.db", Killer(at=15)
    with STUB["StubServer"](lambda *_: "It rained.", pause=0.05) as server:
        entries = entries_of(BUDGETED.format(base=server.base), tmp_path)
        planned = sweeping.plan(entries, store)
        swept = sweeping.carry_out(planned, store, JobProcesses(1, 1), listen=killer)
        sent = len(server.bodies)
    assert killer.heard["m1", Lost] == 1
    (done,) = swept.audited.values()
    requests, lost = re.search(r"(\d+) requests, .*, and up to (\d+) that were lost", done.spent).groups()
    ((stored,),) = rows(store, "SELECT count(*) FROM attempts")
    # Seven may be open at once (two times four, less one).
    assert (int(requests), int(lost)) == (stored, 7)
    assert stored <= sent <= 40
    assert stored + 7 == 40
    assert done.left > 0


def test_what_is_finished_is_not_begun_again(entries, unbroken):
    planned = sweeping.plan(entries, unbroken)
    assert [one.finished.sentence.partition(":")[0] for one in planned] == ["open", "mute-a"]
    swept = sweeping.carry_out(planned, unbroken, NoExecutor())
    assert list(swept.audited) == ["organism:open", "organism:mute-a"]
    assert [one.run for one in swept.audited.values()] == [one.finished.run for one in planned]


class NoExecutor:
    """Whoever gives it a job fails."""

    machines = 1

    def run(self, jobs):
        assert not jobs
        yield from ()


def test_several_machines_need_more_than_a_file(entries, unbroken, tmp_path):
    class Cluster(NoExecutor):
        machines = 3

    planned = sweeping.plan(entries, tmp_path / "s.db")
    with pytest.raises(StoreError, match=r"3 machines.*--store postgresql://"):
        sweeping.carry_out(planned, tmp_path / "s.db", Cluster())
    assert not (tmp_path / "s.db").exists()


def test_where_it_runs_is_chosen_by_what_there_is_to_do(entries, unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "cores", lambda: 4)
    due = sweeping.plan(entries, tmp_path / "s.db")
    if due[0].device != "cpu":
        pytest.skip("on an accelerator one runs at a time")
    assert executors.room(due, None, "local") == Room(processes=2, computing=2, threads=2, workers=1)
    assert executors.room(due, 1, "local") == Room(processes=1, computing=1, threads=4, workers=None)
    assert executors.room(due, 8, "local") == Room(processes=2, computing=8, threads=1, workers=1)
    assert executors.room(due, None, "ray").workers == 1
    done = sweeping.plan(entries, unbroken)
    assert executors.room(done, None, "local").processes == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((0, "local", None), "--jobs 0"),
        ((None, "rai", None), "Did you mean 'ray'"),
        ((None, "local", "auto"), "--ray-address is for --executor ray"),
        ((None, "ray", "auto"), r"--executor ray needs Ray.*pip install 'sordino\[ray\]'"),
    ],
)
def test_where_it_cannot_run_is_known_from_the_command_alone(given, says, monkeypatch):
    monkeypatch.setattr("sordino.execution.ray.find_spec", lambda _: None)
    with pytest.raises(SpecError, match=says):
        executors.check(*given)


def test_costs_are_summed_by_currency_and_no_price_is_not_zero():
    def planned(requests, money=None, currency=""):
        entry = sweep_file.Entry("a", AuditSettings("a"), "")
        return sweeping.Planned(entry, cost=Cost(requests, Tokens(10, 20), money=money, currency=currency))

    costs = sweeping.expected([planned(1), planned(2, 0.5, "EUR"), planned(3), planned(4, 0.25, "EUR")])
    assert costs == [
        Cost(4, Tokens(20, 40), money=None),
        Cost(6, Tokens(20, 40), money=0.75, currency="EUR"),
    ]


@pytest.mark.parametrize("order", [(1.5, None, 2.0), (None, 1.5, 2.0), (1.5, 2.0, None)])
def test_one_price_that_is_not_known_leaves_the_sum_unknown(order):
    planned = [
        sweeping.Planned(None, cost=Cost(1, Tokens(10, 20), money=money, currency="EUR")) for money in order
    ]
    (cost,) = sweeping.expected(planned)
    assert (cost.requests, cost.money) == (3, None)
