"""How much faster two worker processes carry out a sweep than one.

python benchmarks/sweep.py; the four organisms that ship, all English questions of `atlas`.
Baseline: the same sweep by one process with one thread, as the two have one thread each. Aim: 1.6 times.
Beside it, without an aim: one process that has both threads, which is what `--jobs 1` does with `workers: 1`.
Each sweep is timed from nothing to its last finding, in a store of its own; load is the machine's, before.
"""

import os
import tempfile
import time
from pathlib import Path

from sordino.execution.job_processes import JobProcesses, cores
from sordino.wiring import sweep_file, sweeping

MODELS = """
languages: [en]
workers: 1
models: [organism:open, organism:mute-a, organism:mute-d, organism:mute-r]
"""
WAYS = {
    "one process, one thread": (1, 1),
    "two processes, one thread each": (2, 1),
    "one process, two threads": (1, 2),
}


def seconds(folder: Path, processes: int, threads: int) -> float:
    """Of the whole sweep, processes and their libraries begun anew."""
    (folder / "models.yaml").write_text(MODELS, "utf-8")
    store = folder / f"{processes}-{threads}.db"
    planned = sweeping.plan(sweep_file.read(folder / "models.yaml"), store)
    started = time.perf_counter()
    swept = sweeping.carry_out(planned, store, JobProcesses(processes, threads))
    took = time.perf_counter() - started
    assert len(swept.audited) == len(planned), swept.failed
    return took


def main() -> None:
    """Each way once."""
    took = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (processes, threads) in WAYS.items():
            load = os.getloadavg()[0]
            took[name] = seconds(Path(folder), processes, threads)
            print(
                f"{name}: {took[name]:.1f} s (load average before: {load:.1f} on {cores()} cores)",
                flush=True,
            )
    one, two, threaded = took.values()
    print(f"two processes against one: {one / two:.2f} times as fast (aim: at least 1.6)")
    print(f"two processes against one with two threads: {threaded / two:.2f} times as fast")


if __name__ == "__main__":
    main()
