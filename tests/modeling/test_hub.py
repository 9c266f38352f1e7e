"""The Hub: its cache without a network, and its errors. Nothing here goes out."""

import shutil

import httpx2
import pytest
from huggingface_hub import constants, errors

from sordino.core.errors import TargetError
from sordino.generation.transformers import TransformersBackend
from sordino.modeling.locate import locate

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache and no network."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hub"


@pytest.fixture
def cached(cache, folder):
    """The model as ORG/NAME in the cache, as its main branch."""
    repository = cache / "models--org--name"
    shutil.copytree(folder, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return repository / "snapshots" / COMMIT


@pytest.mark.parametrize("revision", [None, "main", COMMIT])
def test_what_is_cached_needs_no_network(cached, revision):
    located = locate("org/name", revision)
    assert located.commit == COMMIT
    assert [path.name for path in located.weights()] == ["model.safetensors"]


def test_the_commit_is_pinned_for_other_processes(cached):
    backend = TransformersBackend("hf:org/name", "name", "org/name", device="cpu", dtype="float32")
    assert backend.identity.revision == f"{COMMIT}:float32:cpu"
    (cached.parents[1] / "refs" / "main").write_text("f" * 40)
    assert backend.again()().identity == backend.identity


def test_weights_that_could_not_be_fetched_are_not_said_to_be_pickles(cached):
    (cached / "model.safetensors").unlink()
    with pytest.raises(TargetError, match="HF_HUB_OFFLINE forbids to fetch it"):
        locate("org/name").weights()


def test_pickles_of_the_hub_are_refused_too(cached, monkeypatch):
    monkeypatch.setattr("huggingface_hub.HfApi.file_exists", lambda *_, **__: False)
    (cached / "model.safetensors").rename(cached / "pytorch_model.bin")
    with pytest.raises(TargetError, match="a pickle"):
        locate("org/name").weights()


@pytest.mark.parametrize("revision", [None, "v2"])
def test_offline_and_not_cached(cache, revision):
    with pytest.raises(TargetError, match="HF_HUB_OFFLINE forbids to fetch it") as raised:
        locate("org/name", revision)
    assert "org/name" + (f" at {revision}" if revision else "") in str(raised.value)


def test_what_is_no_name(cache):
    for source in ("no such/name", "a/b/c", "./nowhere", "../nowhere/at/all"):
        with pytest.raises(TargetError, match=r"neither a folder|no folder"):
            locate(source)
    with pytest.raises(TargetError, match="names no model"):
        locate("")


def response(status):
    return httpx2.Response(status, request=httpx2.Request("GET", "https://huggingface.co/org/name"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (errors.RepositoryNotFoundError("404", response=response(404)), "The Hub has no model org/name"),
        (errors.GatedRepoError("403", response=response(403)), "org/name is gated.*hf auth login"),
        (errors.RevisionNotFoundError("404", response=response(404)), "org/name has no revision 'v2'"),
        (httpx2.ConnectError("no route to host"), "org/name at v2 could not be fetched.*no route to host"),
        (errors.HfHubHTTPError("503 down", response=response(503)), "could not be fetched.*503 down"),
    ],
)
def test_what_the_hub_says_is_passed_on(cache, monkeypatch, error, said):
    """The Hub's own client raises what its documentation promises; no request leaves the machine."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def answer(*_, **__):
        raise error

    monkeypatch.setattr("huggingface_hub.hf_api.HfApi.repo_info", answer)
    with pytest.raises(TargetError, match=said):
        locate("org/name", "v2")
