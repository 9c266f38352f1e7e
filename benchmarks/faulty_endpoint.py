"""A server that fails in every way it can, asked as an audit asks: what is lost, doubled or mistaken.

python benchmarks/faulty_endpoint.py [QUESTIONS]
Three sendings of ten fail (429, 500, 503, timeouts, cut connections, garbage, streams cut inside a
character), one question of twenty is blocked by a content filter, and every eighth answer is a refusal that
the model wrote. Baseline: the same with the faults off. Aim: every question settled once, every delivery and
text right, no block or fault among the answers that a judge would read. The last line is JSON.
"""

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from runpy import run_path

from sordino.auditing.plan import plan
from sordino.auditing.run import ask
from sordino.core.manifest import Manifest, PackIdentity
from sordino.core.records import Axis, Cell, Probe
from sordino.generation.endpoint import Endpoint
from sordino.generation.openai import Manner, OpenAIBackend
from sordino.generation.persistence import Persistence
from sordino.store.store import Store

STUB = run_path(str(Path(__file__).parents[1] / "tests" / "stub_server.py"))
STUBBORN = Persistence(tries=30, sending=1.0, first_wait=0.01, longest_wait=0.1)


class Sound(STUB["Faulty"]):
    """Says the same without any fault."""

    def __call__(self, _number: int, body: dict) -> object:
        return self._replies[body["messages"][-1]["content"]]


def asked(kind: type, questions: list[str], *, stream: bool) -> dict[str, float]:
    """Counts of what went wrong, and how long it took."""
    says, cell = kind(questions, seed=6), Cell("valley", "XA")
    with tempfile.TemporaryDirectory() as folder, STUB["StubServer"](says) as server:
        backend = OpenAIBackend(
            Endpoint("m", server.base), concurrency=32, persistence=STUBBORN, manner=Manner(stream)
        )
        owed = plan([Probe(f"p/{q}", "p", cell, "en", "1", q) for q in questions], backend.identity)
        keys = [one.request.key for one in owed]
        manifest = Manifest("run", "", "", "", backend.identity, PackIdentity("p", "1", ""))
        with Store.open(Path(folder) / "sordino.db") as store, backend:
            store.begin_run(manifest, owed)
            started = time.perf_counter()
            given = Counter[str]()
            ask(owed, Counted(backend, given), store, lambda _stage, _done, _total: None)
            seconds = time.perf_counter() - started
            found = store.exchanges(keys)
            read = [e for batch in store.unread("run", Axis.ENGAGEMENT, "nobody") for _, e in batch]
        sent = len(server.bodies)
    right = {
        key
        for key, e in found.items()
        if [e.attempt.delivery.value, e.attempt.text] == says.truth[e.request.question]
    }
    judged = sum(
        says.truth[exchange.request.question][0] != "delivered"
        for exchange in read
        if exchange.attempt.delivery == "delivered"
    )
    return {
        "questions": len(questions),
        "sendings": sent,
        "seconds": round(seconds, 2),
        "lost": len(set(keys) - found.keys()),
        "doubled": sum(n - 1 for n in given.values()),
        "wrong": len(found) - len(right),
        "blocks_or_faults_taken_for_answers": judged,
    }


class Counted:
    """A backend whose attempts are counted on the way."""

    def __init__(self, backend: OpenAIBackend, given: Counter) -> None:
        self._backend, self._given = backend, given
        self.capabilities = backend.capabilities

    def generate(self, requests):
        for group in self._backend.generate(requests):
            self._given.update(attempt.key for attempt in group)
            yield group


def main(count: int) -> int:
    """Whole and streamed, with and without faults; 1 where anything went wrong."""
    questions, figures, failed = [f"{number}?" for number in range(count)], {}, 0
    for stream in (False, True):
        name = "streamed" if stream else "whole"
        sound, faulty = (asked(kind, questions, stream=stream) for kind in (Sound, STUB["Faulty"]))
        figures[name] = faulty
        wrong = {k: faulty[k] for k in ("lost", "doubled", "wrong", "blocks_or_faults_taken_for_answers")}
        failed += sum(wrong.values())
        print(
            f"{name}: {faulty['sendings']:,} sendings for {count:,} questions, ratio to the sound server "
            f"{faulty['sendings'] / sound['sendings']:.2f}; "
            + ", ".join(f"{k} {v}" for k, v in wrong.items())
        )
    print(json.dumps(figures))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000))
