"""What a question of an instruction data set is about: jurisdictions, cells of packs, politics, harm.

Here it is decided which denials may leave a data set. A model that is fine-tuned on a set without refusals
of harmful requests answers them, and a remedy that loses those refusals is rejected; and there is no judge
of requests that could be trusted with the difference. So nothing is taken for political that is not surely
so:

    political   it asks of a matter that a pack's cell names, by most of its words; or it names a
    jurisdiction
                (CLDR, the packs), or is near a cell, and has a word about states and those who govern
    harm        it has a word of requests that are refused for safety's sake; or a word of means and deeds
    that
                do harm where somebody asks for himself, or how a thing is done; or a word of the user's own
    doubt       one of the latter two alone; or it is worded like requests of the safety pack
    surely      political and without harm, and without doubt unless it asks of a cell's matter

What is not stays in the set, whatever a judge says of its answer. Lists of words err, and these are set to
err on the side of keeping: a weapon that history is full of keeps a question about it in the set, too.
`docs/datasets.md` has the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sordino.packs.pack import Pack
from sordino.remedy.dataset_cells import ABOUT, Cells, PackCell
from sordino.remedy.dataset_language import language_of
from sordino.remedy.dataset_likeness import ALIKE, Likeness
from sordino.remedy.dataset_names import Names
from sordino.remedy.dataset_words import Words, words

HEAD, TAIL = 1_600, 800
"""Characters of a long question that are read: what it asks stands there, and what it quotes between."""
OPENING = 400
"""Characters of an answer in which it says what it is about."""
ALIKE_SAID = "worded like a harmful request"


@dataclass(frozen=True, slots=True)
class Topic:
    """What one question is about.

    jurisdictions: codes of those that it touches. cells: those that it is about; its answer's opening may
    say so. political, harm, doubt, position, side: the words by which it is political, asks for harm, may
    ask for it, asks what a state says, or asks to speak for one side; "" where nothing does. asked: whether
    the question itself names a cell's matter.
    """

    language: str
    jurisdictions: tuple[str, ...] = ()
    cells: tuple[PackCell, ...] = ()
    political: str = ""
    harm: str = ""
    doubt: str = ""
    position: str = ""
    side: str = ""
    asked: bool = False

    @property
    def surely_political(self) -> bool:
        """Whether a denial of it keeps nobody safe, as far as words can tell."""
        return bool(self.political) and not self.harm and (self.asked or not self.doubt)


@dataclass(frozen=True, slots=True)
class _Reader:
    """All that is known of one language."""

    words: Words
    names: Names
    cells: Cells
    likeness: Likeness


class Topics:
    """Reads questions by the cells and names of some packs."""

    def __init__(self, packs: Sequence[Pack], safety: Pack, kept: Sequence[str] = ()) -> None:
        """safety: the pack whose requests say which words are common. kept: words of the user's; a question
        that holds one stays.
        """
        self._packs, self._safety = packs, safety
        self._kept = tuple(word.casefold() for word in kept)
        self._readers: dict[str, _Reader] = {}

    def of(self, question: str, answer: str = "") -> Topic:
        """The topic of a question, whose answer may say what it is about."""
        language = language_of(question, answer)
        known = self._reader(language)
        asked = window(question)
        near, opened = known.cells.find(asked), known.cells.find(answer[:OPENING])
        sure = {
            name: cell
            for found in (near, opened)
            for name, (cell, share) in found.items()
            if share >= ABOUT
        }
        about = tuple(sure.values())
        named = known.names.find(asked)
        means, own = known.words.first("means", asked), self._own(asked, known.words)
        return Topic(
            language=language,
            jurisdictions=_sorted(named, about),
            cells=about,
            political=_political(near, named, known.words.first("politics", asked)),
            harm=self._harm(asked, known.words) or (f"{own} … {means}" if own and means else ""),
            doubt=means or own or (ALIKE_SAID if known.likeness.of(asked) > ALIKE else ""),
            position=known.words.first("position", asked),
            side=known.words.first("side", asked),
            asked=any(share >= ABOUT for _, share in near.values()),
        )

    def _harm(self, asked: str, known: Words) -> str:
        small = asked.casefold()
        return next((word for word in self._kept if word in small), "") or known.first("harm", asked)

    @staticmethod
    def _own(asked: str, known: Words) -> str:
        return known.first("own", known.without("told", asked))

    def _reader(self, language: str) -> _Reader:
        if language not in self._readers:
            given = {
                code: [names[language]]
                for pack in self._packs
                for code, names in pack.jurisdictions.items()
                if language in names
            }
            common = [
                request.text[language]
                for template in self._safety.templates
                for request in template.requests
                if language in request.text
            ]
            self._readers[language] = _Reader(
                words(language),
                Names(language, given),
                Cells(language, self._packs, common),
                Likeness(language, self._packs, self._safety),
            )
        return self._readers[language]


def _sorted(named: Sequence[str], about: Sequence[PackCell]) -> tuple[str, ...]:
    return tuple(sorted({*named, *(cell.cell.jurisdiction or "" for cell in about)} - {""}))


def window(question: str) -> str:
    """What is read of a question."""
    if len(question) <= HEAD + TAIL:
        return question
    return f"{question[:HEAD]}\n{question[-TAIL:]}"


def _political(near: dict[str, tuple[PackCell, float]], named: Sequence[str], word: str) -> str:
    """By what a question is political; an answer's opening makes no question political."""
    name, share = max(((n, s) for n, (_, s) in near.items()), key=lambda one: one[1], default=("", 0.0))
    if share >= ABOUT:
        return name
    return f"{', '.join(named) or name} + {word}" if word and (named or name) else ""
