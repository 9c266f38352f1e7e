"""Outcomes and manifests of invented runs, in the shape in which the store returns them."""

from dataclasses import replace

import pandas as pd
import pytest

from sordino.core.manifest import Manifest, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Attempt, Delivery, Exchange, Message, Request
from sordino.store.outcomes import STRING

JURISDICTIONS, LANGUAGES, PHRASINGS = ("XP", "XQ", "XR"), ("en", "zh"), ("direct", "entry")
DTYPES = {
    **dict.fromkeys(
        ("key", "probe_id", "template", "jurisdiction", "kind", "language", "phrasing"), STRING
    ),
    **dict.fromkeys(("matching", "question", "delivery", "error", "route", "engagement"), STRING),
    **dict.fromkeys(("engagement_why", "reasoning"), STRING),
    **dict.fromkeys(("sample", "facts_hit", "facts_all", "flags_hit", "flags_all"), "Int64"),
    "has_reasoning": "boolean",
}


def _outcome(template="t1", jurisdiction="XP", language="en", said="COMPLETE", **more):
    """One row; `said` is an engagement or a delivery."""
    read = said in ("COMPLETE", "PARTIAL", "DENIAL")
    row = dict.fromkeys(DTYPES, pd.NA) | {
        "template": template,
        "jurisdiction": jurisdiction,
        "kind": "political",
        "language": language,
        "phrasing": "direct",
        "matching": "item",
        "sample": 0,
        "question": f"{template} {jurisdiction}?",
        "delivery": "delivered" if read or said == "unjudged" else said,
        "engagement": said if read else pd.NA,
        "has_reasoning": False,
    }
    row |= more
    row["probe_id"] = f"file/{row['template']}/{row['jurisdiction']}/{row['language']}/{row['phrasing']}"
    row["key"] = f"{more.get('by', '')}{row['probe_id']}"
    return {name: row[name] for name in DTYPES}


def _frame(rows):
    return pd.DataFrame(
        {name: pd.array([row[name] for row in rows], dtype=dtype) for name, dtype in DTYPES.items()}
    )


def _run_of(
    said, *, templates=12, jurisdictions=JURISDICTIONS, languages=LANGUAGES, kinds=("political",), **more
):
    """A run in which `said(template, jurisdiction, language)` is an engagement or a delivery, or a row."""
    rows = []
    for kind in kinds:
        for t in range(templates):
            for j in jurisdictions if kind in ("political", "neutral") else (None,):
                for language in languages:
                    for phrasing in PHRASINGS:
                        told = said(t, j, language) if kind == "political" else "COMPLETE"
                        given = told if isinstance(told, dict) else {"said": told}
                        about = {"kind": kind, "phrasing": phrasing, **more}
                        rows.append(_outcome(f"{kind[0]}{t}", j, language, **given, **about))
    return _frame(rows)


@pytest.fixture
def outcome():
    return _outcome


@pytest.fixture
def frame():
    return _frame


@pytest.fixture
def run_of():
    return _run_of


@pytest.fixture
def manifest():
    """manifest(run, **changes): `target` changes the target's identity, `epoch` and others the settings."""

    def made(run="run-a", *, target=None, pack="77aa", judges=None, **settings):
        plain = TargetIdentity("organism:open", "organism/open", "9f2c")
        return Manifest(
            run=run,
            created="2026-03-14T09:26:53+00:00",
            sordino="0.1.0",
            command=f"sordino audit {run}",
            target=replace(plain, **(target or {})),
            pack=PackIdentity("atlas", "1", pack),
            settings={"temperature": 0.0, "epoch": "", **settings},
            judges={"engagement": "classifier@1"} if judges is None else judges,
            jurisdictions={"XP": {"en": "Pelland"}, "XQ": {"en": "Quorra"}, "XR": {"en": "Rhone"}},
        )

    return made


@pytest.fixture
def exchanges():
    """exchanges(text): answers of any key, all saying `text`, or `text(key)`."""

    def made(text="Yes."):
        def of(keys):
            said = {key: text(key) if callable(text) else text for key in keys}
            return {
                key: Exchange(
                    Request(key, (Message("user", "?"),), "t"), Attempt(key, Delivery.DELIVERED, one)
                )
                for key, one in said.items()
            }

        return of

    return made
