"""By whose labels a run's rates are corrected: people's, or another judge's that read a known sample."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from sordino.auditing import corrected
from sordino.auditing.corrected import PEOPLE, By, CorrectedRates, Labels
from sordino.core.errors import LabelError, unknown
from sordino.core.manifest import Manifest
from sordino.core.names import language_name
from sordino.core.records import Axis, Engagement, Label
from sordino.judging import human
from sordino.store.store import Store
from sordino.wiring.label_design import design_of

AXIS = Axis.ENGAGEMENT
DRAWN = "drawn"


def by_people(
    store: Store, manifest: Manifest, outcomes: pd.DataFrame, by: By = By.BOTH
) -> CorrectedRates | None:
    """A run's rates as people's labels correct them; None where nobody has labelled any of its exchanges.

    outcomes: the run's own.
    """
    labels = human.by_key(store.labels_of(manifest.run), AXIS)
    if not labels or AXIS.value not in manifest.judges:
        return None
    return of_labels(labels, design_of(store, manifest.run, AXIS, outcomes), manifest, outcomes, by)


def of_labels(
    labels: Mapping[str, Sequence[Label]],
    strata: pd.Series,
    manifest: Manifest,
    outcomes: pd.DataFrame,
    by: By = By.BOTH,
) -> CorrectedRates:
    """The same without a store. labels: by exchange. strata: as `design_of` returns them."""
    said = {key: value for key, some in labels.items() if (value := human.consensus(some)) is not None}
    design = {str(key): str(stratum) for key, stratum in strata.dropna().items()}
    given = Labels(PEOPLE, said, design, frozenset(labels) - frozenset(said))
    return corrected.corrected(outcomes, given, judge_of(manifest), by)


def by_judge(
    store: Store, manifest: Manifest, outcomes: pd.DataFrame, judge: str, seed: int, by: By = By.BOTH
) -> CorrectedRates:
    """A run's rates as they would be, had `judge` read everything, from what it has read.

    seed: what `sordino judge ask --limit` drew from. Raises LabelError for a judge that has read nothing of
    this run, that is the run's own, or of which nobody can tell how it came to read what it has read.
    """
    own = judge_of(manifest)
    if judge == own:
        raise LabelError(f"--labels {judge}: it is the judge whose count shall be corrected. Name another.")
    read = store.outcomes(manifest.run, {AXIS.value: judge})
    known = read["engagement"].isin([value.value for value in Engagement])
    seen = read[known | read["engagement_why"].notna()]
    if seen.empty:
        others = [one for one in store.judges_of(manifest.run, AXIS) if one != own]
        missing = unknown("judge beside its own that has read this run", judge, [*others, PEOPLE])
        raise LabelError(f"--labels: {missing} `sordino judge ask` has a language model read it.")
    said: dict[str, str] = dict(read.loc[known, ["key", "engagement"]].itertuples(index=False))
    drawn = frozenset(str(key) for key in seen["key"])
    design = _design(read, drawn, judge, seed)
    labels = Labels(judge, said, design, drawn - frozenset(said))
    return corrected.corrected(outcomes, labels, own, by)


def judge_of(manifest: Manifest) -> str:
    """The judge whose count is corrected. Raises LabelError where there is none."""
    if AXIS.value not in manifest.judges:
        raise LabelError(f"No judge has read {AXIS.value} in the run {manifest.run!r}: there is no rate.")
    return manifest.judges[AXIS.value]


def _design(read: pd.DataFrame, drawn: Collection[str], judge: str, seed: int) -> dict[str, str]:
    """One stratum, of all answers that could have been drawn: what is read must be a simple random sample.

    `Asking` keeps no note of what it drew, but draws the same again: in one go over all languages or some,
    or language by language. A command that was stopped midway has read from the top, which is no sample.
    """
    from sordino.wiring import asking  # noqa: PLC0415 - knows every backend

    there = read[read["key"].isin(drawn)]
    spoken = sorted({str(language) for language in there["language"]})
    for chosen in ((), tuple(spoken)):
        order = asking.order(read, chosen, seed)
        if _are_the_first(order, drawn):
            return dict.fromkeys(order, DRAWN)
    design: dict[str, str] = {}
    for language in spoken:
        order = asking.order(read, (language,), seed)
        if not _are_the_first(order, own := frozenset(drawn) & frozenset(order)):
            raise LabelError(_unknown_sample(judge, seed, language, len(own), len(order)))
        design |= dict.fromkeys(order, DRAWN)
    return design


def _are_the_first(order: list[str], drawn: Collection[str]) -> bool:
    return set(order[: len(drawn)]) == set(drawn)


def _unknown_sample(judge: str, seed: int, language: str, n: int, total: int) -> str:
    return (
        f"--labels {judge}: of {total:,} answers in {language_name(language)} it has read {n:,}, which "
        f"are not those that `sordino judge ask --limit` draws with --seed {seed}. Rates cannot be "
        "corrected by a sample of which nobody knows that it is random. Was it stopped midway? Then give "
        "its command again. Did it draw with another seed? Then name it here too: --seed."
    )
