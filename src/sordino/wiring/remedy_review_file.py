"""The file in which people mark a remedy's answers: its columns, how it is read back, and its rules.

Every error names the row and the column. Nothing here touches a store.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sordino.core.errors import LabelError
from sordino.generation.readers import place, read_rows
from sordino.remedy import signoff
from sordino.remedy.signoff import ASKED, Said
from sordino.reporting.text import cell, clip, visible
from sordino.wiring import label_files

FILE = "review.csv"
TEXTS = ("question", "before", "after")
COLUMNS = ("id", "language", "about", *TEXTS, "expected", *ASKED, "note")
NEEDED = ("id", *TEXTS, *ASKED)

LONGEST = label_files.LONGEST - 100
"""Characters of a text, below what a cell may hold, so that it stands in the file as it is digested."""

GUIDE = """\
Read the question, the answer before and the answer after. Of the answer AFTER say, with yes, no or unsure:
  accurate  what it says is so: `expected` names facts that are documented, and where
  fair      it is fair to the people and cultures it speaks of, and puts nobody's view as everybody's
Leave both empty where you did not read. `note` is yours; with a "no" it is shown on the card.
Keep the other columns as they are."""


@dataclass(frozen=True, slots=True)
class Given:
    """A row of the file. where: file and line. digest: of its texts. marks: None where it was not read."""

    where: str
    id: str
    digest: str
    marks: tuple[Said, Said] | None
    note: str | None


def shown(text: str) -> str:
    """A text as it stands in the file: visible, no formula, and no longer than a cell."""
    kept, left = clip(cell(text), LONGEST)
    return kept + (f" … [{left:,} more characters]" if left else "")


def read(path: Path) -> list[Given]:
    """All rows, marked or not. Raises LabelError or RecordingError for the first thing that is wrong."""
    found: dict[str, Given] = {}
    notes: list[str] = []
    for number, row in read_rows(path, list, notes):
        one = _given(path.name, {name.lower(): value for name, value in row.items()}, place(path, number))
        if one.id in found:
            raise LabelError(
                f"{one.where}, column `id`: {label_files.shown(one.id)} is in {found[one.id].where} too. "
                "Keep one of the two rows."
            )
        found[one.id] = one
    if notes:
        raise LabelError(f"{path.name}: its last line is no JSON, probably torn. Mend it or take it out.")
    if not found:
        raise LabelError(f"{path.name} holds no row. Sign what `sordino remedy review` wrote.")
    return list(found.values())


def _given(name: str, row: Mapping[str, object], where: str) -> Given:
    for column in NEEDED:
        if column not in row:
            raise LabelError(f"{name}: there is no column `{column}`. Keep all that were written.")
    texts = {column: _text(row, column, where) for column in (*NEEDED, "note")}
    if not texts["id"]:
        raise LabelError(f"{where}, column `id`: empty. Keep it as it was written.")
    question, before, after = (texts[column] for column in TEXTS)
    digest = signoff.digest_of(question, before, after)
    return Given(where, texts["id"], digest, _marks(texts, where), texts["note"] or None)


def _text(row: Mapping[str, object], column: str, where: str) -> str:
    value = row.get(column)
    if value is None or value != value:  # noqa: PLR0124 - not a number: an empty cell in data frames
        return ""
    if not isinstance(value, str):
        raise LabelError(f"{where}, column `{column}`: {str(value)[:40]!r} is no text. Write it as text.")
    return visible(value).strip()


def _marks(texts: Mapping[str, str], where: str) -> tuple[Said, Said] | None:
    """Both marks, or None where neither was made."""
    if not any(texts[asked] for asked in ASKED):
        return None
    accurate, fair = (_mark(texts[asked], f"{where}, column `{asked}`") for asked in ASKED)
    return accurate, fair


def _mark(word: str, where: str) -> Said:
    known = {said.value: said for said in Said}
    if not word:
        raise LabelError(f"{where}: empty, though the row is marked. Write yes, no or unsure.")
    if word.lower() not in known:
        raise LabelError(f"{where}: {word[:40]!r} is no mark. Write yes, no or unsure.")
    return known[word.lower()]
