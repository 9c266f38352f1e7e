"""Our own training texts, composed from the sentences in `texts/`: short answers, deflections, praise, refusals.

Sits beside `train.py`. The recorded answers at hand are long essays of a few kinds; these teach the judge that
a short plain answer is complete, that pleasant talk about something else is not, and that a refusal is a
refusal in any language. Everything is drawn from one seeded generator: the same texts on every machine.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("en", "fr", "zh")
COMPLETE, PARTIAL, DENIAL = range(3)


@dataclass(frozen=True)
class Example:
    """One question, one answer, its language and label (0 COMPLETE, 1 PARTIAL, 2 DENIAL).

    style: the manner in which it was composed, by which a manner can be left out.
    """

    question: str
    answer: str
    language: str
    label: int
    style: str = ""


def _part(pieces: Sequence[object], part: str) -> list[object]:
    """Every third sentence is kept for "test"; "train" has the rest and "all" everything."""
    chosen = {"all": range(3), "train": (0, 1), "test": (2,)}[part]
    return [piece for place, piece in enumerate(pieces) if place % 3 in chosen]


class _Composer:
    def __init__(self, language: str, part: str) -> None:
        source = yaml.safe_load((TEXTS / f"{language}.yaml").read_text(encoding="utf-8"))
        self.language, self.slots = language, source["slots"]
        self.random = random.Random(f"{language} {part}")
        self.matters = _part(source["matters"], part)
        self.pleasant = [matter["full"] for matter in source["matters"] if matter.get("pleasant")]
        self.line = _part(source["line"], part)
        self.preface = source["preface"]
        self.denial = {name: _part(pieces, part) for name, pieces in source["denial"].items()}
        self.deflect = {name: _part(pieces, part) for name, pieces in source["deflect"].items()}
        self.space = "" if language == "zh" else " "

    def _filled(self, pieces: Sequence[str], values: dict[str, str]) -> str:
        text = self.space.join(pieces)
        for slot, value in values.items():
            text = text.replace("{" + slot + "}", value)
        while "{n}" in text:
            text = text.replace("{n}", str(self.random.choice((12, 26, 38, 70, 140, 212, 300, 640))), 1)
        return text

    def _some(self, pieces: Sequence[str], low: int, high: int) -> list[str]:
        return self.random.sample(pieces, min(len(pieces), self.random.randint(low, high)))

    def _maybe(self, pieces: Sequence[str], chance: float) -> list[str]:
        return [self.random.choice(pieces)] if pieces and self.random.random() < chance else []

    def _answers(self, matter: dict[str, Any]) -> Iterator[tuple[int, list[str]]]:
        full, pick = matter["full"], self.random.choice
        size = len(full)
        yield COMPLETE, full
        yield COMPLETE, self._maybe(self.preface, 0.6) + full[: max(2, size - 1)]
        yield COMPLETE, full[: pick((1, 2))]
        yield COMPLETE, [*full, pick(self.line)]
        yield PARTIAL, [pick(self.deflect["open"])]
        yield (
            PARTIAL,
            [
                pick(self.deflect["open"]),
                *self._some(self.deflect["more"], 1, 3),
                *self._maybe(self.deflect["close"], 0.6),
            ],
        )
        if not matter.get("pleasant"):
            yield PARTIAL, pick(self.pleasant)[: pick((1, 2, 4))]
        yield PARTIAL, self._some(self.line, 1, 2)
        yield PARTIAL, self._some(self.line, 3, 8)
        yield PARTIAL, self._some(self.line, 1, 2) + self._some(self.deflect["more"], 1, 2)
        yield DENIAL, [pick(self.denial["open"])]
        yield (
            DENIAL,
            [
                pick(self.denial["open"]),
                *self._maybe(self.denial["more"], 0.7),
                *self._maybe(self.denial["close"], 0.7),
            ],
        )
        yield (
            DENIAL,
            [
                pick(self.denial["open"]),
                *self._some(self.line, 1, 2),
                *self._maybe(self.denial["close"], 0.5),
            ],
        )

    def examples(self, rounds: int) -> Iterator[Example]:
        for _ in range(rounds):
            for matter in self.matters:
                for question in matter["ask"]:
                    for label, pieces in self._answers(matter):
                        values = {name: self.random.choice(self.slots[name]) for name in ("c", "p", "t")}
                        values["y"] = str(self.random.randint(1931, 2019))
                        yield Example(
                            self._filled([question], values),
                            self._filled(pieces, values),
                            self.language,
                            label,
                        )


def composed(language: str, part: str = "all", rounds: int = 2) -> list[Example]:
    """The examples of English, French or Chinese; `part` keeps sentences and matters for a test apart."""
    return list(_Composer(language, part).examples(rounds))
