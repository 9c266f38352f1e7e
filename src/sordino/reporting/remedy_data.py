"""A remedy as plain JSON values, for machines: all of `remedy.json`, and what came of it."""

import json

from sordino.remedy import record, signoff
from sordino.reporting import remedy_page
from sordino.reporting.remedy_source import RemedySource


def to_json(source: RemedySource) -> dict[str, object]:
    """Numbers unrounded, missing ones null. `record` is as recorded: whoever shows it makes it safe."""
    page = remedy_page.page(source)
    accepted = source.record.accepted
    return {
        "verdict": page.outcome,
        "rung": None if accepted is None else accepted.rung.value,
        "sentence": page.sentence,
        "doubts": list(page.doubts),
        "carries_over": [row.name for row in page.carried],
        "signed_off": [one.reviewer for one in source.signoff.reviews],
        "weights": page.weights or None,
        "files": list(source.files),
        "record": json.loads(record.to_json(source.record)),
        "signoff": json.loads(signoff.to_json(source.signoff)),
    }
