"""In which language a question or an answer of an instruction data set is written.

Sits under what reads such a set: the words that make a question political or harmful, and the patterns of a
pack's flags, are of one language, and the counts are kept by language. Scripts decide where they can, and
else the commonest little words. No column is trusted to say it: `language` is as often a programming
language.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import yaml

UNKNOWN = "und"
READ = 600
"""Characters that are looked at."""

_LATIN, _KANA, _HAN = "latin", "kana", "zh"
_RANGES: Mapping[str, tuple[tuple[int, int], ...]] = {
    _LATIN: ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0x24F), (0x1E00, 0x1EFF)),
    _HAN: ((0x3400, 0x9FFF), (0xF900, 0xFAFF)),
    _KANA: ((0x3041, 0x30FF),),
    "ko": ((0x1100, 0x11FF), (0xAC00, 0xD7AF)),
    "ru": ((0x400, 0x52F),),
    "ar": ((0x600, 0x6FF), (0x750, 0x77F)),
    "hi": ((0x900, 0x97F),),
    "th": ((0xE00, 0xE7F),),
    "he": ((0x590, 0x5FF),),
    "el": ((0x370, 0x3FF),),
    "bn": ((0x980, 0x9FF),),
    "ta": ((0xB80, 0xBFF),),
    "ka": ((0x10A0, 0x10FF),),
    "hy": ((0x530, 0x58F),),
}
"""Blocks of Unicode by the language that is commonest in them."""
_NAMES = tuple(_RANGES)
_OTHERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ar": (("ur", "ٹڈڑےں"), ("fa", "پچژگی")),
    "ru": (("uk", "іїєґ"), ("sr", "ђћљњџ")),
}
"""What a language writes that the commonest of its block does not."""
_JAPANESE = 0.1
"""Share of kana among Han and kana from which a text is Japanese."""
_WIDE = 3
"""A Han character carries about what three Latin letters do."""

_WORD = re.compile(r"[^\W\d_]+")


def language_of(*texts: str) -> str:
    """A BCP 47 tag by the first of the texts that tells, `und` where none does.

    >>> language_of("What happened in the spring of 1989?"), language_of("1989年发生了什么？")
    ('en', 'zh')
    """
    return next((found for text in texts if (found := _of(text[:READ])) != UNKNOWN), UNKNOWN)


def _of(text: str) -> str:
    if text.isascii():
        return _by_words(text)
    points = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    table = _table()
    counted = np.bincount(table[np.minimum(points, len(table) - 1)], minlength=len(_NAMES) + 1)
    counts = dict(zip(_NAMES, counted[1:].tolist(), strict=True))
    latin, kana = counts.pop(_LATIN), counts.pop(_KANA)
    counts["ja"] = counts[_HAN] + kana if kana > _JAPANESE * (counts[_HAN] + kana) else 0
    language = max(counts, key=lambda name: counts[name])
    weight = _WIDE if language in (_HAN, "ja") else 1
    if latin >= max(counts["ja"], counts[language]) * weight:
        return _by_words(text)
    if counts["ja"]:
        return "ja"
    return next((other for other, own in _OTHERS.get(language, ()) if set(own) & set(text)), language)


def _by_words(text: str) -> str:
    """The language most of whose little words are there, if more than any other's."""
    known = _languages()
    small = text.replace("İ", "i").casefold()  # Python makes a letter and a sign of it
    counts = Counter(name for word in _WORD.findall(small) for name in known.get(word, ()))
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return UNKNOWN
    return ranked[0][0]


@cache
def _languages() -> Mapping[str, tuple[str, ...]]:
    source = files("sordino.remedy").joinpath("dataset_languages.yaml").read_text(encoding="utf-8")
    listed = {name: set(words.split()) for name, words in yaml.safe_load(source).items()}
    return {word: tuple(n for n in listed if word in listed[n]) for word in set().union(*listed.values())}


@cache
def _table() -> npt.NDArray[np.uint8]:
    """By code point: 0, or one more than the place of its block in `_NAMES`. The last is all beyond."""
    table = np.zeros(0xFB01, np.uint8)
    for number, ranges in enumerate(_RANGES.values(), 1):
        for low, high in ranges:
            table[low : high + 1] = number
    return table
