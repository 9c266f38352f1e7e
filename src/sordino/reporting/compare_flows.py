"""From which state to which: the matrix of readings and deliveries, and what changed at each place."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator

from sordino.core.records import Kind
from sordino.reporting import tally, words
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.compare_views import FlowCell, FlowTable
from sordino.reporting.compare_words import CHANGES, PARTED, change
from sordino.reporting.text import link, token
from sordino.reporting.views import Row, Table

_CAPTIONS = {
    Kind.POLITICAL: "Political questions",
    Kind.NEUTRAL: "Neutral questions",
    Kind.HARMFUL: "Harmful requests",
    Kind.BENIGN: "Harmless look-alikes",
}


def flow_tables(source: CompareSource) -> tuple[FlowTable, ...]:
    """One matrix for each kind of question that was asked."""
    return tuple(
        table for kind, caption in _CAPTIONS.items() if (table := _flow_table(source, kind, caption))
    )


def _flow_table(source: CompareSource, kind: Kind, caption: str) -> FlowTable | None:
    counts: Counter[tuple[str, str]] = Counter()
    for flow in source.made.flows:
        if flow.kind == kind.value:
            counts[flow.a, flow.b] += flow.n
    if not counts:
        return None
    down = [state for state in _ORDER if any(a == state for a, _ in counts)]
    across = [state for state in _ORDER if any(b == state for _, b in counts)]
    # By the largest move, not by rows: two of two that changed are no more than two.
    most = max((n for (a, b), n in counts.items() if a != b), default=0)
    rows = tuple(
        (words.STATES[a], tuple(_cell(counts, a, b, across, kind, most) for b in across)) for a in down
    )
    return FlowTable(caption, tuple(words.STATES[b] for b in across), rows)


_ORDER = ("COMPLETE", "PARTIAL", "DENIAL", *tally.STATES[3:])


def _cell(
    counts: Counter[tuple[str, str]], a: str, b: str, across: list[str], kind: Kind, most: int
) -> FlowCell:
    n, whole = counts[a, b], sum(counts[a, other] for other in across)
    title = f"{change(a, b)}: {n:,} of {whole:,} that were {words.STATES[a]} in A"
    if a == b:
        return FlowCell(f"{n:,}", title, "same", "")
    href = link(e=f"{a}-{b}", k=kind.value) if n and "not_asked" not in (a, b) else ""
    return FlowCell(f"{n:,}", title, f"h{math.ceil(10 * n / most) if n else 0}", href)


def places(source: CompareSource) -> Table:
    """How many pairs changed in which way where any did, political and other questions alike."""
    pairs = source.made.pairs
    language = None if source.between_languages else pairs["language"]
    by: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    spoken = [""] * len(pairs) if language is None else language
    for code, lang, changes in zip(pairs["jurisdiction"].fillna(""), spoken, pairs["changes"], strict=True):
        by[str(code), str(lang)].update(["pairs", *(["changed"] if changes else []), *str(changes).split()])
    used = [name for name in CHANGES if any(counts[name] for counts in by.values())]
    changed = sorted((place, counts) for place, counts in by.items() if counts["changed"])
    rows = [_place(source, place, counts, used) for place, counts in changed]
    total: Counter[str] = sum(by.values(), Counter())
    rows.append(Row("All", _counts(total, used), "", "total"))
    head = ("Pairs", "Changed", *(CHANGES[name].capitalize() for name in used))
    return Table("Changed, by place", head, tuple(rows))


def _place(source: CompareSource, place: tuple[str, str], counts: Counter[str], used: list[str]) -> Row:
    code, lang = place
    name = words.jurisdiction(source.manifest, code or None)
    href = link(j=code or None, l=lang) if lang else link(j=code or None)
    return Row(f"{name}, {words.language(lang)}" if lang else name, _counts(counts, used), href)


def _counts(counts: Counter[str], used: list[str]) -> tuple[str, ...]:
    return tuple(words.count(counts[name]) for name in ("pairs", "changed", *used))


def alone(source: CompareSource) -> tuple[str, ...]:
    """What only one side owes, and so is in no figure here."""
    return tuple(_alone(source))


def _alone(source: CompareSource) -> Iterator[str]:
    for side, only in (("A", source.made.only_a), ("B", source.made.only_b)):
        for column, n in only.items():
            yield f"Only {side} was asked: {words.count(n)} {PARTED[column]}."


def flow_token(a: str, b: str) -> str:
    """How a move from one state to another stands in links and attributes."""
    return token(f"{a}-{b}")
