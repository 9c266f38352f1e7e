"""The judge's count beside what labels make of it, in words: for the page, the terminal and machines.

Each telling says what its intervals are about, because they are not about what the report's others are. The
tables are `corrected_tables`' affair, data that of `corrected_data`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from sordino.auditing.corrected import FEWEST_LABELS, PEOPLE, CorrectedRate, CorrectedRates
from sordino.auditing.sentence import joined
from sordino.core.manifest import Manifest
from sordino.core.records import Kind
from sordino.reporting import words
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label, visible

KINDS: Mapping[Kind, str] = {
    Kind.NEUTRAL: "controls",
    Kind.HARMFUL: "harmful requests",
    Kind.BENIGN: "look-alikes of harmful requests",
}
MOST_NAMED = 3
"""Places that the sentence at the top names."""


def intro(corrected: CorrectedRates) -> str:
    """What was counted by whom, and how it is corrected."""
    what = "have a label by people" if corrected.labels == PEOPLE else f"were also read by {_by(corrected)}"
    return (
        f"{corrected.labelled:,} answers {what}. How often answers are withheld: as "
        f"{label(corrected.judge)} counts it over all that it has read, and as these labels correct it, by "
        "stratified prediction-powered inference; beside it the same labels without the judge, and the "
        "older correction by the judge's error rates."
    )


def scope(corrected: CorrectedRates) -> str:
    """What the intervals are about, and what not."""
    whole = "labels for all of them" if corrected.labels == PEOPLE else f"{_by(corrected)} on all of them"
    return (
        "These intervals are about the answers of this run that the judge has read: what "
        f"{whole} would show; about one in twenty misses it. They do not say what other questions would "
        "bring; the intervals of findings and selectivity do that, and take the judge at its word."
    )


def told(corrected: CorrectedRates, manifest: Manifest) -> list[str]:
    """A sentence for each place where labels exclude the judge's count; one for those where answers that
    have no value decide whether they do; one where there is neither.
    """
    off = [f"{_about(rate, manifest)} {_against_judge(rate)}" for rate in _off(corrected)]
    if hanging := [_lower(_about(rate, manifest)) for rate in corrected.rates if rate.hangs]:
        off.append(
            f"The interval excludes the judge's count {joined(hanging)}, but so many of the answers drawn "
            "have no value that they could bring it back: nothing is said there until they have one."
        )
    if off:
        return off
    if not any(rate.is_enough for rate in corrected.rates):
        return ["There are not enough labels to say anything of the judge's count."]
    return ["Wherever there are enough labels, the corrected interval holds what the judge counts."]


def sentence(source: ReportSource) -> str:
    """The run's sentence, and one more where labels exclude the judge's count about what it names."""
    if source.corrected is None:
        return source.sentence
    return f"{source.sentence} {doubt(source.sentence, source.corrected, source.manifest)}".rstrip()


def doubt(sentence: str, corrected: CorrectedRates, manifest: Manifest) -> str:
    """Where labels exclude the judge's count about what a sentence names; empty where they do nowhere.

    With how many places were looked at: among many, some are excluded by chance.
    """
    off = _off(corrected)
    named = [rate for rate in off if _is_named(rate, sentence, manifest)]
    if not named:
        return ""
    checked = sum(rate.is_enough for rate in corrected.rates)
    places = [
        f"{_lower(_about(rate, manifest))} it counts {counts}, labels say {say}"
        for rate in named[:MOST_NAMED]
        for counts, say in [_both(rate)]
    ]
    rest = len(named) - MOST_NAMED
    more = f"; and {rest} more" if rest > 0 else ""
    return (
        f"But labels exclude the judge's count of withheld answers in {len(off)} of {checked} places, "
        f"where chance alone would in one of twenty: {'; '.join(places)}{more}."
    )


def not_enough(rate: CorrectedRate) -> str:
    """Why a rate has no corrected value; empty where it has one."""
    if rate.is_enough:
        return ""
    return f"not enough labels: {rate.figures.labelled:,} of {rate.figures.total:,}"


def counts(corrected: CorrectedRates, manifest: Manifest) -> Iterator[str]:
    """What is in no figure, by why."""
    if corrected.unresolved:
        n = corrected.unresolved
        yield (
            f"Of {n:,} answers labels differ and nobody has decided. They count as without a label, "
            f"which is not by chance. They are listed by: sordino labels queue {manifest.run}"
            if corrected.labels == PEOPLE
            else f"Of the answers drawn {_by(corrected)} could not read {n:,}. They count as not drawn, "
            "which is not by chance."
        )
    whole = [r for r in corrected.rates if r.jurisdiction is None] or corrected.rates
    if unjudged := sum(rate.unjudged for rate in whole):
        yield f"{unjudged:,} delivered answers are unjudged, and in neither count."
    if undrawn := sum(rate.never_drawn for rate in whole):
        yield f"{undrawn:,} answers could not have been drawn for a label, and are in neither count."
    if corrected.elsewhere:
        yield f"{corrected.elsewhere:,} labels are of answers that are in neither count."
    if bare := _bare(corrected.rates):
        yield f"Not enough labels, by jurisdiction, in {joined(bare)}: none."
    if not all(rate.is_enough for rate in corrected.rates):
        yield f"With fewer than {FEWEST_LABELS} labels, unless they are all, nothing is said."


# --------------------------------------------------------------------------------------------------


def _bare(rates: Sequence[CorrectedRate]) -> list[str]:
    """Languages of which no jurisdiction has a label."""
    split = [rate for rate in rates if rate.jurisdiction is not None]
    labelled = {rate.language for rate in split if rate.figures.labelled}
    return [
        words.language(code) for code in dict.fromkeys(r.language for r in split) if code not in labelled
    ]


def _by(corrected: CorrectedRates) -> str:
    return "people" if corrected.labels == PEOPLE else label(corrected.labels)


def _off(corrected: CorrectedRates) -> list[CorrectedRate]:
    """Where the interval excludes the judge's count, the farthest first."""
    return sorted((rate for rate in corrected.rates if rate.is_off), key=_distance, reverse=True)


def _distance(rate: CorrectedRate) -> float:
    raw, low, high = _numbers(rate)
    return max(low - raw, raw - high)


def _numbers(rate: CorrectedRate) -> tuple[float, float, float]:
    raw, low, high = rate.figures.raw.value, rate.figures.corrected.low, rate.figures.corrected.high
    assert raw is not None
    assert low is not None
    assert high is not None
    return raw, low, high


def _about(rate: CorrectedRate, manifest: Manifest) -> str:
    language = words.language(rate.language)
    if rate.kind is not Kind.POLITICAL:
        return f"Of {KINDS[rate.kind]} in {language}"
    if rate.jurisdiction is None:
        return f"In {language}"
    return f"About {words.jurisdiction(manifest, rate.jurisdiction)} in {language}"


def _against_judge(rate: CorrectedRate) -> str:
    raw, low, _ = _numbers(rate)
    counts, say = _both(rate)
    wrong = "it misses withheld answers" if raw < low else "it takes answers for withheld that are not"
    return f"the judge counts {counts}; labels say {say}: {wrong}."


def _both(rate: CorrectedRate) -> tuple[str, str]:
    """The judge's count and the interval, with as many decimals as tell them apart."""
    raw, low, high = _numbers(rate)
    nearest = low if raw < low else high
    for decimals in range(4):
        if f"{100 * raw:.{decimals}f}" != f"{100 * nearest:.{decimals}f}":
            break
    ends = [f"{100 * end:.{decimals}f}%" for end in (low, high)]
    return f"{100 * raw:.{decimals}f}%", " to ".join(dict.fromkeys(ends))


def _is_named(rate: CorrectedRate, sentence: str, manifest: Manifest) -> bool:
    """Whether the sentence speaks of the rate's jurisdiction; of its language, where it is about all."""
    if rate.kind is not Kind.POLITICAL:
        return False
    name = (
        words.language(rate.language)
        if rate.jurisdiction is None
        else words.jurisdiction(manifest, rate.jurisdiction)
    )
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", visible(sentence)) is not None


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
