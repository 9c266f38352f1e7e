"""`kill -9` at 20 random moments of a generation, each time continued by the same command.

python benchmarks/interrupted_generation.py [FOLDER]; without a model's folder, the organism `open`.
Baseline: the exchanges of one unbroken run, greedy and sampled, in the machine's own number format.
Aim: none lost, none doubled, none different by a single token.
"""

import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from _generating import model, owed, processes
from _measure import command
from sordino.auditing.run import ask
from sordino.core.manifest import Manifest, PackIdentity
from sordino.store.store import Store

KILLS = 20
WORKERS = 2
BATCH = 32
"""Small, so that there are many moments between batches."""


def generate(folder: Path, path: str) -> None:
    """The generation of an audit, or the rest of it; a line for each progress: what is stored, what is due."""
    with processes(folder, WORKERS, BATCH) as backend, Store.open(path) as store:
        asked = [*owed(folder, 32), *owed(folder, 32, temperature=1.0)]
        manifest = Manifest("run", "", "", "", backend.identity, PackIdentity("atlas", "", ""))
        store.begin_run(manifest, asked)
        ask(asked, backend, store, lambda stage, done, due: print(done, due, flush=True))


def was_killed(words: list[str | Path]) -> bool:
    """Whether a kill came before it was through: up to a second after it stored a random share of the rest.

    A share and not a time, for how fast a machine is depends on what else it does.
    """
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        done, due = map(int, process.stdout.readline().split())
        enough = random.uniform(done, due)
        while done < enough and (line := process.stdout.readline()):
            done = int(line.split()[0])
        time.sleep(random.random())
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL


def exchanges(path: str) -> Counter[tuple]:
    """What came back, attempt by attempt, by key. How long it took is no part of an answer."""
    with sqlite3.connect(path) as connection:
        return Counter(
            connection.execute(
                "SELECT key, delivery, finish_reason, prompt_tokens, completion_tokens, text, reasoning, error"
                " FROM attempts LEFT JOIN answers USING (attempt)"
            ).fetchall()
        )


def differences(found: Counter[tuple], unbroken: Counter[tuple]) -> dict[str, int]:
    """Keys that are missing, attempts beyond one for a key, attempts that the unbroken run does not have."""
    keys = Counter(row[0] for row in found.elements())
    return {
        "lost": len({row[0] for row in unbroken} - set(keys)),
        "doubled": keys.total() - len(keys),
        "different": len(set(found) - set(unbroken)),
    }


def said(wrong: Counter[str]) -> str:
    """The three counts, zeros too."""
    return ", ".join(f"{what} {wrong[what]}" for what in ("lost", "doubled", "different"))


def main() -> None:
    """Kill, continue, compare."""
    folder = model()
    words = [sys.executable, __file__, folder]
    random.seed(20)
    kills = runs = 0
    wrong: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as there:
        whole = str(Path(there, "unbroken.db"))
        command(*words, whole)
        unbroken = exchanges(whole)
        print(f"{folder.name}: {len(unbroken)} exchanges")
        while kills < KILLS:
            runs += 1
            path = str(Path(there, f"{runs}.db"))
            while kills < KILLS and was_killed([*words, path]):
                kills += 1
                ratio = exchanges(path).total() / unbroken.total()
                print(f"kill {kills:2d}, of run {runs}: exchanges against unbroken, ratio {ratio:.3f}")
                if ratio >= 1:
                    break
            command(*words, path)
            wrong.update(differences(exchanges(path), unbroken))
            print(f"run {runs} is through: {said(wrong)} so far")
    print(f"killed {KILLS} times in {runs} runs: {said(wrong)}")
    sys.exit(1 if wrong.total() else 0)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        generate(Path(sys.argv[1]), sys.argv[2])
    else:
        main()
