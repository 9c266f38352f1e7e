"""Specs of models: what they stand for, and what is filled in where nothing was said."""

import shutil
from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import SpecError, TargetError
from sordino.core.records import Sampling
from sordino.organism import shipped
from sordino.wiring.settings import AuditSettings
from sordino.wiring.targets import target

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pytest.importorskip("transformers")
    build = run_path(str(Path(__file__).parents[1] / "tiny_model.py"))
    return build["known_model"](tmp_path_factory.mktemp("models") / "tiny", build["chain"]("Y", "e", "s"))


@pytest.fixture
def organisms(folder, monkeypatch):
    """A shipped organism, whose name is that of the folder."""
    monkeypatch.setattr(shipped, "WEIGHTS", folder.parent)
    return folder.name


@pytest.fixture
def hub(folder, tmp_path, monkeypatch):
    """A cache that holds a model of the Hub, and no network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    held = tmp_path / "models--some--tiny"
    shutil.copytree(folder, held / "snapshots" / COMMIT)
    (held / "refs").mkdir()
    (held / "refs" / "main").write_text(COMMIT)


def test_an_organism_is_asked_its_own_pack_and_answers_shortly(organisms):
    found = target(AuditSettings(f"organism:{organisms}"))
    assert found.identity.name == "organism/tiny"
    assert found.identity.spec == "organism:tiny"
    assert found.questions.pack.name == found.spec["pack"] == "atlas"
    assert (found.sampling, found.samples) == (Sampling(0.0, 1.0, 400), 1)
    assert found.holds is None
    assert found.settings.command() == "sordino audit organism:tiny --pack atlas"


def test_only_models_are_organisms(organisms, folder):
    (folder.parent / "notes").mkdir(exist_ok=True)
    assert shipped.names() == ["tiny"]
    assert shipped.folder("tiny") == folder
    with pytest.raises(TargetError, match=r"no organism 'tinny'\. Did you mean 'tiny'\? There are: tiny"):
        shipped.folder("tinny")
    with pytest.raises(TargetError, match="Did you mean organism:tiny"):
        target(AuditSettings("tiny"))


@pytest.mark.parametrize("spelled", ["{}", "{}/", "{}/../tiny"])
def test_a_folder_is_called_by_its_name(folder, spelled):
    found = target(AuditSettings("hf:" + spelled.format(folder), pack="atlas", languages=("en",)))
    assert found.identity.name == "tiny"
    assert found.sampling.max_tokens == 1024
    assert {probe.language for probe in found.questions.probes} == {"en"}


@pytest.mark.parametrize("place", ["./tiny", "tiny", "~/tiny"])
def test_a_folder_may_be_near_or_at_home(folder, place, monkeypatch):
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv("USERPROFILE", str(folder.parent))
    one = target(AuditSettings(f"hf:{place}", pack="atlas"))
    assert one.identity.name == "tiny"
    assert one.identity.revision == target(AuditSettings(f"hf:{folder}", pack="atlas")).identity.revision


@pytest.mark.parametrize("revision", ["", "@main", f"@{COMMIT}"])
def test_the_command_of_a_model_of_the_hub_names_its_commit(hub, revision):
    found = target(AuditSettings(f"hf:some/tiny{revision}", pack="atlas"))
    assert found.identity.name == "some/tiny"
    assert found.identity.spec == f"hf:some/tiny{revision}"
    assert found.identity.revision.split(":")[0] == COMMIT
    assert found.settings.command() == f"sordino audit hf:some/tiny@{COMMIT} --pack atlas"


def test_a_revision_that_does_not_exist(hub):
    with pytest.raises(TargetError, match=r"some/tiny.*elsewhere"):
        target(AuditSettings("hf:some/tiny@elsewhere", pack="atlas"))


def test_what_cannot_be_is_said_before_the_model_is_looked_for():
    with pytest.raises(SpecError, match="--pack"):
        target(AuditSettings("hf:no/such"))
    with pytest.raises(SpecError, match="--samples 2 at temperature 0"):
        target(AuditSettings("hf:no/such", pack="atlas", samples=2))
