"""Executors: the same jobs in processes of this machine and on Ray. Every job ends once, come what may."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections import defaultdict
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from errands import errand

from sordino.core.errors import SpecError
from sordino.core.jobs import Began, Done, Failed, Job, Lost, Progressed
from sordino.execution.job_processes import JobProcesses
from sordino.execution.ray import RayCluster


@pytest.fixture(scope="module")
def cluster():
    """A Ray of two slots on this machine."""
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        with RayCluster(None, tasks=2, threads=1) as here:
            yield here


@pytest.fixture(params=["processes", "ray"])
def executor(request):
    if request.param == "ray":
        return request.getfixturevalue("cluster")
    return JobProcesses(2, 1)


def do(executor, folder, *deeds, computes=False):
    """Does deeds, each as a job of its own name, and gives what was heard of each."""
    heard = defaultdict(list)
    jobs = [Job(deed, partial(errand, deed, folder), computes) for deed in deeds]
    with closing(executor.run(jobs)) as events:
        for event in events:
            heard[event.job].append(event)
    return heard


def kinds(events):
    return [type(event) for event in events if not isinstance(event, Progressed)]


def test_every_job_ends_once_whatever_befalls_it_and_others(executor, tmp_path):
    heard = do(executor, tmp_path, "die-once", "refuse", "stumble", "count 500")
    assert {job: kinds(events) for job, events in heard.items()} == {
        "refuse": [Began, Failed],
        "stumble": [Began, Failed],
        "count 500": [Began, Done],
        "die-once": [Began, Lost, Began, Done],
    }
    assert heard["refuse"][-1] == Failed("refuse", "There is no such model. Name another.")
    assert heard["stumble"][-1].error == "ZeroDivisionError: a bug"
    assert "in errand" in heard["stumble"][-1].trace
    counted = [e for e in heard["count 500"] if isinstance(e, Progressed)]
    assert (counted[0].stage, counted[0].done, counted[0].total) == ("counting", 0, 500)
    assert (counted[-1].done, counted[-1].total) == (500, 500)
    assert len(counted) < 100
    process, threads, folder = heard["die-once"][-1].result.split()
    assert int(process) == heard["die-once"][2].process != heard["die-once"][0].process
    assert (threads, folder) == ("1", str(Path.cwd()))


def test_to_leave_early_is_to_interrupt_what_is_under_way(executor, tmp_path):
    jobs = [Job(name, partial(errand, f"sleep {name}", tmp_path)) for name in ("a", "b", "c")]
    with closing(executor.run(jobs)) as events:
        processes = {next(events).process for _ in range(2)}
        while len(list(tmp_path.glob("asleep-*"))) < 2:
            time.sleep(0.05)
    assert {path.name for path in tmp_path.glob("woken-*")} == {"woken-a", "woken-b"}
    assert len(processes) == 2


def test_nothing_to_do_is_done_at_once(executor):
    assert list(executor.run([])) == []


# -- processes of this machine --------------------------------------------------------------------------


def test_who_is_through_does_the_next_and_who_failed_none(tmp_path):
    heard = do(JobProcesses(1, 1), tmp_path, "count 1", "count 2", "refuse", "count 3")
    begun = [heard[job][0].process for job in ("count 1", "count 2", "refuse", "count 3")]
    assert begun[0] == begun[1] == begun[2] != begun[3]
    assert os.getpid() not in begun


def test_no_more_at_once_than_it_is_told(tmp_path):
    heard = do(JobProcesses(2, 1), tmp_path, *(f"together 2 {n}" for n in range(5)))
    assert {kinds(events)[-1] for events in heard.values()} == {Done}
    assert max(map(int, (tmp_path / "met").read_text().split())) == 2


def test_models_that_share_an_accelerator_run_one_at_a_time(tmp_path):
    deeds = [f"together 1 {n}" for n in range(3)]
    heard = do(JobProcesses(2, 1, computing=1), tmp_path, *deeds, computes=True)
    assert {kinds(events)[-1] for events in heard.values()} == {Done}


def test_what_kills_every_process_fails_and_memory_is_blamed(tmp_path):
    heard = do(JobProcesses(2, 1), tmp_path, "die", "count 1", "leave")
    assert kinds(heard["die"]) == kinds(heard["leave"]) == [Began, Lost, Began, Lost, Began, Failed]
    assert "SIGKILL" in heard["die"][-1].error
    assert "Memory" in heard["die"][-1].error
    assert "died 3 times (at last exit status 3)" in heard["leave"][-1].error
    assert "Memory" not in heard["leave"][-1].error
    assert kinds(heard["count 1"]) == [Began, Done]


def test_a_share_of_cores_never_becomes_more_than_somebody_allowed(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    told = do(JobProcesses(1, 8), tmp_path, "look")["look"][-1].result
    assert told.split()[1] == "2"


PARENT = """
    import signal
    import sys
    from functools import partial
    from pathlib import Path
    sys.path.append({tests!r})
    from errands import errand
    from sordino.core.jobs import Job
    from sordino.execution.job_processes import JobProcesses

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for its background jobs
    jobs = [Job(deed, partial(errand, deed, Path(sys.argv[1]))) for deed in ("sleep a", "employ")]
    list(JobProcesses(2, 1).run(jobs))
"""


@pytest.fixture
def parent(tmp_path):
    """A process with a job asleep, and one that has two workers of its own, asleep too."""
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT).format(tests=str(Path(__file__).parent)))
    process = subprocess.Popen(
        [sys.executable, script, tmp_path], stderr=subprocess.PIPE, start_new_session=True
    )
    until = time.monotonic() + 60
    while len(pids(tmp_path)) < 3 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def pids(folder):
    return {int(p.name.rpartition("-")[2]) for p in (*folder.glob("asleep-*"), *folder.glob("opened-*"))}


def die_within(seconds, processes):
    until = time.monotonic() + seconds
    while any(map(is_alive, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(is_alive, processes))


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


@needs_proc
def test_nobody_outlives_a_parent_that_was_killed(parent, tmp_path):
    processes = pids(tmp_path)
    assert len(processes) == 3
    assert all(map(is_alive, processes))
    parent.send_signal(signal.SIGKILL)
    assert die_within(20, processes)
    assert parent.stderr.read() == b""
    assert not list(tmp_path.glob("woken-*"))


@needs_proc
def test_ctrl_c_reaches_every_job_once_and_only_the_parent_speaks(parent, tmp_path):
    processes = pids(tmp_path)
    os.killpg(parent.pid, signal.SIGINT)
    told = parent.stderr.read().decode()
    assert parent.wait(30) == -signal.SIGINT
    assert die_within(20, processes)
    assert [path.name for path in tmp_path.glob("woken-*")] == ["woken-a"]
    assert told.count("Traceback") == 1, told
    assert told.rstrip().endswith("KeyboardInterrupt")


# -- Ray ------------------------------------------------------------------------------------------------


def test_a_cluster_that_is_not_there_is_said_soon():
    pytest.importorskip("ray")
    with pytest.raises(SpecError, match=r"'127\.0\.0\.1:9' .*ray start --head"), RayCluster("127.0.0.1:9"):
        pass


def test_a_cluster_tells_what_it_has_room_for(cluster):
    assert cluster.machines == 1
    assert cluster.needs(Job("a", errand)) == {"num_cpus": 1}
    unbounded = RayCluster("auto")
    assert unbounded.threads == 3  # two slots, and one for Ray
    assert unbounded.room([Job("a", errand), Job("b", errand)]) == 3
    if "num_gpus" not in cluster.needs(Job("a", errand, computes=True)):
        assert unbounded.room([Job("a", errand), Job("b", errand, computes=True)]) == 1
