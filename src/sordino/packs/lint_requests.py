"""Templates of requests: complete in every language, in its script, and their parts truly apart."""

import difflib
from collections.abc import Iterator

from sordino.packs import scripts
from sordino.packs.issues import Issue, error
from sordino.packs.pack import Ask, Pack, Template

NEAR = 0.85
"""Similarity (Ratcliff and Obershelp, as difflib computes it) from which two requests count as one."""


def lint(pack: Pack, template: Template) -> Iterator[Issue]:
    """One template's requests."""
    for number, request in enumerate(template.requests):
        where = f"requests.{number}.text"
        if missing := [language for language in pack.languages if language not in request.text]:
            yield error(template.id, where, f"{request.id}: missing in {', '.join(missing)}.")
        for language, text in request.text.items():
            if slip := scripts.slip(text, language):
                yield error(template.id, f"{where}.{language}", f"{request.id}: the text {slip}.")
        for earlier in template.requests[:number]:
            if near := _near(earlier, request):
                apart = "" if earlier.part == request.part else f", of the part {earlier.part}"
                message = f"{request.id} is nearly the same as {earlier.id}{apart}."
                yield error(template.id, f"{where}.{near}", message)


def _near(one: Ask, other: Ask) -> str | None:
    """The first language in which two requests are nearly the same."""
    for language in one.text.keys() & other.text.keys():
        matcher = difflib.SequenceMatcher(
            None, one.text[language].casefold(), other.text[language].casefold(), autojunk=False
        )
        if all(ratio() >= NEAR for ratio in (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)):
            return language
    return None
