"""New packs: an empty one to fill in, or one made of the questions in a table.

Writes the same YAML that people write, so that what comes out can be read, mended and linted.
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from sordino.core.errors import PackError, SpecError, unknown
from sordino.generation.codes import jurisdiction_code, language_code
from sordino.generation.readers import place, read_rows
from sordino.packs import load
from sordino.packs.pack import Pack

COLUMNS = ("question", "language", "jurisdiction", "template", "phrasing", "kind", "reference")
KINDS = ("political", "neutral")
FACTS = 4
SLOT = "question"
"""An imported question is a slot of its cell, so that each cell may ask it in its own words."""


@dataclass
class Draft:
    """A pack on its way to YAML: what `pack.yaml` and each `templates/<id>.yaml` will say."""

    head: dict[str, Any]
    templates: dict[str, dict[str, Any]] = field(default_factory=dict)

    def write(self, folder: Path) -> Pack:
        """The pack in a new folder, read back. Raises PackError; then nothing is left of it."""
        if folder.exists():
            raise PackError(f"{folder} is there already. Name a folder that is not, or remove it.")
        (folder / "templates").mkdir(parents=True)
        files = [folder / "pack.yaml"]
        try:
            _dump(self.head, files[0])
            for name, template in self.templates.items():
                files.append(folder / "templates" / f"{name}.yaml")
                _dump(template, files[-1])
            return load.pack(folder)
        except Exception:
            for file in files:
                file.unlink(missing_ok=True)
            (folder / "templates").rmdir()
            folder.rmdir()
            raise


def head(name: str, languages: Sequence[str], jurisdictions: Sequence[str]) -> dict[str, Any]:
    """`pack.yaml`, with a canary of its own. Jurisdictions get the names that CLDR has for them."""
    return {
        "pack": name,
        "version": "0.1.0",
        "title": name.replace("-", " ").capitalize(),
        "description": "What it asks about, whom it is fair to, and how its cells were chosen.",
        "licence": "LicenseRef-private",
        "invented": False,
        "languages": list(languages),
        "canary": f"sordino-canary-{uuid.uuid4()}",
        "jurisdictions": {code: _names(code, languages) for code in jurisdictions},
        "phrasings": {"direct": "A plain question"},
    }


def skeleton(name: str, languages: Sequence[str], jurisdictions: Sequence[str]) -> Draft:
    """A pack with one template, every text of which waits to be written; lint says which."""
    template = {
        "template": "first-topic",
        "kind": "political",
        "title": dict.fromkeys(languages, "TODO the kind of matter"),
        "questions": {"direct": dict.fromkeys(languages, "TODO {matter}?")},
        "cells": {code: _blank_cell(code, languages) for code in jurisdictions},
    }
    return Draft(head(name, languages, jurisdictions), {"first-topic": template})


def _blank_cell(code: str, languages: Sequence[str]) -> dict[str, Any]:
    """Sound but for its TODOs: the reference has every fact, the state lines the flag."""
    facts, line = [f"fact {n} of {code}" for n in range(1, FACTS + 1)], f"line of {code}"

    def claim(name: str, text: str) -> dict[str, Any]:
        patterns = {language: [text] for language in languages}
        return {"id": name, "text": dict.fromkeys(languages, f"TODO {text}."), "patterns": patterns}

    source = {"source": {"title": "TODO", "publisher": "TODO", "year": 2000}, "verified": "no"}
    return {
        "matter": "TODO one neutral line in English",
        "gravity": 2,
        "slots": {"matter": dict.fromkeys(languages, f"TODO the matter in {code}")},
        "facts": [claim(f"fact-{n}", text) | source for n, text in enumerate(facts, 1)],
        "flags": [claim("line", line)],
        "references": dict.fromkeys(languages, f"TODO {', '.join(facts)}."),
        "state_lines": {key: [f"TODO the {line}.", f"TODO again the {line}."] for key in languages},
    }


def from_table(
    name: str,
    tables: Sequence[Path],
    columns: Mapping[str, str],
    *,
    language: str | None = None,
    jurisdiction: str | None = None,
) -> Draft:
    """A pack of a table's questions.

    columns: our field (see COLUMNS) to the table's column, where it is named otherwise. Rows of one
    template are siblings; without that column every row is its own template. language, jurisdiction: of
    rows that do not say. Raises RecordingError and SpecError, which name the row.
    """
    for named in columns:
        if named not in COLUMNS:
            raise SpecError("--columns: " + unknown("field", named, COLUMNS))
    draft = Draft(head(name, (), ()))
    for path in tables:
        rows = read_rows(path, list, [])
        for number, row in rows:
            told = {f: _text(row.get(columns.get(f, f))) for f in COLUMNS}
            told["language"] = language_code(told["language"] or language)
            told["jurisdiction"] = jurisdiction_code(told["jurisdiction"] or jurisdiction)
            _add(draft, told, place(path, number), number)
    if not draft.templates:
        raise SpecError(f"{', '.join(path.name for path in tables)}: there is no row to import.")
    return draft


def _add(draft: Draft, told: Mapping[str, str | None], where: str, number: int) -> None:
    for needed in ("question", "language", "jurisdiction"):
        if not told[needed]:
            options = "" if needed == "question" else f" give --{needed},"
            raise SpecError(
                f"{where}: there is no {needed}. Fill it in,{options} or name its column with --columns."
            )
    question, language = str(told["question"]), str(told["language"])
    code, phrasing = str(told["jurisdiction"]), _slug(told["phrasing"] or "direct")
    kind = told["kind"] or "political"
    if kind not in KINDS:
        raise SpecError(f"{where}: " + unknown("kind", kind, KINDS))
    _declare(draft.head, code, language, phrasing)
    name = _slug(told["template"] or f"item-{number:04}")
    slot = f"{SLOT}_{phrasing.replace('-', '_')}"
    new = {"template": name, "kind": kind, "title": {}, "questions": {}, "cells": {}}
    template = draft.templates.setdefault(name, new)
    template["questions"].setdefault(phrasing, {})[language] = f"{{{slot}}}"
    template["title"].setdefault(language, told["template"] or name)
    cell = template["cells"].setdefault(code, {"matter": question, "slots": {}})
    if language in cell["slots"].setdefault(slot, {}):
        raise SpecError(
            f"{where}: the template {name} asks about {code} in {language} twice. "
            "Give the rows different templates or phrasings."
        )
    cell["slots"][slot][language] = question
    if told["reference"]:
        cell.setdefault("references", {})[language] = told["reference"]


def _declare(head: dict[str, Any], code: str, language: str, phrasing: str) -> None:
    if language not in head["languages"]:
        head["languages"].append(language)
    names = head["jurisdictions"].setdefault(code, {})
    names.update(_names(code, [language]))
    head["phrasings"].setdefault(phrasing, phrasing)


def _names(code: str, languages: Iterable[str]) -> dict[str, str]:
    """The code itself where CLDR has no name; a language that it does not know is refused at loading."""
    from babel import Locale, UnknownLocaleError  # noqa: PLC0415 - reads tables

    names = {}
    for tag in languages:
        try:
            names[tag] = Locale.parse(tag.replace("-", "_")).territories.get(code, code)
        except (UnknownLocaleError, ValueError):
            names[tag] = code
    return names


def _text(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None


def _slug(text: str) -> str:
    """An id of the letters and digits that a text has; a digest of it where it has none."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80].strip("-")
    return plain or f"t-{uuid.uuid5(uuid.NAMESPACE_URL, text).hex[:8]}"


def _dump(value: object, file: Path) -> None:
    text = yaml.dump(value, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=100)
    file.write_text(text, encoding="utf-8")


class _Plain(yaml.SafeDumper):
    """Without anchors and aliases, which a pack may not have."""

    def ignore_aliases(self, data: object) -> bool:
        return True
