"""Which required facts of a cell a delivered answer states, by the pack's patterns.

First version: a fact is stated where any of its patterns matches, a sentence that denies it included.
"""

from collections.abc import Iterable, Mapping, Sequence

from sordino.core import patterns
from sordino.core.identity import digest
from sordino.core.protocols import Item
from sordino.core.records import Axis, Cell, Delivery, Exchange, Fact, Flag, Mark, Probe, Reading, Unjudged

VERSION = "1"


class Facts:
    """Judge of the facts axis. Its value is "stated/required".

    cells: all whose answers it will read. Their patterns decide readings, so they are part of its id.
    """

    axis = Axis.FACTS

    def __init__(self, cells: Iterable[Cell]) -> None:
        content = digest(patterns_of((cell, cell.facts) for cell in cells))
        self._id = f"facts@{VERSION}-{content[:8]}"

    @property
    def id(self) -> str:
        """Name, version and a digest of the cells' patterns."""
        return self._id

    def read(self, items: Sequence[Item]) -> list[Reading | Unjudged]:
        """One reading an item, or why there is none."""
        return [self._one(probe, exchange) for probe, exchange in items]

    def _one(self, probe: Probe | None, exchange: Exchange) -> Reading | Unjudged:
        why = unreadable(exchange)
        if why is None and (probe is None or not probe.cell.facts):
            why = "the cell names no facts"
        if why is not None or probe is None:
            return Unjudged(exchange.key, self.axis, self.id, why or "no probe")
        listed = _patterns(probe.cell, probe.language)
        if listed is None:
            return Unjudged(exchange.key, self.axis, self.id, f"no patterns in {probe.language}")
        marks = tuple(mark(name, which, exchange.attempt.text) for name, which in listed.items())
        return Reading(exchange.key, self.axis, self.id, tally(marks), marks=marks)


def patterns_of(listed: Iterable[tuple[Cell, Sequence[Fact | Flag]]]) -> list[str]:
    """Digests of what is looked for in each cell, whatever the order; cells without any say nothing."""
    return sorted(
        {
            digest([cell.template, cell.jurisdiction, [[c.id, dict(c.patterns)] for c in claims]])
            for cell, claims in listed
            if claims
        }
    )


def mark(name: str, which: tuple[str, ...], text: str) -> Mark:
    """Whether and where the first of the patterns is found."""
    span = patterns.compile(which).first(text)
    return Mark(name, span is not None, *(span or ()))


def tally(marks: Sequence[Mark]) -> str:
    """The value of a reading by marks: "hits/all"."""
    return f"{sum(m.hit for m in marks)}/{len(marks)}"


def unreadable(exchange: Exchange) -> str | None:
    """Why no judge of content reads this exchange, if so: only what was delivered is read."""
    delivery = exchange.attempt.delivery
    return None if delivery is Delivery.DELIVERED else f"not delivered: {delivery.value}"


def _patterns(cell: Cell, language: str) -> Mapping[str, tuple[str, ...]] | None:
    found = {fact.id: fact.patterns.get(language, ()) for fact in cell.facts}
    return found if all(found.values()) else None
