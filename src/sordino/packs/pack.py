"""A loaded pack: what the audit plans from and the organism learns from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sordino.core.errors import SpecError, unknown
from sordino.core.manifest import PackIdentity
from sordino.core.names import read_names
from sordino.core.records import Cell, Kind, Matching, Probe
from sordino.packs import slots

PARAPHRASE = "~"
"""Between a phrasing and the number of another wording of it."""

Texts: TypeAlias = Mapping[str, Mapping[str, str]]
"""Questions by phrasing and language, or what fills slots, by slot and language."""


def numbered(paraphrases: Mapping[str, Mapping[str, Sequence[str]]], beside: Iterable[str] = ()) -> Texts:
    """Paraphrases as phrasings of their own: direct~1, direct~2 …, counted on from those in `beside`."""
    found: dict[str, dict[str, str]] = {}
    named = list(beside)
    for phrasing, by_language in paraphrases.items():
        first = 1 + sum(name.startswith(phrasing + PARAPHRASE) for name in named)
        for language, texts in by_language.items():
            for number, text in enumerate(texts, first):
                found.setdefault(f"{phrasing}{PARAPHRASE}{number}", {})[language] = text
    return found


def phrasing_of(wording: str) -> str:
    """The phrasing that a wording is, or is a paraphrase of."""
    return wording.split(PARAPHRASE, 1)[0]


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell with what is written beside it.

    contested: who contests what, or nothing. slots: text by slot and language. references: an honest answer
    by language. state_lines: answers that assert a flag as settled, by language.
    """

    cell: Cell
    year: int | None
    contested: str
    slots: Texts
    references: Mapping[str, str]
    state_lines: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that touches no jurisdiction. part: a phrasing of the pack; text: by language."""

    id: str
    part: str
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of matter. questions: by phrasing and language, slots unfilled; entries: by jurisdiction.

    A paraphrase of `direct` is asked as `direct~1`. requests: of the harmful and benign kinds, which have
    neither questions nor entries.
    """

    id: str
    kind: Kind
    title: Mapping[str, str]
    questions: Texts
    entries: Mapping[str, Entry]
    requests: tuple[Ask, ...] = ()

    def wordings(self, phrasing: str) -> list[str]:
        """The phrasing, and those of its paraphrases that this template has."""
        return [phrasing, *(name for name in self.questions if name.startswith(phrasing + PARAPHRASE))]

    def question(self, jurisdiction: str, phrasing: str, language: str) -> str | None:
        """The question as it is asked, or None where the pack does not say it in that language."""
        question = self.questions.get(phrasing, {}).get(language)
        entry = self.entries.get(jurisdiction)
        if question is None or entry is None:
            return None
        filling = {slot: texts[language] for slot, texts in entry.slots.items() if language in texts}
        complete = filling.keys() >= set(slots.asked(question))
        return slots.fill(question, filling) if complete else None


@dataclass(frozen=True, slots=True)
class Pack:
    """identity.hash is the digest of the files' content; phrasings: what each is, by id.

    extends: the pack whose matters this one asks in other wordings; its hash is part of this one's.
    """

    identity: PackIdentity
    description: str
    licence: str
    languages: tuple[str, ...]
    jurisdictions: Mapping[str, Mapping[str, str]]
    phrasings: Mapping[str, str]
    templates: tuple[Template, ...]
    extends: PackIdentity | None = None

    def template(self, name: str) -> Template:
        """Raises SpecError for a name that the pack does not have."""
        for template in self.templates:
            if template.id == name:
                return template
        raise SpecError(self._unknown("template", name, [t.id for t in self.templates]))

    def probes(
        self,
        languages: Iterable[str] | None = None,
        templates: Iterable[str] | None = None,
        jurisdictions: Iterable[str] | None = None,
        phrasings: Iterable[str] | None = None,
    ) -> list[Probe]:
        """The selected questions in the pack's order; None selects all.

        A question that the pack does not hold in a language is no probe (lint says so). Raises SpecError
        for a name that the pack does not have.
        """
        chosen_templates = self._chosen("template", templates, [t.id for t in self.templates])
        chosen = (
            self._chosen("jurisdiction", jurisdictions, self.jurisdictions),
            self._chosen("language", languages, self.languages),
            self._chosen("phrasing", phrasings, self.phrasings),
        )
        found = [p for t in self.templates if t.id in chosen_templates for p in self._probes_of(t, *chosen)]
        if jurisdictions is not None:
            return found
        asked = [
            p for t in self.templates if t.id in chosen_templates for p in self._requests(t, *chosen[1:])
        ]
        return found + asked

    def _requests(self, template: Template, languages: set[str], phrasings: set[str]) -> Iterator[Probe]:
        name = self.identity.name
        for request in template.requests:
            cell = Cell(template.id, None, template.kind, request.id)
            for language in filter(languages.__contains__, self.languages):
                if request.part in phrasings and language in request.text:
                    identifier = "/".join((name, template.id, request.id, language, request.part))
                    text = request.text[language]
                    yield Probe(identifier, name, cell, language, request.part, text, Matching.NONE)

    def _probes_of(
        self, template: Template, jurisdictions: set[str], languages: set[str], phrasings: set[str]
    ) -> Iterator[Probe]:
        name = self.identity.name
        for jurisdiction in filter(jurisdictions.__contains__, self.jurisdictions):
            for language in filter(languages.__contains__, self.languages):
                chosen = filter(phrasings.__contains__, self.phrasings)
                for phrasing in (wording for one in chosen for wording in template.wordings(one)):
                    question = template.question(jurisdiction, phrasing, language)
                    if question is not None:
                        identifier = "/".join((name, template.id, jurisdiction, language, phrasing))
                        cell = template.entries[jurisdiction].cell
                        yield Probe(identifier, name, cell, language, phrasing, question)

    def _chosen(self, noun: str, given: Iterable[str] | None, known: Iterable[str]) -> set[str]:
        names = list(known)
        chosen = names if given is None else [given] if isinstance(given, str) else list(given)
        for name in chosen:
            if name not in names:
                raise SpecError(self._unknown(noun, name, names))
        return set(chosen)

    def _unknown(self, noun: str, name: str, known: Iterable[str]) -> str:
        codes = list(known)
        names = read_names(noun, codes, self.jurisdictions)
        return unknown(f"{noun} in the pack {self.identity.name}:", name, codes, names=names)
