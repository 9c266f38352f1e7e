"""Which cells of the given packs a text is about: the share of a cell's own words that it holds.

Under dataset_topics.py. A cell is known by what fills its template's questions ("the Tiananmen Square
protests of 1989"); its words weigh by how rare they are in the packs' questions and answers and in the
requests of the safety pack (the square of the inverse document frequency), so that "Tiananmen" says much
and "protests" little. Scripts that part no words are read by pairs of characters. Looking words up costs
the same for one cell and for a thousand: patterns of flags are run for the cells that are found, and for no
others.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sordino.core.records import Cell, Kind
from sordino.packs.pack import Pack

ABOUT = 0.6
"""Weighted share of a cell's words from which a text is about it."""
NEAR = 0.3
"""Share from which it is, where another word says that it is political."""

_UNPARTED = "\u3040-\u30ff\u3400-\u9fff"
_MARKS = "\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff"
"""Signs that scripts write over and under their letters."""
_RUN = re.compile(rf"([{_UNPARTED}]+)|(?:[^\W\d_{_UNPARTED}]|[{_MARKS}])+|\d+")


@dataclass(frozen=True, slots=True)
class PackCell:
    """A political cell and the name of its pack."""

    pack: str
    cell: Cell

    @property
    def name(self) -> str:
        """As reports write it: civic/protest-crackdown/CN."""
        return "/".join((self.pack, self.cell.template, self.cell.jurisdiction or "-"))


class Cells:
    """The political cells of some packs, to be found in texts of one language."""

    def __init__(self, language: str, packs: Sequence[Pack], common: Sequence[str]) -> None:
        """common: further texts in which words are common. A pack that lacks the language has no cells."""
        self._cells: list[PackCell] = []
        self._weights: dict[str, list[tuple[int, float]]] = defaultdict(list)
        written = [text for pack in packs for text in _texts(pack, language)]
        frequency = Counter(word for text in (*written, *common) for word in set(words_of(text.casefold())))
        of = len(written) + len(common)
        for pack in packs:
            for cell, text in _known_by(pack, language):
                self._add(PackCell(pack.identity.name, cell), text, frequency, of)

    def _add(self, cell: PackCell, text: str, frequency: Mapping[str, int], of: int) -> None:
        rare = {w: math.log((1 + of) / (1 + frequency[w.casefold()])) ** 2 for w in set(words_of(text))}
        whole = sum(rare.values())
        if whole:
            for word, weight in rare.items():
                self._weights[word].append((len(self._cells), weight / whole))
            self._cells.append(cell)

    def find(self, text: str) -> dict[str, tuple[PackCell, float]]:
        """By name, the cells of which the text holds a share of `NEAR` or more, and that share.

        Below `ABOUT`, one of the words that it holds must be a name, as far as capitals tell.
        """
        shares: dict[int, float] = defaultdict(float)
        named: set[int] = set()
        for word in set(words_of(text)):
            for at, weight in self._weights.get(word, ()):
                shares[at] += weight
                if not word[0].islower() and not word.isdecimal():
                    named.add(at)
        found = (at for at, share in shares.items() if share >= (NEAR if at in named else ABOUT))
        return {self._cells[at].name: (self._cells[at], shares[at]) for at in found}


def _known_by(pack: Pack, language: str) -> Iterator[tuple[Cell, str]]:
    for template in pack.templates:
        if template.kind is Kind.POLITICAL:
            for entry in template.entries.values():
                if texts := [by[language] for by in entry.slots.values() if language in by]:
                    yield entry.cell, " ".join(texts)


def _texts(pack: Pack, language: str) -> Iterator[str]:
    """Everything that a pack asks and answers in a language."""
    for template in pack.templates:
        yield from (by[language] for by in template.questions.values() if language in by)
        for entry in template.entries.values():
            yield entry.references.get(language, "")
            yield " ".join(entry.state_lines.get(language, ()))


def words_of(text: str) -> Iterator[str]:
    """Words and numbers of two characters or more; of scripts that part none, pairs of characters."""
    for found in _RUN.finditer(text):
        word = found[0]
        if found[1]:
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        elif len(word) > 1:
            yield word
