"""Where people disagree: how far, on what, and who decides. Beside `labelling`, over the same files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sordino.core.errors import LabelError
from sordino.core.identity import digest
from sordino.core.records import Axis, Label
from sordino.judging import human
from sordino.judging.human import Agreement
from sordino.store.store import Store
from sordino.wiring import label_files
from sordino.wiring.label_files import Given
from sordino.wiring.labelling import WRITTEN, check_answered
from sordino.wiring.run import Run

ALL = "all"
CONFIDENT = 0.8
"""From this confidence on a judge's reading is set against people's."""

COLUMNS = ("key", "language", "question", "answer", "label", "note")


@dataclass(frozen=True, slots=True)
class Queued:
    """What waits for a decision: exchanges whose labels differ, and those where a judge says otherwise."""

    run: str
    disputed: int
    doubted: int


def queue(run: Run, path: Path, axis: Axis, *, judge: bool = False, force: bool = False) -> Queued:
    """Write the exchanges to decide on, with what each person said of them; no file where there is none.

    judge: also those of which a confident judge says something else than people do. What it says is not
    in the file, nor which rows are there for its sake.
    """
    label_files.check_new(path, force=force)
    with Store.open(run.store, create=False) as store:
        together = human.by_key(store.labels_of(run.id), axis)
        disputed = [key for key, labels in together.items() if human.disputed(labels)]
        judged = _judged(run, axis, CONFIDENT) if judge else {}
        doubted = [key for key, labels in together.items() if human.doubted(labels, judged.get(key))]
        doubted = sorted(set(doubted) - set(disputed))
        waiting = sorted([*disputed, *doubted], key=lambda key: digest(["queue", key]))
        if waiting:
            labels = {key: together[key] for key in waiting}
            columns = [*COLUMNS, *dict.fromkeys(name for some in labels.values() for name in _said(some))]
            label_files.write(path, columns, _rows(store, run, labels))
    return Queued(run.id, len(disputed), len(doubted))


@dataclass(frozen=True, slots=True)
class Decided:
    """How many decisions were stored, and how many rows have none."""

    run: str
    stored: int
    empty: int


def adjudicate(
    run: Run, path: Path, annotator: str | None, axis: Axis, *, replace: bool = False
) -> Decided:
    """Store the decisions of a filled-in queue, all or none."""
    filled = label_files.read(path, annotator, axis)
    check_answered(run, filled.given)
    with Store.open(run.store, create=False) as store:
        together = human.by_key(store.labels_of(run.id), axis)
        for given in filled.given:
            _check_open(given, together.get(given.key, []))
        now = datetime.now(UTC).isoformat(timespec="seconds")
        decisions = [
            Label(
                g.key, axis, g.annotator, g.value, g.note, now, adjudicated=True, run=together[g.key][0].run
            )
            for g in filled.given
        ]
        store.append_labels(decisions, replace=replace)
    return Decided(run.id, len(decisions), filled.empty)


def _check_open(given: Given, labels: Sequence[Label]) -> None:
    """Raise LabelError where there is nothing to decide, or somebody has decided otherwise."""
    if all(label.adjudicated for label in labels):
        raise LabelError(
            f"{given.where}: nobody has labelled the exchange {label_files.shown(given.key)}, so "
            "there is nothing to decide. `sordino labels import` takes labels."
        )
    for label in labels:
        if label.adjudicated and label.annotator != given.annotator and label.value != given.value:
            raise LabelError(
                f"{given.where}: {label.annotator!r} has decided on the exchange "
                f"{label_files.shown(given.key)} already, and said {label.value}. Decisions that differ "
                f"decide nothing: change that one, with --replace --annotator {label.annotator!r}."
            )


def agreement(run: Run) -> list[Agreement]:
    """How far people agree with each other and with the judge: each axis by language, and all languages."""
    with Store.open(run.store, create=False) as store:
        labels = store.labels_of(run.id)
    languages: dict[str, str] = dict(run.outcomes[["key", "language"]].dropna().itertuples(index=False))
    found = []
    for axis in sorted({label.axis for label in labels}):
        own = [label for label in labels if label.axis is axis]
        judged, judge = _judged(run, axis), run.manifest.judges.get(axis.value, "no judge")
        spoken = sorted({str(languages[label.key]) for label in own})
        for language in [*spoken, ALL] if len(spoken) > 1 else spoken:
            some = [label for label in own if language in (ALL, languages[label.key])]
            found.append(human.agreement(some, judged, (axis, language, judge)))
    return found


def _judged(run: Run, axis: Axis, confidence: float | None = None) -> dict[str, str]:
    """The judge's values by key; only those that it gives with at least this confidence."""
    if axis is not Axis.ENGAGEMENT:
        return {}
    outcomes = run.outcomes[run.outcomes["key"].notna() & run.outcomes["engagement"].notna()]
    if confidence is not None:
        outcomes = outcomes[outcomes["confidence"].ge(confidence).fillna(value=False)]
    return {str(key): str(value) for key, value in outcomes[["key", "engagement"]].itertuples(index=False)}


def _said(labels: Sequence[Label]) -> dict[str, str]:
    """What each said, in columns named after them; a note in one beside it."""
    said: dict[str, str] = {}
    for label in labels:
        decided = " (decision)" if label.adjudicated else ""
        said[f"by {label.annotator}"] = label.value + decided
        if label.note:
            said[f"note by {label.annotator}"] = label.note
    return said


def _rows(store: Store, run: Run, labels: Mapping[str, Sequence[Label]]) -> Iterator[dict[str, str]]:
    about = run.outcomes.drop_duplicates("key").set_index("key")[["language", "question"]]
    keys = list(labels)
    for start in range(0, len(keys), WRITTEN):
        exchanges = store.exchanges(keys[start : start + WRITTEN])
        for key in keys[start : start + WRITTEN]:
            language, question = (str(text) for text in about.loc[key])
            text = exchanges[key].attempt.text
            yield {"key": key, "language": language, "question": question, "answer": text} | _said(
                labels[key]
            )
