"""Text round-trips, whatever a model emits, and ordinary text stays as it is."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Attempt, Axis, Cell, Delivery, Kind, Probe, Unjudged
from sordino.store.store import Store
from sordino.store.text import escape, unescape

HOSTILE = st.text(st.one_of(st.characters(), st.sampled_from("\0\x1a\ud800\udfff\\0d\u2028😀")))


@given(HOSTILE)
@example("\x1a0000")
@example("\x1a001a0000")
@example("\ud83d\ude00")
@example("\0" * 50)
def test_any_text_comes_back_and_can_be_stored(text: str) -> None:
    stored = escape(text)
    assert unescape(stored) == text
    assert "\0" not in stored
    stored.encode("utf-8")


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\x1a")))
def test_ordinary_text_is_stored_as_it_is(text: str) -> None:
    assert escape(text) == text


@given(st.tuples(HOSTILE, HOSTILE))
def test_different_texts_stay_different(pair: tuple[str, str]) -> None:
    one, other = pair
    assert (escape(one) == escape(other)) == (one == other)


def _run(name: str, owed: list[Owed]) -> Manifest:
    return Manifest(
        name,
        "2031",
        "1",
        "c",
        TargetIdentity("t", "t", "r"),
        PackIdentity("p", "1", "h"),
        notes=("\0\ud800",),
    )


@pytest.fixture
def numbered() -> Iterator[int]:
    return iter(range(10**9))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=HOSTILE)
@example(text="\ud83d\ude00")
@example(text='quote " back \\ \\u0000')
def test_both_databases_give_back_every_field_as_it_was(
    store: Store, numbered: Iterator[int], text: str
) -> None:
    run = f"run-{next(numbered)}"
    cell = Cell("t", text, Kind.POLITICAL, matter=text)
    request = make_request(text, text + run, system=text, prefill=text, epoch=text)
    owed = [Owed(Probe(text, text, cell, text, text, text), request)]
    attempt = Attempt(
        request.key, Delivery.DELIVERED, text, text, text, route=text, error=text, served_model=text,
        log_probabilities=((text, -0.5),),
    )  # fmt: skip
    unjudged = Unjudged(request.key, Axis.FACTS, text, text)
    store.begin_run(_run(run, owed), owed)
    store.append_attempts([attempt])
    store.append_readings([unjudged])
    assert store.owed(run) == owed
    assert store.exchanges([request.key])[request.key].attempt == attempt
    assert store.readings([request.key])[request.key] == [unjudged]
    assert store.manifest(run) == _run(run, owed)
    row = store.outcomes(run, {"engagement": text}).iloc[0]
    assert (row["question"], row["error"], row["route"], row["characters"]) == (text, text, text, len(text))


def test_a_million_characters_come_back(store: Store) -> None:
    text = "日本\0語 " * 200_000
    owed = [Owed(Probe("p", "a", Cell("t", None), "ja", "plain", "?"), make_request("?", "r"))]
    key = owed[0].request.key  # type: ignore[union-attr]
    store.begin_run(_run("run", owed), owed)
    store.append_attempts([Attempt(key, Delivery.DELIVERED, text)])
    assert store.exchanges([key])[key].attempt.text == text
    assert store.outcomes("run", {})["characters"].tolist() == [1_000_000]


def test_text_reads_well_in_any_client(tmp_path: Path) -> None:
    with Store.open(tmp_path / "s.db") as store:
        owed = [
            Owed(Probe("p", "a", Cell("t", None), "fr", "plain", "?"), make_request("Où est-il ?", "r"))
        ]
        key = owed[0].request.key  # type: ignore[union-attr]
        store.begin_run(_run("run", owed), owed)
        store.append_attempts([Attempt(key, Delivery.DELIVERED, "À « Paris », 北京.\n")])
    client = sqlite3.connect(tmp_path / "s.db")
    assert client.execute("SELECT text FROM answers").fetchall() == [("À « Paris », 北京.\n",)]
    assert client.execute("SELECT messages_json FROM requests").fetchall() == [
        ('[["user","Où est-il ?"]]',)
    ]
    client.close()
