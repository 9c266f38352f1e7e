"""What people said of a remedy's answers, in words: for the card, the page and the terminal alike."""

from sordino.remedy.signoff import ASKED, Agreement, Mark, Review, Said, SignOff
from sordino.reporting import words
from sordino.reporting.page import day
from sordino.reporting.remedy_views import Signed
from sordino.reporting.text import clip, label, prose
from sordino.reporting.views import Row, Table

NOBODY = "No person has signed off on these answers."
NOTHING = "Nothing was exported, so there are no answers to sign off on."
QUESTION = 300
"""Characters of a question that a card shows."""

DOUBTED = ("By", "Marked", "Where", "Question", "Note")


def signed(signoff: SignOff, *, exported: bool = True) -> Signed:
    """One line for each reviewer, how far they agree, and all that was marked "no"."""
    if not exported:
        return Signed((NOTHING,), None)
    if not signoff.reviews:
        return Signed((NOBODY,), None)
    lines = [_review(one) for one in signoff.reviews]
    lines += [_agreement(one) for one in signoff.agreements]
    rows = tuple(_doubted(review, mark) for review in signoff.reviews for mark in review.doubted)
    return Signed(tuple(lines), Table("Answers that somebody marked “no”", DOUBTED, rows) if rows else None)


def _review(review: Review) -> str:
    read = len(review.marks)
    said = ", ".join(_counted(review, asked) for asked in ASKED)
    return (
        f"{words.count(read)} {'answer' if read == 1 else 'answers'} (of {words.count(review.drawn)} "
        f"drawn) read by {label(review.reviewer)} on {day(review.signed)}: {said}."
    )


def _counted(review: Review, asked: str) -> str:
    """ "accurate 26 of 28 (1 no, 1 unsure)"."""
    others = ", ".join(
        f"{n} {said.value}" for said in (Said.NO, Said.UNSURE) if (n := review.count(asked, said))
    )
    told = f"{asked} {review.count(asked, Said.YES)} of {len(review.marks)}"
    return f"{told} ({others})" if others else told


def _agreement(one: Agreement) -> str:
    names = f"{label(one.first)} and {label(one.second)}"
    if one.share is None:
        return f"{names} read no answer in common."
    kappa = "cannot be told" if one.kappa is None else f"{one.kappa:.2f}".replace("-", "−")
    return (
        f"{names} say the same in {words.percent(one.share)} of {words.count(one.n)} answers on whether "
        f"they are {one.asked} (kappa {kappa})."
    )


def _doubted(review: Review, mark: Mark) -> Row:
    said = ", ".join(f"{asked}: {mark.said(asked).value}" for asked in ASKED)
    question, left = clip(mark.question, QUESTION)
    cells = (
        label(review.reviewer),
        said,
        label(f"{mark.about}, {words.language(mark.language)}"),
        prose(question) + ("…" if left else ""),
        prose(mark.note or "") or "–",
    )
    return Row(label(mark.id), cells)
