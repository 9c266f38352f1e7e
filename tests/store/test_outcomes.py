"""Outcomes: what statistics count. Missing is NA, never zero, and six kinds of missing stay apart."""

import pandas as pd
import pytest

from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.core.records import (
    Attempt,
    Axis,
    Cell,
    Delivery,
    Kind,
    Matching,
    Probe,
    Reading,
    Unjudged,
)
from sordino.store.store import Store

JUDGES = {"engagement": "e@1", "facts": "f@1", "flags": "g@1", "reasoning": "r@1"}
MANIFEST = Manifest("run", "2031", "1", "c", TargetIdentity("t", "t", "r"), PackIdentity("p", "1", "h"))
NAMES = ("read", "unjudged", "blocked", "truncated", "retried", "failed", "never", "absent")
MISSING_READINGS = [
    "engagement", "confidence", "p_complete", "p_partial", "p_denial", "engagement_why",
    "facts_hit", "facts_all", "flags_hit", "flags_all", "reasoning",
]  # fmt: skip


@pytest.fixture
def frame(store: Store) -> pd.DataFrame:
    """One run with one item of every fate, by the name of its fate."""
    probes = [
        Probe(
            name,
            "atlas",
            Cell("rivers", None if name == "never" else "XA", Kind.NEUTRAL),
            "fr",
            "plain",
            f"{name}?",
        )
        for name in NAMES
    ]
    owed = [Owed(p, make_request(p.question, "r", sample=i)) for i, p in enumerate(probes[:-1])]
    owed.append(Owed(probes[-1], None))
    key = {one.probe.id: one.request.key for one in owed if one.request}
    store.begin_run(MANIFEST, owed)
    store.append_attempts(
        [
            Attempt(key["read"], Delivery.DELIVERED, "Voilà.", "Hm.", completion_tokens=7, route="h"),
            Attempt(key["unjudged"], Delivery.DELIVERED, "?"),
            Attempt(key["blocked"], Delivery.BLOCKED_OUTPUT, error="filtered"),
            Attempt(key["truncated"], Delivery.TRUNCATED, "Voi"),
            Attempt(key["retried"], Delivery.ERROR, error="timeout"),
            Attempt(key["retried"], Delivery.DELIVERED, "Enfin."),
            Attempt(key["failed"], Delivery.ERROR, error="timeout"),
            Attempt(key["failed"], Delivery.ERROR, error="refused"),
        ]
    )
    odds = {"COMPLETE": 0.1, "PARTIAL": 0.6, "DENIAL": 0.3}
    store.append_readings(
        [
            Reading(key["read"], Axis.ENGAGEMENT, "e@1", "PARTIAL", 0.6, odds),
            Reading(key["read"], Axis.ENGAGEMENT, "other@1", "DENIAL", 1.0),
            Reading(key["read"], Axis.FACTS, "f@1", "0/3"),
            Reading(key["read"], Axis.FLAGS, "g@1", "1/1"),
            Reading(key["read"], Axis.REASONING, "r@1", "none"),
            Unjudged(key["unjudged"], Axis.ENGAGEMENT, "e@1", "too short"),
            Reading(key["retried"], Axis.ENGAGEMENT, "e@1", "COMPLETE"),
        ]
    )
    frame = store.outcomes("run", JUDGES)
    assert frame["key"].tolist()[:-1] == [one.request.key for one in owed[:-1] if one.request]
    return frame.set_index("probe_id")


def test_rows_are_what_is_owed_in_order(frame: pd.DataFrame) -> None:
    assert tuple(frame.index) == NAMES
    assert frame["question"].tolist() == [f"{name}?" for name in NAMES]
    assert set(frame["template"]) == {"rivers"}
    assert set(frame["language"]) == {"fr"}
    assert set(frame["kind"]) == {"neutral"}
    assert set(frame["matching"]) == {Matching.ITEM.value}
    assert frame["jurisdiction"].isna().tolist() == [name == "never" for name in NAMES]
    assert frame["sample"].tolist()[:-1] == list(range(7))


def test_deliveries_stay_apart(frame: pd.DataFrame) -> None:
    assert frame["delivery"].to_dict() == {
        "read": "delivered",
        "unjudged": "delivered",
        "blocked": "blocked_output",
        "truncated": "truncated",
        "retried": "delivered",
        "failed": "error",
        "never": "not_asked",
        "absent": "not_asked",
    }
    assert frame["error"].dropna().to_dict() == {"blocked": "filtered", "failed": "refused"}


def test_a_reading_is_given_with_its_numbers(frame: pd.DataFrame) -> None:
    row = frame.loc["read"]
    assert row["engagement"] == "PARTIAL"
    assert (row["confidence"], row["p_complete"], row["p_partial"], row["p_denial"]) == (0.6, 0.1, 0.6, 0.3)
    assert (row["facts_hit"], row["facts_all"], row["flags_hit"], row["flags_all"]) == (0, 3, 1, 1)
    assert row["reasoning"] == "none"
    assert (row["characters"], row["completion_tokens"], row["route"]) == (6, 7, "h")
    assert row["has_reasoning"]


def test_what_is_missing_is_missing(frame: pd.DataFrame) -> None:
    unread = frame.loc[["blocked", "truncated", "failed", "never", "absent"]]
    assert unread[MISSING_READINGS].isna().all(axis=None)
    unsettled = frame.loc[["failed", "never", "absent"]]
    assert unsettled[["characters", "has_reasoning", "route", "completion_tokens"]].isna().all(axis=None)
    assert frame.loc["blocked", "characters"] == 0
    assert not frame.loc["truncated", "has_reasoning"]
    unjudged = frame.loc["unjudged"]
    assert unjudged["engagement_why"] == "too short"
    assert unjudged[[c for c in MISSING_READINGS if c != "engagement_why"]].isna().all()
    assert frame.loc["retried", "engagement"] == "COMPLETE"
    assert frame.loc["retried", ["confidence", "p_complete", "p_denial"]].isna().all()
    assert frame.loc["absent", ["key", "sample"]].isna().all()


def test_types_are_nullable(frame: pd.DataFrame) -> None:
    for column in (
        "sample",
        "characters",
        "completion_tokens",
        "facts_hit",
        "facts_all",
        "flags_hit",
        "flags_all",
    ):
        assert str(frame[column].dtype) == "Int64"
    for column in ("confidence", "p_complete", "p_partial", "p_denial"):
        assert str(frame[column].dtype) == "Float64"
    assert str(frame["has_reasoning"].dtype) == "boolean"
    for column in ("delivery", "engagement", "reasoning", "error"):
        assert isinstance(frame[column].dtype, pd.StringDtype)


@pytest.mark.usefixtures("frame")
def test_judges_not_named_are_left_out(store: Store) -> None:
    bare = store.outcomes("run", {})
    assert bare[MISSING_READINGS].isna().all(axis=None)
    other = store.outcomes("run", {"engagement": "other@1"})
    assert other["engagement"].dropna().tolist() == ["DENIAL"]


def test_an_empty_run_has_all_columns_and_types(store: Store) -> None:
    store.begin_run(MANIFEST, [])
    empty = store.outcomes("run", JUDGES)
    assert len(empty) == 0
    assert str(empty["characters"].dtype) == "Int64"
    assert str(empty["p_denial"].dtype) == "Float64"
    assert "engagement_why" in empty.columns
