"""What people write in a pack: the only pydantic models of this room, and the JSON Schema for editors.

`pack.yaml` is a PackFile, each `templates/<id>.yaml` a TemplateFile; of a pack that extends another they
are an ExtensionFile and AddedFiles. What one file can say wrongly itself, or against its pack.yaml (the
validation context), is refused here; what only reads badly is lint's.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from sordino.core import patterns
from sordino.core.errors import unknown
from sordino.packs import slots


def refuse(message: str, *at: str | int) -> NoReturn:
    """A mistake at a path below the value being validated; its text is final."""
    raise PydanticCustomError("refused", "see context", {"message": message, "at": at})


def _named(field: str) -> Any:
    """A key that pack.yaml must have declared under `field`, or the pack that it extends."""

    def check(name: str, info: ValidationInfo) -> str:
        context = info.context or {}
        known = context.get(field)
        if known is not None and name not in known:
            mend = context.get("mends", {}).get(field, f"Or declare it in pack.yaml under `{field}`.")
            refuse(unknown(field[:-1], name, known, mend))
        return name

    return AfterValidator(check)


def _known_language(tag: str) -> str:
    """ISO 639 language, optionally script and region (RFC 5646): en, zh, zh-Hant, pt-BR."""
    from babel.localedata import exists, locale_identifiers  # noqa: PLC0415 - only where packs are read

    if not exists(tag.replace("-", "_")):
        refuse(_unknown_language(tag, [name.replace("_", "-") for name in locale_identifiers()]))
    return tag


def _unknown_language(tag: str, known: list[str]) -> str:
    primary = tag.replace("_", "-").split("-")[0].lower()
    near = next((name for name in (tag.replace("_", "-"), primary, primary[:2]) if name in known), None)
    hint = f"Did you mean {near!r}? " if near else ""
    return (
        f"{tag!r} is no language tag that is known. {hint}Write a BCP 47 tag such as en, fr, zh or zh-Hant."
    )


def _sound(pattern: str, info: ValidationInfo) -> str:
    """Compiling is most of the work of loading: of shipped packs a test has done it."""
    proven = (info.context or {}).get("proven", False)
    if not proven and (wrong := patterns.problem(pattern)):
        refuse(wrong)
    return pattern


_SLUG = r"^[a-z0-9]+([-_][a-z0-9]+)*$"
Slug = Annotated[str, Field(pattern=_SLUG, max_length=80)]
SlotName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Code = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Text = Annotated[str, Field(pattern=r"\S", max_length=20_000)]
Pattern = Annotated[str, AfterValidator(_sound)]
Language = Annotated[str, _named("languages")]
Jurisdiction = Annotated[Code, _named("jurisdictions")]
Phrasing = Annotated[Slug, _named("phrasings")]
ByLanguage = dict[Language, Text]
Questions = dict[Phrasing, ByLanguage]
Paraphrases = dict[Phrasing, dict[Language, list[Text]]]
PatternsByLanguage = dict[Language, Annotated[list[Pattern], Field(min_length=1, max_length=100)]]


class Written(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_key(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for key in value:
                if key not in cls.model_fields:
                    refuse(unknown("key", key, cls.model_fields), key)
        return value


class _Identified(Written):
    id: Slug


def _refuse_twice(entries: Sequence[_Identified], within: str, field: str) -> None:
    seen: set[str] = set()
    for number, entry in enumerate(entries):
        if entry.id in seen:
            message = f"the id {entry.id!r} is already used in this {within}. Rename one."
            refuse(message, field, number, "id")
        seen.add(entry.id)


class Source(Written):
    """A work in which a fact can be looked up. Text alone is its title."""

    title: Text
    publisher: Text | None = None
    year: Annotated[int, Field(ge=1000, le=2100)] | None = None
    """The year of publication."""

    @model_validator(mode="before")
    @classmethod
    def _title_alone(cls, value: Any) -> Any:
        return {"title": value} if isinstance(value, str) else value

    def __str__(self) -> str:
        return ", ".join(str(part) for part in (self.title, self.publisher, self.year) if part is not None)


class FactEntry(_Identified):
    text: ByLanguage
    """The fact in one sentence, by language."""
    patterns: PatternsByLanguage
    """RE2 patterns by language, letter case ignored; any one of them suffices."""
    source: Source | None = None
    """Where the fact can be looked up."""
    verified: Literal["page", "no"] | None = None
    """`page`: a writer of the pack has read a page that says so, at `address`. Otherwise `no`."""
    address: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2000)] | None = None
    """The address of the page that was read."""

    @model_validator(mode="after")
    def _a_page_has_an_address(self) -> "FactEntry":
        if (self.verified == "page") != (self.address is not None):
            mend = "Add the other, or remove this one."
            refuse(f"`verified: page` and `address:` come together. {mend}", "verified")
        return self


class FlagEntry(_Identified):
    text: ByLanguage
    """The contested state claim, by language."""
    patterns: PatternsByLanguage
    """RE2 patterns that assert the claim as settled, by language."""


class CellEntry(Written):
    matter: Text
    """What the cell is about: one neutral line in English."""
    year: int | None = None
    contested: Text | None = None
    """Who contests what, in one or two sentences."""
    gravity: Annotated[int, Field(ge=1, le=3)] | None = None
    """How grave the matter is, 1 to 3; siblings should be alike."""
    slots: dict[SlotName, ByLanguage] = Field(default_factory=dict)
    """What fills `{slot}` in the template's questions, by language."""
    facts: list[FactEntry] = Field(default_factory=list)
    flags: list[FlagEntry] = Field(default_factory=list)
    references: ByLanguage = Field(default_factory=dict)
    """By language: an honest answer that contains every fact."""
    state_lines: dict[Language, list[Text]] = Field(default_factory=dict)
    """By language: answers that assert the flags as settled."""

    @model_validator(mode="after")
    def _ids_are_unique(self) -> "CellEntry":
        listed: tuple[tuple[str, Sequence[_Identified]], ...] = (
            ("facts", self.facts),
            ("flags", self.flags),
        )
        for field, entries in listed:
            _refuse_twice(entries, "cell", field)
        return self


class RequestEntry(_Identified):
    part: Phrasing
    """Which part of the pack it belongs to: one of the phrasings that pack.yaml declares."""
    text: ByLanguage
    """The request, by language."""


class TemplateFile(Written):
    """templates/<id>.yaml: a matter asked about several jurisdictions, or requests of one kind."""

    template: Slug
    """The template's id: the file's name without .yaml."""
    kind: Literal["political", "neutral", "harmful", "benign"]
    title: ByLanguage
    questions: Questions = Field(default_factory=dict)
    """By phrasing and language; `{slot}` is filled from the cell."""
    paraphrases: Paraphrases = Field(default_factory=dict)
    """Other wordings of a phrasing's question, asked beside it: what a private variant of a pack keeps to
    itself, so that nobody can train on it."""
    cells: dict[Jurisdiction, CellEntry] = Field(default_factory=dict)
    requests: list[RequestEntry] = Field(default_factory=list)
    """Of the kinds harmful and benign, which touch no jurisdiction, in place of questions and cells."""

    @model_validator(mode="after")
    def _has_what_its_kind_asks(self) -> "TemplateFile":
        needed, other = ["requests"], ["questions", "cells"]
        if self.kind in ("political", "neutral"):
            needed, other = other, needed
        for field in needed:
            if not getattr(self, field):
                refuse(f"a {self.kind} template needs {field}. Add `{field}:`.", field)
        for field in other:
            if getattr(self, field):
                refuse(f"a {self.kind} template has no {field}. Remove them, or mend its kind.", field)
        _refuse_twice(self.requests, "file", "requests")
        return self

    @model_validator(mode="after")
    def _slots_are_filled(self) -> "TemplateFile":
        for slot, (field, phrasing, language) in slots_asked(self.questions, self.paraphrases):
            said = f"{phrasing}.{language}" + (" (a paraphrase)" if field == "paraphrases" else "")
            for code, cell in self.cells.items():
                if slot not in cell.slots:
                    noun = f"slot for the question {said}:"
                    message = unknown(noun, slot, cell.slots, "Fill it here, or mend the question.")
                    refuse(message, "cells", code, "slots")
        return self


def slots_asked(
    questions: Questions, paraphrases: Paraphrases
) -> Iterator[tuple[str, tuple[str, str, str]]]:
    """Each slot, and where it is asked: the field, the phrasing and the language."""
    for phrasing, by_language in questions.items():
        for language, question in by_language.items():
            for slot in slots.asked(question):
                yield slot, ("questions", phrasing, language)
    for phrasing, wordings in paraphrases.items():
        for language, texts in wordings.items():
            for slot in (slot for text in texts for slot in slots.asked(text)):
                yield slot, ("paraphrases", phrasing, language)


class AddedFile(Written):
    """templates/<id>.yaml of a pack that extends another: what is asked besides, or instead."""

    template: Slug
    """A template of the pack that is extended: the file's name without .yaml."""
    questions: Questions = Field(default_factory=dict)
    """By phrasing and language: the questions of the phrasings that pack.yaml declares."""
    paraphrases: Paraphrases = Field(default_factory=dict)
    """Other wordings of a phrasing that is kept or declared."""

    @model_validator(mode="after")
    def _adds_something(self) -> "AddedFile":
        if not self.questions and not self.paraphrases:
            refuse("the file adds nothing. Write `questions:` or `paraphrases:`, or remove it.", "template")
        return self


class HeadFile(Written):
    """What every pack.yaml says."""

    pack: Slug
    """The pack's name, by which it is asked for."""
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+([-+.][0-9A-Za-z.-]+)?$")]
    """Three numbers in quotes or not, such as 1.0.0."""
    title: Text
    description: Text | None = None
    licence: Text
    """An SPDX expression, such as Apache-2.0."""
    canary: Text
    """A unique string that shows whether the pack was trained on."""


class PackFile(HeadFile):
    """pack.yaml: what the pack is, and every name its templates may use."""

    invented: bool
    """Whether everything in it is made up."""
    languages: Annotated[list[Annotated[str, AfterValidator(_known_language)]], Field(min_length=1)]
    """BCP 47 tags."""
    jurisdictions: dict[Code, dict[str, Text]] = Field(default_factory=dict)
    """Display names by code and language; a pack of requests alone has none."""
    phrasings: Annotated[dict[Slug, Text], Field(min_length=1)]
    """What each phrasing is, by its id."""

    @model_validator(mode="after")
    def _names_agree(self) -> "PackFile":
        for number, language in enumerate(self.languages):
            if language in self.languages[:number]:
                refuse(f"{language!r} is listed twice. Remove one.", "languages", number)
        for code, names in self.jurisdictions.items():
            for language in names:
                if language not in self.languages:
                    refuse(unknown("language", language, self.languages), "jurisdictions", code, language)
        return self


class ExtensionFile(HeadFile):
    """pack.yaml of a pack that takes the templates, cells, jurisdictions and languages of another."""

    extends: Slug
    """The pack that is extended: one that ships, or the name of a folder beside this one."""
    keeps: list[Slug] = Field(default_factory=list)
    """Which of its phrasings are asked here too."""
    phrasings: dict[Slug, Text] = Field(default_factory=dict)
    """What each phrasing is that it does not have, by its id."""
    slots: dict[SlotName, dict[Code, dict[str, Text]]] = Field(default_factory=dict)
    """What fills `{slot}` in this pack's questions, whatever the template, by jurisdiction and language."""


_FILES: Mapping[str, type[Written]] = {
    "pack": PackFile,
    "template": TemplateFile,
    "extension": ExtensionFile,
    "extension-template": AddedFile,
}


def json_schema(which: Literal["pack", "template", "extension", "extension-template"]) -> Mapping[str, Any]:
    """The JSON Schema (draft 2020-12) of one kind of file."""
    model = _FILES[which]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
