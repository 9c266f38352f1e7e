"""Which jurisdictions a text names, in its own language: by Unicode CLDR, our words and the packs' names.

Under dataset_topics.py. The names of places are CLDR's for every territory alike; the words for their
people follow from them by a language's endings (Iran + ian), and what no rule gives is written down in
`dataset_lexicon/`. Where writing knows capitals, a name needs its own, unless the text goes without any:
nobody means a country by "turkey".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import re2

from sordino.remedy.dataset_words import Words, words

NO_JURISDICTION = frozenset({"EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Codes of CLDR that name no place of their own; packs use some for invented ones."""
STEM = 4
"""Letters that a name keeps before an ending."""
CUT = 2
"""Letters that it may lose."""
SHORT = 3
"""Names up to here ("US") are no names in small letters."""

Codes: TypeAlias = frozenset[str]
Index: TypeAlias = Mapping[str, Sequence[tuple[tuple[str, ...], Codes]]]
"""By its first word, each name's words and codes, the longest first."""

_TOKEN = re.compile(r"(?:[A-Z]\.)+[A-Z]\b|[^\W_]+(?:[\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff]+[^\W_]*)*")
_ASIDE = re.compile(r"\s*[(（]([^)）]*)[)）]|\s+[-–]\s+.*")


@dataclass(frozen=True)
class _Cased:
    """Names as they are written, or all in small letters. stems: what is left of a name before an
    ending.
    """

    index: Index
    stems: Mapping[str, str]


class Names:
    """What can be found in texts of one language."""

    def __init__(self, language: str, given: Mapping[str, Iterable[str]]) -> None:
        """given: names by code that packs have beside CLDR's."""
        self._words = words(language)
        self._endings = frozenset(self._words.endings)
        places = _territories(language)
        codes = _codes(places, self._words.names, given)
        if not self._words.spaced:
            self._parts, self._pattern = codes, _longest(codes)
            return
        self._pattern = None
        small = {n.casefold(): c for n, c in codes.items() if len(n) > SHORT or n == n.casefold()}
        stems = _stems(places, self._words)
        self._exact = _Cased(_by_first(codes), stems)
        self._small = _Cased(_by_first(small), {stem.casefold(): code for stem, code in stems.items()})

    def find(self, text: str) -> tuple[str, ...]:
        """Codes of the jurisdictions that a text names, in order of the alphabet."""
        if self._pattern is not None:
            return _sorted(self._parts[found[0]] for found in self._pattern.finditer(text))
        cased = self._small if text == text.casefold() else self._exact
        return _sorted(self._walk(_TOKEN.findall(text), cased))

    def _walk(self, tokens: Sequence[str], cased: _Cased) -> Iterable[Codes]:
        """The longest name from each word on; what it is made of names nothing else ("New Guinea")."""
        at = 0
        while at < len(tokens):
            for name, codes in cased.index.get(tokens[at], ()):
                if tuple(tokens[at : at + len(name)]) == name:
                    yield codes
                    at += len(name) - 1
                    break
            else:
                if code := self._people(tokens[at], cased.stems):
                    yield frozenset({code})
            at += 1

    def _people(self, token: str, stems: Mapping[str, str]) -> str | None:
        """The code of whose people a word means."""
        bare = token.removeprefix(self._words.article)
        shown = bare if self._words.capital else bare[:1].upper() + bare[1:]
        for size in range(len(shown), 0, -1):
            for start in (shown, bare):
                code = stems.get(start[:size])
                if code is not None and start[size:] in self._endings:
                    return code
        return None


def _sorted(found: Iterable[Codes]) -> tuple[str, ...]:
    return tuple(sorted({code for codes in found for code in codes}))


def _codes(*by_code: Mapping[str, Iterable[str]]) -> dict[str, Codes]:
    """The codes of each name: a disputed place may have several."""
    found: dict[str, Codes] = {}
    for names in by_code:
        for code, listed in names.items():
            for name in listed:
                found[name] = found.get(name, frozenset()) | {code}
    return found


def _by_first(codes: Mapping[str, Codes]) -> Index:
    index: dict[str, list[tuple[tuple[str, ...], Codes]]] = {}
    for name, owners in codes.items():
        if parts := tuple(_TOKEN.findall(name)):
            index.setdefault(parts[0], []).append((parts, owners))
    for entries in index.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return index


def _stems(places: Mapping[str, Sequence[str]], known: Words) -> dict[str, str]:
    """Beginnings of one-word names with their codes; the longer name has what two could mean."""
    single = [(n, code) for code, names in places.items() for n in names if len(_TOKEN.findall(n)) == 1]
    stems: dict[str, str] = {}
    for name, code in sorted(single, key=lambda entry: len(entry[0])):
        bare = name.removeprefix(known.article)
        least = STEM - bool(known.article)
        stems |= {bare[:size]: code for size in range(max(least, len(bare) - CUT), len(bare) + 1)}
    return stems


def _longest(codes: Mapping[str, Codes]) -> "re2._Regexp":
    options = re2.Options()
    options.longest_match = True
    options.never_capture = True
    return re2.compile("|".join(map(re2.escape, codes)), options)


def _territories(language: str) -> dict[str, list[str]]:
    """CLDR's names by code; one that holds another aside ("Myanmar (Burma)") gives three."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - reads tables

    try:
        listed = Locale.parse(language.replace("-", "_")).territories
    except (UnknownLocaleError, ValueError):
        return {}
    found = {}
    for code, name in listed.items():
        if len(code) == 2 and code not in NO_JURISDICTION:
            aside = _ASIDE.search(name)
            parts = [_ASIDE.sub("", name).strip(), name, *([aside[1]] if aside and aside[1] else [])]
            found[code] = [part for part in dict.fromkeys(parts) if len(part) > 1]
    return found
