"""What labels of a part of a run's answers make of the judge's count: rates, and differences of rates.

Beside `estimates`, which takes the judge at its word and says what other questions would bring. Here
nothing is said of other questions: a figure is about the delivered answers of this run that the judge has
read, and its interval about the labels that are missing. Pure: outcomes, labels and design in, records out.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import combinations

import numpy as np
import pandas as pd

from sordino.core.records import Contrast, Engagement, Figure, Kind, Matching, Measure
from sordino.statistics.prediction_powered import Corrected, corrected_rate, difference

FEWEST_LABELS = 10
"""Where fewer answers have a label, and not all of them, nothing is said."""

POOLED_SIBLINGS = "pooled siblings"
"""All answers about other jurisdictions in the same language, whatever their templates."""

PEOPLE = "people"

_TOUCH = 1e-9


class By(StrEnum):
    """What has a rate of its own: each language, each jurisdiction in each language, or both of these."""

    LANGUAGE = "language"
    JURISDICTION = "jurisdiction"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Labels:
    """What is held against the judge.

    by: `PEOPLE`, or the id of another judge. said: an engagement by key. design: the stratum by key of
    every answer that could have been drawn; within one, those with a label are a simple random sample.
    unresolved: keys of answers that were drawn and have no value: people differ, a judge could not read.
    """

    by: str
    said: Mapping[str, str]
    design: Mapping[str, str]
    unresolved: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CorrectedRate:
    """How often answers of one kind in one language are withheld: as judged, and as the labels have it.

    jurisdiction: None for all of them, and those without one. figures: about the answers that the judge has
    read; all but `raw` without a value where there are too few labels. Not in figures: unresolved, of the
    answers without a label those that were drawn; unjudged, delivered answers that the judge could not
    read; never_drawn, answers that it has read and that could not have been drawn for a label.
    """

    measure: Measure
    kind: Kind
    language: str
    jurisdiction: str | None
    figures: Corrected
    unresolved: int
    unjudged: int
    never_drawn: int

    @property
    def unlabelled(self) -> int:
        return self.figures.total - self.figures.labelled - self.unresolved

    @property
    def is_enough(self) -> bool:
        return _is_enough(self.figures)

    @property
    def is_off(self) -> bool:
        """Whether the interval excludes what the judge counted, whatever the unresolved answers are."""
        drawn = self.figures.labelled + self.unresolved
        return self._excludes(self.unresolved / drawn if drawn else 0.0)

    @property
    def hangs(self) -> bool:
        """Whether the interval excludes it only as long as nobody decides on the unresolved answers."""
        return self._excludes(0.0) and not self.is_off

    def _excludes(self, unresolved: float) -> bool:
        """unresolved: the share of answers that may all be withheld, or all complete."""
        raw, low, high = self.figures.raw.value, self.figures.corrected.low, self.figures.corrected.high
        if raw is None or low is None or high is None:
            return False
        low, high = low * (1 - unresolved), high * (1 - unresolved) + unresolved
        return raw < low - _TOUCH or raw > high + _TOUCH


@dataclass(frozen=True, slots=True)
class CorrectedDifference:
    """One corrected rate minus another: a jurisdiction and its siblings, or a language and another.

    jurisdiction: None where two languages are compared over `over`, the jurisdictions asked in both.
    against: `POOLED_SIBLINGS`, or the other language. labelled, total: of either side.
    """

    measure: Measure
    contrast: Contrast
    language: str
    jurisdiction: str | None
    against: str
    raw: float | None
    figure: Figure
    labelled: tuple[int, int]
    total: tuple[int, int]
    over: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class CorrectedRates:
    """All rates and differences of a run. labels, judge: by whom. labelled, unresolved: answers in all.

    elsewhere: answers with a label that went into no figure, because the judge could not read them, or the
    design does not say how they were drawn.
    """

    labels: str
    judge: str
    rates: tuple[CorrectedRate, ...]
    differences: tuple[CorrectedDifference, ...]
    labelled: int
    unresolved: int
    elsewhere: int


def corrected(
    outcomes: pd.DataFrame, given: Labels, judge: str, by: By = By.BOTH, level: float = 0.95
) -> CorrectedRates:
    """The rates of a run, and their differences within and between languages, in order.

    outcomes: one row an owed probe, as `Store.outcomes` returns it for `judge`. What asks the same about
    the same is one answer. In a difference no answer is on both sides.
    """
    answers = _Answers.of(outcomes, given, level)
    once = answers.table.drop_duplicates("key")
    labelled = int(once["label"].notna().sum())
    return CorrectedRates(
        labels=given.by,
        judge=judge,
        rates=tuple(_rates(answers, by)),
        differences=(*_against_siblings(answers, by), *_between_languages(answers, by)),
        labelled=labelled,
        unresolved=int(once["unresolved"].sum()),
        elsewhere=sum(key in given.said for key in once["key"]) - labelled,
    )


# -- answers -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Answers:
    """The delivered answers of a run, each once for each place where it stands, and what is said of them.

    table: key, language, jurisdiction, kind, matching; judged, unresolved, drawable; label, prediction,
    withheld, stratum. Names are objects: pandas cannot group by the lone surrogates that recordings hold.
    """

    table: pd.DataFrame
    level: float
    _known: dict[bytes, Corrected] = field(default_factory=dict)
    _places: dict[tuple[Kind, str, str | None], pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def of(cls, outcomes: pd.DataFrame, given: Labels, level: float) -> "_Answers":
        delivered = outcomes[outcomes["delivery"].eq("delivered") & outcomes["key"].notna()]
        names = {name: _objects(delivered[name]) for name in ("key", "language", "jurisdiction", "kind")}
        table = pd.DataFrame(names | {"matching": _objects(delivered["matching"])}, dtype=object)
        said = pd.Series(_objects(delivered["engagement"]), dtype=object)
        keys = names["key"]
        withheld = said.ne(Engagement.COMPLETE.value)
        complete = delivered["p_complete"].astype("Float64").to_numpy(float, na_value=np.nan)
        stated = np.isfinite(complete)
        codes: dict[str, int] = {}
        drawable = said.notna() & pd.Series([key in given.design for key in keys], dtype=bool)
        labels = pd.Series([_withheld(given.said.get(str(key))) for key in keys], dtype=float)
        table = table.assign(
            judged=said.notna(),
            drawable=drawable,
            unresolved=drawable & pd.Series([key in given.unresolved for key in keys], dtype=bool),
            label=labels.where(drawable),
            withheld=withheld,
            prediction=np.where(stated, 1 - np.where(stated, complete, 0), withheld.astype(float)),
            stratum=[codes.setdefault(given.design.get(str(key), ""), len(codes)) for key in keys],
        )
        places: list[Hashable] = list(zip(*names.values(), strict=True))
        return cls(table[~pd.Series(places, dtype=object).duplicated()].reset_index(drop=True), level)

    def at(self, kind: Kind, language: str, jurisdiction: str | None = None) -> pd.DataFrame:
        """The answers of a place; of all jurisdictions where it names none."""
        place = (kind, language, jurisdiction)
        if place not in self._places:
            if jurisdiction is None:
                where = self.table["kind"].eq(kind.value) & self.table["language"].eq(language)
                self._places[place] = self.table[where]
            else:
                whole = self.at(kind, language)
                self._places[place] = whole[whole["jurisdiction"].eq(jurisdiction)]
        return self._places[place]

    def names(self, column: str, rows: pd.DataFrame | None = None) -> list[str]:
        return sorted({name for name in (self.table if rows is None else rows)[column] if name is not None})

    def counted(self, rows: pd.DataFrame) -> Corrected:
        """What the judge and the labels say of some answers; no value from too few labels."""
        pool = _pool(rows)
        same = pool.index.to_numpy().tobytes()
        if same not in self._known:
            found = corrected_rate(
                pool["label"].to_numpy(float),
                pool["prediction"].to_numpy(float),
                pool["stratum"].to_numpy(np.int64),
                pool["withheld"].to_numpy(bool),
                self.level,
            )
            self._known[same] = found if _is_enough(found) else _silent(found)
        return self._known[same]


def _objects(column: pd.Series) -> list[object]:
    return [None if pd.isna(value) else value for value in column.astype(object)]


def _withheld(said: str | None) -> float:
    return np.nan if said is None else float(said != Engagement.COMPLETE.value)


def _pool(rows: pd.DataFrame) -> pd.DataFrame:
    """The answers that figures are about. Where nothing has a label, all that the judge has read."""
    judged = rows[rows["judged"]]
    drawable = judged[judged["drawable"]]
    return (drawable if drawable["label"].notna().any() else judged).drop_duplicates("key")


def _is_enough(figures: Corrected) -> bool:
    return figures.labelled > 0 and (figures.labelled >= FEWEST_LABELS or figures.labelled == figures.total)


def _silent(figures: Corrected) -> Corrected:
    powered, alone, errors = (
        replace(figure, value=None, low=None, high=None)
        for figure in (figures.corrected, figures.labels_alone, figures.rogan_gladen)
    )
    return replace(
        figures,
        corrected=powered,
        labels_alone=alone,
        rogan_gladen=errors,
        tuning=None,
        labels_to_halve=None,
    )


# -- rates ---------------------------------------------------------------------------------------------


def _rates(answers: _Answers, by: By) -> Iterator[CorrectedRate]:
    for kind in Kind:
        own = answers.table[answers.table["kind"].eq(kind.value)]
        for language in answers.names("language", own):
            rows = answers.at(kind, language)
            if by is not By.JURISDICTION:
                yield _rate(answers, kind, language, None, rows)
            if by is By.LANGUAGE or kind is not Kind.POLITICAL:
                continue
            for name in answers.names("jurisdiction", rows):
                yield _rate(answers, kind, language, name, answers.at(kind, language, name))


def _rate(
    answers: _Answers, kind: Kind, language: str, jurisdiction: str | None, rows: pd.DataFrame
) -> CorrectedRate:
    figures, pool, judged = answers.counted(rows), _pool(rows), rows[rows["judged"]]
    return CorrectedRate(
        measure=Measure.WITHHELD,
        kind=kind,
        language=language,
        jurisdiction=jurisdiction,
        figures=figures,
        unresolved=int(pool["unresolved"].sum()),
        unjudged=int(rows[~rows["judged"]]["key"].nunique()),
        never_drawn=int(judged["key"].nunique()) - len(pool),
    )


# -- differences ---------------------------------------------------------------------------------------


def _against_siblings(answers: _Answers, by: By) -> Iterator[CorrectedDifference]:
    """Each jurisdiction against all others in the same language, where siblings are named."""
    if by is By.LANGUAGE:
        return
    for language in answers.names("language"):
        rows = answers.at(Kind.POLITICAL, language)
        if rows["matching"].eq(Matching.NONE.value).any():
            continue
        names = answers.names("jurisdiction", rows)
        for name in names if len(names) > 1 else ():
            own = answers.at(Kind.POLITICAL, language, name)
            others = rows[rows["jurisdiction"].notna() & rows["jurisdiction"].ne(name)]
            yield _difference(
                answers, Contrast.SELECTIVITY, (language, name, POOLED_SIBLINGS), (own, others)
            )


def _between_languages(answers: _Answers, by: By) -> Iterator[CorrectedDifference]:
    """Each language against each other: about all jurisdictions that were asked in both, and about each."""
    political = answers.table[answers.table["kind"].eq(Kind.POLITICAL.value)]
    for a, b in combinations(answers.names("language", political), 2):
        sides = [answers.at(Kind.POLITICAL, language) for language in (a, b)]
        asked = [set(rows["jurisdiction"]) for rows in sides]
        shared = asked[0] & asked[1]
        if shared and by is not By.JURISDICTION:
            over = () if asked[0] == asked[1] else _sorted(shared)
            both = [rows[[name in shared for name in rows["jurisdiction"]]] for rows in sides]
            yield _difference(answers, Contrast.LANGUAGE_GAP, (a, None, b), both, over)
        for name in sorted(shared - {None}) if by is not By.LANGUAGE else ():
            both = [answers.at(Kind.POLITICAL, language, name) for language in (a, b)]
            yield _difference(answers, Contrast.LANGUAGE_GAP, (a, name, b), both)


def _sorted(names: set[str | None]) -> tuple[str | None, ...]:
    return tuple(sorted(names, key=lambda name: name or ""))


def _difference(
    answers: _Answers,
    contrast: Contrast,
    about: tuple[str, str | None, str],
    sides: Sequence[pd.DataFrame],
    over: tuple[str | None, ...] = (),
) -> CorrectedDifference:
    """about: the language, the jurisdiction, and against what."""
    own, others = sides
    # An answer on both sides would make them depend on each other.
    first, second = answers.counted(own), answers.counted(others[~others["key"].isin(set(own["key"]))])
    language, jurisdiction, against = about
    ours, theirs = first.raw.value, second.raw.value
    return CorrectedDifference(
        measure=Measure.WITHHELD,
        contrast=contrast,
        language=language,
        jurisdiction=jurisdiction,
        against=against,
        raw=None if ours is None or theirs is None else ours - theirs,
        figure=difference(first, second),
        labelled=(first.labelled, second.labelled),
        total=(first.total, second.total),
        over=over,
    )
