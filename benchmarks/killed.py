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


random.seed(20)
with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
    unbroken = sordino(*WORDS, cwd=one).seconds
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "sordino", *WORDS],
            cwd=other,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(random.uniform(0.2, 1.0) * unbroken)
        process.send_signal(signal.SIGKILL)
        process.wait()
    sordino(*WORDS, cwd=other)
    expected, found = content(Path(one, "sordino.db")), content(Path(other, "sordino.db"))

print(f"killed {KILLS} times (an unbroken run takes {unbroken:.1f} s)")
for name, count in expected.items():
    print(
        f"  {name:22s} unbroken {count:6d}   killed {found[name]:6d}   ratio {found[name] / max(count, 1):.3f}"
    )
lost = sum(max(expected[n] - found[n], 0) for n in expected)
doubled = sum(max(found[n] - expected[n], 0) for n in expected)
print(f"lost {lost}, doubled {doubled}")
sys.exit(1 if lost or doubled else 0)
