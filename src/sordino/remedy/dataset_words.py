"""The words of one language by which questions are known to be political, to ask for harm, or for one side.

Data in `dataset_lexicon/`, one file a language; under dataset_names.py and dataset_topics.py, which say
what follows from them. A language without a file has no words: nothing in it is surely political but by a
pack.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import re2
import yaml

LISTS = ("politics", "harm", "means", "own", "told", "position", "side")
"""politics: words about states and those who govern. harm: of requests that are refused for safety's sake,
whoever asks. means: of means and deeds that do harm, and of history. own: by which somebody asks for
himself, or how a thing is done. told: with which people ask to be told something, and which `own` is not
read from. position: by which somebody asks what a state says. side: by which an answer is asked to speak
for one side.
"""
_BEGIN, _END = r"(?:^|[^\pL\pM\pN])", r"(?:[^\pL\pM\pN]|$)"
_AROUND = " \t\n.,;:!?¿¡'\"’“”«»()"
MEMORY = 32 << 20


@dataclass(frozen=True, slots=True)
class Words:
    """spaced: whether spaces part words. names: other names of places, by code. endings, capital: of the
    word for a place's people. article: what may stand before a name, as one word with it. patterns: of each
    of `LISTS`.
    """

    spaced: bool = True
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    endings: Sequence[str] = ()
    capital: bool = False
    article: str = ""
    patterns: "Mapping[str, re2._Regexp]" = field(default_factory=dict)

    def first(self, name: str, text: str) -> str:
        """The leftmost of a list's words in a text, in small letters; "" where there is none."""
        pattern = self.patterns.get(name)
        found = pattern.search(text.casefold()) if pattern is not None else None
        return found[0].strip(_AROUND) if found else ""

    def without(self, name: str, text: str) -> str:
        """The text in small letters without a list's words."""
        pattern = self.patterns.get(name)
        return text.casefold() if pattern is None else str(pattern.sub(" … ", text.casefold()))


@cache
def languages() -> tuple[str, ...]:
    """Those that have words."""
    folder = files("sordino.remedy").joinpath("dataset_lexicon")
    return tuple(sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml")))


@cache
def words(language: str) -> Words:
    """The words of a language; none for one that has no file."""
    if language not in languages():
        return Words()
    source = files("sordino.remedy").joinpath("dataset_lexicon", f"{language}.yaml")
    read = yaml.safe_load(source.read_text(encoding="utf-8"))
    spaced = read.get("spaced", True)
    return Words(
        spaced=spaced,
        names={code: listed(names) for code, names in read["names"].items()},
        endings=listed(read.get("endings", "")),
        capital=read.get("capital", False),
        article=read.get("article", ""),
        patterns={name: _compiled(listed(read[name]), spaced=spaced) for name in LISTS},
    )


def listed(text: str) -> tuple[str, ...]:
    """What commas part."""
    return tuple(part.strip() for part in text.split(", ") if part.strip())


def _compiled(items: Sequence[str], *, spaced: bool) -> "re2._Regexp":
    # RE2's own \b knows the letters of English alone.
    joined = "|".join(item.casefold().replace(r"\pl", r"\pL").replace(r"\b", _END) for item in items)
    options = re2.Options()
    options.max_mem = MEMORY
    return re2.compile((_BEGIN if spaced else "") + f"(?:{joined})", options)
