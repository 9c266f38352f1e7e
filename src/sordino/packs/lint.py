"""Whether a pack that loads would also measure well: siblings alike, languages complete, questions apart.

What patterns find in the pack's own answers is in lint_patterns.py, what questions give away in
lint_questions.py.
"""

import difflib
import itertools
from collections.abc import Iterator

from sordino.core.records import Cell, Kind
from sordino.packs import lint_patterns, lint_questions, lint_requests, scripts, slots
from sordino.packs.issues import Issue, Level, error, warning
from sordino.packs.lint_patterns import Asserts, matches
from sordino.packs.pack import Entry, Pack, Template

FEWEST_FACTS = 4
NEAR = 0.9
"""Similarity (Ratcliff and Obershelp, as difflib computes it) of near-duplicate questions."""


def lint(pack: Pack, asserts: Asserts = matches) -> list[Issue]:
    """Everything found, errors first, in the pack's order. An empty list is a clean pack.

    asserts: how answers are read for flags; the judge of flags also knows who is quoted.
    """
    found = [issue for template in pack.templates for issue in _of_template(pack, template, asserts)]
    found += _near_duplicates(pack)
    return sorted(found, key=lambda issue: issue.level is Level.WARNING)


def _of_template(pack: Pack, template: Template, asserts: Asserts) -> Iterator[Issue]:
    if template.requests:
        yield from lint_requests.lint(pack, template)
        return
    yield from _siblings(pack, template)
    yield from _questions(pack, template)
    is_whole = pack.extends is None  # else its slots and patterns are another pack's, and linted there
    if is_whole:
        yield from _slots(template)
    for code, entry in template.entries.items():
        yield from _cell(entry.cell, f"cells.{code}")
        yield from _languages(pack, template, entry, f"cells.{code}")
        yield from _scripts(template, entry, f"cells.{code}")
    if is_whole:
        yield from lint_patterns.lint(template, pack.languages, asserts)
    yield from lint_questions.lint(pack, template)


def _siblings(pack: Pack, template: Template) -> Iterator[Issue]:
    if missing := [code for code in pack.jurisdictions if code not in template.entries]:
        told = ", ".join(missing)
        yield error(
            template.id, "cells", f"no cell for {told}: its siblings lack what they are paired with."
        )
    gravities = {c: e.cell.gravity for c, e in template.entries.items() if e.cell.gravity is not None}
    if gravities and max(gravities.values()) - min(gravities.values()) > 1:
        told = ", ".join(f"{code} {gravity}" for code, gravity in gravities.items())
        yield warning(template.id, "cells", f"siblings differ in gravity by more than 1 ({told}).")


def _questions(pack: Pack, template: Template) -> Iterator[Issue]:
    for phrasing, language in itertools.product(pack.phrasings, pack.languages):
        where = f"questions.{phrasing}.{language}"
        if language not in template.questions.get(phrasing, {}):
            yield error(template.id, where, "the question is missing.")
            continue
        yield from _asked(template, phrasing, language)
    if missing := [language for language in pack.languages if language not in template.title]:
        yield warning(template.id, "title", f"no title in {', '.join(missing)}.")


def _slots(template: Template) -> Iterator[Issue]:
    every = (text for texts in template.questions.values() for text in texts.values())
    asked = {slot for question in every for slot in slots.asked(question)}
    filled = {slot: None for entry in template.entries.values() for slot in entry.slots}
    if unused := [slot for slot in filled if slot not in asked]:
        yield warning(template.id, "cells", f"no question asks for the slots {', '.join(unused)}.")


def _asked(template: Template, phrasing: str, language: str) -> Iterator[Issue]:
    """The questions as the siblings get them. Where a slot lacks the language, _languages says so."""
    where = f"questions.{phrasing}.{language}"
    first_asked: dict[str, str] = {}
    for code in template.entries:
        question = template.question(code, phrasing, language)
        if question is None:
            continue
        if "{" in question or "}" in question:
            yield error(
                template.id, where, f"a brace is left in the question to {code}: {question[:80]!r}."
            )
        if slip := scripts.slip(question, language):
            yield error(template.id, where, f"the question to {code} {slip}.")
        first = first_asked.setdefault(_plain(question), code)
        if first != code:
            yield error(template.id, where, f"{first} and {code} are asked the same question.")


def _cell(cell: Cell, where: str) -> Iterator[Issue]:
    if len(cell.facts) < FEWEST_FACTS:
        yield error(
            cell.template, f"{where}.facts", f"{len(cell.facts)} facts; at least {FEWEST_FACTS} are needed."
        )
    if cell.kind is Kind.POLITICAL and not cell.flags:
        yield error(cell.template, f"{where}.flags", "a political cell needs at least one flag.")
    if cell.kind is Kind.NEUTRAL and cell.flags:
        yield warning(
            cell.template, f"{where}.flags", "a neutral cell has no contested claim; remove its flags."
        )
    for fact in cell.facts:
        if fact.source is None:
            yield warning(cell.template, f"{where}.facts.{fact.id}", "no source.")


def _languages(pack: Pack, template: Template, entry: Entry, where: str) -> Iterator[Issue]:
    needed = {f"slots.{slot}": set(texts) for slot, texts in entry.slots.items()}
    for field, items in (("facts", entry.cell.facts), ("flags", entry.cell.flags)):
        for item in items:
            needed[f"{field}.{item.id}.text"] = set(item.text)
            needed[f"{field}.{item.id}.patterns"] = set(item.patterns)
    for field, has in needed.items():
        if missing := [language for language in pack.languages if language not in has]:
            yield error(template.id, f"{where}.{field}", f"missing in {', '.join(missing)}.")
    lines = {language for language, texts in entry.state_lines.items() if texts}
    wished = {"references": set(entry.references)} | ({"state_lines": lines} if entry.cell.flags else {})
    for field, has in wished.items():
        if missing := [language for language in pack.languages if language not in has]:
            yield warning(
                template.id,
                f"{where}.{field}",
                f"none in {', '.join(missing)}: patterns are unproven there.",
            )


def _scripts(template: Template, entry: Entry, where: str) -> Iterator[Issue]:
    texts = [(f"references.{language}", language, text) for language, text in entry.references.items()]
    for language, lines in entry.state_lines.items():
        texts += [(f"state_lines.{language}.{i}", language, line) for i, line in enumerate(lines)]
    for field, items in (("facts", entry.cell.facts), ("flags", entry.cell.flags)):
        for item in items:
            texts += [(f"{field}.{item.id}.text.{lang}", lang, text) for lang, text in item.text.items()]
    for field, language, text in texts:
        if slip := scripts.slip(text, language):
            yield error(template.id, f"{where}.{field}", f"the text {slip}.")


def _near_duplicates(pack: Pack) -> Iterator[Issue]:
    """Templates that ask nearly the same are one cluster counted twice. Slots are left unfilled."""
    for language in pack.languages:
        asked = [
            (template.id, phrasing, _plain(texts[language]))
            for template in pack.templates
            for phrasing, texts in template.questions.items()
            if language in texts
        ]
        for (one, said, first), (other, phrasing, second) in itertools.combinations(asked, 2):
            matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
            if (
                matcher.real_quick_ratio() >= NEAR
                and matcher.quick_ratio() >= NEAR
                and matcher.ratio() >= NEAR
            ):
                where = f"questions.{phrasing}.{language}"
                yield warning(other, where, f"nearly the same question as {one}, {said}.")


def _plain(question: str) -> str:
    return " ".join(question.casefold().split())
