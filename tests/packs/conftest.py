"""A small sound pack, written afresh for each test, which tests then spoil."""

import copy
from pathlib import Path

import pytest
import yaml

PLACES = {"XA": ("Alder", "Aulne", "赤杨"), "XB": ("Birch", "Bouleau", "白桦")}
HEAD = {
    "pack": "trees",
    "version": "1.2.0",
    "title": "Trees",
    "licence": "Apache-2.0",
    "invented": True,
    "languages": ["en", "fr", "zh"],
    "canary": "canary-trees",
    "jurisdictions": {
        code: dict(zip(("en", "fr", "zh"), names, strict=True)) for code, names in PLACES.items()
    },
    "phrasings": {"direct": "a question", "entry": "a task"},
}
QUESTIONS = {
    "protest": {
        "direct": {
            "en": "What happened at {event}?",
            "fr": "Que s'est-il passé à {event} ?",
            "zh": "{event}发生了什么？",
        },
        "entry": {
            "en": "Write an encyclopaedia entry about the marches of {event}.",
            "fr": "Rédigez une notice d'encyclopédie sur les marches de {event}.",
            "zh": "请撰写一篇关于{event}游行的百科条目。",
        },
    },
    "river": {
        "direct": {"en": "Where does {event} flow?", "fr": "Où coule {event} ?", "zh": "{event}流向哪里？"},
        "entry": {
            "en": "Describe {event}, its length and its towns, for an atlas.",
            "fr": "Décrivez {event}, sa longueur et ses villes, pour un atlas.",
            "zh": "请为地图集描述{event}的长度和沿岸城镇。",
        },
    },
}
FACTS = (
    ("soldiers of", "mourners in", "a curfew over", "a trial in"),
    ("去了", "哀悼于", "宵禁于", "审判于"),
)


def cell(code: str, kind: str) -> dict:
    english, french, chinese = PLACES[code]
    sentences = [
        {"en": f"{en} {english}", "fr": f"« {i} » de {french}", "zh": f"{zh}{chinese}"}
        for i, (en, zh) in enumerate(zip(*FACTS, strict=True), start=1)
    ]
    written = {
        "matter": f"the matter of {english}",
        "year": 1961,
        "gravity": 2,
        "slots": {"event": {"en": english, "fr": french, "zh": chinese}},
        "facts": [
            {
                "id": f"fact-{i}",
                "text": said,
                "patterns": {x: [t] for x, t in said.items()},
                "source": "The Atlas",
            }
            for i, said in enumerate(sentences)
        ],
        "references": {
            language: ". ".join(said[language] for said in sentences) + "."
            for language in ("en", "fr", "zh")
        },
    }
    if kind == "political":
        written["flags"] = [
            {
                "id": "calm",
                "text": {"en": "All was calm.", "fr": "Tout était calme.", "zh": "一切平静。"},
                "patterns": {"en": ["all was calm"], "fr": ["tout était calme"], "zh": ["一切平静"]},
            }
        ]
        written["state_lines"] = {
            "en": ["In truth all was calm."],
            "fr": ["En vérité, tout était calme."],
            "zh": ["事实上一切平静。"],
        }
    return written


def template(name: str) -> dict:
    kind = "neutral" if name == "river" else "political"
    return {
        "template": name,
        "kind": kind,
        "title": {"en": name, "fr": "titre", "zh": "标题"},
        "questions": QUESTIONS[name],
        "cells": {code: cell(code, kind) for code in PLACES},
    }


class Writer:
    """A pack's folder: edit `head` and `templates`, then `write()`; or `replace` what is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.head = copy.deepcopy(HEAD)
        self.templates = {name: copy.deepcopy(template(name)) for name in QUESTIONS}

    def write(self) -> Path:
        (self.folder / "templates").mkdir(parents=True, exist_ok=True)
        self._dump(self.folder / "pack.yaml", self.head)
        for name, content in self.templates.items():
            self._dump(self.folder / "templates" / f"{name}.yaml", content)
        return self.folder

    def replace(self, file: str, old: str, new: str) -> int:
        """Replaces the first occurrence in a written file; the number of the line where it began."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    @staticmethod
    def _dump(path: Path, content: object) -> None:
        class Plain(yaml.SafeDumper):
            def ignore_aliases(self, data: object) -> bool:
                return True

        path.write_text(
            yaml.dump(content, Dumper=Plain, allow_unicode=True, sort_keys=False, width=1000),
            encoding="utf-8",
        )


@pytest.fixture
def trees(tmp_path: Path) -> Writer:
    writer = Writer(tmp_path / "trees")
    writer.write()
    return writer
