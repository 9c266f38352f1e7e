"""Folders of tiny real models, to break."""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
import torch


@pytest.fixture(scope="session")
def tiny():
    """The builders of tests/tiny_model.py."""
    return SimpleNamespace(**run_path(str(Path(__file__).parents[1] / "tiny_model.py")))


@pytest.fixture
def folder(tiny, tmp_path):
    return tiny.random_model(tmp_path / "model")


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """On models this small several threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
