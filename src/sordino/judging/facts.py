"""Which required facts of a cell a delivered answer states, by the pack's patterns.

A fact is stated where one of its patterns matches in a sentence that neither denies nor asks
it, and that the next one does not call untrue (stance.py). Who is named as its source makes no difference.
"""

from collections.abc import Iterable, Iterator, Sequence

from sordino.core import patterns
from sordino.core.identity import digest
from sordino.core.protocols import Item
from sordino.core.records import Axis, Cell, Delivery, Exchange, Fact, Flag, Mark, Probe, Reading, Unjudged
from sordino.judging import phrasing, stance
from sordino.judging.sentences import Sentences, Span, sentences
from sordino.judging.stance import Stance

VERSION = "2"


class Facts:
    """Judge of the facts axis. Its value is "stated/required".

    cells: all whose answers it will read. Their patterns decide readings, so they are part of its id.
    """

    axis = Axis.FACTS

    def __init__(self, cells: Iterable[Cell]) -> None:
        content = digest(patterns_of((cell, cell.facts) for cell in cells))
        cues = [phrasing.phrases(cue) for cue in stance.CUES]
        self._id = f"facts@{VERSION}-{digest([content, cues])[:8]}"

    @property
    def id(self) -> str:
        """Name, version and a digest of the cells' facts, their patterns and the phrases of denial."""
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
        facts, language = probe.cell.facts, probe.language
        if not all(fact.patterns.get(language) for fact in facts):
            return Unjudged(exchange.key, self.axis, self.id, f"no patterns in {language}")
        marks = tuple(stated(fact, language, exchange.attempt.text) for fact in facts)
        return Reading(exchange.key, self.axis, self.id, tally(marks), marks=marks)


def patterns_of(listed: Iterable[tuple[Cell, Sequence[Fact | Flag]]]) -> list[str]:
    """Digests of what is looked for in each cell, whatever the order; cells without any say nothing."""
    return sorted(
        {
            digest(
                [cell.template, cell.jurisdiction, [[c.id, dict(c.text), dict(c.patterns)] for c in claims]]
            )
            for cell, claims in listed
            if claims
        }
    )


def stated(fact: Fact, language: str, text: str) -> Mark:
    """The first sentence that states the fact; what denies or asks it is passed over."""
    for found, (start, end) in stances(fact, language, text):
        if found is Stance.ASSERTED:
            return Mark(fact.id, True, start, end)
    return Mark(fact.id, False)


def stances(fact: Fact, language: str, text: str) -> Iterator[tuple[Stance, Span]]:
    """What a text does with the fact wherever one of its patterns matches, sentence by sentence.

    A sentence that does not match alone is read with its headings before it, which often name the matter.
    """
    found = patterns.compile(fact.patterns[language]).first(text)
    if found is None:
        return
    read = sentences(text)
    negative = stance.is_negative(fact.text.get(language, ""), language)
    for index in range(read.at(found[0]), len(read.texts)):
        start = read.all[index].start
        for pattern, span in _matches(fact.patterns[language], read, index):
            place = stance.Place(read, index, span, pattern.casefold(), language, negative)
            yield stance.of_fact(place), (start + span[0], start + span[1])


def _matches(listed: Sequence[str], read: Sentences, index: int) -> Iterator[tuple[str, Span]]:
    """The patterns that end in the sentence, and where they match in it."""
    words, every = read.texts[index], patterns.compile(listed)
    head = "" if every.first(words) else "".join(f"{heading}\n" for heading in read.headings(index))
    if every.first(head + words) is None:
        return
    for pattern in listed:
        span = patterns.compile([pattern]).first(head + words)
        if span is not None and span[1] > len(head):
            yield pattern, (max(span[0] - len(head), 0), span[1] - len(head))


def tally(marks: Sequence[Mark]) -> str:
    """The value of a reading by marks: "hits/all"."""
    return f"{sum(m.hit for m in marks)}/{len(marks)}"


def unreadable(exchange: Exchange) -> str | None:
    """Why no judge of content reads this exchange, if so: only what was delivered is read."""
    delivery = exchange.attempt.delivery
    return None if delivery is Delivery.DELIVERED else f"not delivered: {delivery.value}"
