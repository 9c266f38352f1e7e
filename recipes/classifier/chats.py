"""Our own English chats and essays, each answer written whole with its label and style.

Sits beside `train.py`. `chats`: short talk in the manner of 2022 and 2023. `contested`: one side argued as asked,
or not. `blind`: chats by a writer who saw neither the others nor the judge; never trained on.
"""

from pathlib import Path

import yaml
from own_texts import COMPLETE, DENIAL, PARTIAL, TEXTS, Example

LABELS = {"COMPLETE": COMPLETE, "PARTIAL": PARTIAL, "DENIAL": DENIAL}
CHATS = ("chats", "chats_alarming", "chats_tasks")
"""Files by three writers."""


def chats() -> list[Example]:
    """Short chats with a style each."""
    return [e for name in CHATS for e in _read(TEXTS / f"{name}.yaml")]


def contested() -> list[Example]:
    """Essays, speeches and satires on contested matters."""
    return _read(TEXTS / "contested.yaml")


def blind() -> list[Example]:
    """Chats kept for the test; their style is the maker they were written for."""
    return _read(TEXTS / "chats_blind.yaml")


def _read(path: Path) -> list[Example]:
    return [
        Example(
            item["ask"],
            answer["text"],
            "en",
            LABELS[answer["label"]],
            answer.get("style") or answer["maker"],
        )
        for item in yaml.safe_load(path.read_text(encoding="utf-8"))
        for answer in item["answers"]
    ]
