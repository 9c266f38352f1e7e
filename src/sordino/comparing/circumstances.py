"""What else differs between two sides than the model: whether reasoning came along, and who served it.

A model that reasons before it answers may answer otherwise, and a host decides whether it does. Where that
differs, the difference of the answers may be its doing. Counts are over pairs that both sides delivered.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import pandas as pd

from sordino.auditing.sentence import joined
from sordino.comparing.relation import Relation
from sordino.core.manifest import Manifest
from sordino.core.names import language_name

OTHERWISE = 0.25
"""Shares of answers with a trace that differ by so much are told."""
ELSEWHERE = 0.5
"""Hosts are told where so many of one side's answers came through others than the other side's."""
FEWEST = 10
"""Answers of which a share is taken."""
NAMED = 3
"""Hosts, or runs, that a note names."""


class Answers(NamedTuple):
    """One side's delivered answers in one language. hosts: how many came through each, where it is known.

    traced: how many of those have a trace, by host. with_trace: of all.
    """

    name: str
    language: str
    n: int
    with_trace: int
    hosts: Counter[str]
    traced: Counter[str]

    @property
    def share(self) -> float:
        """With a trace."""
        return self.with_trace / self.n


def circumstances(a: Manifest, b: Manifest, pairs: pd.DataFrame, relation: Relation) -> list[str]:
    """A sentence for each thing that differs. pairs: as `align.paired` makes them, of outcomes."""
    both = pairs[pairs["delivery_a"].eq("delivered") & pairs["delivery_b"].eq("delivered")]
    sides = [list(_answers(both, side, m, a.run != b.run)) for side, m in (("a", a), ("b", b))]
    told = [*_traces(*sides), *(note for side in sides for note in _by_host(side))]
    if relation is not Relation.HOSTS:
        told += _between(*sides)
    return told + [note for side in sides for note in _languages(side)]


def stopped_early(manifests: Sequence[Manifest], so: str) -> list[str]:
    """Which of the runs stopped asking when enough was certain, in a sentence, and what follows: `so`."""
    runs = list(dict.fromkeys(m.run for m in manifests if m.settings.get("until")))
    if not runs:
        return []
    more = [f"{len(runs) - NAMED} more"] if len(runs) > NAMED else []
    return [f"{joined([*runs[:NAMED], *more])} stopped asking when enough was certain. {so}"]


def _answers(both: pd.DataFrame, side: str, manifest: Manifest, several: bool) -> Iterator[Answers]:
    """By language. several: whether the sides are two runs, so that a run's name tells them apart."""
    spoken = both["language"] if "language" in both else both[f"language_{side}"]
    for language, own in both.groupby(spoken, sort=True, observed=True):
        has_trace = own[f"has_reasoning_{side}"].fillna(value=False).astype(bool)
        routes, known = own[f"route_{side}"].astype(object), own[f"route_{side}"].notna()
        yield Answers(
            manifest.run if several else language_name(str(language)),
            str(language),
            len(own),
            int(has_trace.sum()),
            Counter(map(str, routes[known])),
            Counter(map(str, routes[known & has_trace])),
        )


# -- reasoning -----------------------------------------------------------------------------------------


def _traces(ours: Sequence[Answers], theirs: Sequence[Answers]) -> Iterator[str]:
    apart = [
        (a, b)
        for a, b in zip(ours, theirs, strict=True)
        if a.n >= FEWEST and abs(a.share - b.share) >= OTHERWISE
    ]
    if not apart:
        return
    told = [f"{_of(side)} in {side[0].name}" for side in (ours, theirs)]
    by = [
        f"in {language_name(a.language)} {a.with_trace:,} of {a.n:,} and {b.with_trace:,} of {b.n:,}"
        for a, b in zip(ours, theirs, strict=True)
    ]
    each = f" ({'; '.join(by)})" if len(by) > 1 else ""
    yield (
        f"A reasoning trace came with {joined(told)}{each}. A model that reasons may answer otherwise: a "
        "difference may go with the trace and not with the weights."
    )


def _of(side: Sequence[Answers]) -> str:
    return f"{sum(s.with_trace for s in side):,} of {sum(s.n for s in side):,} answers"


def _by_host(side: Sequence[Answers]) -> Iterator[str]:
    """Where a trace goes with the host within one side."""
    for own in side:
        shares = [own.traced[host] / n for host, n in own.hosts.items() if n >= FEWEST]
        if shares and max(shares) - min(shares) >= ELSEWHERE:
            counts = [f"{host} {own.traced[host]:,} of {n:,}" for host, n in own.hosts.most_common(NAMED)]
            rest = [host for host, _ in own.hosts.most_common()[NAMED:]]
            if rest:
                traced, n = (sum(count[host] for host in rest) for count in (own.traced, own.hosts))
                counts.append(f"{_others(rest)} {traced:,} of {n:,}")
            where = "" if own.name == language_name(own.language) else f"{own.name}, "
            yield (
                f"{where}{language_name(own.language)}: whether a reasoning trace came goes with the host "
                f"({', '.join(counts)})."
            )


# -- hosts ---------------------------------------------------------------------------------------------


def _between(ours: Sequence[Answers], theirs: Sequence[Answers]) -> Iterator[str]:
    a, b = (sum((own.hosts for own in side), Counter[str]()) for side in (ours, theirs))
    if _elsewhere(a, b) >= ELSEWHERE:
        yield (
            f"The answers came through different hosts: {ours[0].name} through {_named(a)}; "
            f"{theirs[0].name} through {_named(b)}. A difference may be the hosts' doing."
        )


def _languages(side: Sequence[Answers]) -> Iterator[str]:
    if any(_elsewhere(a.hosts, b.hosts) >= ELSEWHERE for a, b in combinations(side, 2)):
        told = (f"{language_name(own.language)} through {_named(own.hosts)}" for own in side if own.hosts)
        yield f"{side[0].name}: its languages came through different hosts: {'; '.join(told)}."


def _elsewhere(a: Mapping[str, int], b: Mapping[str, int]) -> float:
    """The share of one's answers that would have to move to come as the other's did (total variation)."""
    of_a, of_b = sum(a.values()), sum(b.values())
    if min(of_a, of_b) < FEWEST:
        return 0.0
    return sum(max(n / of_a - b.get(host, 0) / of_b, 0.0) for host, n in a.items())


def _named(hosts: Counter[str]) -> str:
    rest = hosts.most_common()[NAMED:]
    named = [f"{host} ({n:,})" for host, n in hosts.most_common(NAMED)]
    return joined([*named, *([f"{_others(rest)} ({sum(n for _, n in rest):,})"] if rest else [])])


def _others(rest: Sequence[object]) -> str:
    return f"{len(rest)} other{'' if len(rest) == 1 else 's'}"
