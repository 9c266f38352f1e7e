"""What a report on the cleaning of an instruction set is made from, and the same as plain JSON values.

The seam between whoever cleaned (wiring/cleaning.py) and the page, the terminal and `--json`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sordino.remedy.dataset_balance import Rebalance, Stratum, by_jurisdiction, uneven
from sordino.remedy.dataset_tally import Case, after, before
from sordino.remedy.dataset_verdict import Reason, Rules


@dataclass(frozen=True, slots=True)
class CleaningSource:
    """Everything that is known of one cleaning.

    source, files: as the user named them. counts: rows by reason and stratum. unread: rows by why.
    unjudged: turns by axis and why. layouts: rows by layout. judges: ids by axis. packs: name and version.
    names: of jurisdictions, as packs have them. cases: by reason, those that were drawn. marks: how many a
    person gave, and how many met a row. balance: whether it is reported.
    """

    source: str
    files: Mapping[str, str]
    rules: Rules
    seed: int
    counts: Mapping[tuple[Reason, Stratum], int]
    unread: Mapping[str, int]
    unjudged: Mapping[tuple[str, str], int]
    layouts: Mapping[str, int]
    judges: Mapping[str, str]
    packs: Sequence[str]
    names: Mapping[str, Mapping[str, str]]
    cases: Mapping[Reason, Sequence[Case]]
    reviewed: int = 0
    marks: tuple[int, int] | None = None
    rebalance: Rebalance | None = None
    balance: bool = True
    seconds: float = 0.0
    notes: Sequence[str] = field(default_factory=tuple)

    @property
    def rows(self) -> int:
        return sum(self.counts.values())

    @property
    def reasons(self) -> Counter[Reason]:
        """Rows by reason."""
        found: Counter[Reason] = Counter()
        for (reason, _), n in self.counts.items():
            found[reason] += n
        return found

    @property
    def removed(self) -> int:
        return sum(n for reason, n in self.reasons.items() if reason.goes)

    def summary(self) -> dict[str, object]:
        """Everything but the rows themselves, as plain JSON values. A share of no rows is null."""
        held = [before(self.counts), after(self.counts)]
        return {
            "source": self.source,
            "files": dict(self.files),
            "rows": self.rows,
            "kept": self.rows - self.removed,
            "removed": self.removed,
            "reasons": {reason.value: self.reasons[reason] for reason in Reason},
            "unread": dict(self.unread),
            "unjudged": [{"axis": a, "why": w, "turns": n} for (a, w), n in self.unjudged.items()],
            "layouts": dict(self.layouts),
            "by": self._by(),
            "balance": [
                {
                    "jurisdiction": kept.jurisdiction,
                    "language": kept.language,
                    "before": kept.before,
                    "after": kept.after,
                    "share": kept.share,
                }
                for kept in by_jurisdiction(*held)
            ],
            "uneven": [
                {
                    "jurisdiction": one.kept.jurisdiction,
                    "language": one.kept.language,
                    "share": one.kept.share,
                    "others": one.others,
                }
                for one in uneven(*held)
            ],
            "rebalance": self._rebalanced(),
            "sure": self.rules.sure,
            "all_denials": self.rules.all_denials,
            "seed": self.seed,
            "judges": dict(self.judges),
            "packs": list(self.packs),
            "to_review": self.reviewed,
            "marks": None if self.marks is None else {"given": self.marks[0], "met": self.marks[1]},
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
        }

    def _by(self) -> list[dict[str, object]]:
        """Rows that go, by reason, language and jurisdictions."""
        ordered = sorted(self.counts.items(), key=lambda one: (one[0][0].value, -one[1], one[0][1]))
        return [
            {"reason": reason.value, "language": language, "jurisdictions": list(codes), "rows": n}
            for (reason, (codes, language)), n in ordered
            if reason.goes
        ]

    def _rebalanced(self) -> dict[str, object] | None:
        if self.rebalance is None:
            return None
        return {
            "share": self.rebalance.share,
            "dropped": self.reasons[Reason.REBALANCED],
            "why_not": self.rebalance.why_not or None,
        }
