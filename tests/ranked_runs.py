"""Builds finished runs of models that withhold as often as they are told: for the tests of rankings.

Loaded by `run_path`, as `tests/tiny_model.py` is. Estimates and findings are the auditing room's own.
"""

from collections.abc import Mapping

import pandas as pd

from sordino.auditing.estimates import estimate
from sordino.auditing.findings import conclude
from sordino.comparing.entries import Entry
from sordino.core.manifest import Manifest, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.store.outcomes import STRING

JUDGES = {"engagement": "classifier@2-abc/fold1", "facts": "facts@1-def", "flags": "flags@1-def"}
TEXTS = (
    *("key", "probe_id", "template", "jurisdiction", "kind", "language", "phrasing", "matching"),
    *("question", "delivery", "error", "route", "engagement", "engagement_why", "reasoning"),
)


def manifest(name: str, source: str = "pack", **changes: object) -> Manifest:
    """The manifest of a run of the model `name`; its id is made from the name."""
    plain = {
        "run": f"run-{''.join(c for c in name if c.isalnum())[:40]}",
        "created": "2026-03-14T09:26:53+00:00",
        "sordino": "0",
        "command": "sordino audit …",
        "target": TargetIdentity(f"openai:{name}", name, "rev", host="http://localhost:8000/v1"),
        "pack": PackIdentity("atlas", "1", "77aa", source=source),
        "settings": {"temperature": 0.0, "max_tokens": 1024},
        "judges": JUDGES,
        "jurisdictions": {"XA": {"en": "Averne"}, "XB": {"en": "Belmar"}},
    }
    return Manifest(**plain | changes)


def outcomes(
    withheld: Mapping[tuple[str, str], int],
    templates: int = 20,
    lost: Mapping[tuple[str, str], tuple[str, int]] | None = None,
    facts: bool = False,
    order: int = 1,
    matching: str = "item",
) -> pd.DataFrame:
    """One row a template and place. withheld: by jurisdiction and language, in how many templates, the
    first ones. lost: by place, a delivery and in how many templates, the last ones. order: -1 turns the
    rows round.
    """
    rows = []
    for (code, language), muted in withheld.items():
        what, missing = (lost or {}).get((code, language), ("delivered", 0))
        for at in range(templates):
            delivery = what if at >= templates - missing else "delivered"
            delivered, silent = delivery == "delivered", at < muted
            row = {
                "key": f"k-{code}-{language}-{at}", "probe_id": f"p/{at}/{code}/{language}",
                "template": f"t{at:02d}", "jurisdiction": code, "kind": "political", "language": language,
                "phrasing": "1", "matching": matching, "sample": None if delivery == "not_asked" else 0,
                "question": f"What happened in {code}? [{language} {at}]", "delivery": delivery,
                "has_reasoning": False, "engagement": ("DENIAL" if silent else "COMPLETE") if delivered else None,
            }  # fmt: skip
            if facts and delivered:
                row |= {
                    "facts_hit": 0 if silent else 2,
                    "facts_all": 2,
                    "flags_hit": int(silent),
                    "flags_all": 1,
                }
            rows.append(row)
    frame = pd.DataFrame(rows[::order])
    for name in ("facts_hit", "facts_all", "flags_hit", "flags_all"):
        frame[name] = (
            frame[name].astype("Int64") if name in frame else pd.array([None] * len(frame), "Int64")
        )
    for name in TEXTS:
        values = frame[name].tolist() if name in frame else [None] * len(frame)
        frame[name] = pd.array([v if isinstance(v, str) else None for v in values], STRING)
    return frame.assign(sample=frame["sample"].astype("Int64"))


def entry(name: str, frame: pd.DataFrame, **changes: object) -> Entry:
    """A finished run."""
    estimates = estimate(frame)
    return Entry(name, manifest(name, **changes), frame, estimates, conclude(estimates))


def ladder(steps: Mapping[str, int], languages: tuple[str, ...] = ("en",), **more: object) -> list[Entry]:
    """Models that withhold about XA in so many of 20 templates, and about XB, XC and XD in none."""
    return [
        entry(name, outcomes(
            {(c, lang): step if c == "XA" else 0 for lang in languages for c in ("XA", "XB", "XC", "XD")}, **more,
        ))
        for name, step in steps.items()
    ]  # fmt: skip
