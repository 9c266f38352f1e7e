"""What many runs answered to the same questions, side by side: the matrix under a ranking."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sordino.auditing.outcomes import scored
from sordino.comparing.align import PROBE
from sordino.comparing.entries import Entry
from sordino.core.records import Measure
from sordino.statistics.intervals import Floats, Integers

_TEMPLATE, _JURISDICTION, _LANGUAGE = (
    PROBE.index(name) for name in ("template", "jurisdiction", "language")
)


@dataclass(frozen=True)
class Grid:
    """One measure in one language.

    values: (probes, entries), NaN where an entry has nothing to count. cells: (probes,), the probe's
    template and jurisdiction as one number. templates: how many there are.
    """

    language: str
    jurisdictions: tuple[str, ...]
    templates: int
    cells: Integers
    values: Floats

    def pair(self, a: int, b: int) -> tuple[Floats, Floats, Integers]:
        """Rates of a, rates of b and the counts behind both, over the probes that both have.

        Each is (templates, jurisdictions); rates are NaN where there is none.
        """
        both = ~np.isnan(self.values[:, a]) & ~np.isnan(self.values[:, b])
        size, cells = self.templates * len(self.jurisdictions), self.cells[both]
        counts = np.bincount(cells, minlength=size)
        shape = self.templates, len(self.jurisdictions)
        sums = (np.bincount(cells, self.values[both, one], size) for one in (a, b))
        rates = [np.where(counts > 0, one / np.maximum(counts, 1), np.nan).reshape(shape) for one in sums]
        return rates[0], rates[1], counts.reshape(shape)


def grids(entries: Sequence[Entry], measure: Measure) -> list[Grid]:
    """One grid a language, over every probe that any entry was owed, in an order of their names."""
    places = sorted({place for entry in entries for place in entry.questions}, key=repr)
    rows = {place: row for row, place in enumerate(places)}
    values = np.full((len(places), len(entries)), np.nan)
    for column, entry in enumerate(entries):
        at = [rows[place] for place in entry.questions]
        values[at, column] = scored(entry.political, measure)["value"].to_numpy(float)
    spoken = np.array([str(place[_LANGUAGE]) for place in places], dtype=object)
    found = []
    for language in sorted(set(spoken)):
        here = np.flatnonzero(spoken == language)
        codes, column_of = _numbered([str(places[row][_JURISDICTION]) for row in here])
        templates, row_of = _numbered([str(places[row][_TEMPLATE]) for row in here])
        cells = row_of * len(codes) + column_of
        found.append(Grid(language, codes, len(templates), cells, values[here]))
    return found


def _numbered(names: Sequence[str]) -> tuple[tuple[str, ...], Integers]:
    """The distinct names in order, and which of them each is."""
    distinct = tuple(sorted(set(names)))
    number = {name: at for at, name in enumerate(distinct)}
    return distinct, np.array([number[name] for name in names], dtype=np.intp)
