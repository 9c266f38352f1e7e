"""All our own training texts with their features and weights. Sits beside `train.py`.

A weight says how much one text counts beside a recorded answer. There are many texts of few sentences, so
each counts little; and more of them evade or refuse than answers do, so these count less. Every text stands
twice, once without its words: what the other features say must hold where no word is known.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import languages
import numpy as np
from chats import chats, contested
from own_texts import LANGUAGES, Example, composed
from recorded import featured
from scipy import sparse

from sordino.judging.features import HASHED

LABEL_WEIGHTS = np.array([1.0, 0.45, 0.6])


@dataclass(frozen=True)
class Own:
    """Texts, one row each. group: what is left out together, a language or a style; source: which of `SOURCES`.

    weight, wordless: of the text, and of its copy without words.
    """

    features: sparse.csr_array
    label: np.ndarray
    weight: np.ndarray
    wordless: np.ndarray
    group: np.ndarray
    source: np.ndarray

    def only(self, chosen: np.ndarray) -> "Own":
        """The chosen rows, by a mask."""
        rows = np.flatnonzero(chosen)
        parts = (self.label, self.weight, self.wordless, self.group, self.source)
        return Own(self.features[rows], *(part[rows] for part in parts))

    def essays(self) -> "Own":
        """Those that teach of long answers, evasions and refusals with their full weight: all but the chats."""
        kept = self.only(self.source != "chats")
        full = 1 / LABEL_WEIGHTS[kept.label]
        return replace(kept, weight=kept.weight * full, wordless=kept.wordless * full)

    def stacked(self) -> tuple[list[sparse.csr_array], list[np.ndarray], list[np.ndarray]]:
        """Features, labels and weights of the texts and of their copies without words."""
        bare = sparse.hstack(
            [sparse.csr_array((len(self.label), HASHED)), self.features[:, HASHED:]], "csr"
        )
        weights = [self.weight, self.wordless]
        return (
            [self.features, sparse.csr_array(bare)],
            [self.label] * 2,
            [w * LABEL_WEIGHTS[self.label] for w in weights],
        )


@dataclass(frozen=True)
class Source:
    """Where texts come from, and how much each weighs."""

    examples: Callable[[], list[Example]]
    weight: float
    wordless: float
    by: str


def _languages() -> list[Example]:
    return [e for name in languages.languages() for e in languages.composed(name)]


def _slotted() -> list[Example]:
    return [e for name in LANGUAGES for e in composed(name)]


SOURCES = {
    "languages": Source(_languages, 0.03, 0.015, "language"),
    "entries": Source(_slotted, 0.3, 0.0, "language"),
    "chats": Source(chats, 0.8, 0.25, "style"),
    "contested": Source(contested, 0.5, 0.0, "style"),
}


def everything() -> Own:
    """All texts of all sources."""
    return joined([_featured(name, source, source.examples()) for name, source in SOURCES.items()])


def of_language(name: str, part: str) -> Own:
    """One language's texts; `part` keeps sentences and matters for a test apart."""
    return _featured("languages", SOURCES["languages"], languages.composed(name, part))


def unseen(examples: list[Example]) -> Own:
    """Texts that only test."""
    return _featured("test", Source(lambda: examples, 0.0, 0.0, "style"), examples)


def joined(parts: list[Own]) -> Own:
    """Several as one."""
    return Own(
        sparse.csr_array(sparse.vstack([p.features for p in parts], format="csr")),
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("label", "weight", "wordless", "group", "source")
        ),
    )


def _featured(name: str, source: Source, examples: list[Example]) -> Own:
    n = len(examples)
    return Own(
        featured([e.question for e in examples], [e.answer for e in examples]),
        np.array([e.label for e in examples]),
        np.full(n, source.weight),
        np.full(n, source.wordless),
        np.array([getattr(e, source.by) for e in examples]),
        np.full(n, name),
    )
