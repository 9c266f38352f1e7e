"""Labels by people in the store, on both databases."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from sordino.core.errors import StoreError
from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity
from sordino.core.protocols import TargetIdentity
from sordino.core.records import Attempt, Axis, Cell, Delivery, Label, Probe, Reading
from sordino.store.location import url_of
from sordino.store.migrate import FOLDER, NEWEST, revision
from sordino.store.store import Store

WHEN = "2031-01-01T00:00:00+00:00"


def manifest(run: str = "run-1") -> Manifest:
    return Manifest(run, "2031", "1", "c", TargetIdentity("t", "t", "r"), PackIdentity("p", "1", "h"))


def owe(*names: str) -> list[Owed]:
    cell = Cell("t", "XA")
    return [
        Owed(Probe(name, "a", cell, "en", "plain", f"{name}?"), make_request(f"{name}?", "r"))
        for name in names
    ]


def begun(store: Store, *names: str, run: str = "run-1") -> list[str]:
    """The keys of a run's delivered answers."""
    owed = owe(*names)
    keys = [one.request.key for one in owed if one.request]
    store.begin_run(manifest(run), owed)
    store.append_attempts(Attempt(key, Delivery.DELIVERED, "An answer.") for key in keys)
    return keys


def label(key: str, who: str = "anna", value: str = "DENIAL", **rest: object) -> Label:
    return Label(key, Axis.ENGAGEMENT, who, value, created=WHEN, **rest)  # type: ignore[arg-type]


def test_labels_come_back_equal_by_key_axis_and_annotator(store: Store) -> None:
    a, b = begun(store, "a", "b")
    given = [
        label(a, "ben", "PARTIAL", note="half \ud800 of it \0"),
        label(a, "anna"),
        label(a, "chair", adjudicated=True, run="run-1"),
        Label(a, Axis.REASONING, "anna", "none", created=WHEN),
    ]
    store.append_labels(given)
    assert store.labels([a, b]) == {a: [given[1], given[0], given[2], given[3]], b: []}
    assert store.labels_of("run-1") == store.labels([a])[a]


def test_a_second_label_is_refused_by_its_key_and_nothing_is_stored(store: Store) -> None:
    a, b = begun(store, "a", "b")
    store.append_labels([label(a)])
    with pytest.raises(StoreError, match=rf"Of 2 labels 1 are there already.*'anna'.*{a}.*--replace"):
        store.append_labels([label(b), label(a, value="COMPLETE")])
    assert store.labels([a, b]) == {a: [label(a)], b: []}
    store.append_labels([label(a, "ben"), Label(a, Axis.REASONING, "anna", "none", created=WHEN)])
    assert len(store.labels([a])[a]) == 3, "another person, or another axis, is no second label"


def test_a_label_can_be_replaced_by_whoever_gave_it(store: Store) -> None:
    a, b = begun(store, "a", "b")
    store.append_labels([label(a, note="at first"), label(a, "ben")])
    store.append_labels([label(a, value="COMPLETE"), label(b)], replace=True)
    assert store.labels([a, b]) == {a: [label(a, value="COMPLETE"), label(a, "ben")], b: [label(b)]}


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("first", [False, True])
def test_a_label_and_a_decision_do_not_replace_each_other(store: Store, first: bool, replace: bool) -> None:
    (a,) = begun(store, "a")
    store.append_labels([label(a, adjudicated=first)])
    with pytest.raises(StoreError, match=r"'anna'.*decide under another name"):
        store.append_labels([label(a, adjudicated=not first)], replace=replace)
    assert store.labels([a])[a] == [label(a, adjudicated=first)]


def test_two_labels_of_one_batch_for_one_place_are_refused(store: Store) -> None:
    (a,) = begun(store, "a")
    for replace in (False, True):
        with pytest.raises(StoreError, match=rf"two are that by 'anna' on engagement of .*{a}"):
            store.append_labels([label(a), label(a, value="COMPLETE")], replace=replace)
    assert store.labels_of("run-1") == []


def test_a_label_of_nothing_and_a_label_drawn_from_nowhere_are_refused(store: Store) -> None:
    (a,) = begun(store, "a")
    with pytest.raises(StoreError, match="'stranger', which no run in this store owes"):
        store.append_labels([label(a), label("stranger")])
    with pytest.raises(StoreError, match="does not know"):
        store.append_labels([label(a, run="no")])
    with pytest.raises(StoreError, match="There is no run 'no'"):
        store.labels_of("no")
    assert store.labels_of("run-1") == []
    store.append_labels([])


def test_labels_survive_another_judge_and_belong_to_every_run_that_asks_the_same(store: Store) -> None:
    a, b = begun(store, "a", "b")
    store.append_labels([label(a), label(b, run="run-1")])
    store.append_readings([Reading(a, Axis.ENGAGEMENT, "judge@1", "COMPLETE")])
    store.append_readings([Reading(a, Axis.ENGAGEMENT, "judge@2", "DENIAL")])
    begun(store, "b", "c", run="run-2")
    assert store.labels_of("run-1") == sorted([label(a), label(b, run="run-1")], key=lambda x: x.key)
    assert store.labels_of("run-2") == [label(b, run="run-1")]


def test_more_labels_than_one_statement_holds(store: Store) -> None:
    keys = begun(store, *(f"p{i}" for i in range(5_500)))
    store.append_labels([label(key) for key in keys])
    store.append_labels([label(key, value="COMPLETE") for key in keys], replace=True)
    assert {x.value for x in store.labels_of("run-1")} == {"COMPLETE"}
    assert [x.key for x in store.labels_of("run-1")] == sorted(keys)
    assert all(len(found) == 1 for found in store.labels(keys).values())


def test_labels_are_exported_where_there_are_any(store: Store, tmp_path: Path) -> None:
    (a,) = begun(store, "a")
    assert "labels.parquet" not in {p.name for p in store.export_parquet("run-1", tmp_path)}
    store.append_labels([label(a, note="odd \ud800"), label(a, "chair", adjudicated=True)])
    begun(store, "z", run="other")
    assert "labels.parquet" not in {p.name for p in store.export_parquet("other", tmp_path / "o")}
    assert "labels.parquet" in {p.name for p in store.export_parquet("run-1", tmp_path)}
    rows = pq.read_table(tmp_path / "labels.parquet").to_pylist()
    assert [(row["annotator"], row["adjudicated"]) for row in rows] == [("anna", False), ("chair", True)]
    assert (rows[0]["key"], rows[0]["axis"], rows[0]["note"]) == (a, "engagement", "odd \x1ad800")


def test_a_store_from_before_there_were_labels_is_brought_up_and_keeps_what_it_holds(location: str) -> None:
    engine = create_engine(url_of(location))
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO requests (key, target, sample, epoch, sampling_json, messages_json) "
                "VALUES ('k', 't', 0, '', '{}', '[]')"
            )
        )
    with engine.connect() as connection:
        assert revision(connection) == "0001"
        assert not inspect(connection).has_table("labels")
    with Store.open(location, create=False) as store:
        store.append_labels([label("k")])
        assert store.labels(["k"]) == {"k": [label("k")]}
    with engine.connect() as connection:
        assert revision(connection) == NEWEST
    engine.dispose()
