"""The judge's count beside what labels make of it, as data: JSON, and rows for data frames and CSV."""

from dataclasses import asdict

import pandas as pd

from sordino.auditing.corrected import CorrectedDifference, CorrectedRate, CorrectedRates
from sordino.core.manifest import Manifest
from sordino.core.records import Contrast, Figure, Kind
from sordino.reporting.corrected import not_enough, scope, told
from sordino.reporting.text import cell

ABOUT: dict[str, object] = {"about": "the answers of this run, not other questions"}
COUNTS = ("labelled", "total", "unresolved", "unjudged", "never_drawn", "labels_to_halve")
NUMBERS = (
    *("raw", "corrected", "low", "high", "labels_alone", "labels_alone_low", "labels_alone_high"),
    *("rogan_gladen", "rogan_gladen_low", "rogan_gladen_high", "level"),
)
COLUMNS = (
    *("about", "contrast", "measure", "kind", "language", "jurisdiction", "against", "judge", "labels"),
    *("labelled", "total", "unresolved", "unjudged", "never_drawn", "raw", "corrected", "low", "high"),
    *("labels_alone", "labels_alone_low", "labels_alone_high"),
    *("rogan_gladen", "rogan_gladen_low", "rogan_gladen_high", "labels_to_halve", "level", "method", "why"),
)


def as_json(corrected: CorrectedRates, manifest: Manifest) -> dict[str, object]:
    """The same for machines: numbers with what they are about, and the words."""
    return {
        "labels": corrected.labels,
        "judge": corrected.judge,
        "scope": scope(corrected),
        "labelled": corrected.labelled,
        "unresolved": corrected.unresolved,
        "elsewhere": corrected.elsewhere,
        "rates": [_rate_as_json(rate) for rate in corrected.rates],
        "differences": [asdict(one) for one in corrected.differences],
        "words": told(corrected, manifest),
    }


def rows(corrected: CorrectedRates) -> list[dict[str, object]]:
    """One a rate or difference, flat, for data frames and CSV; None where there is no value."""
    return [
        *(_rate_row(rate, corrected) for rate in corrected.rates),
        *(_difference_as_row(one, corrected) for one in corrected.differences),
    ]


def frame(corrected: CorrectedRates | None) -> pd.DataFrame:
    """The rows as a data frame; none where there are no labels."""
    # As objects: Arrow's strings cannot hold the lone surrogates that recordings hold.
    table = pd.DataFrame(rows(corrected) if corrected else [], columns=list(COLUMNS), dtype=object)
    return table.astype(dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(NUMBERS, "float64"))


def csv(corrected: CorrectedRates | None) -> str:
    """The rows as CSV, the header alone where there are no labels; what is not known is left empty."""
    safe = [
        {name: cell(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in (rows(corrected) if corrected else ())
    ]
    table = pd.DataFrame(safe, columns=list(COLUMNS), dtype=object)
    return table.to_csv(index=False, lineterminator="\n")


def _rate_as_json(rate: CorrectedRate) -> dict[str, object]:
    figures = asdict(rate.figures)
    about = {"measure": rate.measure, "kind": rate.kind, "language": rate.language}
    counts = {
        "unlabelled": rate.unlabelled,
        "unresolved": rate.unresolved,
        "unjudged": rate.unjudged,
        "never_drawn": rate.never_drawn,
    }
    return {
        **about,
        "jurisdiction": rate.jurisdiction,
        **figures,
        **counts,
        "why": not_enough(rate) or None,
    }


def _rate_row(rate: CorrectedRate, corrected: CorrectedRates) -> dict[str, object]:
    figures = rate.figures
    ends = {"low": figures.corrected.low, "high": figures.corrected.high}
    for name in ("labels_alone", "rogan_gladen"):
        figure: Figure = getattr(figures, name)
        ends |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    known: dict[str, object] = {
        "contrast": Contrast.RATE.value,
        "measure": rate.measure.value,
        "kind": rate.kind.value,
        "language": rate.language,
        "jurisdiction": rate.jurisdiction,
        "judge": corrected.judge,
        "labels": corrected.labels,
        "labelled": figures.labelled,
        "total": figures.total,
        "unresolved": rate.unresolved,
        "unjudged": rate.unjudged,
        "never_drawn": rate.never_drawn,
        "raw": figures.raw.value,
        "corrected": figures.corrected.value,
        "labels_to_halve": figures.labels_to_halve,
        "level": figures.corrected.level,
        "method": figures.corrected.method,
        "why": not_enough(rate) or None,
    }
    return {name: (ABOUT | known | ends).get(name) for name in COLUMNS}


def _difference_as_row(one: CorrectedDifference, corrected: CorrectedRates) -> dict[str, object]:
    known: dict[str, object] = {
        "contrast": one.contrast.value,
        "measure": one.measure.value,
        "kind": Kind.POLITICAL.value,
        "language": one.language,
        "jurisdiction": one.jurisdiction,
        "against": one.against,
        "judge": corrected.judge,
        "labels": corrected.labels,
        "labelled": sum(one.labelled),
        "total": sum(one.total),
        "raw": one.raw,
        "corrected": one.figure.value,
        "low": one.figure.low,
        "high": one.figure.high,
        "level": one.figure.level,
        "method": one.figure.method,
        "why": None if one.figure.value is not None else "not enough labels",
    }
    return {name: (ABOUT | known).get(name) for name in COLUMNS}
