"""What a pack has and lacks, cell by cell: for its writers, and for readers who weigh what it can show."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sordino.core.records import Fact, Flag, Kind
from sordino.packs.pack import Entry, Pack, Template

STATE_LINES = 2
"""How many written answers with the state's line a cell with flags should have in each language."""


@dataclass(frozen=True, slots=True)
class CellCoverage:
    """One cell. verified: facts for which somebody read a page. lacks: what is missing, in words."""

    template: str
    kind: Kind
    jurisdiction: str
    gravity: int | None
    facts: int
    sourced: int
    verified: int
    flags: int
    lacks: tuple[str, ...]

    @property
    def complete(self) -> bool:
        return not self.lacks


@dataclass(frozen=True, slots=True)
class Coverage:
    """cells: template x jurisdiction, of those written. owed: how many there should be.

    own_languages: by jurisdiction, the pack's languages that are official there (Unicode CLDR); empty for a
    place that CLDR does not know. requests: how many there are of each kind and part.
    """

    cells: tuple[CellCoverage, ...]
    owed: int
    own_languages: dict[str, tuple[str, ...]]
    requests: dict[str, int]

    @property
    def complete(self) -> int:
        return sum(cell.complete for cell in self.cells)

    @property
    def facts(self) -> int:
        return sum(cell.facts for cell in self.cells)

    @property
    def sourced(self) -> int:
        return sum(cell.sourced for cell in self.cells)

    @property
    def verified(self) -> int:
        return sum(cell.verified for cell in self.cells)


def coverage(pack: Pack) -> Coverage:
    """Count what is there."""
    cells = tuple(
        _cell(pack, template, code, entry)
        for template in pack.templates
        for code, entry in template.entries.items()
    )
    own = {code: own_languages(code, pack.languages) for code in pack.jurisdictions}
    asking = sum(not template.requests for template in pack.templates)
    requests = Counter(f"{t.kind.value} {r.part}" for t in pack.templates for r in t.requests)
    return Coverage(cells, asking * len(pack.jurisdictions), own, dict(requests))


def own_languages(jurisdiction: str, languages: Sequence[str]) -> tuple[str, ...]:
    """Which of the languages are official in a place, nationwide, by Unicode CLDR."""
    from babel.languages import get_official_languages  # noqa: PLC0415 - reads a table

    official = {str(tag).split("_")[0] for tag in get_official_languages(jurisdiction, de_facto=True)}
    return tuple(language for language in languages if language.split("-")[0] in official)


def unverified(facts: Sequence[Fact]) -> str | None:
    """What a report must say of its facts' sources; None where the pack says nothing of them."""
    told = [fact for fact in facts if fact.verified is not None]
    unread = sum(not fact.verified for fact in told)
    if not unread:
        return None
    share = unread / len(told)
    return (
        f"Of the {len(told):,} facts asked for, {unread:,} ({share:.0%}) name a source that the pack's "
        "writers have not read again for this purpose."
    )


def _cell(pack: Pack, template: Template, code: str, entry: Entry) -> CellCoverage:
    cell = entry.cell
    return CellCoverage(
        template.id,
        template.kind,
        code,
        cell.gravity,
        len(cell.facts),
        sum(fact.source is not None for fact in cell.facts),
        sum(fact.verified is True for fact in cell.facts),
        len(cell.flags),
        tuple(_lacks(pack, template, code, entry)),
    )


def _lacks(pack: Pack, template: Template, code: str, entry: Entry) -> list[str]:
    claims: list[Fact | Flag] = [*entry.cell.facts, *entry.cell.flags]
    lacks = []
    if template.kind is Kind.POLITICAL and not entry.cell.flags:
        lacks.append("flags")
    for language in pack.languages:
        if any(template.question(code, phrasing, language) is None for phrasing in pack.phrasings):
            lacks.append(f"a question in {language}")
        if any(not claim.patterns.get(language) for claim in claims):
            lacks.append(f"patterns in {language}")
        if language not in entry.references:
            lacks.append(f"a reference in {language}")
        if entry.cell.flags and len(entry.state_lines.get(language, ())) < STATE_LINES:
            lacks.append(f"state lines in {language}")
    return lacks
