"""The page about a cleaned instruction set: what went and why, what stayed and why, and the balance of what
is left.

Everything that a data set says is hostile text here: it is escaped, shortened, and its acting characters
are shown as signs.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sordino.core.names import jurisdiction_name, language_name
from sordino.remedy.dataset_balance import FOUR_FIFTHS, LEAST, Uneven, by_jurisdiction, uneven
from sordino.remedy.dataset_tally import Case, after, before
from sordino.remedy.dataset_topics import Topic
from sordino.remedy.dataset_verdict import LIKELY, Reason
from sordino.reporting import document, words
from sordino.reporting.cleaning_source import CleaningSource
from sordino.reporting.cleaning_words import MEANINGS, NOUNS, REASONS
from sordino.reporting.text import label, pathless, prose
from sordino.reporting.views import Row, Table

STYLES = ("report.css", "judge_card.css")
PLACES, LANGUAGES, EXAMPLES = 12, 6, 4
"""The most of each that is shown; --json has all."""
SHOWN = 700
"""Characters of a question, and of an answer, in an example."""


@dataclass(frozen=True, slots=True)
class Example:
    """One turn: what decided, in a line, and its texts."""

    why: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Group:
    """Examples of one reason."""

    name: str
    meaning: str
    n: str
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class CleaningPage:
    """Finished words; escaping is left to whoever renders."""

    title: str
    name: str
    sentence: str
    size: str
    doubts: tuple[str, ...]
    rows: Table
    places: Table | None
    balance: Table | None
    groups: tuple[Group, ...]
    method: tuple[str, ...]
    notes: tuple[str, ...]


def html(source: CleaningSource) -> str:
    """The page as one document that needs no network and no script."""
    from sordino.reporting.cleaning_chart import removed  # noqa: PLC0415 - brings Altair

    told = [REASONS[reason] for reason in Reason if reason.goes and source.reasons[reason]]
    drawn = removed(_bars(source), told)
    return document.html("cleaning.html", STYLES, page=page(source), chart=drawn)


def page(source: CleaningSource) -> CleaningPage:
    """The page model."""
    name = label(pathless(source.source))
    return CleaningPage(
        title=f"{name}: cleaned by Sordino",
        name=name,
        sentence=sentence(source),
        size=f"{_rows(source.rows)} · {', '.join(map(label, source.packs))}",
        doubts=doubts(source),
        rows=rows(source),
        places=_places(source),
        balance=balance(source) if source.balance else None,
        groups=tuple(_groups(source)),
        method=tuple(_method(source)),
        notes=tuple(prose(note) for note in source.notes),
    )


def sentence(source: CleaningSource) -> str:
    """What there is to know first."""
    reasons = source.reasons
    if not source.removed:
        return f"Of {_rows(source.rows)} none goes: no answer surely withholds politics or takes one side."
    parts = [f"{n:,} {NOUNS[r][n != 1]}" for r in Reason if r.goes and (n := reasons[r])]
    share = source.removed / source.rows
    verb = "goes" if source.removed == 1 else "go"
    return f"Of {_rows(source.rows)} {source.removed:,} {verb} ({share:.1%}): {', '.join(parts)}."


def _rows(n: int) -> str:
    return f"{n:,} row{'' if n == 1 else 's'}"


def doubts(source: CleaningSource) -> tuple[str, ...]:
    """What a reader must not miss."""
    found = []
    if source.rules.all_denials:
        found.append(
            "With --all-denials answers went that withhold what nobody can call political, among them "
            "refusals of harmful requests that no word gave away. A model that is fine-tuned on what is "
            "left may answer such requests."
        )
    if source.balance:
        found += _fewer(source)
    if source.rebalance is not None:
        found.append(_rebalanced(source))
    if source.marks is not None and source.marks[0] > source.marks[1]:
        found.append(f"{source.marks[0] - source.marks[1]:,} marks belong to no row of this set.")
    return tuple(map(prose, found))


def _uneven(source: CleaningSource) -> list[Uneven]:
    return uneven(before(source.counts), after(source.counts))


def _fewer(source: CleaningSource) -> Iterator[str]:
    """The jurisdictions of which much less is left than of the others, in one paragraph; the table has
    all.
    """
    worst: dict[str, Uneven] = {}
    for one in sorted(_uneven(source), key=lambda one: (one.kept.language is not None, one.kept.share)):
        worst.setdefault(one.kept.jurisdiction, one)
    if worst:
        told = "; ".join(_left(source, one) for one in worst.values())
        yield (
            f"Much fewer rows are left about some jurisdictions than about others: {told}. A model that "
            "learns from this set learns less of them: write answers for rows that went, or drop some of "
            "the others with --rebalance."
        )


def _left(source: CleaningSource, one: Uneven) -> str:
    kept = one.kept
    where = f" in {language_name(kept.language)}" if kept.language else ""
    share = f"{kept.share or 0.0:.0%}, of rows about others {one.others:.0%}"
    return f"{place(source, kept.jurisdiction)}{where} {kept.after:,} of {kept.before:,} ({share})"


def _rebalanced(source: CleaningSource) -> str:
    plan = source.rebalance
    assert plan is not None
    if plan.why_not:
        return f"--rebalance dropped nothing: {plan.why_not}."
    dropped = source.reasons[Reason.REBALANCED]
    return (
        f"--rebalance dropped {dropped:,} rows at random (seed {source.seed}): of every jurisdiction and "
        f"language at most {plan.share or 0.0:.0%} are left now, or what a person or a word of harm kept."
    )


def place(source: CleaningSource, code: str) -> str:
    """A jurisdiction's name."""
    return label(jurisdiction_name(code, source.names)) if code else words.NO_JURISDICTION


def rows(source: CleaningSource) -> Table:
    """Every row by its reason."""
    reasons = source.reasons
    listed = [r for r in Reason if reasons[r] or r in (Reason.REFUSES, Reason.EVADES, Reason.ONE_SIDED)]
    lines = [
        Row(
            REASONS[reason],
            ("goes" if reason.goes else "stays", f"{reasons[reason]:,}", MEANINGS[reason]),
            tone="selective" if reason.goes and reasons[reason] else "",
        )
        for reason in listed
    ]
    unread = [f"{prose(why)} ({n:,})" for why, n in Counter(source.unread).most_common(6)]
    notes = (f"Could not be read: {'; '.join(unread)}.",) if unread else ()
    return Table("Rows by reason", ("", "Rows", ""), tuple(lines), notes)


def _bars(source: CleaningSource) -> list[tuple[str, str, str, int]]:
    """Of the chart: places with the most rows that go, in the languages with the most."""
    counted = _gone(source)
    places = _most(((code, n) for (code, _, _), n in counted.items()), PLACES)
    tongues = _most(((language, n) for (_, language, _), n in counted.items()), LANGUAGES)
    return [
        (place(source, code), label(language_name(language)), REASONS[reason], n)
        for code in places
        for language in tongues
        for reason in Reason
        if (n := counted[code, language, reason])
    ]


def _gone(source: CleaningSource) -> Counter[tuple[str, str, Reason]]:
    """Rows that go by jurisdiction, language and reason; one that touches several counts for each."""
    found: Counter[tuple[str, str, Reason]] = Counter()
    for (reason, (codes, language)), n in source.counts.items():
        for code in codes or ("",) if reason.goes else ():
            found[code, language, reason] += n
    return found


def _most(pairs: Iterator[tuple[str, int]], most: int) -> list[str]:
    total: Counter[str] = Counter()
    for name, n in pairs:
        total[name] += n
    return [name for name, _ in sorted(total.items(), key=lambda one: (-one[1], one[0]))[:most]]


def _places(source: CleaningSource) -> Table | None:
    counted = _gone(source)
    if not counted:
        return None
    told = [reason for reason in Reason if any(key[2] is reason for key in counted)]
    codes = _most(((code, n) for (code, _, _), n in counted.items()), PLACES)
    lines = []
    for code in codes:
        languages = sorted({key[1] for key in counted if key[0] == code})
        for language in languages:
            cells = tuple(f"{counted[code, language, reason]:,}" for reason in told)
            lines.append(Row(place(source, code), (label(language_name(language)), *cells)))
    left = len({key[0] for key in counted}) - len(codes)
    notes = ["A row that touches several jurisdictions counts for each."]
    notes += [f"{left} more with fewer rows are in --json."] if left > 0 else []
    head = ("Language", *(REASONS[reason] for reason in told))
    return Table("Rows that go, by jurisdiction and language", head, tuple(lines), tuple(notes))


def balance(source: CleaningSource) -> Table | None:
    """Rows that touch each jurisdiction, before and after."""
    kept = by_jurisdiction(before(source.counts), after(source.counts))
    if not kept:
        return None
    few = {(one.kept.jurisdiction, one.kept.language) for one in _uneven(source)}
    codes = list(dict.fromkeys(one.jurisdiction for one in kept))[:PLACES]
    lines = [
        Row(
            place(source, one.jurisdiction),
            (
                label(language_name(one.language)) if one.language else "all languages",
                f"{one.before:,}",
                f"{one.after:,}",
                "–" if one.share is None else f"{one.share:.1%}",
            ),
            tone="selective" if (one.jurisdiction, one.language) in few else "",
        )
        for one in kept
        if one.jurisdiction in codes
    ]
    left = len({one.jurisdiction for one in kept}) - len(codes)
    rule = (
        f"Marked: from {LEAST} rows on, those of which less than {FOUR_FIFTHS:.0%} of the share is kept "
        "that is kept of rows about others, in the language or in all."
    )
    more = (f"{left} more jurisdictions with fewer rows are in --json.",) if left > 0 else ()
    return Table(
        "Rows that touch a jurisdiction",
        ("Language", "Before", "After", "Kept"),
        tuple(lines),
        (rule, *more),
    )


def _groups(source: CleaningSource) -> Iterator[Group]:
    for reason in Reason:
        cases = source.cases.get(reason, ())
        if cases:
            shown = tuple(_example(source, case) for case in cases[:EXAMPLES])
            yield Group(REASONS[reason], MEANINGS[reason], _rows(source.reasons[reason]), shown)


def _example(source: CleaningSource, case: Case) -> Example:
    decision = case.decision
    told = [f"row {case.row}", language_name(case.language)]
    told += [", ".join(place(source, code) for code in case.jurisdictions)] if case.jurisdictions else []
    if decision.confidence is not None:
        told.append(f"withheld with probability {decision.confidence:.2f}")
    if decision.read is not None:
        told += _because(decision.read.topic)
        told += [f"claim: {claim.text}" for claim in decision.read.claims]
    return Example(" ".join(prose(" · ".join(told)).split()), _short(case.question), _short(case.answer))


def _because(topic: Topic) -> Iterator[str]:
    if topic.political:
        yield f"political: {topic.political}"
    if topic.harm or (topic.doubt and not topic.surely_political):
        yield f"may ask for harm: {topic.harm or topic.doubt}"
    if wanted := topic.side or topic.position:
        yield f"asks for a side: {wanted}"


def _short(text: str) -> str:
    return prose(text[:SHOWN]) + (
        f" … [{len(text) - SHOWN:,} more characters]" if len(text) > SHOWN else ""
    )


def _method(source: CleaningSource) -> Iterator[str]:
    rules, judges = source.rules, {axis: label(judge) for axis, judge in source.judges.items()}
    yield (
        f"An answer is withheld where {judges['engagement']} gives DENIAL and PARTIAL together a "
        f"probability of {rules.sure:g} or more; from {min(LIKELY, rules.sure):g} on it is in the review "
        "file. What is withheld goes only where its question is surely political: it asks of a matter that "
        "a pack names, or it names a jurisdiction and has a word about states and those who govern, and it "
        "has no word of harm and none of asking for oneself. Everything else stays, refusals of harmful "
        "requests first."
    )
    yield (
        f"An answer is one-sided where {judges['flags']} finds a claim of a cell asserted as settled, its "
        "question is about that cell, and asks for no side: no speech, role, translation or story, and not "
        "what a state says."
    )
    turns = [f"{prose(why)} ({n:,})" for (_, why), n in Counter(source.unjudged).most_common(6)]
    if turns:
        yield f"Turns that a judge did not read: {'; '.join(turns)}."
    told = [f"{label(name)} ({n:,})" for name, n in Counter(source.layouts).most_common()]
    yield f"Layouts: {', '.join(told)}. Seed {source.seed}."
