"""Two sides put next to each other: all that a page, a table or a gate says of them, without any text.

A side is a run, or one language of a run.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sordino.auditing import comparable
from sordino.comparing import differences
from sordino.comparing.align import BETWEEN_LANGUAGES, PROBE, paired, unpaired
from sordino.comparing.changed import Flow, flows, with_changes
from sordino.comparing.circumstances import circumstances, stopped_early
from sordino.comparing.differences import Change
from sordino.comparing.hosts import HostEffect, host_effect
from sordino.comparing.relation import Relation, Sides, sides
from sordino.comparing.sentence import Told, sentence
from sordino.comparing.texts import Exchanges, alike
from sordino.core.errors import SpecError, unknown
from sordino.core.manifest import Manifest

Progress = Callable[[str, int, int], None]
SAME_WEIGHTS = (Relation.HOSTS, Relation.EPOCHS)
"""Where both sides claim the same weights, so that the host is what may differ."""

_THE_QUESTION: Mapping[Relation, Collection[str]] = defaultdict(
    tuple, {Relation.EPOCHS: ("epoch",), Relation.LANGUAGES: ("languages",)}
)
"""Settings whose difference is what one compares."""


@dataclass(frozen=True)
class Side:
    """A run as one side of a comparison. exchanges: its texts by key."""

    manifest: Manifest
    outcomes: pd.DataFrame
    exchanges: Exchanges


@dataclass(frozen=True)
class Comparison:
    """b against a.

    pairs: as `changed.with_changes` makes them. only_a, only_b: how many rows have no partner, by the
      column on which they part (see `align.unpaired`).
    notes: what makes the two not comparable as they are, and what else must be known.
    effect: where both sides claim the same weights.
    """

    a: Manifest
    b: Manifest
    sides: Sides
    pairs: pd.DataFrame
    only_a: Mapping[str, int]
    only_b: Mapping[str, int]
    changes: Sequence[Change]
    flows: Sequence[Flow]
    effect: HostEffect | None
    notes: Sequence[str]
    sentence: str


def compare(
    a: Side,
    b: Side,
    *,
    languages: tuple[str, str] | None = None,
    same_weights: bool = False,
    seed: int = 0,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Comparison:
    """Compare two sides, probe by probe.

    languages: of a and of b, to compare languages; then a and b may be one run. Twice the same: two runs in
      that language alone.
    same_weights: what the manifests cannot say, that both sides are the same weights.
    Raises SpecError for one run against itself, a language that a side was not asked in, and sides that
    share no probe.
    """
    _check(a, b, languages)
    between = None if languages is None or languages[0] == languages[1] else languages
    on = BETWEEN_LANGUAGES if between else PROBE
    ours, theirs = (
        side.outcomes if language is None else side.outcomes[side.outcomes["language"].eq(language)]
        for side, language in zip((a, b), languages or (None, None), strict=True)
    )
    pairs, (only_a, only_b) = with_changes(paired(ours, theirs, on)), unpaired(ours, theirs, on)
    if pairs.empty:
        raise SpecError(_nothing(a, b, only_a))
    named = sides(a.manifest, b.manifest, between)
    changes = differences.changes(ours, theirs, on=on, seed=seed, progress=progress)
    effect = None
    if same_weights or named.relation in SAME_WEIGHTS:
        effect = host_effect(pairs, alike(pairs, a.exchanges, b.exchanges, progress), seed=seed)
    names = {**b.manifest.jurisdictions, **a.manifest.jurisdictions}
    return Comparison(
        a=a.manifest,
        b=b.manifest,
        sides=named,
        pairs=pairs,
        only_a=only_a,
        only_b=only_b,
        changes=changes,
        flows=flows(pairs),
        effect=effect,
        notes=notes(
            a.manifest, b.manifest, pairs, named.relation, sum(only_a.values()) + sum(only_b.values())
        ),
        sentence=sentence(Told(named, changes, effect, names)),
    )


def _check(a: Side, b: Side, languages: tuple[str, str] | None) -> None:
    if languages is None:
        if a.manifest.run == b.manifest.run:
            raise SpecError(
                f"{a.manifest.run} would be compared with itself. Name another run, or compare two of its "
                "languages: --languages en zh."
            )
        return
    if a.manifest.run == b.manifest.run and languages[0] == languages[1]:
        raise SpecError(f"--languages: {languages[0]} would be compared with itself. Name two languages.")
    for side, language in zip((a, b), languages, strict=True):
        known = {str(code) for code in side.outcomes["language"].unique()}
        if language not in known:
            where = f"Those are the languages of {side.manifest.run}."
            raise SpecError("--languages: " + unknown("language", language, known, where))


def _nothing(a: Side, b: Side, only_a: Mapping[str, int]) -> str:
    parted = max(only_a, key=lambda name: only_a[name], default="template")
    packs = " and ".join(f"{side.manifest.pack.name} in {side.manifest.run}" for side in (a, b))
    return (
        f"The two share no probe: they were asked {packs}, and part on the {parted}. Audit both with the "
        "same --pack; of recordings, with the same --siblings and columns."
    )


def _other_content(a: Manifest, b: Manifest, pairs: pd.DataFrame) -> list[str]:
    """The same questions of two states of a pack: what an honest answer contains need not be the same."""
    ours, theirs = a.pack, b.pack
    looked_for = (f"{what}_all_{side}" for what in ("facts", "flags") for side in "ab")
    if ours.hash == theirs.hash or not any(pairs[name].notna().any() for name in looked_for):
        return []
    return [
        f"The questions are the same, of two states of a pack ({ours.hash[:8]} and {theirs.hash[:8]}): the "
        "facts and claims that were looked for may differ, and with them what is left out or told."
    ]


def notes(a: Manifest, b: Manifest, pairs: pd.DataFrame, relation: Relation, alone: int) -> list[str]:
    """What makes two sides not comparable as they are, and what else must be known; a sentence each.

    pairs: as `align.paired` makes them, of outcomes. alone: rows without a partner.
    """
    reworded = (
        0 if relation is Relation.LANGUAGES else int(pairs["question_a"].ne(pairs["question_b"]).sum())
    )
    found = []
    if a.run != b.run:
        found = comparable.differences(
            a,
            b,
            same_questions=not reworded and not alone,
            besides=_THE_QUESTION[relation],
        )
        found += _other_content(a, b, pairs) if not reworded and not alone else []
    if relation is Relation.LANGUAGES and a.target != b.target:
        ours, theirs = (m.target.name if a.target.spec == b.target.spec else m.target.spec for m in (a, b))
        found.append(f"Two languages and two targets at once: {ours} and {theirs}. Either may be why.")
    found += stopped_early(
        [a, b],
        "The intervals here suppose a plan that nobody ends by what is seen, and may be too narrow for it.",
    )
    if reworded:
        noun = "question is" if reworded == 1 else "questions are"
        found.append(f"{reworded:,} of {len(pairs):,} paired {noun} worded differently on the two sides.")
    return found + circumstances(a, b, pairs, relation)
