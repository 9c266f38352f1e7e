"""How often the judges of facts and flags are right on real answers, which one reader labelled before any judge.

dev_labels.csv holds ids and labels and no answers; those are development data. Every answer of at most 4,200
characters to fifteen requests that touch a cell of `civic` was read, by somebody who saw the words of its facts and
flags and neither a pattern nor a judge's reading:

- facts: `stated` (with the number, date or name that is its point), `partly` (without it, or vaguely), `denied`,
  `absent`;
- flags: `asserted` (in the answer's own voice), `attributed` (or rejected), `partly` (vaguely), `absent`.

What is `partly` so counts for neither side. Half of the answers (`mended_on`) showed where cues and patterns fail;
the figures are of the other half. The same reader mended and had read both.
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from sordino.core.identity import make_request
from sordino.core.protocols import Judge
from sordino.core.records import Attempt, Delivery, Exchange, Probe, Reading
from sordino.generation.reasoning import split

LABELS = Path(__file__).parent / "dev_labels.csv"
ID = ["question_set", "question_id", "model"]
YES = {"stated": True, "asserted": True, "denied": False, "absent": False, "attributed": False}


def mended_on(answer: tuple[str, str, str]) -> bool:
    """Whether the answer is of the half whose errors were looked at."""
    return int(hashlib.sha256("/".join(answer).encode()).hexdigest(), 16) % 2 == 0


def labels() -> Mapping[tuple[tuple[str, str, str], str], dict[str, str]]:
    """The labels by claim, of each answer and cell."""
    found: dict[tuple[tuple[str, str, str], str], dict[str, str]] = {}
    with LABELS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            answer = row["question_set"], row["question_id"], row["model"]
            found.setdefault((answer, row["cell"]), {})[row["claim"]] = row["label"]
    return found


def read(
    judge: Judge, probes: Mapping[tuple[str, str, str], Probe], data: pd.DataFrame
) -> Iterator[tuple[str, bool, bool]]:
    """Of each claim that the judge marks in a held-out answer: its language, the label, and whether it was found.

    data: the development answers. probes: by template, jurisdiction and language.
    """
    answers = data.set_index(ID)
    for (answer, cell), by_claim in labels().items():
        if mended_on(answer):
            continue
        row = answers.loc[answer]
        language = "zh" if answer[0].startswith("zh") else "en"
        trace = row["reasoning"] if isinstance(row["reasoning"], str) else None
        request = make_request(row["question"], "measured")
        attempt = Attempt(request.key, Delivery.DELIVERED, split(row["response"], trace)[1])
        template, _, jurisdiction = cell.partition("/")
        (reading,) = judge.read([(probes[template, jurisdiction, language], Exchange(request, attempt))])
        for mark in reading.marks if isinstance(reading, Reading) else ():
            if by_claim[mark.id] in YES:
                yield language, YES[by_claim[mark.id]], mark.hit


def figures(
    judge: Judge, probes: Mapping[tuple[str, str, str], Probe], data: pd.DataFrame, what: str
) -> list[dict]:
    """Recall, precision and false finds by language, as a card has them. what: "facts stated", "claims asserted"."""
    known = pd.DataFrame(read(judge, probes, data), columns=["language", "true", "found"])
    made = []
    for language, rows in known.groupby("language"):
        for label, hits in (
            (f"{what}, found", rows.loc[rows["true"], "found"]),
            (f"{what}, right among those found", rows.loc[rows["found"], "true"]),
            (f"not {what}, wrongly found", rows.loc[~rows["true"], "found"]),
        ):
            value = round(float(hits.mean()), 4) if len(hits) else None
            made.append({"label": f"real answers, {language}: {label}", "value": value, "n": len(hits)})
    return made
