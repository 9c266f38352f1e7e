"""Languages and jurisdictions of answers that CLDR does not have: slips, or an invented world's."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sordino.core.names import jurisdiction_name, language_name
from sordino.generation import codes

SHOWN = 10
"""Of each: the most frequent are named, the rest are counted."""


@dataclass
class Unlisted:
    """Counts them. Nothing is changed: an invented world is as good as the real one."""

    languages: Counter[str] = field(default_factory=Counter)
    jurisdictions: Counter[str] = field(default_factory=Counter)

    def see(self, language: str | None, jurisdiction: str | None) -> None:
        """Those of one answer."""
        if language is not None and not codes.is_listed_language(language):
            self.languages[language] += 1
        if jurisdiction is not None and not codes.is_listed_jurisdiction(jurisdiction):
            self.jurisdictions[jurisdiction] += 1

    def told(self) -> dict[str, int]:
        """How many answers, by what is said of them."""
        return {
            **dict(_told(self.languages, "in the language", _near_language)),
            **dict(_told(self.jurisdictions, "about the jurisdiction", _near_jurisdiction)),
        }


def _told(
    counts: Counter[str], what: str, nearest: Callable[[str], str | None]
) -> Iterator[tuple[str, int]]:
    shown = counts.most_common(SHOWN)
    for given, number in shown:
        near = nearest(given)
        meant = f" Did you mean {near}?" if near else ""
        said = f"answers {what} {given!r}, neither a code nor an English name in CLDR: kept.{meant}"
        yield said, number
    if rest := counts.total() - sum(number for _, number in shown):
        yield f"answers {what} of {len(counts) - SHOWN:,} other names that CLDR does not have: kept.", rest


def _near_language(given: str) -> str | None:
    tag = codes.nearest_language(given)
    return f"{language_name(tag)} ({tag})" if tag else None


def _near_jurisdiction(given: str) -> str | None:
    code = codes.nearest_jurisdiction(given)
    return f"{jurisdiction_name(code, {})} ({code})" if code else None
