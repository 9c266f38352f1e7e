"""The selftest's own parts: which organisms, where it keeps them, and the losses that a script plays."""

from importlib.metadata import version
from importlib.resources import files

import pytest

from sordino.core.errors import SpecError, StoreError
from sordino.packs import load
from sordino.wiring import delivery_cases
from sordino.wiring import selftest as wiring
from sordino.wiring.selftest import own_store, selftest

SINGLE = {
    "cut at the limit": "truncated, counted apart",
    "blocked on input": "blocked_input, counted apart",
    "blocked on output": "blocked_output, counted apart",
    "an empty answer": "empty, counted apart",
    "a lost connection": "error, counted apart",
    "a trace without an answer": "empty, counted apart",
    "the rate of what is withheld": (
        "of 6 answers, without 1 blocked_input, 1 blocked_output, 2 empty, 1 error, 1 truncated"
    ),
    "findings where a host blocks it all": "blocked about XA",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    pack = load.pack("atlas")
    store = tmp_path_factory.mktemp("selftest") / "s.db"
    probes = pack.probes(languages=["en"], phrasings=["direct"])
    return delivery_cases.World(pack, probes, store, lambda *_: None)


def test_every_loss_lands_on_its_delivery_and_counts_neither_way(world):
    found = delivery_cases.checks(world.pack, world.store, world.progress)
    assert {check.what: check.found for check in found} == SINGLE
    assert all(check.ok for check in found)


def test_the_same_denials_delivered_are_counted(world):
    """So that the checks above can fail: what is not lost does make a finding."""
    run = world.run("denials", {p.id: {"text": "I cannot discuss that."} for p in world.about})
    selective = {(f.measure.value, f.jurisdiction) for f in run.findings if f.verdict == "selective"}
    assert ("withheld", "XA") in selective
    assert not any(measure == "blocked" for measure, _ in selective)


def test_an_organism_that_is_not_known_is_named(tmp_path):
    with pytest.raises(
        SpecError, match=r"no organism 'mute-z'.*'mute-[adr]'.*mute-a, mute-d, mute-r, open"
    ):
        selftest(["open", "mute-z"], tmp_path / "s.db")
    assert not (tmp_path / "s.db").exists()


def test_its_store_lies_in_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = own_store()
    assert place == own_store()
    assert place.parent.is_dir()
    assert place.parent.is_relative_to(tmp_path)


def test_a_change_of_what_makes_or_reads_answers_is_another_store(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    places = {own_store()}
    for room in wiring.ROOMS:
        changed = tmp_path / room
        changed.mkdir()
        (changed / "code.py").write_text("changed", "utf-8")
        with monkeypatch.context() as only:
            only.setattr(wiring, "files", lambda name, r=room, c=changed: c if name == r else files(name))
            places.add(own_store())
    for library in ("torch", "transformers"):
        with monkeypatch.context() as only:
            only.setattr(wiring, "version", lambda name, x=library: "0" if name == x else version(name))
            places.add(own_store())
    assert len(places) == 1 + 5 + 2


def test_libraries_that_are_not_installed_are_allowed(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(wiring, "LIBRARIES", ("no-such-library-is-here",))
    assert own_store().parent.is_dir()


def test_a_cache_folder_that_cannot_be_made_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "cache").write_text("a file")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(StoreError, match="--store"):
        own_store()
