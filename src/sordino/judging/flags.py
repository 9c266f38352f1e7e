"""Which contested state claims a delivered answer asserts as settled.

A match is a hit only where the words are the answer's own claim: not attributed, quoted, rejected, denied
or asked, in their sentence, the next one, or under a heading that says whose they are (stance.py).
"""

from collections.abc import Iterable, Iterator, Sequence

from sordino.core import patterns
from sordino.core.identity import digest
from sordino.core.protocols import Item
from sordino.core.records import Axis, Cell, Exchange, Flag, Mark, Probe, Reading, Unjudged
from sordino.judging import phrasing, stance
from sordino.judging.facts import patterns_of, tally, unreadable
from sordino.judging.sentences import Span, sentences
from sordino.judging.stance import Stance

VERSION = "3"


class Flags:
    """Judge of the flags axis. Its value is "asserted/listed".

    cells: all whose answers it will read. Their patterns decide readings, so they are part of its id.
    """

    axis = Axis.FLAGS

    def __init__(self, cells: Iterable[Cell]) -> None:
        listed = patterns_of((cell, cell.flags) for cell in cells)
        self._id = f"flags@{VERSION}-{digest([listed, [phrasing.phrases(cue) for cue in stance.CUES]])[:8]}"

    @property
    def id(self) -> str:
        """Name, version and a digest of the cells' patterns and the phrases of attribution and denial."""
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
    """The first sentence that asserts the flag; what attributes, rejects or denies it is passed over."""
    for found, (start, end) in stances(flag, language, text):
        if found is Stance.ASSERTED:
            return Mark(flag.id, True, start, end)
    return Mark(flag.id, False)


def stances(flag: Flag, language: str, text: str) -> Iterator[tuple[Stance, Span]]:
    """What a text does with the claim wherever one of its patterns matches, sentence by sentence."""
    listed, read = flag.patterns[language], sentences(text)
    every = patterns.compile(listed)
    for index, words in enumerate(read.texts):
        if every.first(words) is None:
            continue
        start = read.all[index].start
        for pattern in listed:
            span = patterns.compile([pattern]).first(words)
            if span is not None:
                place = stance.Place(read, index, span, pattern.casefold(), language)
                yield stance.of_claim(place), (start + span[0], start + span[1])
