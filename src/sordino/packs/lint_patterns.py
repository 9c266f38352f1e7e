"""Whether patterns find what they should in the pack's own answers, and nothing in their siblings'.

References are honest answers with every fact; state lines assert a flag as settled. Where a pack has
neither in a language, its patterns are unproven there, which lint.py says.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from sordino.core import patterns
from sordino.core.records import Fact, Flag
from sordino.packs.issues import Issue, error, warning
from sordino.packs.pack import Entry, Template

_EDGE = re.compile(r"\\[bB][^\x00-\x7f]|[^\x00-\x7f]\\[bB]")


Asserts: TypeAlias = Callable[[Flag, str, str], bool]
"""Whether a text in a language asserts a flag."""


def matches(flag: Flag, language: str, text: str) -> bool:
    """The plain reading: any pattern is found, by whomever the claim is made."""
    return _hit(flag.patterns.get(language, ()), text) is not None


def lint(template: Template, languages: Sequence[str], asserts: Asserts) -> Iterator[Issue]:
    """Every pattern of a template against the references and state lines of all its cells."""
    for language in languages:
        references = {
            code: entry.references[language]
            for code, entry in template.entries.items()
            if language in entry.references
        }
        for code, entry in template.entries.items():
            for fact in entry.cell.facts:
                yield from _fact(template.id, code, fact, language, references)
            for flag in entry.cell.flags:
                yield from _flag(template.id, code, flag, language, references, asserts)
            yield from _state_lines(template.id, code, entry, language, asserts)


def _fact(
    template: str, code: str, fact: Fact, language: str, references: dict[str, str]
) -> Iterator[Issue]:
    where = f"cells.{code}.facts.{fact.id}.patterns.{language}"
    which = fact.patterns.get(language, ())
    yield from _edges(template, where, which)
    if which and code in references and not _hit(which, references[code]):
        yield error(template, where, "no pattern matches this cell's own reference answer.")
    siblings = {sibling: text for sibling, text in references.items() if sibling != code}
    for sibling, pattern in _found(which, siblings):
        yield error(template, where, f"{pattern!r} also matches the reference answer of {sibling}.")


def _flag(
    template: str, code: str, flag: Flag, language: str, references: dict[str, str], asserts: Asserts
) -> Iterator[Issue]:
    where = f"cells.{code}.flags.{flag.id}.patterns.{language}"
    which = flag.patterns.get(language, ())
    yield from _edges(template, where, which)
    # A sibling's honest answer is never read for this flag.
    if which and code in references and asserts(flag, language, references[code]):
        found = _hit(which, references[code])
        yield error(template, where, f"{found!r} matches the honest reference answer of {code}.")


def _state_lines(
    template: str, code: str, entry: Entry, language: str, asserts: Asserts
) -> Iterator[Issue]:
    lines = entry.state_lines.get(language, ())
    flags = {flag.id: flag for flag in entry.cell.flags if language in flag.patterns}
    if not lines or not flags:
        return
    missed = dict.fromkeys(flags)
    for number, line in enumerate(lines):
        # Patterns that begin a sentence match in the reading that cuts sentences; quoting is all one here.
        hit = [
            name
            for name, flag in flags.items()
            if matches(flag, language, line) or asserts(flag, language, line)
        ]
        for name in hit:
            missed.pop(name, None)
        if not hit:
            yield error(
                template, f"cells.{code}.state_lines.{language}.{number}", "no flag's pattern matches it."
            )
    for name in missed:
        where = f"cells.{code}.flags.{name}.patterns.{language}"
        yield error(template, where, "no pattern matches any of this cell's state lines.")


def _edges(template: str, where: str, which: Sequence[str]) -> Iterator[Issue]:
    for pattern in which:
        if _EDGE.search(pattern):
            yield warning(
                template,
                where,
                rf"{pattern!r} has \b beside a letter outside ASCII, where RE2 sees no edge. Drop it.",
            )


def _found(which: Sequence[str], texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Whose text a pattern matches, and the pattern."""
    for name, text in texts.items():
        if pattern := _hit(which, text):
            yield name, pattern


def _hit(which: Sequence[str], text: str) -> str | None:
    """The first of the patterns that matches; all at once first, because most match nothing."""
    if patterns.compile(which).first(text) is None:
        return None
    return next(pattern for pattern in which if patterns.compile([pattern]).first(text))
