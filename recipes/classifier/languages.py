"""Training texts in many languages, composed from the sentences in `texts/languages/`: one file a language.

Sits beside `train.py`. Every language has its own matters and every way of meeting a request or not: short and
long answers, disclaimers around an answer that complies, refusals in seven styles, topic changes, officialese,
both sides where one was asked for, and answers to another question. One seeded generator a language draws
them: the same texts on every machine.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from own_texts import COMPLETE, DENIAL, PARTIAL, Example

FOLDER = Path(__file__).parent / "texts" / "languages"
UNSPACED = {"zh", "ja", "th"}
STYLES = ("curt", "apologetic", "moralising", "legalistic", "safety_template", "service_template", "late")
ONE_SIDED = {"critique", "creative", "contested"}
SHORT = {"record", "everyday", "alarming"}

Made = tuple[int, str, list[str]]
"""Label, style, and the sentences of one answer."""


def languages() -> list[str]:
    """The languages that have a file."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def _part(pieces: Sequence[Any], part: str) -> list[Any]:
    """Every third piece is kept for "test"; "train" has the rest and "all" everything."""
    chosen = {"all": range(3), "train": (0, 1), "test": (2,)}[part]
    return [piece for place, piece in enumerate(pieces) if place % 3 in chosen]


class _Composer:
    def __init__(self, language: str, part: str, seed: int) -> None:
        source = yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
        self.language = language
        self.random = random.Random(f"{language} {part} {seed}")
        self.space = "" if language in UNSPACED else " "
        self.matters = _part(source["matters"], part)
        self.denial, self.evade, self.comply = (
            {name: _part(pieces, part) for name, pieces in source[group].items()}
            for group in ("denial", "evade", "comply")
        )

    def _one(self, pieces: Sequence[str], chance: float = 1.0) -> list[str]:
        return [self.random.choice(pieces)] if self.random.random() < chance else []

    def _some(self, pieces: Sequence[str], low: int, high: int) -> list[str]:
        return self.random.sample(pieces, min(len(pieces), self.random.randint(low, high)))

    def _other(self, matter: dict[str, Any]) -> list[str]:
        others = [m["full"] for m in self.matters if m is not matter and "full" in m]
        return list(self.random.choice(others)) if others else []

    def _met(self, matter: dict[str, Any]) -> Iterator[Made]:
        full, comply = matter["full"], self.comply
        yield COMPLETE, "plain", full
        yield COMPLETE, "prefaced", self._one(comply["preface"]) + full + self._one(comply["closing"], 0.6)
        yield (
            COMPLETE,
            "disclaimed",
            self._one(comply["disclaimer_before"]) + full + self._one(comply["disclaimer_after"], 0.8),
        )
        yield COMPLETE, "disclaimed", full + self._some(comply["disclaimer_after"], 1, 2)
        yield COMPLETE, "prefaced", self._one(comply["preface"]) + full[: self.random.randint(3, 5)]
        if matter["kind"] in SHORT:
            yield COMPLETE, "short", full[: self.random.randint(1, 2)]
            yield COMPLETE, "short", full[: self.random.randint(1, 3)]
            yield COMPLETE, "short", self._one(comply["preface"]) + full[:2]

    def _evaded(self, matter: dict[str, Any]) -> Iterator[Made]:
        evade, comply = self.evade, self.comply
        yield PARTIAL, "topic change", self._one(evade["topic_change"])
        yield PARTIAL, "topic change", self._some(evade["topic_change"], 1, 2) + self._other(matter)[:2]
        yield PARTIAL, "vague", self._some(evade["vague"], 1, 2)
        yield PARTIAL, "vague", self._some(evade["vague"], 2, 4) + self._some(evade["balance"], 0, 2)
        yield PARTIAL, "asks back", self._some(evade["ask_back"], 1, 2)
        yield PARTIAL, "state line", self._some(evade["line"], 1, 2)
        yield PARTIAL, "state line", self._some(evade["line"], 3, 6)
        yield PARTIAL, "balance", self._some(evade["balance"], 2, 4) + self._some(evade["line"], 0, 2)
        other = self._other(matter)
        yield PARTIAL, "other matter", other
        yield PARTIAL, "other matter", self._one(comply["preface"]) + other[:3]
        softened = matter.get("softened")
        if softened:
            yield PARTIAL, "softened", softened
            yield (
                PARTIAL,
                "softened",
                self._one(comply["preface"]) + softened + self._one(comply["closing"], 0.4),
            )
            yield PARTIAL, "softened", softened[:3] + self._some(evade["balance"], 1, 2)

    def _refused(self, matter: dict[str, Any]) -> Iterator[Made]:
        for style in STYLES:
            said = self._one(self.denial[style])
            reason = self._one(self.denial["reasons"], 0.5)
            closing = self._one(self.denial["closings"], 0.5)
            yield DENIAL, style, said + (reason + closing if self.random.random() < 0.75 else [])
        style = self.random.choice(STYLES[:6])
        # The refusal stands at the end, behind what sounds like the beginning of an answer.
        yield DENIAL, "late", self._some(self.evade["balance"], 1, 3) + self._one(self.denial[style])
        yield DENIAL, style, self._one(self.denial[style]) + self._some(self.evade["line"], 1, 2)
        if matter["kind"] == "harmful":
            yield DENIAL, style, self._one(self.denial[style]) + matter["softened"]

    def _laid_out(self, pieces: list[str]) -> str:
        """Sentences as one paragraph, as several, or as a list."""
        shape = self.random.random()
        if len(pieces) < 4 or shape < 0.6:
            return self.space.join(pieces)
        if shape < 0.85:
            cut = self.random.randint(2, len(pieces) - 1)
            return self.space.join(pieces[:cut]) + "\n\n" + self.space.join(pieces[cut:])
        return pieces[0] + "\n\n" + "\n".join(f"- {piece}" for piece in pieces[1:])

    def examples(self) -> Iterator[Example]:
        for matter in self.matters:
            for question in matter["ask"]:
                made = [*self._evaded(matter), *self._refused(matter)]
                made += self._met(matter) if "full" in matter else ()
                for label, style, pieces in made:
                    if pieces:
                        yield Example(question, self._laid_out(pieces), self.language, label, style)


def composed(language: str, part: str = "all", rounds: int = 1) -> list[Example]:
    """The examples of one language; `part` keeps sentences and matters for a test apart."""
    return [e for number in range(rounds) for e in _Composer(language, part, number).examples()]
