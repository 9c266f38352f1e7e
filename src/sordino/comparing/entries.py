"""The runs that enter a ranking, and which of them may be ranked together.

Runs that other judges read, that were asked something else, or whose answers were drawn otherwise are put
into groups of their own (see `auditing.comparable`). Two recordings are asked the same when the texts of
their questions agree: their own hashes also follow the order and the name of their files.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from sordino.auditing.comparable import differences
from sordino.comparing.align import MEND, PROBE, plain
from sordino.comparing.relation import Relation, relate
from sordino.core.errors import SpecError
from sordino.core.manifest import Manifest
from sordino.core.names import target_name
from sordino.core.records import Axis, Estimate, Finding, Kind

RANKED = (Axis.ENGAGEMENT, Axis.FACTS, Axis.FLAGS)
"""The axes whose judges must agree. Nothing is ranked on reasoning, which not every model shows."""

SHARED = 0.9
"""The share of either recording's questions that both must hold to be ranked together."""

RECORDING = "recording"
LEGIBLE = 100
"""Characters within which names must differ."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One finished run. name: how readers know it, unique among the entries."""

    name: str
    manifest: Manifest
    outcomes: pd.DataFrame
    estimates: Sequence[Estimate]
    findings: Sequence[Finding]

    @property
    def run(self) -> str:
        return self.manifest.run

    @cached_property
    def political(self) -> pd.DataFrame:
        """The outcomes that can be ranked: political ones about a jurisdiction."""
        about = self.outcomes["kind"].eq(Kind.POLITICAL.value) & self.outcomes["jurisdiction"].notna()
        return self.outcomes[about.fillna(value=False).astype(bool)]

    @cached_property
    def questions(self) -> Mapping[tuple[Hashable, ...], str]:
        """What each probe asks, by `align.PROBE`. Raises SpecError for a run that holds a probe twice."""
        frame = self.political
        places = list(zip(*(plain(frame[name]) for name in PROBE), strict=True))
        asked = dict(zip(places, frame["question"].astype(object), strict=True))
        if len(asked) < len(places):
            raise SpecError(
                f"The run {self.run!r} holds a probe twice, so it cannot be paired with another's. {MEND}"
            )
        return asked


@dataclass(frozen=True)
class Group:
    """Entries that may be ranked together.

    why: what sets it apart from the first group, in sentences; of the first, where no two runs fit
    together, what sets it apart from the second.
    """

    entries: tuple[Entry, ...]
    why: tuple[str, ...] = ()


def names(manifests: Sequence[Manifest]) -> list[str]:
    """A name for each run: the model's own, and as much more as tells it from the others.

    Where one needs its organisation all have theirs, so that the names are of one kind.
    """
    ways: tuple[Callable[[Manifest], str], ...] = (
        lambda m: f"{m.target.name} at {m.target.host}" if m.target.host else m.target.name,
        lambda m: f"{m.run}: {m.target.name}",
    )
    own = [target_name(m.target.name) for m in manifests]
    chosen = own if len(set(own)) == len(own) else [m.target.name for m in manifests]
    for way in ways:
        # Pages cut what is long: the run comes first where nothing else helps.
        times = Counter(name[:LEGIBLE] for name in chosen)
        chosen = [way(m) if times[c[:LEGIBLE]] > 1 else c for c, m in zip(chosen, manifests, strict=True)]
    return chosen


def grouped(entries: Sequence[Entry]) -> list[Group]:
    """The largest groups first; within one no two entries have anything between them.

    By run, for who fits with two that do not fit with each other depends on who came first.
    """
    parts: list[list[Entry]] = []
    for entry in sorted(entries, key=lambda entry: entry.run):
        fitting = (part for part in parts if not any(apart(other, entry) for other in part))
        home = next(fitting, None)
        if home is None:
            parts.append([entry])
        else:
            home.append(entry)
    parts.sort(key=len, reverse=True)
    lone = len(parts) > 1 and len(parts[0]) == 1
    return [
        Group(tuple(part), _why(parts[0][0], part[0]) if at else _why(part[0], parts[1][0]) if lone else ())
        for at, part in enumerate(parts)
    ]


def _why(a: Entry, b: Entry) -> tuple[str, ...]:
    """What keeps two apart, and what is for such two."""
    told = apart(a, b)
    if relate(a.manifest, b.manifest) is Relation.EPOCHS:
        told.append(f"Epochs of one target are held side by side by: sordino compare {a.run} {b.run}")
    return tuple(told)


def apart(a: Entry, b: Entry) -> list[str]:
    """What keeps two runs from being ranked together, a sentence each; empty where nothing does."""
    ours, theirs = (_judged(one.manifest) for one in (a, b))
    if {ours.pack.source, theirs.pack.source} != {RECORDING}:
        return differences(ours, theirs)
    return [*_other_questions(a, b), *differences(ours, theirs, same_questions=True)]


def _judged(manifest: Manifest) -> Manifest:
    """The manifest with those judges alone that matter to a ranking."""
    return replace(manifest, judges={k: v for k, v in manifest.judges.items() if k in RANKED})


def _other_questions(a: Entry, b: Entry) -> list[str]:
    ours, theirs = a.questions, b.questions
    both = ours.keys() & theirs.keys()
    other = sum(ours[place] != theirs[place] for place in both)
    if other:
        return [f"{other:,} of {len(both):,} questions are worded otherwise in {a.run} and {b.run}."]
    if len(both) < SHARED * max(len(ours), len(theirs)):
        held = f"{a.run} ({len(ours):,}) and {b.run} ({len(theirs):,})"
        return [f"Only {len(both):,} questions are in both {held}."]
    return []
