"""The file of `sordino sweep`: which models, and what each is asked.

pack: atlas
languages: [en, fr]
models:
  - organism:open
  - {target: organism:mute-a, name: the muted one, max_tokens: 300}
  - {target: replay:answers.jsonl, models: all}

Beside `models` stands any setting of an audit, for all of them; in an entry it holds for that one. One for
all counts where it says something to the target: a recording has no temperature.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, get_origin, get_type_hints

from pydantic import AfterValidator, Field, ValidationError, create_model, model_validator

from sordino.core.errors import PackError, SordinoError, SpecError
from sordino.packs import errors, reading
from sordino.packs.reading import Document, Step
from sordino.packs.schema import Text, Written, refuse
from sordino.wiring.settings import (
    OF_ALL,
    OF_GENERATION,
    OF_MACHINE,
    OF_RECORDINGS,
    OF_SERVERS,
    OPTIONS,
    AuditSettings,
)

ALL = "all"
_RECORDING = "replay:"
_FITS: Mapping[str, Mapping[str, str]] = {
    "replay": OF_ALL | OF_RECORDINGS,
    "organism": OF_ALL | OF_GENERATION | OF_MACHINE,
    "hf": OF_ALL | OF_GENERATION | OF_MACHINE,
    "openai": OF_ALL | OF_GENERATION | OF_SERVERS,
    "inspect": OF_ALL | OF_GENERATION | OF_SERVERS,
}
"""The settings that say something to a kind of target; to a kind that is not known, all do."""
_KEYS = {"language": "recording_language"}
"""Settings that have another name in the file, where languages to ask in stand beside them."""
_OPTION = re.compile(r"(?<!\S)--[a-z-]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One audit of a sweep. name: what people call it. where: file, line and field, for messages."""

    name: str
    settings: AuditSettings
    where: str


def read(path: Path) -> list[Entry]:
    """The audits that a file asks for, in its order. Raises SpecError, a line for each of some mistakes."""
    document = _document(path)
    try:
        told: Any = _File.model_validate(document.value)
    except ValidationError as error:
        raise SpecError(str(errors.from_validation(error, document))) from error
    entries = _Entries(document, _given(told))
    for number, listed in enumerate(told.models):
        entries.add(number, listed)
    return entries.checked()


def _document(path: Path) -> Document:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}.") from error
    if not content.strip():
        raise SpecError(f"{path}: the file is empty. Write `models:`, and a list of targets.")
    try:
        return reading.read(content, str(path))
    except PackError as error:
        raise SpecError(str(error)) from error


def _several(value: object) -> object:
    is_list = isinstance(value, list) and value and all(isinstance(name, str) and name for name in value)
    if value != ALL and not is_list:
        refuse(f"write `models: {ALL}`, or a list of names of models that the recording holds.")
    return value


class _Target(Written):
    """A target alone is written as text."""

    target: Text
    name: Text | None = None
    models: Annotated[Any, AfterValidator(_several)] = None
    """Of a recording: each of these."""

    @model_validator(mode="before")
    @classmethod
    def _target_alone(cls, value: Any) -> Any:
        return {"target": value} if isinstance(value, str) else value


def _settings(without: Sequence[str] = ()) -> dict[str, Any]:
    """Every setting of an audit as a field; null stands for what is so unless told."""
    hints = get_type_hints(AuditSettings)
    return {
        _KEYS.get(name, name): (_written(hints[name]) | None, None)
        for name in OPTIONS
        if name not in without
    }


def _written(kind: Any) -> Any:
    """What YAML has for a type."""
    return {tuple: list[str], Mapping: dict[str, str]}.get(get_origin(kind), kind)


_Listed: Any = create_model("_Listed", __base__=_Target, **_settings())
_File: Any = create_model(
    "_File",
    __base__=Written,
    models=(Annotated[list[_Listed], Field(min_length=1)], ...),
    **_settings(without=["model"]),
)


def _given(told: Any) -> dict[str, Any]:
    """The settings that stand in the file, by field of AuditSettings; for null what is so unless told."""
    untold = AuditSettings("")
    given = {
        name: getattr(told, key)
        for name in OPTIONS
        if (key := _KEYS.get(name, name)) in told.model_fields_set
    }
    return {
        name: getattr(untold, name) if value is None else tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
    }


@dataclass
class _Entries:
    """Gathers the audits and what is wrong with them."""

    document: Document
    defaults: Mapping[str, Any]
    found: list[tuple[int, Entry]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def add(self, number: int, listed: Any) -> None:
        """All audits of one entry of the file."""
        kind = listed.target.partition(":")[0]
        fits = _FITS.get(kind, OPTIONS)
        for_all = {name: value for name, value in self.defaults.items() if name in fits}
        self.used |= set(for_all)
        settings = AuditSettings(listed.target, **(for_all | _given(listed)))
        try:
            for name, one in self._each(number, listed, settings):
                self._take(number, name, one)
        except SordinoError as error:
            self._refuse(("models", number), str(error))

    def checked(self) -> list[Entry]:
        """What was gathered. Raises SpecError where something is wrong."""
        for name in self.defaults:
            if name not in self.used:
                key = _KEYS.get(name, name)
                self._refuse((key,), "it says nothing to any of these targets. Remove it.")
        if self.wrong:
            more = len(self.wrong) - errors.MOST
            rest = [f"… and {more} more in this file."] if more > 0 else []
            raise SpecError("\n".join([*self.wrong[: errors.MOST], *rest]))
        return [entry for _, entry in self.found]

    def _each(
        self, number: int, listed: Any, settings: AuditSettings
    ) -> Iterator[tuple[str, AuditSettings]]:
        """By name: the audit itself, or one for each model of a recording."""
        if listed.models is None:
            yield listed.name or settings.model or settings.target, settings
            return
        if not settings.target.startswith(_RECORDING):
            self._refuse(("models", number, "models"), "it is for recordings (replay:FILE). Remove it.")
            return
        if settings.model is not None:
            self._refuse(("models", number, "model"), "`models` names them. Remove one of the two.")
            return
        for model in _held(settings) if listed.models == ALL else listed.models:
            name = model if listed.name is None else f"{listed.name}: {model}"
            yield name, replace(settings, model=model)

    def _take(self, number: int, name: str, settings: AuditSettings) -> None:
        for other, entry in self.found:
            line = self.document.line(("models", other))
            if entry.settings == settings:
                said = f"the audit of {name} stands on line {line} already. Remove one of the two."
            elif entry.name == name:
                said = f"the audit on line {line} is called {name!r} too. Give one of them a `name`."
            else:
                continue
            self._refuse(("models", number), said)
            return
        where = str(errors.at(self.document, ("models", number), "")).removesuffix(": ")
        self.found.append((number, Entry(name, settings, where)))

    def _refuse(self, path: tuple[Step, ...], said: str) -> None:
        self.wrong.append(str(errors.at(self.document, path, said)))


def in_keys(said: str) -> str:
    """What is said of the options of an audit, of the keys that a file has in their place."""
    keys = {option: _KEYS.get(name, name) for name, option in OPTIONS.items()}
    return _OPTION.sub(lambda found: f"`{keys[found[0]]}`" if found[0] in keys else found[0], said)


def _held(settings: AuditSettings) -> list[str]:
    from sordino.generation.recorded_models import models  # noqa: PLC0415

    return models(Path(settings.target.removeprefix(_RECORDING)), settings.columns)
