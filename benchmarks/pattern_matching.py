"""How many answers a second the judges of facts and flags read, and how long the shipped packs take to load.

    python benchmarks/pattern_matching.py

The answers are the reference answers and state lines of `civic`, each read for its own cell, on one core. The
baseline, in the same run on the same answers: RE2 searching for each pattern of the cell's facts and flags by
itself, without a word about who is quoted. Loading is timed in a new interpreter without its start.
"""

import subprocess
import sys
import time
from collections.abc import Callable

import re2

from sordino.core.identity import make_request
from sordino.core.records import Attempt, Delivery, Exchange, Probe
from sordino.judging.facts import Facts
from sordino.judging.flags import Flags
from sordino.packs import load

ROUNDS = 5
LOADING = """
import time
from sordino.packs import load
began = time.perf_counter()
packs = [load.pack(name) for name in load.names()]
print(time.perf_counter() - began)
"""


def items() -> list[tuple[Probe, Exchange]]:
    """Each own answer of the pack as a delivered exchange."""
    pack, made = load.pack("civic"), []
    for probe in pack.probes(phrasings=["direct"]):
        entry = pack.template(probe.template).entries[str(probe.jurisdiction)]
        for text in (entry.references[probe.language], *entry.state_lines.get(probe.language, ())):
            request = make_request(probe.question + text, "benchmark")
            made.append((probe, Exchange(request, Attempt(request.key, Delivery.DELIVERED, text))))
    return made


def compiled(probe: Probe) -> list[object]:
    """The patterns of its facts and flags, each by itself."""
    options = re2.Options()
    options.case_sensitive = False
    claims = [*probe.cell.facts, *probe.cell.flags]
    return [re2.compile(p, options) for claim in claims for p in claim.patterns[probe.language]]


def rate(work: Callable[[], object], answers: int) -> float:
    """Answers a second, the best of some rounds, the first of which only warms."""
    work()
    best = 0.0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = max(best, answers / (time.perf_counter() - began))
    return best


def main() -> None:
    """Measure and print."""
    asked = items()
    facts, flags = Facts(p.cell for p, _ in asked), Flags(p.cell for p, _ in asked)
    both = rate(lambda: (facts.read(asked), flags.read(asked)), len(asked))
    own = [(compiled(p), e.attempt.text) for p, e in asked]
    hand = rate(lambda: [[p.search(text) for p in listed] for listed, text in own], len(asked))
    characters = sum(len(e.attempt.text) for _, e in asked) / len(asked)
    print(f"{len(asked):,} answers of {characters:.0f} characters on average")
    print(f"facts and flags: {both:,.0f} answers/s; one by one: {hand:,.0f}; ratio {both / hand:.2f}")
    times = sorted(
        float(
            subprocess.run(
                [sys.executable, "-c", LOADING], capture_output=True, check=True, text=True
            ).stdout
        )
        for _ in range(ROUNDS)
    )
    print(f"loading {', '.join(load.names())}: median {times[ROUNDS // 2]:.2f} s of {ROUNDS} (aim 0.3)")


if __name__ == "__main__":
    main()
