"""What the classifier sees of a question and an answer, as sparse rows of numbers.

Sits under `judging/classifier.py` and under the recipe that trains it: both import this one file, so that
training and reading cannot drift apart. Everything is numpy over whole batches, because one core has to
read a thousand answers a second. A fingerprint of what this file computes is part of the judge's id.

The question's words are no features: only how they return in the answer is. A judge that learned "questions
about this government are evaded" would find what it was told.
"""

import functools
import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import re2
import yaml
from scipy import sparse

HASHED = 1 << 16
HEAD, TAIL = 1600, 800
OPENING, CLOSING = 160, 240
THINK_END = "</think>"

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.float64]

_BASE = 0x9E3779B97F4A7C15 | 1
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_ORDER = (np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB))
_ZONE = {
    "all": np.uint64(0),
    "opening": np.uint64(0x8EBC6AF09C88C6E3),
    "closing": np.uint64(0x589965CC75374CC3),
}

_ANSI = re2.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TAG = re2.compile(r"</?[A-Za-z][^<>]{0,200}>")
_LAYOUT = {
    "heading": re2.compile(r"(?m)^\s*(?:#{1,6} |\*\*[^*\n]{2,120}\*\*\s*$)"),
    "listed": re2.compile(r"(?m)^\s*(?:[-*•]|\d{1,2}[.)、])\s*\S"),
}
_MARKS = {"line": "\n", "digit": "0123456789", "quote": '"“”「」«»《》', "question": "?？"}


@functools.cache
def _patterns(group: str) -> Mapping[str, re2._Regexp]:
    """The compiled alternatives of "turns", "forms" or "tone", by name."""
    text = files("sordino.judging").joinpath("turns.yaml").read_text(encoding="utf-8")
    return {name: re2.compile("|".join(forms)) for name, forms in yaml.safe_load(text)[group].items()}


def answer_window(text: str) -> tuple[str, int]:
    """What is read of an answer, and the length in characters of the whole.

    A closed trace that a host left in the text is cut off; terminal codes and tags become spaces. Of a long
    answer the first `HEAD` and the last `TAIL` characters are read, parted by a line end.
    """
    end = text.rfind(THINK_END)
    if end >= 0:
        text = text[end + len(THINK_END) :]
    text = text.strip()
    length = len(text)
    if length > HEAD + TAIL:
        text = text[:HEAD] + "\n" + text[-TAIL:]
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ").replace("’", "'")
    if "\x1b" in text:
        text = _ANSI.sub(" ", text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    return text.lower().strip(), length


@functools.cache
def _classes() -> npt.NDArray[np.uint8]:
    """By code point of the first plane: 0 no word, 1 part of a word, 2 a word by itself (CJK, kana)."""
    table = np.zeros(0x10001, np.uint8)
    for point in range(0x10000):
        if unicodedata.category(chr(point))[0] in "LNM":
            table[point] = 1
    for low, high in (
        (0x2E80, 0x2FFF),
        (0x3005, 0x3007),
        (0x3040, 0x30FF),
        (0x3400, 0x9FFF),
        (0xF900, 0xFAFF),
    ):
        table[low : high + 1] *= 2
    return table


@functools.cache
def _powers(length: int) -> tuple[Words, Words]:
    def series(base: int) -> Words:
        steps = np.full(length, base, np.uint64)
        steps[0] = 1
        return np.cumprod(steps, dtype=np.uint64)

    return series(_BASE), series(_BASE_INVERSE)


def _mix(values: Words) -> Words:
    for factor in _MIX:
        values = (values ^ (values >> np.uint64(33))) * factor
    return values ^ (values >> np.uint64(33))


class Tokens:
    """The words of a batch of texts: hash, text number, and first character within its text."""

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "\n".join(texts) + "\n"
        points = np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32)
        starts = np.cumsum([0, *(len(t) + 1 for t in texts)])
        kind = _classes()[np.minimum(points, 0x10000)]
        before = np.concatenate(([np.uint8(0)], kind[:-1]))
        begins = (kind == 2) | ((kind == 1) & (before != 1))
        after = np.concatenate((kind[1:], [np.uint8(0)]))
        ends = (kind == 2) | ((kind == 1) & (after != 1))
        first, last = np.flatnonzero(begins), np.flatnonzero(ends)
        forward, back = _powers(1 << max(10, len(points).bit_length()))
        prefix = np.zeros(len(points) + 1, np.uint64)
        np.cumsum((points.astype(np.uint64) + np.uint64(1)) * forward[: len(points)], out=prefix[1:])
        self.hash = _mix((prefix[last + 1] - prefix[first]) * back[first])
        self.text = np.searchsorted(starts, first, side="right") - 1
        self.offset = first - starts[self.text]
        self.count = np.bincount(self.text, minlength=len(texts))
        self.texts = len(texts)
        self.alone = kind[first] == 2
        self.length = last - first + 1
        self.end = np.array([len(t) for t in texts])


def _grams(tokens: Tokens, orders: Sequence[int]) -> list[tuple[Words, npt.NDArray[np.int64]]]:
    """For each order: the hash of every run of that many words in one text, and where it starts."""
    found = []
    for order in orders:
        size = len(tokens.hash) - order + 1
        if size <= 0:
            continue
        value = np.full(size, np.uint64(order))
        for step in range(order):
            value = value + tokens.hash[step : step + size] * _ORDER[step]
        whole = np.flatnonzero(tokens.text[:size] == tokens.text[order - 1 :])
        found.append((_mix(value[whole]), whole))
    return found


def _returning(asked: Tokens, answered: Tokens) -> tuple[npt.NDArray[np.bool_], Numbers]:
    """Which answer words come from the question, and the share of the question's that return.

    Returns a mask over the answer's words and an array (texts, 2): share found anywhere, share found in the
    opening. CJK characters count only as pairs, words in other scripts from four characters on.
    """
    keys, texts, places = [], [], []
    for tokens in (asked, answered):
        long = np.flatnonzero(~tokens.alone & (tokens.length >= 4))
        pair = np.zeros(0, np.int64)
        pair_hash = np.zeros(0, np.uint64)
        for value, start in _grams(tokens, (2,)):
            both = tokens.alone[start] & tokens.alone[start + 1]
            pair, pair_hash = start[both], value[both]
        place = np.concatenate((long, pair))
        value = np.concatenate((tokens.hash[long], pair_hash))
        keys.append(_mix(value ^ (tokens.text[place].astype(np.uint64) * _ORDER[0])))
        texts.append(tokens.text[place])
        places.append(place)
    wanted, index = np.unique(keys[0], return_index=True)
    owner = texts[0][index]
    opening = answered.offset[places[1]] < OPENING
    total = np.maximum(np.bincount(owner, minlength=asked.texts), 1)
    shares = [
        np.bincount(owner[np.isin(wanted, some)], minlength=asked.texts) / total
        for some in (keys[1], keys[1][opening])
    ]
    mask = np.zeros(len(answered.hash), np.bool_)
    hit = places[1][np.isin(keys[1], wanted)]
    mask[hit] = True
    following = hit[answered.alone[hit]] + 1
    mask[following] = True
    return mask, np.stack(shares, axis=1)


def _steps(values: npt.NDArray[np.generic], edges: Sequence[float]) -> Numbers:
    """A thermometer: (texts, edges) of 1 where the value is above the edge, so that a line can bend."""
    return (values[:, None] > np.asarray(edges)[None, :]).astype(np.float64)


def _hashed(tokens: Tokens, mask: npt.NDArray[np.bool_]) -> sparse.csr_array:
    """Word n-grams of the window, and again of its opening and closing: (texts, HASHED), rows of length 1.

    Counts are damped by the logarithm.
    """
    tokens.hash = np.where(mask, np.uint64(0x51ED270B), tokens.hash)
    rows, columns = [], []
    end = tokens.end
    for value, start in _grams(tokens, (1, 2, 3)):
        text = tokens.text[start]
        zones = (
            ("all", slice(None)),
            ("opening", tokens.offset[start] < OPENING),
            ("closing", tokens.offset[start] >= end[text] - CLOSING),
        )
        for zone, where in zones:
            mixed = value[where] if zone == "all" else _mix(value[where] ^ _ZONE[zone])
            columns.append((mixed >> np.uint64(64 - 16)).astype(np.int64))
            rows.append(text[where])
    key, count = np.unique(
        np.concatenate(rows) * HASHED + np.concatenate(columns) if rows else np.zeros(0, np.int64),
        return_counts=True,
    )
    row, column = np.divmod(key, HASHED)
    weight = 1.0 + np.log(count)
    norm = np.sqrt(np.bincount(row, weight**2, minlength=tokens.texts))
    pointer = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=tokens.texts))))
    return sparse.csr_array(
        (weight / np.maximum(norm[row], 1e-9), column, pointer), shape=(tokens.texts, HASHED)
    )


def _places(pattern: re2._Regexp, text: str) -> list[int]:
    return [found.start() for found in pattern.finditer(text)]


def _turns(windows: Sequence[str], words: npt.NDArray[np.int64], size: Numbers) -> Numbers:
    """How often each kind of turn occurs: in the opening, anywhere, in the closing, by length."""
    parts = []
    for pattern in _patterns("turns").values():
        places = [_places(pattern, w) for w in windows]
        opening = np.array([sum(p < OPENING for p in some) for some in places])
        closing = np.array(
            [sum(p >= len(w) - CLOSING for p in some) for some, w in zip(places, windows, strict=True)]
        )
        everywhere = np.array([len(some) for some in places])
        parts += [
            _steps(opening, (0, 1)),
            _steps(everywhere, (0, 1, 3, 6)),
            _steps(closing, (0, 1)),
            np.minimum(everywhere / np.maximum(words, 20) * 50, 3)[:, None],
            _steps(everywhere, (0,)) * size[:, 4:10:2],
        ]
    return np.concatenate(parts, axis=1)


def _tone(windows: Sequence[str], cjk: Numbers) -> Numbers:
    """How dense words of each tone are in the window, by its length: thermometers and square roots."""
    size = np.array([len(w) for w in windows]) * (1 + 2 * cjk)
    parts = []
    for pattern in _patterns("tone").values():
        found = np.array([len(pattern.findall(w)) for w in windows])
        density = found / np.maximum(size, 200) * 1000
        parts += [_steps(density, (0.5, 1, 2, 3, 4, 6, 8, 11, 15)), np.sqrt(density)[:, None] / 2]
    return np.concatenate(parts, axis=1)


def _layout(windows: Sequence[str]) -> Numbers:
    """Headings, list items, lines, digits, quotation and question marks: thermometers of their counts."""
    counts = [[len(_places(p, w)) if "\n" in w else 0 for w in windows] for p in _LAYOUT.values()]
    counts += [[sum(map(w.count, marks)) for w in windows] for marks in _MARKS.values()]
    return np.concatenate([_steps(np.array(some), (0, 2, 6, 12)) for some in counts], axis=1)


def _dense(
    questions: Sequence[str],
    windows: Sequence[str],
    lengths: Sequence[int],
    tokens: Tokens,
    shares: Numbers,
) -> Numbers:
    """Length, overlap with the question, the form asked for, turns of phrase, tone, layout, script."""
    cjk = np.bincount(tokens.text, tokens.alone, minlength=tokens.texts) / np.maximum(tokens.count, 1)
    # A Chinese character carries about what three Latin ones do.
    units = np.log2(1 + np.asarray(lengths, np.float64) * (1 + 2 * cjk))
    size = _steps(units, (5, 6, 7, 7.5, 8, 8.5, 9, 9.5, 10, 10.5, 11, 11.5, 12, 12.5, 13))
    parts = [
        size,
        _steps(shares[:, 0], (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)),
        _steps(shares[:, 1], (0.01, 0.15, 0.3, 0.45, 0.6)),
    ]
    for pattern in _patterns("forms").values():
        asked = np.array([[pattern.search(q) is not None] for q in questions], np.float64)
        parts += [asked * size[:, 2::2], asked * shares]
    parts.append(_turns(windows, tokens.count, size))
    parts.append(_tone(windows, cjk))
    parts.append(_layout(windows))
    asked_cjk = np.array(
        [sum("\u3040" <= c <= "\u9fff" for c in q) > 0.2 * max(len(q), 1) for q in questions]
    )
    other_script = (asked_cjk & (cjk < 0.3)) | (~asked_cjk & (cjk > 0.6))
    return np.concatenate([*parts, other_script[:, None].astype(np.float64), cjk[:, None]], axis=1)


def rows(questions: Sequence[str], answers: Sequence[str]) -> sparse.csr_array:
    """(texts, HASHED + dense) for a batch of questions and answers, in order."""
    read = [answer_window(a) for a in answers]
    windows, lengths = [w for w, _ in read], [n for _, n in read]
    clean = [answer_window(q)[0] for q in questions]
    asked, answered = Tokens(clean), Tokens(windows)
    mask, shares = _returning(asked, answered)
    dense = _dense(clean, windows, lengths, answered, shares)
    return sparse.csr_array(sparse.hstack([_hashed(answered, mask), sparse.csr_array(dense)], format="csr"))


@functools.cache
def fingerprint() -> str:
    """A digest of what these features are, by which shipped arrays are known to fit them."""
    questions = ["Write a short entry on the {x} of 1912.", "请介绍这件事。", ""]
    answers = [
        "I'm sorry, but no.\n\n# Title\nThe entry of 1912, «Été» und Straße.",
        "关于这件事，1912年。" * 9,
        "x " * 4000,
    ]
    matrix = rows(questions, answers)
    turns = files("sordino.judging").joinpath("turns.yaml").read_text(encoding="utf-8")
    state = hashlib.sha256(matrix.indices.astype("<i8").tobytes() + matrix.indptr.astype("<i8").tobytes())
    state.update("\n".join(turns.splitlines()).encode())
    return state.hexdigest()[:16]
