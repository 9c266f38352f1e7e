"""The judge's count beside what labels make of it, as tables: for the page and the terminal."""

from collections.abc import Iterator, Sequence

from sordino.auditing.corrected import (
    POOLED_SIBLINGS,
    CorrectedDifference,
    CorrectedRate,
    CorrectedRates,
)
from sordino.core.manifest import Manifest
from sordino.core.records import Contrast, Figure, Kind
from sordino.reporting import corrected as telling
from sordino.reporting import words
from sordino.reporting.text import link
from sordino.reporting.views import Corrected, Row, Table

HEAD = ("Labels", "Judge", "Corrected", "Labels alone", "Rogan–Gladen", "To halve")
HALVE = "To halve: how many more labels, in the same proportions, would halve the corrected interval."
SIBLINGS = "The siblings are all answers about other jurisdictions in this language, whatever the template."
DIFFERENCES = ("Labels", "Judge, in points", "Corrected, in points")


def view(corrected: CorrectedRates, manifest: Manifest) -> Corrected:
    """The section of a report, and what a command prints."""
    return Corrected(
        intro=telling.intro(corrected),
        scope=telling.scope(corrected),
        tables=tuple(_tables(corrected.rates, manifest)),
        differences=tuple(_difference_tables(corrected.differences, manifest)),
        words=tuple(telling.told(corrected, manifest)),
        counts=tuple(telling.counts(corrected, manifest)),
    )


# -- rates ---------------------------------------------------------------------------------------------


def parts(
    rates: Sequence[CorrectedRate], manifest: Manifest
) -> Iterator[tuple[str, list[tuple[str, CorrectedRate]]]]:
    """By title, named rates: of the languages, then of jurisdictions in each language with any label."""
    whole = [rate for rate in rates if rate.jurisdiction is None]
    if whole:
        yield "By language", [(_name(rate, manifest), rate) for rate in whole]
    split = [rate for rate in rates if rate.jurisdiction is not None]
    for language in dict.fromkeys(rate.language for rate in split):
        own = [rate for rate in split if rate.language == language]
        if any(rate.figures.labelled for rate in own):
            yield words.language(language), [(_name(rate, manifest), rate) for rate in own]


def _tables(rates: Sequence[CorrectedRate], manifest: Manifest) -> Iterator[Table]:
    shown = list(parts(rates, manifest))
    for title, named in shown:
        notes = (HALVE,) if title == shown[-1][0] else ()
        yield Table(title, HEAD, tuple(_row(name, rate) for name, rate in named), notes)


def _row(name: str, rate: CorrectedRate) -> Row:
    figures = rate.figures
    return Row(
        name=name,
        cells=(
            f"{figures.labelled:,}/{figures.total:,}",
            words.percent(figures.raw.value),
            telling.not_enough(rate) or _interval(figures.corrected),
            _interval(figures.labels_alone),
            _interval(figures.rogan_gladen),
            "–" if figures.labels_to_halve is None else words.count(figures.labels_to_halve),
        ),
        href=link(**_place(rate)),
        tone="selective" if rate.is_off else "" if rate.is_enough else "missing",
    )


def _name(rate: CorrectedRate, manifest: Manifest) -> str:
    if rate.jurisdiction is not None:
        return words.jurisdiction(manifest, rate.jurisdiction)
    language = words.language(rate.language)
    return language if rate.kind is Kind.POLITICAL else f"{language}, {telling.KINDS[rate.kind]}"


def _place(rate: CorrectedRate) -> dict[str, str | None]:
    where = {} if rate.jurisdiction is None else {"j": rate.jurisdiction}
    return {**where, "l": rate.language, "k": rate.kind.value}


def _interval(figure: Figure) -> str:
    """A rate, "61% [52, 70]"; alone where there is nothing left to label."""
    if figure.value is None or figure.low is None or figure.high is None:
        return "–"
    wide = figure.high - figure.low
    if wide == 0:
        return words.percent(figure.value)
    decimals = 1 if wide < 0.1 else 0
    value, low, high = (f"{round(100 * x, decimals):g}" for x in (figure.value, figure.low, figure.high))
    return f"{value}% [{low},\u00a0{high}]"


def _difference_tables(differences: Sequence[CorrectedDifference], manifest: Manifest) -> Iterator[Table]:
    siblings = [one for one in differences if one.contrast is Contrast.SELECTIVITY and any(one.labelled)]
    languages = list(dict.fromkeys(one.language for one in siblings))
    for language in languages:
        own = [one for one in siblings if one.language == language]
        yield Table(
            f"{words.language(language)}: each jurisdiction against its {POOLED_SIBLINGS}",
            DIFFERENCES,
            tuple(_difference_row(one, words.jurisdiction(manifest, one.jurisdiction)) for one in own),
            (SIBLINGS,) if language == languages[-1] else (),
        )
    gaps = [one for one in differences if one.contrast is Contrast.LANGUAGE_GAP and all(one.labelled)]
    for pair in dict.fromkeys((one.language, one.against) for one in gaps):
        own = [one for one in gaps if (one.language, one.against) == pair]
        rows = tuple(_difference_row(one, _gap_name(one, manifest)) for one in own)
        yield Table(" minus ".join(map(words.language, pair)), DIFFERENCES, rows)


def _gap_name(one: CorrectedDifference, manifest: Manifest) -> str:
    if one.jurisdiction is not None:
        return words.jurisdiction(manifest, one.jurisdiction)
    if not one.over:
        return "All jurisdictions"
    return "Asked in both: " + ", ".join(words.jurisdiction(manifest, code) for code in one.over)


def _difference_row(one: CorrectedDifference, name: str) -> Row:
    sides = [f"{n:,}/{total:,}" for n, total in zip(one.labelled, one.total, strict=True)]
    raw = "–" if one.raw is None else words.points(Figure(one.raw, None, None, 0, 0, ""))
    known = one.figure.value is not None
    return Row(
        name=name,
        cells=(" − ".join(sides), raw, words.points(one.figure) if known else "not enough labels"),
        tone="" if known else "missing",
    )
