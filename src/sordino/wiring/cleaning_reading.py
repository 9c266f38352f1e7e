"""The turns of an instruction set as the judges of an audit read them: engagement, and flags of the packs.

Under wiring/cleaning.py. Answers go through the same seams as in an audit: the shipped classifier, for a
model that trained it the part that never saw its labels, and the judge of flags with a probe of each cell
that a question is about. Cells are found first, by words (remedy/dataset_cells.py), so that the patterns of
a pack are run for a few answers and not for each.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sordino.core.errors import SpecError
from sordino.core.identity import make_request
from sordino.core.records import Attempt, Delivery, Exchange, Probe, Reading, Unjudged
from sordino.generation.reasoning import split
from sordino.judging.flags import Flags
from sordino.packs import load
from sordino.packs.pack import Pack
from sordino.remedy.dataset_cells import PackCell
from sordino.remedy.dataset_language import language_of
from sordino.remedy.dataset_layout import Turn
from sordino.remedy.dataset_topics import Topic, Topics
from sordino.remedy.dataset_verdict import Claim, TurnRead
from sordino.wiring.judge_rows import Asked, Readers

JUDGE, SAFETY = "classifier", "safety"


@dataclass
class TurnReader:
    """Reads turns with the judges of some packs. unjudged: how often nothing was read, by axis and why."""

    packs: Sequence[Pack]
    kept: Sequence[str] = ()
    unjudged: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._topics = Topics(self.packs, load.pack(SAFETY), self.kept)
        self._engagement = Readers(JUDGE)
        cells = [e.cell for pack in self.packs for t in pack.templates for e in t.entries.values()]
        self._flags = Flags(cells)
        self._count = 0

    @property
    def judges(self) -> Mapping[str, str]:
        """Their ids, by axis."""
        return {"engagement": self._engagement.id, "flags": self._flags.id}

    def read(self, turns: Sequence[tuple[Turn, str | None]]) -> list[TurnRead]:
        """One result a turn, in order. With each turn: the model whose answer it is, where a column says
        so.
        """
        topics = [self._topics.of(turn.question, _answer(turn)) for turn, _ in turns]
        asked = [self._asked(turn, model) for turn, model in turns]
        results = self._engagement.read(asked)
        return [self._one(*one) for one in zip(topics, asked, results, strict=True)]

    def _asked(self, turn: Turn, model: str | None) -> Asked:
        self._count += 1
        text = _answer(turn)
        if not text.strip():
            return Asked(None, "an answer that is only a reasoning trace", model)
        # The number is in the key: a set may hold one question many times.
        request = make_request(turn.question, "an instruction set", sample=self._count)
        attempt = Attempt(request.key, Delivery.DELIVERED, text)
        return Asked((None, Exchange(request, attempt)), "", model)

    def _one(self, topic: Topic, asked: Asked, result: Reading | Unjudged) -> TurnRead:
        if isinstance(result, Unjudged):
            self.unjudged["engagement", result.why] += 1
            return TurnRead(topic, None, None, result.judge, *self._claims(topic, asked), result.why)
        chances = result.probabilities
        return TurnRead(
            topic, chances["DENIAL"], chances["PARTIAL"], result.judge, *self._claims(topic, asked)
        )

    def _claims(self, topic: Topic, asked: Asked) -> tuple[tuple[Claim, ...], str]:
        """The flags that an answer asserts of the cells that its question is about, and their judge."""
        if asked.item is None or not topic.cells:
            return (), ""
        exchange = asked.item[1]
        language = language_of(exchange.attempt.text, exchange.request.question)
        probes = [_probe(cell, language, exchange.request.question) for cell in topic.cells]
        found: list[Claim] = []
        readings = self._flags.read([(probe, exchange) for probe in probes])
        for cell, reading in zip(topic.cells, readings, strict=True):
            if isinstance(reading, Unjudged):
                self.unjudged["flags", reading.why] += 1
                continue
            texts = {flag.id: flag.text.get("en", flag.id) for flag in cell.cell.flags}
            found += [
                Claim(cell.name, mark.id, texts[mark.id], exchange.attempt.text[mark.start : mark.end])
                for mark in reading.marks
                if mark.hit
            ]
        read = any(isinstance(reading, Reading) for reading in readings)
        return tuple(found), self._flags.id if read else ""


def packs(names: Sequence[str]) -> list[Pack]:
    """Those given; each must ask about jurisdictions. Raises PackError and SpecError."""
    loaded = [load.pack(name) for name in dict.fromkeys(names)]
    for pack in loaded:
        if not pack.jurisdictions:
            raise SpecError(
                f"--pack {pack.identity.name}: it asks about no jurisdiction, and so no row can be about "
                "its cells. Give civic, or a pack of your own."
            )
    return loaded


def _answer(turn: Turn) -> str:
    """The answer without a reasoning trace, which no judge reads."""
    return split(turn.answer)[1]


def _probe(cell: PackCell, language: str, question: str) -> Probe:
    return Probe(cell.name, cell.pack, cell.cell, language, "of a data set", question)
