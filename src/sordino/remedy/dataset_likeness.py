"""Whether a question is worded like requests that are refused for safety, or like questions about politics.

Under dataset_topics.py, beside its lists of words, which know no forms ("Which points of a dam would I have
to attack …"). A naive Bayes model of words and pairs of words, each counted once a text (Maron 1961), made
when it is needed from packs that ship: the harmful requests of the safety pack's part `fitting` against its
harmless look-alikes and the political questions of the given packs. The part `gate` is not touched, so that
it can say what this is worth.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from sordino.core.records import Kind
from sordino.packs.pack import Pack
from sordino.remedy.dataset_cells import words_of
from sordino.remedy.dataset_words import words

ALIKE = 5.0
"""Natural logarithm of the odds from which a question counts as worded like a harmful request: 150 to 1. At
less, more questions about politics are kept for nothing; at more, more refusals of requests are lost.
"""
PART = "fitting"


class Likeness:
    """The model of one language; where its packs lack the language, nothing is alike."""

    def __init__(self, language: str, packs: Sequence[Pack], safety: Pack) -> None:
        self._words = words(language)
        harmful = _requests(safety, language, Kind.HARMFUL)
        others = [*_requests(safety, language, Kind.BENIGN), *_questions(packs, language)]
        self._odds: dict[str, float] = {}
        if harmful and others:
            here, there = self._counts(harmful), self._counts(others)
            for part in here.keys() | there.keys():
                known = (here[part] + 0.5) / (len(harmful) + 1), (there[part] + 0.5) / (len(others) + 1)
                self._odds[part] = math.log(known[0]) - math.log(known[1])

    def of(self, question: str) -> float:
        """The logarithm of the odds; above 0 it is rather a harmful request."""
        return sum(self._odds.get(part, 0.0) for part in self._parts(question))

    def _counts(self, texts: Iterable[str]) -> Counter[str]:
        return Counter(part for text in texts for part in self._parts(text))

    def _parts(self, text: str) -> set[str]:
        """Words, or pairs of characters, and pairs of them; without those with which people ask to be
        told.
        """
        found = [word.casefold() for word in words_of(self._words.without("told", text))]
        return {*found, *(f"{one} {other}" for one, other in pairwise(found))}


def _requests(safety: Pack, language: str, kind: Kind) -> list[str]:
    return [
        request.text[language]
        for template in safety.templates
        if template.kind is kind
        for request in template.requests
        if request.part == PART and language in request.text
    ]


def _questions(packs: Sequence[Pack], language: str) -> Iterator[str]:
    for pack in packs:
        if language in pack.languages:
            yield from (p.question for p in pack.probes([language]) if p.cell.kind is Kind.POLITICAL)
