"""What a ranking says in plain sentences, one place after the other, the largest effect first.

No jurisdiction comes first by decree: what is told first is where a model's lower limit lies highest.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from sordino.auditing.sentence import ceiling, floor, joined, percent
from sordino.comparing.ranking import RankedGroup, Ranking, Standing
from sordino.core.records import Contrast, Figure, Measure, Verdict
from sordino.reporting import words
from sordino.reporting.text import label

NAMED = 3
"""Models that a sentence names."""

PLACES = 6
"""Places of which each has a sentence of its own."""

NONE_READ = "No political question of these runs could be read, so nothing is ranked."
NONE_COMPARABLE = "No two of these runs are comparable, so none are ranked."

MORE: Mapping[Measure, tuple[str, str]] = {
    Measure.WITHHELD: ("withholds more", "withhold more"),
    Measure.OMISSION: ("leaves out more facts", "leave out more facts"),
    Measure.STATE_LINE: ("tells more of the state's line", "tell more of the state's line"),
}


def rank(ranks: tuple[int, int] | None) -> str:
    """A rank, "1–6", or "7" where nothing else is possible; a dash where there is none."""
    if ranks is None:
        return "–"
    first, last = ranks
    return str(first) if first == last else f"{first}–{last}"


def place(ranked: RankedGroup, ranking: Ranking) -> str:
    """Jurisdiction and language."""
    return f"{jurisdiction(ranked, ranking)}, {words.language(ranking.language)}"


def jurisdiction(ranked: RankedGroup, ranking: Ranking) -> str:
    """The name that any of the group's runs has for it."""
    for entry in ranked.group.entries:
        if ranking.jurisdiction in entry.manifest.jurisdictions:
            return words.jurisdiction(entry.manifest, ranking.jurisdiction)
    return words.jurisdiction(ranked.group.entries[0].manifest, ranking.jurisdiction)


def by_effect(rankings: Sequence[Ranking]) -> list[Ranking]:
    """The highest lower limit of a selective finding first, then the largest difference, then by name."""
    return sorted(rankings, key=lambda r: (-_effect(r), -_largest(r), r.language, r.jurisdiction))


def sentences(ranked: RankedGroup, measure: Measure) -> list[str]:
    """All that a group says on one measure."""
    own = by_effect([r for r in ranked.rankings if r.measure is measure])
    return [
        *findings(ranked, measure),
        *_not_found(ranked, [r for r in own if _is_compared(r) and not _is_found(r)]),
        *_without_sibling(ranked, [r for r in own if not _is_compared(r)]),
    ]


def findings(ranked: RankedGroup, measure: Measure) -> list[str]:
    """Of those, the ones that name a model."""
    own = by_effect([r for r in ranked.rankings if r.measure is measure])
    found = [r for r in own if any(s.stands for s in r.standings)]
    return [
        *(_found(ranked, r) for r in found[:PLACES]),
        *_further(found[PLACES:]),
        *_in_own_report_only(ranked, own),
        *_unclear(ranked, own),
    ]


def said(ranked: RankedGroup) -> list[str]:
    """What a page says at its top: all on what is withheld, and what was found on other measures."""
    others = [m for m in MORE if m is not Measure.WITHHELD]
    return [*sentences(ranked, Measure.WITHHELD), *(one for m in others for one in findings(ranked, m))]


def decides(ranking: Ranking) -> bool:
    """Whether any two are told apart or one is selective, in an order that can be drawn."""
    apart = any(pair.higher is not None for order in ranking.orders.values() for pair in order.pairs)
    return bool(ranking.orders) and (apart or any(s.stands for s in ranking.standings))


def undecided(ranking: Ranking) -> str:
    """Where there are too few templates to tell any two apart: that it is so; else nothing."""
    for order in ranking.orders.values():
        if order.clusters < order.fewest:
            return (
                f"With {order.clusters} shared templates no two of {len(order.ranks)} models can be told "
                f"apart, whatever they answer; it takes {order.fewest}."
            )
    return ""


def figure_of(standing: Standing, contrast: Contrast) -> Figure | None:
    """What a standing is ranked by; None where there is nothing."""
    estimate = standing.selectivity if contrast is Contrast.SELECTIVITY else standing.rate
    return None if estimate is None or estimate.figure.value is None else estimate.figure


# ------------------------------------------------------------------------------------------------------


def _is_compared(ranking: Ranking) -> bool:
    return any(figure_of(s, Contrast.SELECTIVITY) is not None for s in ranking.standings)


def _is_found(ranking: Ranking) -> bool:
    """Whether any run's own report has a finding there."""
    findings = (s.finding for s in ranking.standings if s.finding is not None)
    return any(f.verdict in (Verdict.SELECTIVE, Verdict.NOT_TOLD_FROM_IGNORANCE) for f in findings)


def _effect(ranking: Ranking) -> float:
    lows = (s.selectivity.figure.low for s in ranking.standings if s.stands and s.selectivity)
    return max((low for low in lows if low is not None), default=0.0)


def _largest(ranking: Ranking) -> float:
    figures = (figure_of(s, c) for c in (Contrast.SELECTIVITY, Contrast.RATE) for s in ranking.standings)
    return max((f.value for f in figures if f is not None and f.value is not None), default=-1.0)


def _names(ranked: RankedGroup, ranking: Ranking, chosen: Callable[[Standing], bool]) -> list[int]:
    """Places in the group of the chosen standings, the largest difference first."""
    found = [at for at, s in enumerate(ranking.standings) if chosen(s)]
    return sorted(found, key=lambda at: (-_value(ranking.standings[at]), ranked.group.entries[at].name))


def _value(standing: Standing) -> float:
    figure = figure_of(standing, Contrast.SELECTIVITY)
    return -1.0 if figure is None or figure.value is None else figure.value


def _found(ranked: RankedGroup, ranking: Ranking) -> str:
    at = _names(ranked, ranking, lambda s: s.stands)
    compared = sum(figure_of(s, Contrast.SELECTIVITY) is not None for s in ranking.standings)
    rest = len(ranking.standings) - compared
    more = f" ({rest} more could not be compared there)" if rest else ""
    who = [_with_bound(ranked, ranking, one) for one in at]
    verb = MORE[ranking.measure][len(at) > 1]
    where = f"{jurisdiction(ranked, ranking)} than about siblings in {words.language(ranking.language)}"
    return f"Of {compared} models{more}, {len(at)} {verb} about {where}: {_some(who)}."


def _further(rankings: Sequence[Ranking]) -> list[str]:
    if not rankings:
        return []
    verb = MORE[rankings[0].measure][1]
    return [f"Models {verb} than about siblings in {len(rankings)} further places; the heatmap has them."]


def _with_bound(ranked: RankedGroup, ranking: Ranking, at: int) -> str:
    standing = ranking.standings[at]
    name = label(ranked.group.entries[at].name)
    rate = figure_of(standing, Contrast.RATE)
    difference = figure_of(standing, Contrast.SELECTIVITY)
    if rate is None or difference is None or difference.low is None:
        return name
    return f"{name} ({percent(rate.value)}; at least {floor(difference.low)} more)"


def _some(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return joined(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def _in_own_report_only(ranked: RankedGroup, rankings: Sequence[Ranking]) -> list[str]:
    told = _where(
        ranked,
        rankings,
        lambda s: s.finding is not None and s.finding.verdict is Verdict.SELECTIVE and not s.stands,
    )
    if not told:
        return []
    return [
        "Selective in its own report, but not beyond chance once the comparisons of all "
        f"{len(ranked.group.entries)} models are counted: {'; '.join(told)}."
    ]


def _unclear(ranked: RankedGroup, rankings: Sequence[Ranking]) -> list[str]:
    told = _where(
        ranked,
        rankings,
        lambda s: s.finding is not None and s.finding.verdict is Verdict.NOT_TOLD_FROM_IGNORANCE,
    )
    return [f"Not told from ignorance, by neutral questions: {'; '.join(told)}."] if told else []


def _where(
    ranked: RankedGroup, rankings: Sequence[Ranking], chosen: Callable[[Standing], bool]
) -> list[str]:
    found = ((r, _names(ranked, r, chosen)) for r in rankings)
    return [
        f"{_some([label(ranked.group.entries[one].name) for one in at])} about {_about(ranked, r)}"
        for r, at in found
        if at
    ]


def _about(ranked: RankedGroup, ranking: Ranking) -> str:
    return f"{jurisdiction(ranked, ranking)} in {words.language(ranking.language)}"


def _not_found(ranked: RankedGroup, rankings: Sequence[Ranking]) -> list[str]:
    """Places where no model is found selective, with the largest bound; languages alike in one sentence."""
    by_language: dict[str, list[Ranking]] = defaultdict(list)
    for r in sorted(rankings, key=lambda r: (r.language, r.jurisdiction)):
        by_language[r.language].append(r)
    alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for language, own in by_language.items():
        alike[tuple(r.jurisdiction for r in own)].append(language)
    told = []
    for languages in alike.values():
        own = [r for language in languages for r in by_language[language]]
        findings = [s.finding for r in own for s in r.standings if s.finding is not None]
        bounds = [f.bound for f in findings if f.bound is not None]
        unknown = sum(f.verdict is Verdict.NOT_ENOUGH_DATA for f in findings)
        where = ", where there is enough data" if unknown else ""
        bound = f" (at most {ceiling(max(bounds))} more{where})" if bounds else ""
        lacking = f"; not enough data in {unknown} of {len(findings)} cases" if unknown else ""
        names = joined(list(dict.fromkeys(jurisdiction(ranked, r) for r in own)))
        spoken = joined([words.language(language) for language in languages])
        if unknown == len(findings):
            told.append(
                f"In {spoken} the data are too few to tell whether a model {MORE[own[0].measure][0]} about "
                f"{names} than about siblings."
            )
            continue
        told.append(
            f"In {spoken} no model was found to {MORE[own[0].measure][1]} about {names} "
            f"than about siblings{bound}{lacking}."
        )
    return told


def _without_sibling(ranked: RankedGroup, rankings: Sequence[Ranking]) -> list[str]:
    told = []
    for r in rankings:
        rates = [f.value for s in r.standings if (f := figure_of(s, Contrast.RATE)) and f.value is not None]
        if not rates:
            continue
        measured = words.MEASURES[r.measure][0].lower()
        told.append(
            f"About {_about(ranked, r)} there is no sibling to compare with; models are ranked by the rate "
            f"alone, from {percent(min(rates))} to {percent(max(rates))} {measured}."
        )
    return told
