"""The file in which a person says which rows of an instruction set stay and which go, and its marks.

Under wiring/cleaning.py: one run writes it, and another applies it. Rows are known by a key of their turns,
so that the marks hold for the same rows wherever they stand; rows that repeat each other share their mark.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sordino.core.errors import SpecError
from sordino.core.identity import digest
from sordino.generation.readers import place, read_rows
from sordino.remedy.dataset_layout import Turn
from sordino.remedy.dataset_tally import LOOK, Case
from sordino.remedy.dataset_verdict import Reason
from sordino.wiring import label_files

COLUMNS = (
    *("mark", "now", "reason", "confidence", "language", "jurisdictions", "question", "answer"),
    *("claim", "note", "row", "key"),
)
KEEP, REMOVE = "keep", "remove"
MARKS = (KEEP, REMOVE)


def key_of(turns: Sequence[Turn]) -> str:
    """Of a row, by what was asked and answered in it. Begins with a letter, so that no spreadsheet rounds
    it.
    """
    return "r" + digest([[turn.question, turn.answer] for turn in turns])[:15]


def write(path: Path, cases: Mapping[Reason, Sequence[Case]], texts: Mapping[Reason, str]) -> int:
    """Write the rows to mark: all that are unsure, the surest last, then samples. Returns how many.

    texts: what each reason is called.
    """
    unsure = sorted(cases.get(Reason.UNSURE, ()), key=lambda case: case.decision.confidence or 0.0)
    removed = [case for reason in Reason if reason.goes for case in cases.get(reason, ())]
    looked = [case for reason in Reason if reason in LOOK for case in cases.get(reason, ())]
    shown = [*unsure, *removed, *looked]
    label_files.write(path, COLUMNS, (_row(case, texts) for case in shown))
    return len(shown)


def _row(case: Case, texts: Mapping[Reason, str]) -> dict[str, str | None]:
    decision = case.decision
    claims = decision.read.claims if decision.read is not None else ()
    confidence = decision.confidence
    return {
        "now": REMOVE if decision.reason.goes else KEEP,
        "reason": texts[decision.reason],
        "confidence": None if confidence is None else f"{confidence:.3f}",
        "language": case.language,
        "jurisdictions": " ".join(case.jurisdictions),
        "question": case.question,
        "answer": case.answer,
        "claim": "; ".join(claim.text for claim in claims) or None,
        "row": str(case.row),
        "key": case.key,
    }


def read(path: Path) -> dict[str, str]:
    """Marks by key. Rows without one are left to the judges.

    Raises SpecError or RecordingError, which name the row, for the first thing that is wrong.
    """
    notes: list[str] = []
    marks: dict[str, str] = {}
    columns: set[str] = set()

    def choose(names: Iterable[str]) -> list[str]:
        return [name for name in names if name.lower() in COLUMNS]

    for number, row in read_rows(path, choose, notes):
        known = {name.lower(): value for name, value in row.items()}
        columns |= known.keys()
        mark = str(known.get("mark") or "").strip().lower()
        key = str(known.get("key") or "").strip()
        if not mark:
            continue
        if mark not in MARKS:
            raise SpecError(
                f"{place(path, number)}: the mark {mark[:40]!r} is neither keep nor remove. Mend it."
            )
        if not key:
            raise SpecError(
                f"{place(path, number)}: the key is missing. Take the row from the review file again."
            )
        if marks.setdefault(key, mark) != mark:
            raise SpecError(
                f"{place(path, number)}: the row {key[:40]} is marked keep and remove. Keep one mark."
            )
    if not {"mark", "key"} <= columns:
        raise SpecError(f"--review {path.name}: a review file has the columns mark and key. This is none.")
    if not marks:
        raise SpecError(
            f"--review {path.name}: no row has a mark. Write keep or remove into the column mark."
        )
    return marks
