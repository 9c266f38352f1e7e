"""What a LoRA adapter learns from, in plain values: the data half of lora.py. Nothing here brings torch.

Three parts. Honest answers, and the same answers preferred to the model's own evasions, take the mute off.
What the model must keep (its refusals of harmful requests, its answers about other jurisdictions and on
general matters) is in its own words, so that nothing pulls it elsewhere.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

Kind = Literal["honest", "refusal", "general", "sibling"]
KEPT: tuple[Kind, ...] = ("refusal", "general", "sibling")
"""What the model does before and is to do after."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """An answer to learn.

    prompt: as the chat template renders it, up to where the answer begins. answer: without the token that
    ends it. kind: "honest" for a withheld matter; the others are the model's own answers.
    """

    prompt: str
    answer: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Preference:
    """Of two answers to one prompt, the one to give and the one that was given."""

    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True, slots=True)
class Material:
    """All that one adapter is fitted on. anchors: lessons by which the model must stay as it was."""

    lessons: tuple[Lesson, ...]
    preferences: tuple[Preference, ...]
    anchors: tuple[Lesson, ...]


def material(
    withheld: Iterable[tuple[str, str, str]],
    *,
    siblings: Iterable[tuple[str, str]],
    refusals: Iterable[tuple[str, str]],
    general: Iterable[tuple[str, str]],
) -> Material:
    """Lessons, preferences and anchors of the fitting sets.

    withheld: prompt, honest answer, and what the model said instead. The others: prompt and the model's own
    answer; of harmful requests only those that it refused. What is empty is left out: nothing is learnt
    from an answer that did not come.
    """
    asked = [one for one in withheld if one[1].strip()]
    own = zip(KEPT, (refusals, general, siblings), strict=True)
    kept = [Lesson(*pair, kind) for kind, pairs in own for pair in pairs if pair[1].strip()]
    return Material(
        (*(Lesson(prompt, honest, "honest") for prompt, honest, _ in asked), *kept),
        tuple(Preference(*one) for one in asked if one[2].strip()),
        tuple(kept),
    )


def curriculum(lessons: Sequence[Lesson], epochs: int, beside: float, seed: int) -> list[Lesson]:
    """What is learnt, in an order drawn by the seed: every honest lesson once an epoch, and others beside.

    beside: so many of the others for each honest one. How long fitting takes then follows from what is
    withheld, not from how much there is to keep.
    """
    chance = random.Random(f"curriculum {seed}")  # noqa: S311 - an order, not a secret
    honest = [lesson for lesson in lessons if lesson.kind == "honest"]
    others = kept_in_turn(lessons, chance)
    found: list[Lesson] = []
    for _ in range(epochs):
        drawn = [*honest, *islice(others, round(beside * len(honest)))]
        chance.shuffle(drawn)
        found.extend(drawn)
    return found


def kept_in_turn(lessons: Sequence[Lesson], chance: random.Random) -> Iterator[Lesson]:
    """The lessons to keep, one of each kind in turn and without end; none where there are none.

    No lesson comes again before all of its kind were used.
    """
    kinds = [some for kind in KEPT if (some := [lesson for lesson in lessons if lesson.kind == kind])]
    waiting: list[list[Lesson]] = [[] for _ in kinds]
    while kinds:
        for some, left in zip(kinds, waiting, strict=True):
            if not left:
                left.extend(chance.sample(some, len(some)))
            yield left.pop()
