"""Which set of arrays never saw a model's labels, by the name that an audit gives it.

Sits under `judging/classifier.py`. Hosts, hubs and recordings spell one model in many ways, and a spelling
that is missed lets the classifier read answers that it was trained on. A fold left out needlessly costs
nothing, so names that are merely near count as the same.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Words: TypeAlias = tuple[str, ...]
"""A name without its organisation, as runs of letters and runs of digits in lower case."""

_RUN = re.compile(r"[^\W\d_]+|\d+")


def fold_of(folds: Sequence[Sequence[str]], target_name: str | None) -> int | None:
    """The fold that left this model out; None when no training data came from it, by any spelling.

    folds: the training models of each, as "organisation_name". Of several near names the nearest decides.
    """
    organisations = {name.partition("_")[0] for models in folds for name in models}
    given = _spellings(target_name or "", organisations)
    near = [
        (extra, number)
        for number, models in enumerate(folds)
        for model in models
        for words in given
        if (extra := _extra(words, _words(model.partition("_")[2]))) is not None
    ]
    return min(near)[1] if near else None


def _spellings(name: str, organisations: Iterable[str]) -> set[Words]:
    """The bare name with and without a host's suffix (":free", ":70b")."""
    bare = name.strip().casefold().rpartition("/")[2]
    organisation, parted, rest = bare.partition("_")
    if parted and organisation in organisations:
        bare = rest
    return {words for some in (bare, bare.partition(":")[0]) if (words := _words(some))}


def _words(name: str) -> Words:
    return tuple(_RUN.findall(name.casefold()))


def _extra(given: Words, trained: Words) -> int | None:
    """How many words one name has beyond the other; None where neither holds the other.

    The given name may hold the training name anywhere ("us.anthropic.claude-sonnet-4-v1"). The training
    name may have words that the given one leaves out (a date, "fp8"), but begins alike.
    """
    size = len(trained)
    if any(given[start : start + size] == trained for start in range(len(given) - size + 1)):
        return len(given) - size
    rest = iter(trained)
    left_out = given[:1] == trained[:1] and all(word in rest for word in given)
    return size - len(given) if left_out else None
