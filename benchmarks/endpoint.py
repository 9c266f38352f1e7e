"""How fast a model behind a server is asked, and in how much memory.

python benchmarks/endpoint.py
An instant server in a process of its own, 64 connections. Ours is all that an audit does to ask: requests
planned before, sent, read, settled and stored in SQLite on disk; rounds in turn with a bare aiohttp loop in
the same process that sends the same, reads the JSON and forgets it. Aim: at least 0.5 of its requests a
second. Against Inspect AI's openai-api provider on the same server, which does the same work when it is asked
through an evaluation, whose log it keeps: at least 30 times; its `generate` alone, which keeps nothing, is
told beside it. Peak memory of a process that asks 20,000 questions: at most 300 MB. The last line is JSON.
"""

import asyncio
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _instant_server import running
from _measure import command

CONNECTIONS = 64
REQUESTS, ROUNDS = 10_000, 7
OF_INSPECT = 500
EXCHANGES = 20_000


async def bare(base: str, count: int) -> float:
    """Requests a second of what one would write by hand to get the answers and nothing else."""
    import aiohttp  # noqa: PLC0415

    numbers = iter(range(count))

    async def ask(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            message = {"role": "user", "content": f"What happened in valley {number}?"}
            body = {
                "model": "m",
                "messages": [message],
                "temperature": 0.0,
                "top_p": 1.0,
                "max_tokens": 1024,
            }
            async with session.post(f"{base}/chat/completions", json=body) as response:
                await response.json()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS)) as session:
        started = time.perf_counter()
        await asyncio.gather(*(ask(session) for _ in range(CONNECTIONS)))
        return count / (time.perf_counter() - started)


def ours(base: str, count: int) -> float:
    """Requests a second of the asking stage of an audit."""
    from sordino.auditing.plan import plan  # noqa: PLC0415
    from sordino.auditing.run import ask  # noqa: PLC0415
    from sordino.core.manifest import Manifest, PackIdentity  # noqa: PLC0415
    from sordino.core.records import Cell, Probe  # noqa: PLC0415
    from sordino.generation.endpoint import Endpoint  # noqa: PLC0415
    from sordino.generation.openai import OpenAIBackend  # noqa: PLC0415
    from sordino.store.store import Store  # noqa: PLC0415

    cell = Cell("valley", "XA")
    backend = OpenAIBackend(Endpoint("m", base), concurrency=CONNECTIONS)
    with tempfile.TemporaryDirectory() as folder, backend:
        probes = [
            Probe(f"p/{n}", "p", cell, "en", "1", f"What happened in valley {n}?") for n in range(count)
        ]
        owed = plan(probes, backend.identity)
        manifest = Manifest("run", "", "", "", backend.identity, PackIdentity("p", "1", ""))
        with Store.open(Path(folder) / "sordino.db") as store:
            store.begin_run(manifest, owed)
            started = time.perf_counter()
            ask(owed, backend, store, lambda _stage, _done, _total: None)
            seconds = time.perf_counter() - started
            settled = len(store.settled([one.request.key for one in owed if one.request]))
    if settled != count:
        sys.exit(f"{settled} of {count} settled")
    return count / seconds


def inspected(base: str, count: int) -> tuple[float, float]:
    """Requests a second of Inspect AI: an evaluation with its log, and `generate` of all at once."""
    from inspect_ai import Task  # noqa: PLC0415
    from inspect_ai import eval as evaluate  # noqa: PLC0415
    from inspect_ai.dataset import MemoryDataset, Sample  # noqa: PLC0415
    from inspect_ai.model import GenerateConfig, get_model  # noqa: PLC0415
    from inspect_ai.solver import generate  # noqa: PLC0415

    config = GenerateConfig(max_connections=CONNECTIONS, temperature=0.0, top_p=1.0, max_tokens=1024)
    model = get_model("openai-api/stub/m", base_url=base, api_key="EMPTY", config=config)
    questions = [f"What happened in valley {number}?" for number in range(count)]
    task = Task(MemoryDataset([Sample(question) for question in questions]), solver=generate())
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        (log,) = evaluate(task, model=model, max_samples=CONNECTIONS, log_dir=folder, display="none")
        stored = count / (time.perf_counter() - started)
    if log.status != "success":
        sys.exit(f"Inspect's evaluation ended with {log.status}")

    async def alone() -> float:
        started = time.perf_counter()
        await asyncio.gather(*map(model.generate, questions))
        return count / (time.perf_counter() - started)

    return stored, asyncio.run(alone())


def measured(what: str, base: str) -> object:
    """What a child process prints."""
    if what == "speed":
        ours(base, 500)
        return [(ours(base, REQUESTS), asyncio.run(bare(base, REQUESTS))) for _ in range(ROUNDS)]
    if what == "inspect":
        return inspected(base, OF_INSPECT)
    return ours(base, EXCHANGES)


def child(what: str, base: str) -> tuple[Any, float]:
    """What a fresh process measures, and its peak memory in megabytes."""
    done = command(sys.executable, __file__, what, base)
    return json.loads(done.output.splitlines()[-1]), done.megabytes


def main() -> None:
    """All figures, each with its aim."""
    with running() as base:
        rounds, _ = child("speed", base)
        own, hand = (statistics.median(side) for side in zip(*rounds, strict=True))
        ratio = statistics.median(one / other for one, other in rounds)
        print(
            f"asked, settled and stored {own:,.0f} requests/s, a bare aiohttp loop {hand:,.0f}, "
            f"ratio {ratio:.2f} (aim: at least 0.5; rounds {min(a / b for a, b in rounds):.2f} to "
            f"{max(a / b for a, b in rounds):.2f})"
        )
        figures = {"ours": own, "bare": hand, "ratio_to_bare": ratio}
        if importlib.util.find_spec("inspect_ai"):
            (stored, alone), _ = child("inspect", base)
            figures |= {"inspect": stored, "ratio_to_inspect": own / stored}
            figures |= {"inspect_generate": alone, "ratio_to_inspect_generate": own / alone}
            print(
                f"Inspect AI, asked and logged {stored:,.0f} requests/s, ratio {own / stored:.0f} "
                f"(aim: at least 30); its generate alone {alone:,.0f}, ratio {own / alone:.0f}"
            )
        else:
            print("Inspect AI is not installed: not measured")
        _, figures["megabytes"] = child("memory", base)
        print(
            f"{EXCHANGES:,} exchanges: peak {figures['megabytes']:.0f} MB (aim: at most 300), "
            f"ratio {figures['megabytes'] / 300:.2f}"
        )
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measured(*sys.argv[1:])))
    else:
        main()
