"""What a report is made from: the auditing room hands over exactly this, and reporting asks for no more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import pandas as pd

from sordino.auditing.corrected import CorrectedRates
from sordino.core.errors import ReportError
from sordino.core.manifest import Manifest
from sordino.core.records import Cell, Estimate, Exchange, Finding, Reading, Unjudged
from sordino.judging.card import CardFigure

T = TypeVar("T")

OUTCOME_COLUMNS = (
    "key", "probe_id", "template", "jurisdiction", "kind", "language", "phrasing", "matching", "sample",
    "question", "delivery", "error", "characters", "has_reasoning", "route", "completion_tokens",
    "engagement", "confidence", "p_complete", "p_partial", "p_denial", "engagement_why",
    "facts_hit", "facts_all", "flags_hit", "flags_all", "reasoning",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CardView:
    """How good a judge is, as its card says, and where it should not be trusted."""

    name: str
    id: str
    axis: str
    summary: str
    figures: tuple[CardFigure, ...] = ()
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportSource:
    """Everything one run's report shows.

    outcomes: one row for each owed probe and sample, with `OUTCOME_COLUMNS`; missing is NA, never 0.
      delivery is a `Delivery` or "not_asked" (its key is NA where it could not be asked).
    sentence: the one plain sentence for the top.
    exchanges, readings: fetch texts and readings by key, and are asked only for what the page shows.
    cells: by template and jurisdiction, for the texts of facts and flags.
    corrected: rates as labels by people correct them; None where nobody labelled anything.
    notes: what a reader must know of this run ("the last line of the recording was torn and left out").

    Raises ReportError when outcomes lack a column.
    """

    manifest: Manifest
    outcomes: pd.DataFrame
    estimates: Sequence[Estimate]
    findings: Sequence[Finding]
    sentence: str
    exchanges: Callable[[Sequence[str]], Mapping[str, Exchange]]
    readings: Callable[[Sequence[str]], Mapping[str, Sequence[Reading | Unjudged]]]
    cells: Mapping[tuple[str, str | None], Cell] = field(default_factory=dict)
    cards: Sequence[CardView] = ()
    template_titles: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    corrected: CorrectedRates | None = None

    def corrected_by(self, show: Callable[[CorrectedRates, Manifest], T]) -> T | None:
        """What `show` makes of the corrected rates; None where there are none."""
        return None if self.corrected is None else show(self.corrected, self.manifest)

    def __post_init__(self) -> None:
        missing = [name for name in OUTCOME_COLUMNS if name not in self.outcomes.columns]
        if missing:
            raise ReportError(
                f"The outcomes of run {self.manifest.run!r} lack {', '.join(missing)}. "
                "Hand over one row for each owed probe with all of OUTCOME_COLUMNS (NA where unknown)."
            )
