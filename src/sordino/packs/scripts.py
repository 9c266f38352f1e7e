"""In which script a language is written, as far as lint needs it to notice a text in the wrong column."""

import unicodedata
from collections import Counter
from functools import lru_cache

# By primary language: the first word of its letters' Unicode names. A language that is neither here nor
# among _LATIN is not judged.
_SCRIPTS = {
    "zh": ("CJK",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ko": ("HANGUL", "CJK"),
    "ru": ("CYRILLIC",),
    "uk": ("CYRILLIC",),
    "be": ("CYRILLIC",),
    "bg": ("CYRILLIC",),
    "ar": ("ARABIC",),
    "fa": ("ARABIC",),
    "ur": ("ARABIC",),
    "he": ("HEBREW",),
    "el": ("GREEK",),
    "hi": ("DEVANAGARI",),
    "th": ("THAI",),
    "bn": ("BENGALI",),
    "ta": ("TAMIL",),
    "ka": ("GEORGIAN",),
    "hy": ("ARMENIAN",),
}
_LATIN = frozenset(
    "cs da de en es et fi fr hr hu id it lt lv ms nb nl no pl pt ro sk sl sv sw tr vi".split()  # noqa: SIM905
)


def slip(text: str, language: str) -> str | None:
    """What is foreign in the text, or None: mostly another script, or any Han in a Latin language."""
    primary = language.split("-", maxsplit=1)[0]
    own = _SCRIPTS.get(primary, ("LATIN",) if primary in _LATIN else ())
    letters = Counter(_script(letter) for letter in text if letter.isalpha())
    if not own or not letters:
        return None
    if own == ("LATIN",) and letters["CJK"]:
        return f"has {letters['CJK']} Han characters, which {language} is not written in"
    if sum(letters[script] for script in own) * 2 < letters.total():
        most = letters.most_common(1)[0][0].title()
        return f"is mostly in {most} letters, which {language} is not written in"
    return None


@lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0]
