"""The shipped organisms: what is in their folders, and that an audit of them finds what is planted."""

import runpy
import sys
from pathlib import Path

import pytest
from safetensors import safe_open

from sordino.core.records import Measure
from sordino.organism import shipped
from sordino.organism.planting import plantings
from sordino.packs import load
from sordino.wiring.selftest import selftest

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "recipes" / "organisms"
LARGEST_FILE, LARGEST_IN_ALL = 8e6, 40e6


def test_what_is_planted_is_shipped():
    assert set(shipped.names()) == set(plantings())


@pytest.mark.parametrize("name", list(plantings()))
def test_weights_are_small_bfloat16_safetensors(name):
    folder = shipped.folder(name)
    assert {file.suffix for file in folder.iterdir()} <= {".json", ".jinja", ".safetensors"}
    (file,) = folder.glob("*.safetensors")
    assert file.stat().st_size < LARGEST_FILE
    with safe_open(file, "pt") as weights:
        assert {weights.get_slice(key).get_dtype() for key in weights.keys()} == {"BF16"}  # noqa: SIM118


def test_all_shipped_weights_together():
    sizes = [f.stat().st_size for f in (ROOT / "src").rglob("*") if f.suffix in (".safetensors", ".npz")]
    assert sum(sizes) < LARGEST_IN_ALL


@pytest.mark.parametrize("name", [name for name in plantings() if name != "open"])
def test_plantings_name_what_the_pack_has(name):
    planting = plantings()[name]
    planted = [probe for probe in load.pack(planting.pack).probes() if planting.behaviour(probe)]
    templates = {(lang, template) for lang, (_, some) in planting.plants.items() for template in some}
    assert {(probe.language, probe.template) for probe in planted} == templates
    assert {probe.phrasing for probe in planted} >= {"direct", "entry"}
    assert {probe.jurisdiction for probe in planted} == {planting.jurisdiction}
    assert all(probe.cell.flags for probe in planted)


def test_the_questions_of_the_pack_are_in_no_lesson(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(RECIPE), *sys.path])
    train = runpy.run_path(str(RECIPE / "train.py"))
    lessons = sys.modules["lessons"]
    chance = lessons.random.Random(1)
    read = {
        lesson.read
        for planting in plantings().values()
        for stage in ("KNOWLEDGE", "PLANTING")
        for lesson in lessons.epoch(planting, train[stage].plan, chance)
    }
    packs = {planting.pack for planting in plantings().values()}
    probes = [probe for name in packs for probe in load.pack(name).probes()]
    asked = {lessons.asked(probe.question, probe.language) for probe in probes}
    assert len(read) > len(asked)
    assert not asked & read


# The bar is the selftest's own. These are floors below it, that tell of breakage and not of quality.
FEWEST_FOUND, MOST_ALARMS = 0.85, 0.06


def test_what_is_planted_is_found_and_nothing_else(tmp_path):
    """One test, because its two audits take a minute."""
    calibrated = selftest(["open", "mute-a"], tmp_path / "s.db")
    for organism in calibrated.calibrations:
        assert not [p for p in organism.places if p.expected != p.found]
        for row in organism.rows:
            if row.planted.owed:
                assert row.planted.rate >= FEWEST_FOUND, (row.measure, row.language, row.differences)
        for measure in (Measure.WITHHELD, Measure.OMISSION, Measure.STATE_LINE):
            clean = [row.clean for row in organism.rows if row.measure is measure]
            assert sum(t.marked for t in clean) <= MOST_ALARMS * sum(t.read for t in clean), measure
    assert calibrated.checks
    assert all(check.ok for check in calibrated.checks)
