"""The words of a batch of texts as numbers: hashes, places and runs, made by numpy over all texts at once.

Sits under `judging/features.py`. One core has to read a thousand answers a second, so nothing here loops
over words.
"""

import functools
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

STEM = 5
"""Characters of a word that its inflected forms are taken to share."""

Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.int64]

_BASE = 0x9E3779B97F4A7C15 | 1
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
ORDER = (np.uint64(0xD6E8FEB86659FD93), np.uint64(0xA0761D6478BD642F), np.uint64(0xE7037ED1A0B428DB))


@functools.cache
def _classes() -> npt.NDArray[np.uint8]:
    """By code point of the first plane: 0 no word, 1 part of a word, 2 a word by itself (CJK, kana),
    3 likewise in scripts of letters that write without spaces (Thai, Lao, Tibetan, Burmese, Khmer).
    """
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
    for low, high in ((0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1780, 0x17FF)):
        table[low : high + 1] *= 3
    return table


@functools.cache
def _powers(length: int) -> tuple[Words, Words]:
    def series(base: int) -> Words:
        steps = np.full(length, base, np.uint64)
        steps[0] = 1
        return np.cumprod(steps, dtype=np.uint64)

    return series(_BASE), series(_BASE_INVERSE)


def mix(values: Words) -> Words:
    """Spreads hashes over all 64 bits (the finaliser of MurmurHash3)."""
    for factor in _MIX:
        values = (values ^ (values >> np.uint64(33))) * factor
    return values ^ (values >> np.uint64(33))


class Tokens:
    """The words of a batch of texts, one entry a word: hash, root (the hash of its beginning where it is
    long), text number, and first character within its text.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        joined = "\n".join(texts) + "\n"
        points = np.frombuffer(joined.encode("utf-32-le", "replace"), np.uint32)
        starts = np.cumsum([0, *(len(t) + 1 for t in texts)])
        kind = _classes()[np.minimum(points, 0x10000)]
        before = np.concatenate(([np.uint8(0)], kind[:-1]))
        begins = (kind >= 2) | ((kind == 1) & (before != 1))
        after = np.concatenate((kind[1:], [np.uint8(0)]))
        ends = (kind >= 2) | ((kind == 1) & (after != 1))
        first, last = np.flatnonzero(begins), np.flatnonzero(ends)
        forward, back = _powers(1 << max(10, len(points).bit_length()))
        prefix = np.zeros(len(points) + 1, np.uint64)
        np.cumsum((points.astype(np.uint64) + np.uint64(1)) * forward[: len(points)], out=prefix[1:])
        self.hash = mix((prefix[last + 1] - prefix[first]) * back[first])
        stem = np.minimum(last + 1, first + STEM)
        stems = mix(((prefix[stem] - prefix[first]) * back[first]) ^ ORDER[2])
        self.text = np.searchsorted(starts, first, side="right") - 1
        self.offset = first - starts[self.text]
        self.count = np.bincount(self.text, minlength=len(texts))
        self.texts = len(texts)
        self.alone = kind[first] >= 2
        self.cjk = kind[first] == 2
        self.length = last - first + 1
        self.root = np.where(self.length > STEM, stems, self.hash)
        self.end = np.array([len(t) for t in texts])


def grams(tokens: Tokens, orders: Sequence[int], words: Words | None = None) -> list[tuple[Words, Places]]:
    """For each order: the hash of every run of that many words in one text, and where it starts."""
    found = []
    for order in orders:
        words = tokens.hash if words is None else words
        size = len(words) - order + 1
        if size <= 0:
            continue
        value = np.full(size, np.uint64(order))
        for step in range(order):
            value = value + words[step : step + size] * ORDER[step]
        whole = np.flatnonzero(tokens.text[:size] == tokens.text[order - 1 :])
        found.append((mix(value[whole]), whole))
    return found


def returning(
    asked: Tokens, answered: Tokens, opening: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Which answer words come from the question, and the share of the question's that return.

    Returns a mask over the answer's words, and an array (texts, 2): share found anywhere, share found in
    the first `opening` characters, where inflected forms of a long word count as one. Characters that are
    words count only as pairs; words count from four characters on.
    """
    wanted, owner, _ = _entries(asked, asked.root)
    wanted, index = np.unique(wanted, return_index=True)
    owner = owner[index]
    found, _, place = _entries(answered, answered.root)
    early = found[answered.offset[place] < opening]
    total = np.maximum(np.bincount(owner, minlength=asked.texts), 1)
    shares = [
        np.bincount(owner[np.isin(wanted, some)], minlength=asked.texts) / total for some in (found, early)
    ]
    same, _, place = _entries(answered, answered.hash)
    hit = place[np.isin(same, _entries(asked, asked.hash)[0])]
    mask = np.zeros(len(answered.hash), np.bool_)
    mask[hit] = True
    mask[hit[answered.alone[hit]] + 1] = True
    return mask, np.stack(shares, axis=1)


def _entries(tokens: Tokens, words: Words) -> tuple[Words, Places, Places]:
    """Long words and pairs of characters: a key of each with its text, the text, and which word it is."""
    long = np.flatnonzero(~tokens.alone & (tokens.length >= 4))
    pair, pair_hash = np.zeros(0, np.int64), np.zeros(0, np.uint64)
    for value, start in grams(tokens, (2,)):
        both = tokens.alone[start] & tokens.alone[start + 1]
        pair, pair_hash = start[both], value[both]
    place = np.concatenate((long, pair))
    value = np.concatenate((words[long], pair_hash))
    text = tokens.text[place]
    return mix(value ^ (text.astype(np.uint64) * ORDER[0])), text, place


def roots(tokens: Tokens, root: Words) -> Iterator[tuple[Words, Places]]:
    """Runs of one and two roots that hold a long word: its inflected forms share them. root: (words,)."""
    long = tokens.length > STEM
    for order, (value, start) in enumerate(grams(tokens, (1, 2), root), 1):
        cut = long[start] | long[start + order - 1]
        yield mix(value[cut] ^ ORDER[1]), start[cut]
