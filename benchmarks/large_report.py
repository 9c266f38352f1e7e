"""100,000 stored exchanges: how long their report takes.

Baseline: reading all their texts from the same store with plain SQL, in this run.
Aim: under 15 s, under 1 GB, a file under 20 MB.
"""

import sqlite3
import tempfile
import time
from pathlib import Path

import pandas as pd

from _measure import CRITICISM, need_shared_data, sordino

need_shared_data()
SIZE = 100_000
answers = pd.read_parquet(CRITICISM)
copies = pd.concat([answers] * (SIZE // len(answers) + 1), ignore_index=True)[:SIZE]
copies["sample"] = copies.groupby("question").cumcount()
copies["model"] = "all"

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "answers.parquet"
    copies.to_parquet(file)
    made = sordino(
        "audit", f"replay:{file}", "--siblings", "question_id", "--out", "first.html", cwd=folder
    )
    done = sordino("report", "--out", "report.html", cwd=folder)
    size = Path(folder, "report.html").stat().st_size / 1e6
    started = time.perf_counter()
    with sqlite3.connect(Path(folder) / "sordino.db") as connection:
        total = sum(len(text or "") for (text,) in connection.execute("SELECT text FROM answers"))
    plain = time.perf_counter() - started

print(
    f"{SIZE:,} exchanges, {total / 1e6:.0f} million characters (audited in {made.seconds:.0f} s, {made.megabytes:.0f} MB)"
)
print(
    f"report {done.seconds:.1f} s (aim: 15), {done.megabytes:.0f} MB (aim: 1,024), file {size:.1f} MB (aim: 20)"
)
print(f"baseline, reading every text with plain SQL: {plain:.1f} s; ratio {done.seconds / plain:.1f}")
