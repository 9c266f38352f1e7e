"""How far judges agree who read the same answers, by language."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from sordino.statistics.agreement import accuracy, kappa

ALL = "all"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two judges, over the answers that both have read.

    share: of equal values. kappa: beyond chance (Cohen 1960). None where it cannot be said.
    """

    first: str
    second: str
    language: str
    n: int
    share: float | None
    kappa: float | None


def agreements(said: Mapping[str, Mapping[str, str]], languages: Mapping[str, str]) -> list[Agreement]:
    """Each pair of judges in each language, and in all where there are several.

    said: by judge, the value by exchange. languages: by exchange.
    """
    found = []
    for (first, ours), (second, theirs) in combinations(said.items(), 2):
        both = sorted(set(ours) & set(theirs))
        spoken = sorted({languages[key] for key in both})
        for language in [*spoken, *([ALL] if len(spoken) != 1 else [])]:
            keys = [key for key in both if language in (ALL, languages[key])]
            pair = [ours[key] for key in keys], [theirs[key] for key in keys]
            found.append(Agreement(first, second, language, len(keys), accuracy(*pair), kappa(*pair)))
    return found
