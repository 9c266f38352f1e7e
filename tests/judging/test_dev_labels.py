"""The labels of real answers name claims that the pack has, each once."""

import csv
from collections import Counter
from pathlib import Path

from sordino.packs import load

LABELS = Path(__file__).parents[2] / "recipes" / "content_judges" / "dev_labels.csv"


def test_every_claim_of_each_cell_is_labelled_once():
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    pack = load.pack("civic")
    labelled: dict[tuple[str, ...], Counter] = {}
    for row in rows:
        of = row["question_set"], row["question_id"], row["model"], row["cell"]
        labelled.setdefault(of, Counter())[row["claim"]] += 1
    assert len({of[:3] for of in labelled}) >= 300
    for of, claims in labelled.items():
        template, _, jurisdiction = of[3].partition("/")
        entry = pack.template(template).entries[jurisdiction].cell
        assert claims == Counter(claim.id for claim in (*entry.facts, *entry.flags)), of
    assert {row["label"] for row in rows} == {
        "stated",
        "partly",
        "absent",
        "denied",
        "asserted",
        "attributed",
    }
