"""Sign-off by people, between a remedy's folder and the file that they fill in.

What was read is held against the store, so that nobody signs off on other answers than these; and what was
said is written on the card and the page, whatever it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sordino.core.errors import LabelError
from sordino.remedy import signoff
from sordino.remedy.signoff import Draw, Mark, Review, SignOff
from sordino.reporting import document, remedy_card, remedy_signed
from sordino.reporting.text import visible
from sordino.wiring import label_files, remedy_pairs, remedy_review_file
from sordino.wiring.remedy_folder import CARD, PAGE, RemedyFolder
from sordino.wiring.remedy_pairs import Pair
from sordino.wiring.remedy_review_file import COLUMNS, FILE, TEXTS, Given

N = 30
NAME = 80
"""Characters of a reviewer's name."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn. strata: pairs by language and part. readable: of how many, undelivered: left out."""

    path: Path
    pairs: int
    strata: Mapping[str, int]
    readable: int
    undelivered: int


def review(
    folder: RemedyFolder, n: int = N, seed: int = 0, path: Path | None = None, *, force: bool = False
) -> Drawn:
    """Write a random sample of answers before and after for somebody to read, spread over languages.

    A larger n with the same seed holds the smaller sample. LabelError where there is nothing to read.
    """
    target = path or folder.path / FILE
    label_files.check_new(target, force=force)
    document.check_writable(folder.path / signoff.FILE)
    owed = remedy_pairs.owed(folder)
    drawable = owed[owed["readable"]]
    sample = remedy_pairs.draw(drawable, n, seed)
    made = folder.signoff.with_draw(Draw(n, seed, _now(), tuple(map(str, sample["id"]))))
    label_files.write(target, COLUMNS, [_row(pair) for pair in remedy_pairs.pairs(folder, sample)])
    _save(folder, made)
    if made.reviews:  # `sign` has listed it
        folder.renew_sums((signoff.FILE,))
    counts = sample["stratum"].value_counts().sort_index()
    strata = {str(name): int(size) for name, size in counts.items()}
    return Drawn(target, len(sample), strata, len(drawable), len(owed) - len(drawable))


def sign(folder: RemedyFolder, path: Path | None, reviewer: str, *, replace: bool = False) -> Review:
    """Take the marks of a filled-in file, all or none, and write them on the card and the page.

    Raises LabelError, which names the row and the column, for the first thing that is wrong.
    """
    name, file = _name(reviewer), path or folder.path / FILE
    signed = folder.signoff
    if not signed.draws:
        raise LabelError(
            f"No answers were drawn from {folder.path} yet: `sordino remedy review` draws some."
        )
    given = remedy_review_file.read(file)
    draw = signed.drawn_with({one.id for one in given})
    if draw is None:
        raise LabelError(_foreign(given, signed))
    marks = tuple(_checked(folder, given))
    if not marks:
        raise LabelError(
            f"{file.name}: no row is marked. Write yes, no or unsure into `accurate` and `fair`."
        )
    made = Review(name, _now(), len(draw.ids), marks)
    _publish(folder, signed.with_review(made, again=replace))
    return made


def _publish(folder: RemedyFolder, signed: SignOff) -> None:
    """Store it, and tell it on the card and the page; nothing is stored that the card has no place for."""
    card = folder.path / CARD
    try:
        readme = card.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelError(
            f"{card} cannot be read ({error}), so nothing was stored. Put it back as it was written."
        ) from None
    told = remedy_card.with_signoff(readme, remedy_signed.signed(signed))
    for name in (signoff.FILE, CARD, PAGE):
        document.check_writable(folder.path / name)
    _save(folder, signed)
    document.replace(card, told)
    folder.write_page()
    folder.renew_sums((signoff.FILE, CARD, PAGE))


def _save(folder: RemedyFolder, made: SignOff) -> None:
    document.replace(folder.path / signoff.FILE, signoff.to_json(made) + "\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _row(pair: Pair) -> Mapping[str, str | None]:
    return {name: getattr(pair, name, None) for name in COLUMNS}


def _name(reviewer: str) -> str:
    name = " ".join(visible(reviewer).split())
    if not name:
        raise LabelError("--reviewer is empty. Give the name of whoever read the answers.")
    if len(name) > NAME:
        raise LabelError(f"--reviewer has {len(name)} characters. Give a name of at most {NAME}.")
    return name


def _foreign(given: Sequence[Given], signed: SignOff) -> str:
    known = {one for draw in signed.draws for one in draw.ids}
    for one in given:
        if one.id not in known:
            return (
                f"{one.where}, column `id`: {label_files.shown(one.id)} was not drawn from this remedy. "
                "Sign what `sordino remedy review` wrote for it."
            )
    return "The file holds rows of several samples. Sign each file by itself, as it was written."


def _checked(folder: RemedyFolder, given: Sequence[Given]) -> Iterator[Mark]:
    """The marks, once the texts of their rows were found to be those of the store."""
    owed = remedy_pairs.owed(folder)
    sample = owed[owed["readable"] & owed["id"].isin([one.id for one in given])]
    known = {pair.id: pair for pair in remedy_pairs.pairs(folder, sample)}
    for one in given:
        pair = known.get(one.id)
        if pair is None:
            raise LabelError(
                f"{one.where}, column `id`: the store of this remedy holds it no more. Draw the file again."
            )
        if one.digest != pair.digest:
            names = ", ".join(f"`{name}`" for name in TEXTS)
            raise LabelError(
                f"{one.where}, columns {names}: not as they were written. Marks are taken for those "
                "answers alone: draw the file again, and copy the marks into it."
            )
        if one.marks is not None:
            where = (pair.id, pair.digest, pair.language, pair.about, pair.question)
            yield Mark(*where, *one.marks, one.note)
