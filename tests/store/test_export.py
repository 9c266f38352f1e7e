"""A run as Parquet."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sordino.core.errors import StoreError
from sordino.core.identity import make_request
from sordino.core.manifest import Manifest, Owed, PackIdentity, RunStatus
from sordino.core.protocols import TargetIdentity
from sordino.core.records import (
    Attempt,
    Axis,
    Cell,
    Contrast,
    Delivery,
    Estimate,
    Figure,
    Finding,
    Mark,
    Measure,
    Probe,
    Reading,
    Unjudged,
    Verdict,
)
from sordino.store.store import Store
from sordino.store.text import unescape

MANIFEST = Manifest("run", "2031", "1", "c", TargetIdentity("t", "t", "r"), PackIdentity("p", "1", "h"))
COUNT = 1_203


@pytest.fixture
def tables(store: Store, tmp_path: Path) -> dict[str, list[dict[str, object]]]:
    """The rows of each exported file, by its name."""
    cell = Cell("t", "XA")
    owed = [
        Owed(Probe(f"p{i}", "a", cell, "en", "plain", f"{i}?"), make_request(f"{i}?", "r"))
        for i in range(COUNT)
    ]
    owed.append(Owed(Probe("never", "a", cell, "en", "plain", "?"), None))
    keys = [one.request.key for one in owed if one.request]
    store.begin_run(MANIFEST, owed)
    store.append_attempts([Attempt(keys[0], Delivery.ERROR, error="down")])
    store.append_attempts(
        Attempt(key, Delivery.DELIVERED, f"answer {i}") for i, key in enumerate(keys) if i > 1
    )
    store.append_attempts([Attempt(keys[1], Delivery.DELIVERED, "lone \ud800 and \0", reasoning="")])
    store.append_readings(
        [
            Unjudged(keys[1], Axis.ENGAGEMENT, "e@1", "odd"),
            Reading(
                keys[2], Axis.FACTS, "f@1", "1/2", 0.5, {}, (Mark("a", hit=True), Mark("b", hit=False))
            ),
        ]
    )
    estimate = Estimate(
        Measure.WITHHELD,
        Contrast.RATE,
        "XA",
        "en",
        Figure(None, None, None, 0, 0, "none"),
        excluded={"error": 1},
    )
    finding = Finding(Measure.WITHHELD, "XA", "en", Verdict.NOT_ENOUGH_DATA, "Too few.", estimate)
    store.finish_run("run", RunStatus.DONE, [estimate], [finding])
    written = store.export_parquet("run", tmp_path / "out" / "run")
    assert sorted(path.name for path in written) == [
        "estimates.parquet", "exchanges.parquet", "findings.parquet", "readings.parquet",
    ]  # fmt: skip
    return {path.stem: pq.read_table(path).to_pylist() for path in written}


def test_every_owed_item_is_there_with_its_text(tables: dict[str, list[dict[str, object]]]) -> None:
    rows = tables["exchanges"]
    assert [row["probe_id"] for row in rows] == [*(f"p{i}" for i in range(COUNT)), "never"]
    assert [row["delivery"] for row in rows[:3]] == ["error", "delivered", "delivered"]
    assert rows[0]["text"] is None
    assert rows[0]["error"] == "down"
    assert unescape(str(rows[1]["text"])) == "lone \ud800 and \0"
    assert (rows[1]["reasoning"], rows[2]["reasoning"]) == ("", None)
    assert [row["text"] for row in rows[2:COUNT]] == [f"answer {i}" for i in range(2, COUNT)]
    assert (rows[-1]["delivery"], rows[-1]["key"], rows[-1]["sample"]) == ("not_asked", None, None)
    assert json.loads(str(rows[5]["messages"])) == [["user", "5?"]]


def test_readings_and_conclusions_are_there(tables: dict[str, list[dict[str, object]]]) -> None:
    by_axis = {row["axis"]: row for row in tables["readings"]}
    assert (by_axis["engagement"]["value"], by_axis["engagement"]["why"]) == (None, "odd")
    assert (by_axis["facts"]["hits"], by_axis["facts"]["total"], by_axis["facts"]["confidence"]) == (
        1,
        2,
        0.5,
    )
    (estimate,) = tables["estimates"]
    assert (estimate["value"], estimate["n"], estimate["excluded_json"]) == (None, 0, '{"error":1}')
    (finding,) = tables["findings"]
    assert (finding["verdict"], finding["bound"]) == ("not_enough_data", None)


def test_a_folder_that_cannot_be_made_is_an_error(store: Store, tmp_path: Path) -> None:
    store.begin_run(MANIFEST, [])
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be exported to .*file"):
        store.export_parquet("run", tmp_path / "file" / "out")
    with pytest.raises(StoreError, match="There is no run 'no'"):
        store.export_parquet("no", tmp_path / "out")
