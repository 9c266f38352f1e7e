"""Outcomes as a store returns them, written by hand: the same columns and types, and every value known.

Tests read it with `runpy.run_path`, because no folder of tests is a package.
"""

import pandas as pd

from sordino.store.outcomes import STRING

COUNTS = ("sample", "facts_hit", "facts_all", "flags_hit", "flags_all")
ANSWER = {
    "template": "strike",
    "jurisdiction": "XB",
    "kind": "political",
    "language": "en",
    "phrasing": "direct",
    "sample": 0,
    "question": "What happened?",
    "delivery": "delivered",
    "engagement": "COMPLETE",
    "facts_hit": 4,
    "facts_all": 4,
    "flags_hit": 0,
    "flags_all": 1,
    "matching": "item",
    "response": "It is known what happened.",
}
DENIED = {"engagement": "DENIAL", "facts_hit": 0}
STATE_LINE = {"flags_hit": 1}
HALF = {"facts_hit": 2}
LACKING = {"facts_hit": 1}
UNJUDGED = dict.fromkeys(("engagement", "facts_hit", "facts_all", "flags_hit", "flags_all"))
LOST = {**UNJUDGED, "delivery": "error", "response": None}
EMPTY = {**UNJUDGED, "delivery": "empty", "response": ""}
BLOCKED = {**UNJUDGED, "delivery": "blocked_output", "response": None}
NOT_ASKED = {**UNJUDGED, "delivery": "not_asked", "response": None, "sample": None}
UNLISTED = dict.fromkeys(("facts_hit", "facts_all", "flags_hit", "flags_all"))


def outcomes(rows):
    """rows: what differs from a full answer, one dict a row; `probe_id` is made of the rest unless given."""
    whole = [{**ANSWER, **row} for row in rows]
    columns = {}
    for name in ANSWER:
        values = [row[name] for row in whole]
        if name == "response":
            columns[name] = pd.Series(values, dtype=object)
        else:
            columns[name] = pd.array(values, dtype="Int64" if name in COUNTS else STRING)
    place = ("template", "jurisdiction", "language", "phrasing")
    ids = [row.get("probe_id") or "/".join(row[name] or "-" for name in place) for row in whole]
    return pd.DataFrame({**columns, "probe_id": pd.array(ids, dtype=STRING)})


def each(templates, languages=("en",), phrasings=("direct",), **row):
    """A row for each template, language and phrasing."""
    return [
        {"template": t, "language": x, "phrasing": p, **row}
        for t in templates
        for x in languages
        for p in phrasings
    ]
