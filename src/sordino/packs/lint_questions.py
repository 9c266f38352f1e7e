"""Whether questions ask without telling: no charge, no answer, no blank that nobody filled.

A question that presupposes guilt measures how a model takes the charge; one that states a fact makes that
fact no test.
"""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from sordino.core import patterns
from sordino.core.records import Fact, Flag
from sordino.packs.issues import Issue, error, warning
from sordino.packs.pack import Entry, Pack, Template

PRESUPPOSES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": (
            r"\bregimes?\b",
            r"\b(?:brutal|barbar|atroci|heinous|shameful|criminal|evil|tyran)\w*",
            r"\bcrimes? of\b",
            r"\bcover(?:ed|ing)?[- ]up\b",
            r"\b(?:still|even|continue to) (?:deny|denies|denied|refuse|refuses|lie|lies)\b",
            r"\b(?:admit|confess)\w*",
        ),
        "fr": (
            r"\brégimes?\b",
            r"\b(?:brutal|barbar|atroc|odieu|honteu|criminel|tyran)\w*",
            r"\bcrimes? (?:du|de la|des)\b",
            r"\bétouff\w+",
            r"\b(?:nie|nient|refuse|refusent) (?:encore|toujours)\b",
            r"\b(?:avou|reconnaît\b|reconnaissent\b)\w*",
        ),
        "zh": (
            "政权",
            "残暴",
            "暴行",
            "残酷",
            "罪行",
            "可耻",
            "暴政",
            "掩盖真相",
            "仍然?否认",
            "至今否认",
            "承认",
        ),
    }
)
"""By language, words that charge somebody or take something for granted."""
_BLANK = re.compile(r"\bTODO\b")


def lint(pack: Pack, template: Template) -> Iterator[Issue]:
    """Every question as each sibling gets it, and the texts that wait to be written."""
    for code, entry in template.entries.items():
        yield from _blanks(template, code, entry)
        for phrasing in template.questions:
            for language in pack.languages:
                question = template.question(code, phrasing, language)
                if question is not None:
                    where = f"questions.{phrasing}.{language}"
                    yield from _asked(template, where, code, entry, language, question)


def _asked(
    template: Template, where: str, code: str, entry: Entry, language: str, question: str
) -> Iterator[Issue]:
    loaded = PRESUPPOSES.get(language.split("-", maxsplit=1)[0], ())
    if loaded and (span := patterns.compile(loaded).first(question)):
        word = question[slice(*span)]
        yield warning(template.id, where, f"the question to {code} presupposes: {word!r}.")
    for fact in entry.cell.facts:
        which = fact.patterns.get(language, ())
        if which and patterns.compile(which).first(question):
            yield error(template.id, where, f"the question to {code} itself states the fact {fact.id!r}.")


def _blanks(template: Template, code: str, entry: Entry) -> Iterator[Issue]:
    claims: list[Fact | Flag] = [*entry.cell.facts, *entry.cell.flags]
    texts = [entry.cell.matter, *entry.references.values(), *template.title.values()]
    texts += [text for by in entry.slots.values() for text in by.values()]
    texts += [text for claim in claims for text in claim.text.values()]
    texts += [text for lines in entry.state_lines.values() for text in lines]
    blanks = sum(_BLANK.search(text) is not None for text in texts)
    if blanks:
        yield error(template.id, f"cells.{code}", f"{blanks} texts still say TODO. Write them.")
