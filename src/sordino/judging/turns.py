"""Turns of phrase, tone, layout and signs of substance: dense features of an answer, in many languages.

Sits under `judging/features.py`. `turns.yaml` holds patterns for a few languages; `lexicon/` has a file of
words for each of many, by the same names. Both are counted together, so that what is learned of a turn in
one language holds in another.
"""

import functools
from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import re2
import yaml

OPENING, CLOSING = 160, 240
UNSPACED = ("ja", "th", "zh")
PREFIXES = {"ar": "[وفبكل]{0,2}(?:ال|لل)?", "he": "[ובהלמשכ]{0,2}"}
"""What is written onto the front of a word."""
PATTERN_MEMORY = 64 << 20

Numbers = npt.NDArray[np.float64]

_BEGIN = r"(?:^|[^\pL\pM\pN])"
_LAYOUT = {
    "heading": re2.compile(r"(?m)^\s*(?:#{1,6} |\*\*[^*\n]{2,120}\*\*\s*$)"),
    "listed": re2.compile(r"(?m)^\s*(?:[-*•]|\d{1,2}[.)、])\s*\S"),
}
_CONCRETE = {
    "name": re2.compile(r"[\p{Ll},;'\")\]] [\"'(]?\p{Lu}\p{Ll}"),
    "number": re2.compile(r"\d+"),
    "code": re2.compile(r"`|\w\(|\b\w+_\w+|\w\.\w|[={}<>|/\\]"),
    "measured": re2.compile(r"[:;%°€$£–—]"),
}
"""What an answer that says something holds: names within sentences, numbers, code, details."""
_MARKS = {"line": "\n", "digit": "0123456789", "quote": '"“”「」«»《》', "question": "?？"}


@functools.cache
def patterns(group: str) -> Mapping[str, re2._Regexp]:
    """The compiled alternatives of "turns", "forms" or "tone", by name."""
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY
    return {
        name: re2.compile("|".join([*forms, *_literals(name)]), options)
        for name, forms in yaml.safe_load(_turns())[group].items()
    }


@functools.cache
def _lexicon() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Words and beginnings of words by turn, of each language that has a file in `lexicon/`."""
    return {name: yaml.safe_load(text) for name, text in _words().items()}


def _turns() -> str:
    return files("sordino.judging").joinpath("turns.yaml").read_text(encoding="utf-8")


def _words() -> Mapping[str, str]:
    """The text of each language's file in `lexicon/`, by its code, in their order."""
    listed = sorted(files("sordino.judging").joinpath("lexicon").iterdir(), key=lambda file: file.name)
    return {
        f.name.removesuffix(".yaml"): f.read_text(encoding="utf-8")
        for f in listed
        if f.name.endswith(".yaml")
    }


def sources() -> list[str]:
    """The texts of every list that decides what is counted here."""
    return [_turns(), *_words().values()]


def _literals(turn: str) -> list[str]:
    """The lexicon's words of one turn as patterns: where words begin, or anywhere in unspaced scripts."""
    patterns, spaced = [], set()
    for language, turns in _lexicon().items():
        words = {re2.escape(word) for word in turns.get(turn, ())}
        if language in UNSPACED:
            patterns += sorted(words)
        elif language in PREFIXES and words:
            patterns.append(rf"{_BEGIN}{PREFIXES[language]}(?:{'|'.join(sorted(words))})")
        else:
            spaced |= words
    return [*([rf"{_BEGIN}(?:{'|'.join(sorted(spaced))})"] if spaced else []), *patterns]


def steps(values: npt.NDArray[np.generic], edges: Sequence[float]) -> Numbers:
    """A thermometer: (texts, edges) of 1 where the value is above the edge, so that a line can bend."""
    return (values[:, None] > np.asarray(edges)[None, :]).astype(np.float64)


def _places(pattern: re2._Regexp, text: str) -> list[int]:
    return [found.start() for found in pattern.finditer(text)]


def turns(windows: Sequence[str], words: npt.NDArray[np.int64], size: Numbers) -> Numbers:
    """How often each kind of turn occurs: in the opening, anywhere, in the closing, by length."""
    parts = []
    for pattern in patterns("turns").values():
        places = [_places(pattern, w) for w in windows]
        opening = np.array([sum(p < OPENING for p in some) for some in places])
        closing = np.array(
            [sum(p >= len(w) - CLOSING for p in some) for some, w in zip(places, windows, strict=True)]
        )
        everywhere = np.array([len(some) for some in places])
        parts += [
            steps(opening, (0, 1)),
            steps(everywhere, (0, 1, 3, 6)),
            steps(closing, (0, 1)),
            np.minimum(everywhere / np.maximum(words, 20) * 50, 3)[:, None],
            steps(everywhere, (0,)) * size[:, 4:10:2],
        ]
    return np.concatenate(parts, axis=1)


def tone(windows: Sequence[str], cjk: Numbers) -> Numbers:
    """How dense words of each tone are in the window, by its length: thermometers and square roots."""
    size = np.array([len(w) for w in windows]) * (1 + 2 * cjk)
    parts = []
    for pattern in patterns("tone").values():
        found = np.array([len(pattern.findall(w)) for w in windows])
        density = found / np.maximum(size, 200) * 1000
        parts += [steps(density, (0.5, 1, 2, 3, 4, 6, 8, 11, 15)), np.sqrt(density)[:, None] / 2]
    return np.concatenate(parts, axis=1)


def layout(windows: Sequence[str]) -> Numbers:
    """Headings, list items, lines, digits, quotation and question marks: thermometers of their counts."""
    counts = [[len(_places(p, w)) if "\n" in w else 0 for w in windows] for p in _LAYOUT.values()]
    counts += [[sum(map(w.count, marks)) for w in windows] for marks in _MARKS.values()]
    return np.concatenate([steps(np.array(some), (0, 2, 6, 12)) for some in counts], axis=1)


def concrete(cased: Sequence[str], cjk: Numbers) -> Numbers:
    """How dense signs of something concrete are, and whether the last thing said is a question."""
    size = np.array([len(w) for w in cased]) * (1 + 2 * cjk)
    parts = []
    for pattern in _CONCRETE.values():
        found = np.array([len(pattern.findall(w)) for w in cased])
        density = found / np.maximum(size, 60) * 1000
        parts += [steps(density, (0.5, 2, 4, 8, 16, 30)), np.sqrt(density)[:, None] / 4]
    asks = np.array(
        [[w[-3:].rstrip(' *"”」').endswith(("?", "？", "؟", ";")) for w in cased]], np.float64
    ).T
    return np.concatenate([*parts, asks], axis=1)
