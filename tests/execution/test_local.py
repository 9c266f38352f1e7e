"""Processes: nothing lost, nothing invented, nobody left behind."""

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest
from unruly import CAPABILITIES, IDENTITY, Unruly

from sordino.core import errors
from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.core.records import Delivery
from sordino.execution.local import Processes

SIZE = 3
ENOUGH = [f"say {n}" for n in range(6 * SIZE)]


def cut(requests):
    listed = list(requests)
    return [listed[i : i + SIZE] for i in range(0, len(listed), SIZE)]


def ask(questions):
    return [make_request(q, IDENTITY.revision) for q in questions]


@pytest.fixture
def processes(tmp_path):
    def make(deed_on_opening="", workers=2, open_backend=None):
        opens = open_backend or partial(Unruly, tmp_path, deed_on_opening)
        return Processes(opens, cut, IDENTITY, CAPABILITIES, workers)

    return make


def opened_by(folder: Path) -> set[int]:
    return {int(path.name.removeprefix("opened-")) for path in folder.glob("opened-*")}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def die_within(seconds: float, pids: set[int]) -> bool:
    """Whether all are gone, or will be soon."""
    until = time.monotonic() + seconds
    while any(map(is_alive, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(map(is_alive, pids))


def is_a_child_left() -> bool:
    """Whether this process has children, dead ones that nobody waited for among them."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    names = [Path(f"/proc/{pid}/cmdline").read_text() for pid in children]
    return any("resource_tracker" not in name for name in names)


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")


def test_answers_as_one_process_would_and_in_whole_batches(processes, tmp_path):
    requests = ask(ENOUGH)
    with processes() as many:
        groups = list(many.generate(requests))
    with processes(workers=1) as one:
        alone = [attempt for group in one.generate(requests) for attempt in group]
    assert sorted([a.key for a in group] for group in groups) == sorted(
        [r.key for r in b] for b in cut(requests)
    )
    said = {a.key: (a.text, a.delivery, a.finish_reason) for group in groups for a in group}
    assert said == {a.key: (a.text, a.delivery, a.finish_reason) for a in alone}
    assert {a.text for a in alone} == {str(n) for n in range(len(ENOUGH))}
    assert {a.route for a in alone} == {str(os.getpid())}
    assert 1 <= len(opened_by(tmp_path) - {os.getpid()}) <= 2  # one may do it all before another has opened
    assert str(os.getpid()) not in {a.route for group in groups for a in group}


def test_one_worker_is_this_process_and_closes_what_it_opened(processes, tmp_path):
    with processes(workers=1) as backend:
        first = list(backend.generate(ask(ENOUGH)))
        again = list(backend.generate(ask(ENOUGH[:1])))
        assert not list(tmp_path.glob("closed-*"))
    assert {a.route for group in first + again for a in group} == {str(os.getpid())}
    assert opened_by(tmp_path) == {os.getpid()}
    assert (tmp_path / f"closed-{os.getpid()}").exists()


@pytest.mark.parametrize(("left", "most"), [(1, 1), (SIZE + 1, 2), (6 * SIZE, 2)])
def test_several_workers_never_become_this_process_however_little_is_left(processes, tmp_path, left, most):
    with processes() as backend:
        attempts = [a for group in backend.generate(ask(ENOUGH[:left])) for a in group]
    assert len(attempts) == left
    assert str(os.getpid()) not in {a.route for a in attempts}
    assert 1 <= len(opened_by(tmp_path)) <= most


def test_nothing_asked_opens_nothing(processes, tmp_path):
    with processes() as backend:
        assert list(backend.generate([])) == []
    assert opened_by(tmp_path) == set()


@needs_proc
def test_workers_close_their_backends_and_are_gone_at_the_end(processes, tmp_path):
    with processes() as backend:
        list(backend.generate(ask(ENOUGH)))
        assert not is_a_child_left()
    assert {path.name.replace("closed", "opened") for path in tmp_path.glob("closed-*")} == {
        path.name for path in tmp_path.glob("opened-*")
    }


def test_a_batch_whose_worker_died_once_is_answered(processes):
    requests = ask(["die-once", *ENOUGH])
    with processes() as backend:
        groups = [list(group) for group in backend.generate(requests)]
    assert sorted(sorted(a.key for a in group) for group in groups) == sorted(
        sorted(r.key for r in batch) for batch in cut(requests)
    )
    assert [a.error for group in groups for a in group if a.error] == []


def test_a_deadly_batch_is_an_error_and_costs_no_other_batch(processes):
    requests = ask(["say first", "die", *ENOUGH])
    with processes() as backend:
        groups = [{a.key: a for a in group} for group in backend.generate(requests)]
    attempts = {key: a for group in groups for key, a in group.items()}
    assert set(attempts) == {r.key for r in requests}
    batch, others = cut(requests)[0], cut(requests)[1:]
    deadly, half = batch[:2], batch[2:]
    assert {r.key for r in batch} in [set(group) for group in groups]
    assert attempts[half[0].key].delivery is Delivery.DELIVERED
    for request in deadly:
        assert attempts[request.key].delivery is Delivery.ERROR
        assert "SIGKILL" in attempts[request.key].error
        assert "fewer workers" in attempts[request.key].error
    assert {attempts[r.key].delivery for batch in others for r in batch} == {Delivery.DELIVERED}


def test_a_deadly_last_batch_does_not_hang(processes):
    requests = ask([*ENOUGH, "die"])
    with processes() as backend:
        attempts = {a.key: a.delivery for group in backend.generate(requests) for a in group}
    assert attempts[requests[-1].key] is Delivery.ERROR
    assert list(attempts.values()).count(Delivery.DELIVERED) == len(ENOUGH)


@pytest.fixture
def no_hang():
    """A wait without end fails."""

    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarms here")
def test_who_waits_takes_what_another_died_of(processes, no_hang):
    """The last batch goes back while the other worker is idle, and whoever is hired dies before a word."""
    requests = ask(["touch said", "say b", "say c", "die-once-said", "say e", "say f"])
    with processes("die-third") as backend:
        attempts = [a for group in backend.generate(requests) for a in group]
    assert sorted(a.key for a in attempts) == sorted(r.key for r in requests)
    assert all(a.delivery.is_terminal for a in attempts)


def test_memory_is_blamed_only_for_what_was_killed(processes):
    requests = ask([*ENOUGH, "leave"])
    with processes() as backend:
        attempts = {a.key: a for group in backend.generate(requests) for a in group}
    error = attempts[requests[-1].key].error
    assert "exit status 3" in error
    assert "Memory" not in error
    assert "one worker" in error


@needs_proc
def test_where_every_batch_is_deadly_it_ends_with_the_mend(processes, tmp_path):
    with processes() as backend, pytest.raises(TargetError, match=r"SIGKILL.*fewer workers"):
        list(backend.generate(ask(["die"] * 40 * SIZE)))
    assert len(opened_by(tmp_path)) < 12
    assert not is_a_child_left()


@needs_proc
@pytest.mark.parametrize(
    ("deed", "error", "told"),
    [
        ("refuse", TargetError, "Name another"),
        ("stumble", RuntimeError, "ZeroDivisionError: a bug"),
        ("die", TargetError, "SIGKILL"),
    ],
)
def test_what_goes_wrong_on_opening_is_raised_here(processes, deed, error, told):
    with processes(deed) as backend, pytest.raises(error, match=told):
        list(backend.generate(ask(ENOUGH)))
    assert not is_a_child_left()


@needs_proc
@pytest.mark.parametrize(("deed", "error"), [("refuse", TargetError), ("stumble", RuntimeError)])
def test_what_goes_wrong_on_answering_is_raised_here(processes, deed, error):
    with processes() as backend, pytest.raises(error):
        list(backend.generate(ask([*ENOUGH, deed])))
    assert not is_a_child_left()


@pytest.mark.parametrize(
    "kind", [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.SordinoError)]
)
def test_every_error_of_ours_travels(kind):
    travelled = pickle.loads(pickle.dumps(kind("what, where, mend")))
    assert (type(travelled), str(travelled)) == (kind, "what, where, mend")


@needs_proc
def test_whoever_leaves_early_leaves_nobody_behind(processes, tmp_path):
    with processes() as backend:
        stream = backend.generate(ask([*ENOUGH[:SIZE], "sleep", *ENOUGH]))
        next(stream)
        stream.close()
        assert not is_a_child_left()
    assert not any(is_alive(pid) for pid in opened_by(tmp_path) - {os.getpid()})


PARENT = """
    import signal
    import sys
    from functools import partial
    from pathlib import Path
    sys.path.append({tests!r})
    from unruly import CAPABILITIES, IDENTITY, Unruly
    from sordino.core.identity import make_request
    from sordino.execution.local import Processes

    def cut(requests):
        return [[request] for request in requests]

    if __name__ == "__main__":
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for its background jobs
        folder = Path(sys.argv[1])
        requests = [make_request(f"sleep {{n}}", "0") for n in range(50)]
        with Processes(partial(Unruly, folder), cut, IDENTITY, CAPABILITIES, 2) as backend:
            list(backend.generate(requests))
"""


@pytest.fixture
def parent(tmp_path):
    """A process with two workers, each asleep over a batch."""
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT).format(tests=str(Path(__file__).parent)))
    process = subprocess.Popen(
        [sys.executable, script, tmp_path], stderr=subprocess.PIPE, start_new_session=True
    )
    until = time.monotonic() + 60
    while len(opened_by(tmp_path)) < 2 and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()
    process.stderr.close()


@needs_proc
def test_workers_do_not_outlive_a_parent_that_was_killed(parent, tmp_path):
    workers = opened_by(tmp_path)
    assert len(workers) == 2
    assert all(map(is_alive, workers))
    parent.send_signal(signal.SIGKILL)
    assert die_within(20, workers)
    assert parent.stderr.read() == b""


@needs_proc
def test_an_interrupt_ends_all_and_only_the_parent_speaks(parent, tmp_path):
    workers = opened_by(tmp_path)
    os.killpg(parent.pid, signal.SIGINT)
    told = parent.stderr.read().decode()
    assert parent.wait(20) == -signal.SIGINT
    assert die_within(20, workers)
    assert told.count("Traceback") == 1
    assert told.rstrip().endswith("KeyboardInterrupt")


def test_an_interrupt_while_workers_start_is_the_parents_alone(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(textwrap.dedent(PARENT).format(tests=str(Path(__file__).parent)))
    told = []
    for moment in (0.25, 0.3, 0.35, 0.4, 0.45):
        process = subprocess.Popen(
            [sys.executable, script, tmp_path], stderr=subprocess.PIPE, start_new_session=True
        )
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        told.append(process.communicate(timeout=20)[1].decode())
    assert all(text.count("Traceback") <= 1 for text in told)
    assert not any("spawn_main" in text for text in told)


UNGUARDED = """
    import sys
    from functools import partial
    from pathlib import Path
    sys.path.append({tests!r})
    from unruly import CAPABILITIES, IDENTITY, Unruly
    from sordino.core.identity import make_request
    from sordino.execution.local import Processes

    print("runs")
    requests = [make_request(f"say {{n}}", "0") for n in range(4)]
    halves = lambda listed: [listed[:2], listed[2:]]
    with Processes(partial(Unruly, Path(sys.argv[1])), halves, IDENTITY, CAPABILITIES, 2) as backend:
        print(sorted(a.text for group in backend.generate(requests) for a in group))
    print(sys.modules["__main__"].__file__ == __file__)
"""


@pytest.mark.parametrize("as_module", [False, True])
def test_an_unguarded_script_runs_once(tmp_path, as_module):
    script = tmp_path / "unguarded.py"
    script.write_text(textwrap.dedent(UNGUARDED).format(tests=str(Path(__file__).parent)))
    words = ["-m", "unguarded"] if as_module else [script]
    done = subprocess.run(
        [sys.executable, *words, tmp_path],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["runs", "['0', '1', '2', '3']", "True"]
    assert opened_by(tmp_path)
