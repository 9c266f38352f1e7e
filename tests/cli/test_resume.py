"""An audit may end at any moment; the same command goes on, and comes to the same rows."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

ROWS = {
    "settled": "SELECT key, delivery, text, answers.reasoning FROM attempts JOIN answers USING (attempt) "
    "WHERE delivery <> 'error' ORDER BY key",
    "failed": "SELECT DISTINCT key, error FROM attempts WHERE delivery = 'error' ORDER BY key",
    "readings": "SELECT * FROM readings ORDER BY key, axis, judge",
    "items": "SELECT * FROM run_items ORDER BY position",
    "estimates": "SELECT * FROM estimates ORDER BY position",
    "findings": "SELECT * FROM findings ORDER BY position",
    "runs": "SELECT run, status FROM runs",
}
pytestmark = pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals")


def begun(store):
    """Whether the run is in the store."""
    with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(store)) as held:
        return bool(held.execute("SELECT count(*) FROM runs").fetchone()[0])
    return False


def started(words, folder):
    """The command as a process of its own, once its run is in the store."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sordino", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not ((folder / "s.db").exists() and begun(folder / "s.db")):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def here(muted, folder):
    """The command of the demonstration, with another store."""
    words = muted.words[: muted.words.index("--store")]
    return (*words, "--store", str(folder / "s.db"), "--out", str(folder / "report.html"))


def test_killed_three_times_and_resumed_it_has_the_rows_of_an_unbroken_run(muted, sordino, folder, rows):
    words, seed = here(muted, folder), random.randrange(1 << 32)
    moments = random.Random(seed)
    for _ in range(3):
        process = started(words, folder)
        time.sleep(moments.uniform(0, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert sordino(*words).code == 0
    for name, query in ROWS.items():
        assert rows(folder / "s.db", query) == rows(muted.store, query), (name, f"seed {seed}")
    assert not list(folder.glob("*.part"))


def test_interrupted_it_says_how_to_go_on(muted, folder, rows):
    words = tuple(w for w in here(muted, folder) if w != "--json")
    process = started(words, folder)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Interrupted. What was settled is stored; the same command goes on from there." in err
    assert b"Traceback" not in err
    assert rows(folder / "s.db", "SELECT status FROM runs") == [("interrupted",)]
    assert not (folder / "report.html").exists()
