"""Runs a command and says how long it took and how much memory it held at most."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(os.environ.get("SORDINO_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CRITICISM = SHARED / "speechmap" / "criticism-dev.parquet"


@dataclass(frozen=True)
class Measured:
    """seconds of wall time; megabytes of peak resident memory; what was printed."""

    seconds: float
    megabytes: float
    output: str


def command(*words: str | Path, cwd: str | Path | None = None) -> Measured:
    """Run one command to its end; a failure ends the benchmark with what it printed."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(w) for w in words], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.stdout.read().decode("utf-8", "replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, words))} failed:\n{output}")
    return Measured(time.perf_counter() - started, usage.ru_maxrss / 1024, output)


def sordino(*words: str | Path, cwd: str | Path | None = None) -> Measured:
    """Run `sordino` with these words."""
    return command(sys.executable, "-m", "sordino", *words, cwd=cwd)


def need_shared_data() -> None:
    """End politely where the recorded data is not at hand."""
    if not CRITICISM.exists():
        print(f"skipped: no {CRITICISM.name} (set SORDINO_SHARED_DATA)")
        sys.exit(0)
