"""Labels by people, between the store and the files that are filled in: draw a sample, take it back.

What the labels say together, and by which design their exchanges were drawn, is `label_design`'s affair.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from sordino.auditing import sampling
from sordino.core.errors import LabelError, unknown
from sordino.core.records import Axis, Label
from sordino.judging import human
from sordino.store.store import Store
from sordino.wiring import label_files
from sordino.wiring.label_files import Given
from sordino.wiring.run import Run

COLUMNS = ("key", "stratum", "language", "question", "answer", "label", "note")
WRITTEN = 500
"""Exchanges whose texts are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to draw. n: the whole sample, with what is labelled already; languages: all where empty.

    over: columns to spread the sample over. annotator: whose labelled exchanges are left out of the file.
    """

    n: int
    axis: str = Axis.ENGAGEMENT.value
    seed: int = 0
    languages: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    annotator: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: exchanges in the file, those left out as labelled; by stratum drawn and answers."""

    run: str
    written: int
    labelled: int
    strata: Mapping[str, tuple[int, int]]

    @property
    def answers(self) -> int:
        return sum(answers for _, answers in self.strata.values())


def export(run: Run, wanted: Wanted, path: Path, *, force: bool = False) -> Drawn:
    """Write a stratified random sample of the run's judged answers for somebody to label, blindly."""
    label_files.check_new(path, force=force)
    axis = human.axis_of(wanted.axis)
    for column in wanted.over:
        if column not in sampling.SPREAD_OVER:
            raise LabelError("--by: " + unknown("column to spread over", column, sampling.SPREAD_OVER))
    with Store.open(run.store, create=False) as store:
        run.check_finished(store)
        drawable = _drawable(run, wanted.languages)
        sample = sampling.draw(drawable, wanted.n, seed=wanted.seed, over=wanted.over)
        who = (wanted.annotator or "").strip()  # as `take` stores it
        own = {x.key for x in store.labels_of(run.id) if x.axis is axis and x.annotator == who}
        left = sample[~sample["key"].isin(own)]
        if left.empty:
            raise LabelError(
                f"All {len(sample)} exchanges of this sample have a label by {wanted.annotator!r}. "
                "Draw more with a larger --n."
            )
        label_files.write(path, COLUMNS, _rows(store, run.id, left))
    counts = {
        name: (0, int(size)) for name, size in drawable["stratum"].value_counts().sort_index().items()
    }
    counts |= {name: (int(n), counts[name][1]) for name, n in sample["stratum"].value_counts().items()}
    return Drawn(run.id, len(left), len(sample) - len(left), {str(k): v for k, v in counts.items()})


@dataclass(frozen=True, slots=True)
class Taken:
    """What was stored, by annotator and value; rows without a label, and labels without a stratum."""

    run: str
    stored: Mapping[str, Mapping[str, int]]
    empty: int
    unsealed: int


def take(run: Run, path: Path, annotator: str | None, axis: Axis, *, replace: bool = False) -> Taken:
    """Store the labels of a filled-in file, all or none."""
    filled = label_files.read(path, annotator, axis)
    check_answered(run, filled.given)
    _check_seals(run, filled.given)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    labels = [Label(g.key, axis, g.annotator, g.value, g.note, now, run=run.id) for g in filled.given]
    with Store.open(run.store, create=False) as store:
        store.append_labels(labels, replace=replace)
    unsealed = sum(given.stratum is None for given in filled.given)
    return Taken(run.id, _counted(labels), filled.empty, unsealed)


def check_answered(run: Run, given: Sequence[Given]) -> None:
    """Raise LabelError for the first row about something else than a delivered answer of the run."""
    delivery: dict[str, str] = dict(run.outcomes[["key", "delivery"]].dropna().itertuples(index=False))
    for one in given:
        if one.key not in delivery:
            raise LabelError(
                f"{one.where}: the run {run.id!r} has no exchange {label_files.shown(one.key)}. "
                "Import the file into the run that it was drawn from."
            )
        if delivery[one.key] != "delivered":
            raise LabelError(
                f"{one.where}: there is no answer to label, for the exchange "
                f"{label_files.shown(one.key)} is {delivery[one.key]}. Take the row out."
            )


@dataclass(frozen=True, slots=True)
class Count:
    """What one person said on one axis, labels and decisions apart; when first and last, ISO 8601."""

    axis: str
    annotator: str
    decisions: bool
    labels: int
    values: Mapping[str, int]
    first: str
    last: str


def counts(run: Run) -> list[Count]:
    """How many labels a run has, by axis and annotator."""
    with Store.open(run.store, create=False) as store:
        labels = store.labels_of(run.id)
    groups: dict[tuple[str, str, bool], list[Label]] = {}
    for label in labels:
        groups.setdefault((label.axis.value, label.annotator, label.adjudicated), []).append(label)
    return [
        Count(
            axis=axis,
            annotator=annotator,
            decisions=decisions,
            labels=len(some),
            values=dict(sorted(Counter(label.value for label in some).items())),
            first=min(label.created for label in some),
            last=max(label.created for label in some),
        )
        for (axis, annotator, decisions), some in sorted(groups.items())
    ]


# ------------------------------------------------------------------------------------------------------


def _drawable(run: Run, languages: Collection[str]) -> pd.DataFrame:
    drawable = sampling.frame(run.outcomes)
    if drawable.empty:
        raise LabelError(
            f"No answer of the run {run.id!r} was delivered and judged: there is none to label."
        )
    known = {str(language) for language in drawable["language"]}
    for language in languages:
        if language not in known:
            raise LabelError("--language: " + unknown("language of judged answers", language, known))
    return drawable[drawable["language"].isin(languages or known)]


def _rows(store: Store, run: str, sample: pd.DataFrame) -> Iterator[dict[str, str]]:
    for start in range(0, len(sample), WRITTEN):
        some = sample.iloc[start : start + WRITTEN]
        exchanges = store.exchanges([str(key) for key in some["key"]])
        for row in some.to_dict(orient="records"):
            key = str(row["key"])
            yield {
                "key": key,
                "stratum": label_files.seal(run, key, str(row["stratum"])),
                "language": str(row["language"]),
                "question": str(row["question"]),
                "answer": exchanges[key].attempt.text,
            }


def _check_seals(run: Run, given: Sequence[Given]) -> None:
    """A file drawn from another run, or from other readings of this one, tells another design."""
    stratum = sampling.frame(run.outcomes).set_index("key")["stratum"].to_dict()
    for one in given:
        if one.stratum and one.stratum != label_files.seal(run.id, one.key, str(stratum.get(one.key))):
            raise LabelError(
                f"{one.where}: its `stratum` is not one of the run {run.id!r}. Import the file into the "
                "run that it was drawn from; other runs with the same exchanges share its labels."
            )


def _counted(labels: Sequence[Label]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {}
    for label in labels:
        found.setdefault(label.annotator, Counter())[label.value] += 1
    return {who: dict(sorted(values.items())) for who, values in sorted(found.items())}
