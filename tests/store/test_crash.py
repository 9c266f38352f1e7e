"""A process may be killed at any moment: what it was told is stored is stored, once."""

import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, func, select

from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity, RunStatus
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Attempt, Cell, Delivery, Probe
from sordino.store.location import url_of
from sordino.store.store import Store
from sordino.store.tables import ANSWERS, ATTEMPTS

MANIFEST = Manifest("run", "2031", "1", "c", TargetIdentity("t", "t", "r"), PackIdentity("p", "1", "h"))
COUNT, BATCH = 4_500, 20
"""More than two processes can tell: a pipe holds about 2,000 keys, and nobody reads before they are killed."""
OWED = [
    Owed(Probe(f"p{i}", "a", Cell("t", "XA"), "en", "plain", f"{i}?"), make_request(f"{i}?", "r"))
    for i in range(COUNT)
]
KEYS = [one.request.key for one in OWED if one.request]

APPENDER = """
import sys
from sordino.core.records import Attempt, Delivery
from sordino.store.store import Store
with Store.open(sys.argv[1]) as store:
    keys = [one.request.key for one in store.owed("run")]
    settled = store.settled(keys)
    due = [key for key in keys if key not in settled]
    print("ready", flush=True)
    for i in range(0, len(due), 20):
        batch = due[i:i + 20]
        store.append_attempts(Attempt(key, Delivery.DELIVERED, key * 100) for key in batch)
        print("\\n".join(batch), flush=True)
"""


def attempts_of(location: str) -> dict[str, int]:
    engine = create_engine(url_of(location))
    with engine.connect() as connection:
        joined = (
            select(ATTEMPTS.c.key, func.count().label("attempts")).join(ANSWERS).group_by(ATTEMPTS.c.key)
        )
        counts = {row.key: row.attempts for row in connection.execute(joined)}
        assert connection.scalar(select(func.count()).select_from(ATTEMPTS)) == sum(counts.values())
    engine.dispose()
    return counts


def test_nothing_told_is_lost_and_nothing_doubled_by_kill_9(location: str) -> None:
    with Store.open(location) as store:
        store.begin_run(MANIFEST, OWED)
    told: list[str] = []
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-c", APPENDER, location], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(random.uniform(0.01, 0.15))
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().splitlines()
        process.wait()
        # The last line may have been cut off by the kill.
        told += [line for line in lines if len(line) == len(KEYS[0])]
    assert told
    with Store.open(location) as store:
        settled = store.settled(KEYS)
        assert set(told) <= settled
        assert len(settled) % BATCH == 0
        assert len(settled) < COUNT
        assert len(told) == len(set(told))
        store.begin_run(MANIFEST, OWED)
        assert store.runs()[0].status is RunStatus.RUNNING
        store.append_attempts(Attempt(key, Delivery.DELIVERED, "again") for key in KEYS)
        got = store.exchanges(sorted(settled))
        assert all(exchange.attempt.text == key * 100 for key, exchange in got.items())
    assert attempts_of(location) == dict.fromkeys(KEYS, 1)


def test_several_writers_at_once_settle_each_key_once(location: str) -> None:
    keys = KEYS[:200]
    with Store.open(location) as store:
        store.begin_run(MANIFEST, OWED[:200])

    def append(writer: int) -> None:
        order = keys[:]
        random.Random(writer).shuffle(order)
        with Store.open(location) as own:
            for i in range(0, len(order), 10):
                own.append_attempts(
                    Attempt(key, Delivery.DELIVERED, str(writer)) for key in order[i : i + 10]
                )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(4)))
    assert attempts_of(location) == dict.fromkeys(keys, 1)


def test_several_processes_may_make_the_store_at_once(location: str) -> None:
    def make(_: int) -> int:
        with Store.open(location) as store:
            return len(store.runs())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(make, range(8))) == [0] * 8
