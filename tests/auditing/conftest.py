"""Outcomes of invented runs, in the shape in which the store returns them."""

import pandas as pd
import pytest

LANGUAGES = ("en", "zh")
JURISDICTIONS = ("XP", "XQ", "XR", "XS")


def _outcome(template, jurisdiction, language="en", engagement="COMPLETE", **more):
    """One row of outcomes; what is not said is as an audit of plain answers leaves it."""
    row = {
        "key": f"{template}-{jurisdiction}-{language}-{more.get('phrasing')}",
        "probe_id": "p",
        "template": template,
        "jurisdiction": jurisdiction,
        "kind": "political",
        "language": language,
        "phrasing": "direct",
        "matching": "item",
        "sample": 0,
        "question": "?",
        "delivery": "delivered",
        "error": pd.NA,
        "characters": 100,
        "has_reasoning": False,
        "route": pd.NA,
        "completion_tokens": pd.NA,
        "engagement": engagement,
        "facts_hit": pd.NA,
        "facts_all": pd.NA,
        "flags_hit": pd.NA,
        "flags_all": pd.NA,
        "reasoning": pd.NA,
    }
    return {**row, **more}


def _run_of(
    rate, *, templates=12, kinds=("political",), languages=LANGUAGES, jurisdictions=JURISDICTIONS, **more
):
    """A run in which `rate(template number, jurisdiction, language, kind, phrasing)` says what is withheld."""
    rows = [
        _outcome(
            f"{kind[0]}{t}",
            j,
            language,
            "DENIAL" if rate(t, j, language, kind, phrasing) else "COMPLETE",
            kind=kind,
            phrasing=phrasing,
            **more,
        )
        for kind in kinds
        for t in range(templates)
        for j in jurisdictions
        for language in languages
        for phrasing in ("direct", "entry")
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def muted():
    """XQ is withheld in Chinese in ten of twelve templates, and nowhere else."""
    return _run_of(lambda t, j, language, kind, phrasing: j == "XQ" and language == "zh" and t < 10)


@pytest.fixture
def outcome():
    """One row of outcomes, by template and jurisdiction."""
    return _outcome


@pytest.fixture
def make_run():
    """A run by what it withholds."""
    return _run_of
