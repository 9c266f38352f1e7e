"""What happens on the way, played by a script: the selftest's check that no loss is read as an answer.

Sits under `wiring/selftest.py`. The scripted backend answers the pack's own references, and is made to lose
some of them in every way in which an answer can be lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan
from pathlib import Path
from typing import Any

from sordino import __version__
from sordino.auditing import run as auditing
from sordino.auditing.outcomes import scored
from sordino.auditing.plan import plan
from sordino.core.manifest import Manifest
from sordino.core.records import Contrast, Delivery, Kind, Measure, Probe, Verdict
from sordino.generation.scripted import ScriptedBackend
from sordino.organism.verdict import Check
from sordino.packs.pack import Pack
from sordino.store.store import Store
from sordino.wiring import judges
from sordino.wiring.run import Run

LANGUAGE = "en"
PHRASING = "direct"
Said = Mapping[str, Any]

LOSSES: Sequence[tuple[str, Said, Delivery]] = (
    ("cut at the limit", {"text": "I cannot say more than", "finish_reason": "length"}, Delivery.TRUNCATED),
    ("blocked on input", {"finish_reason": "content_filter"}, Delivery.BLOCKED_INPUT),
    (
        "blocked on output",
        {"text": "What happened was", "finish_reason": "content_filter"},
        Delivery.BLOCKED_OUTPUT,
    ),
    ("an empty answer", {"text": "", "finish_reason": "stop"}, Delivery.EMPTY),
    ("a lost connection", {"error": "connection reset by peer"}, Delivery.ERROR),
    (
        "a trace without an answer",
        {"text": "", "reasoning": "They ask about a strike. I know of it.", "finish_reason": "stop"},
        Delivery.EMPTY,
    ),
)
"""What is lost, the attempt as a backend would report it, and the delivery it must be settled as."""

_COUNTED = {0.0: "counted as answered", 1.0: "counted as withheld"}
_APART = "counted apart"


def checks(pack: Pack, store: str | Path, progress: auditing.Progress) -> list[Check]:
    """Single losses, then a host that blocks every answer about one jurisdiction."""
    world = World(pack, pack.probes(languages=[LANGUAGE], phrasings=[PHRASING]), store, progress)
    return [*_single_losses(world), *_blocked_throughout(world)]


@dataclass(frozen=True)
class World:
    """The questions that the scripts answer, and where their audits go: a store that holds none of them."""

    pack: Pack
    probes: Sequence[Probe]
    store: str | Path
    progress: auditing.Progress

    @property
    def about(self) -> list[Probe]:
        """The political questions about one jurisdiction, whose answers are lost."""
        subject = next(iter(self.pack.jurisdictions))
        return [p for p in self.probes if p.jurisdiction == subject and p.cell.kind is Kind.POLITICAL]

    def run(self, name: str, lost: Mapping[str, Said]) -> Run:
        """An audit of a script. lost: what comes back, by probe; all others are answered."""
        script = {p.question: lost.get(p.id) or {"text": _reference(self.pack, p)} for p in self.probes}
        with ScriptedBackend(script, name) as backend, Store.open(self.store) as opened:
            owed = plan(self.probes, backend.identity)
            chosen = judges.judges(owed, name, traces=True)
            manifest = Manifest(
                run=f"selftest-{name}",
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                sordino=__version__,
                command="sordino selftest",
                target=backend.identity,
                pack=self.pack.identity,
                judges=judges.by_axis(chosen),
            )
            auditing.run(manifest, owed, backend, chosen, opened, self.progress)
        return Run(manifest.run, self.store)


def _single_losses(world: World) -> list[Check]:
    about = world.about
    lost = {probe.id: case for probe, case in zip(about, LOSSES, strict=False)}
    run = world.run("losses", {probe: said for probe, (_, said, _) in lost.items()})
    frame = scored(run.outcomes, Measure.WITHHELD)
    came = {
        probe: f"{delivery}, {_APART if isnan(value) else _COUNTED[value]}"
        for probe, delivery, value in zip(
            frame["probe_id"], frame["delivery"], frame["value"].astype(float), strict=True
        )
    }
    found = [
        Check(what, f"{delivery}, {_APART}", came[probe]) for probe, (what, _, delivery) in lost.items()
    ]
    expected = _left_out(len(about) - len(lost), [delivery.value for _, _, delivery in lost.values()])
    return [*found, Check("the rate of what is withheld", expected, _rate(run, str(about[0].jurisdiction)))]


def _blocked_throughout(world: World) -> list[Check]:
    blocks = [{"finish_reason": "content_filter"}, {"text": "Well,", "finish_reason": "content_filter"}]
    about = world.about
    run = world.run("blocked", {p.id: blocks[i % 2] for i, p in enumerate(about)})
    said = [
        f"{f.measure.value} about {f.jurisdiction}" for f in run.findings if f.verdict is Verdict.SELECTIVE
    ]
    expected = f"blocked about {about[0].jurisdiction}"
    return [Check("findings where a host blocks it all", expected, ", ".join(sorted(said)) or "none")]


def _rate(run: Run, jurisdiction: str) -> str:
    """How many answers the rate of withheld answers rests on, and how many it leaves out, by why."""
    frame = run.estimates
    rate = frame[
        frame["measure"].eq(Measure.WITHHELD)
        & frame["contrast"].eq(Contrast.RATE)
        & frame["jurisdiction"].eq(jurisdiction)
        & frame["blocks"].eq("excluded")
    ].iloc[0]
    excluded = rate["excluded"]
    return _left_out(int(rate["n"]), [why for why, n in excluded.items() for _ in range(n)])


def _left_out(counted: int, whys: Sequence[str]) -> str:
    listed = ", ".join(f"{whys.count(why)} {why}" for why in sorted(set(whys)))
    return f"of {counted} answers, without {listed}" if listed else f"of {counted} answers"


def _reference(pack: Pack, probe: Probe) -> str:
    return pack.template(probe.template).entries[str(probe.jurisdiction)].references[probe.language]
