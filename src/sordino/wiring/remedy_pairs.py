"""The answers of a remedy that people are asked to read: drawn by chance, before and after side by side."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sordino.comparing import align
from sordino.core.errors import LabelError
from sordino.core.identity import digest
from sordino.core.names import jurisdiction_name
from sordino.core.records import Cell, Delivery, Kind
from sordino.remedy import signoff
from sordino.store.store import Store
from sordino.wiring import label_files
from sordino.wiring.remedy_folder import AFTER, BEFORE, RemedyFolder
from sordino.wiring.remedy_review_file import shown

HELD_OUT, CONTROL = "held out", "control"
WEIGHTS = {HELD_OUT: 2, CONTROL: 1}
"""Of each language so many held-out questions to so many that touch no politics."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One question with the answers before and after, as they stand in the file."""

    id: str
    language: str
    about: str
    question: str
    before: str
    after: str
    expected: str

    @property
    def digest(self) -> str:
        """Of what is read."""
        return signoff.digest_of(self.question, self.before, self.after)


def owed(folder: RemedyFolder) -> pd.DataFrame:
    """Held-out and control questions of both runs: id, keys, stratum, and whether both can be read."""
    record = folder.record
    both = align.paired(folder.run(BEFORE).outcomes, folder.run(AFTER).outcomes)
    own = both["jurisdiction"].eq(record.jurisdiction).fillna(value=False)
    held = both["kind"].eq(Kind.POLITICAL.value) & both["template"].isin(record.held_out) & own
    part = pd.Series(np.where(held, HELD_OUT, CONTROL), index=both.index)
    kept = held | both["kind"].eq(Kind.NEUTRAL.value)
    delivered = both["delivery_a"].eq(Delivery.DELIVERED.value) & both["delivery_b"].eq(
        Delivery.DELIVERED.value
    )
    after = record.runs[AFTER]
    ids = [
        label_files.seal(after, f"{a}", f"{b}") for a, b in zip(both["key_a"], both["key_b"], strict=True)
    ]
    told = both.assign(
        id=ids,
        part=part,
        stratum=[f"{language}/{name}" for language, name in zip(both["language"], part, strict=True)],
        readable=delivered.fillna(value=False).astype(bool),
    )
    found = told[kept.fillna(value=False).astype(bool)]
    if not (found["readable"] & found["part"].eq(HELD_OUT)).any():
        raise LabelError(
            f"{folder.path}: of no held-out question both answers were delivered: there is nothing to read."
        )
    return found


def draw(drawable: pd.DataFrame, n: int, seed: int) -> pd.DataFrame:
    """At most n rows, spread over strata by `WEIGHTS`, in an order that tells nothing."""
    chance = pd.Series([digest([seed, "drawn", one]) for one in drawable["id"]], drawable.index)
    rank = chance.groupby(drawable["stratum"]).rank(method="first").to_numpy(float)
    turn = (rank - 0.5) / drawable["part"].map(WEIGHTS).to_numpy(float)
    chosen = drawable.assign(turn=turn, chance=chance).sort_values(["turn", "chance"]).head(n)
    shown = [digest([seed, "shown", one]) for one in chosen["id"]]
    return chosen.iloc[np.argsort(shown, kind="stable")]


def pairs(folder: RemedyFolder, sample: pd.DataFrame) -> Iterator[Pair]:
    """The texts of each row, in its order."""
    run = folder.run(AFTER)
    names = run.manifest.jurisdictions
    with Store.open(run.store, create=False) as store:
        cells = {(one.template, one.jurisdiction): one for one in store.cells(run.id)}
        keys = [str(key) for side in "ab" for key in sample[f"key_{side}"]]
        exchanges = store.exchanges(keys)
    for row in sample.to_dict(orient="records"):
        code = None if pd.isna(row["jurisdiction"]) else str(row["jurisdiction"])
        about = "no jurisdiction" if code is None else jurisdiction_name(code, names)
        yield Pair(
            id=str(row["id"]),
            language=str(row["language"]),
            about=shown(about if row["part"] == HELD_OUT else f"{about} ({CONTROL})"),
            question=shown(str(row["question_b"])),
            before=shown(exchanges[str(row["key_a"])].attempt.text),
            after=shown(exchanges[str(row["key_b"])].attempt.text),
            expected=_expected(cells.get((str(row["template"]), code)), str(row["language"])),
        )


def _expected(matter: Cell | None, language: str) -> str:
    """Required facts with their sources, a line each; nothing where the cell names none."""
    facts = () if matter is None else matter.facts
    return "\n".join(
        f"{fact.text.get(language) or fact.text.get('en') or fact.id}"
        + (f" ({fact.source})" if fact.source else "")
        for fact in facts
    )
