"""`kill -9` at 20 random moments of an import and audit, each time continued by the same command.

Baseline: the store of one unbroken run. Aim: nothing lost, nothing doubled.
"""

import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import CRITICISM, need_shared_data, sordino

need_shared_data()
KILLS = 20
TABLES = ("requests", "attempts", "readings", "run_items", "estimates", "findings")
WORDS = (
    "audit",
    f"replay:{CRITICISM}",
    "--model",
    "deepseek_deepseek-r1",
    "--siblings",
    "question_id",
    "--out",
    "r.html",
)


def content(store: Path) -> dict[str, int]:
    """Rows by table, and how many settled answers differ."""
    with sqlite3.connect(store) as connection:
        rows = {t: connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES}
        rows["distinct settled keys"] = connection.execute(
            "SELECT count(DISTINCT key) FROM attempts WHERE delivery != 'error'"
        ).fetchone()[0]
        return rows


def killed_and_continued(moment: float) -> dict[str, int]:
    """What a fresh store holds after a kill at that many seconds and the same command again."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "sordino", *WORDS],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        sordino(*WORDS, cwd=folder)
        return content(Path(folder, "sordino.db"))


random.seed(20)
with tempfile.TemporaryDirectory() as one:
    unbroken = sordino(*WORDS, cwd=one).seconds
    expected = content(Path(one, "sordino.db"))
lost = doubled = 0
for number in range(1, KILLS + 1):
    moment = random.uniform(0.05, 1.0) * unbroken
    found = killed_and_continued(moment)
    lost += sum(max(expected[n] - found[n], 0) for n in expected)
    doubled += sum(max(found[n] - expected[n], 0) for n in expected)
    print(
        f"kill {number:2d} after {moment:4.1f} s of {unbroken:.1f}: rows against unbroken, ratio {sum(found.values()) / sum(expected.values()):.3f}"
    )
print(f"killed {KILLS} times: lost {lost}, doubled {doubled}")
sys.exit(1 if lost or doubled else 0)
