"""The measured quality of the judges that read a run, for its report."""

from collections.abc import Mapping

from sordino.core.errors import SpecError, unknown
from sordino.judging.card import JudgeCard
from sordino.reporting.source import CardView

MEASURED = ("classifier", "facts", "flags", "reasoning")


def cards(judges: Mapping[str, str]) -> list[CardView]:
    """A card for each judge (ids by axis); a judge that was never measured says so."""
    return [_view(axis, judge) for axis, judge in judges.items()]


def shipped(name: str) -> JudgeCard | None:
    """The card of a judge that was measured; None for another."""
    return JudgeCard.shipped(name) if name in MEASURED else None


def named(name: str) -> JudgeCard:
    """The same for a command. Raises SpecError for a judge without a card."""
    if name not in MEASURED:
        raise SpecError(unknown("judge with a card", name, MEASURED))
    return JudgeCard.shipped(name)


def _view(axis: str, judge: str) -> CardView:
    name = judge.partition("@")[0]
    if name not in MEASURED:
        return CardView(name, judge, axis, "The quality of this judge has not been measured.")
    card = JudgeCard.shipped(name)
    return CardView(name, judge, axis, card.summary, card.figures, card.limits)
