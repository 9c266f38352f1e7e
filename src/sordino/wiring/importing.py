"""`sordino import`: whatever a source holds, written as one recording, and what came of it.

    rows of a source -> recorded answers -> samples told apart -> one recording

What a source is, its reader in generation says; here rows become a file, and are counted. Memory grows by
some hundred bytes a row: what was asked of whom is remembered, no text is.
"""

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from sordino.core.errors import RecordingError, SpecError
from sordino.core.identity import digest
from sordino.core.records import Delivery
from sordino.generation.growing import SUFFIXES
from sordino.generation.recorded import Recorded, recording
from sordino.wiring.judged_tables import check_place

BATCH = 500
Progress: TypeAlias = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the recording goes. force: one that is there is replaced."""

    output: Path
    force: bool = False

    def check(self, source: Path) -> None:
        """Raise SpecError unless a recording of this source may be written there."""
        if self.output.suffix not in SUFFIXES:
            raise SpecError(f"--output {self.output.name}: a recording ends in {' or '.join(SUFFIXES)}.")
        check_place(self.output, source, force=self.force)


@dataclass(slots=True)
class Group:
    """Answers of one question set, language and jurisdiction. labels: by engagement, None without one."""

    models: set[str] = field(default_factory=set)
    deliveries: Counter[Delivery] = field(default_factory=Counter)
    labels: Counter[str | None] = field(default_factory=Counter)


Key: TypeAlias = tuple[str | None, str | None, str | None]


@dataclass(slots=True)
class Counts:
    """What came in, by question set, language and jurisdiction."""

    groups: dict[Key, Group] = field(default_factory=dict)

    def add(self, one: Recorded) -> None:
        key = (one.question_set, one.answer.language, one.answer.jurisdiction)
        group = self.groups.setdefault(key, Group())
        group.models.add(one.model)
        group.deliveries[one.answer.delivery] += 1
        group.labels[one.label] += 1

    @property
    def answers(self) -> int:
        return sum(group.deliveries.total() for group in self.groups.values())

    @property
    def models(self) -> list[str]:
        return sorted({model for group in self.groups.values() for model in group.models})

    @property
    def deliveries(self) -> Counter[Delivery]:
        return sum((group.deliveries for group in self.groups.values()), Counter())

    @property
    def labels(self) -> Counter[str | None]:
        return sum((group.labels for group in self.groups.values()), Counter())


@dataclass(frozen=True, slots=True)
class Imported:
    """A recording that was written. left_out, noted: how many of what."""

    source: str
    output: Path
    counts: Counts
    left_out: Mapping[str, int] = field(default_factory=dict)
    noted: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def next(self) -> tuple[str, ...]:
        """Commands that go on from here."""
        models, place = self.counts.models, str(self.output)
        audit = ["sordino", "audit", f"replay:{place}", *(["--model", models[0]] if models[1:] else [])]
        labelled = any(self.counts.labels[label] for label in self.counts.labels if label)
        evaluate = [shlex.join(["sordino", "judge", "evaluate", place])] if labelled else []
        return (shlex.join(audit), *evaluate)

    def summary(self) -> dict[str, object]:
        """Everything as plain JSON values."""
        return {
            "source": self.source,
            "output": str(self.output),
            "answers": self.counts.answers,
            "models": self.counts.models,
            "groups": [
                {
                    "question_set": name,
                    "language": language,
                    "jurisdiction": jurisdiction,
                    "models": len(group.models),
                    "answers": group.deliveries.total(),
                    "deliveries": _plain(group.deliveries),
                    "labels": {label or "none": n for label, n in group.labels.items()},
                }
                for (name, language, jurisdiction), group in self.counts.groups.items()
            ],
            "left_out": dict(self.left_out),
            "noted": dict(self.noted),
            "notes": list(self.notes),
            "next": list(self.next),
        }


def _plain(deliveries: Counter[Delivery]) -> dict[str, int]:
    return {delivery.value: deliveries[delivery] for delivery in Delivery if deliveries[delivery]}


def write(answers: Iterable[Recorded], place: Place, source: str) -> Counts:
    """Write a recording, whole or not at all. Raises RecordingError where there is no answer.

    source: how messages name where the answers come from.
    """
    counts, numbered = Counts(), _numbered(answers)
    with recording(place.output) as add:
        while batch := list(islice(numbered, BATCH)):
            add([row for row, _ in batch])
            for _, one in batch:
                counts.add(one)
        if not counts.answers:
            raise RecordingError(f"{source} holds no answers.")
    return counts


def _numbered(answers: Iterable[Recorded]) -> Iterator[tuple[dict[str, object], Recorded]]:
    """Rows with the samples of one question to one model counted from 0, where the source does not say."""
    came: Counter[bytes] = Counter()
    for one in answers:
        sample = one.answer.sample
        if sample is None:
            asked = bytes.fromhex(digest([one.model, one.answer.question]))
            sample = str(came[asked])
            came[asked] += 1
        yield one.row(sample), one


def named(counts: Mapping[str, int]) -> Sequence[str]:
    """ "50 answers without a label" and the like, the most first."""
    return [f"{n:,} {what}" for what, n in sorted(counts.items(), key=lambda item: -item[1])]
