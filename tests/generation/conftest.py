"""Tiny real models, shared by the tests of the transformers backend."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest

from sordino.generation.transformers import TransformersBackend


@pytest.fixture(scope="session")
def tiny():
    """The builders of tests/tiny_model.py."""
    return SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "tiny_model.py")))


@pytest.fixture(scope="session")
def random_folder(tiny, tmp_path_factory):
    return tiny.random_model(tmp_path_factory.mktemp("models") / "random")


@pytest.fixture
def open_folder():
    """A backend on a folder, in float32 and on the CPU, where sums are the same for every batch."""

    def opened(folder, **options):
        given = {"device": "cpu", "dtype": "float32", **options}
        return TransformersBackend(f"hf:{folder}", folder.name, str(folder), **given)

    return opened


@pytest.fixture
def random_backend(random_folder, open_folder):
    return open_folder(random_folder)
