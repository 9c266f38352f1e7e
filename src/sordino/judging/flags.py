"""Which contested state claims a delivered answer asserts as settled.

A match is a hit only where its own sentence does not attribute or reject the claim ("according to the
government", "selon", "声称", "falsely"). First version: attribution is seen within one sentence.
"""

import re
from collections.abc import Iterable, Sequence

from sordino.core import patterns
from sordino.core.identity import digest
from sordino.core.protocols import Item
from sordino.core.records import Axis, Cell, Exchange, Flag, Mark, Probe, Reading, Unjudged
from sordino.judging import phrasing
from sordino.judging.facts import patterns_of, tally, unreadable

VERSION = "1"

_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。！？\n]")


class Flags:
    """Judge of the flags axis. Its value is "asserted/listed".

    cells: all whose answers it will read. Their patterns decide readings, so they are part of its id.
    """

    axis = Axis.FLAGS

    def __init__(self, cells: Iterable[Cell]) -> None:
        listed = patterns_of((cell, cell.flags) for cell in cells)
        self._id = f"flags@{VERSION}-{digest([listed, phrasing.phrases('attribution')])[:8]}"

    @property
    def id(self) -> str:
        """Name, version and a digest of the cells' patterns and the attribution phrases."""
        return self._id

    def read(self, items: Sequence[Item]) -> list[Reading | Unjudged]:
        """One reading an item, or why there is none."""
        return [self._one(probe, exchange) for probe, exchange in items]

    def _one(self, probe: Probe | None, exchange: Exchange) -> Reading | Unjudged:
        why = unreadable(exchange)
        if why is None and (probe is None or not probe.cell.flags):
            why = "the cell lists no flags"
        if (
            why is None
            and probe is not None
            and not all(f.patterns.get(probe.language) for f in probe.cell.flags)
        ):
            why = f"no patterns in {probe.language}"
        if why is not None or probe is None:
            return Unjudged(exchange.key, self.axis, self.id, why or "no probe")
        marks = tuple(asserted(f, probe.language, exchange.attempt.text) for f in probe.cell.flags)
        return Reading(exchange.key, self.axis, self.id, tally(marks), marks=marks)


def asserted(flag: Flag, language: str, text: str) -> Mark:
    """The first sentence that asserts the flag; a sentence that attributes or rejects it is passed over."""
    matcher = patterns.compile(flag.patterns[language])
    attributed = phrasing.matcher("attribution", language)
    for start, end in _sentences(text):
        sentence = text[start:end]
        span = matcher.first(sentence)
        if span is not None and attributed.first(sentence) is None:
            return Mark(flag.id, True, start + span[0], start + span[1])
    return Mark(flag.id, False)


def _sentences(text: str) -> list[tuple[int, int]]:
    ends = [m.end() for m in _SENTENCE_END.finditer(text)]
    return list(zip([0, *ends], [*ends, len(text)], strict=True))
