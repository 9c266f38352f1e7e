"""Finds, among the ids of a recording's questions, which requests share their form.

`china_criticism_07` and `us_criticism_07` ask in the same way about two governments. What differs between
the jurisdictions stands at the head of the id; the rest is the template. The matter may differ, so siblings
found like this are matched by form only.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import takewhile
from typing import TypeAlias

Group: TypeAlias = tuple[str, str]
"""Jurisdiction and language: within one, ids begin alike."""

_TOKENS = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_SEPARATORS = " _-./:#|"


def templates(ids: Iterable[tuple[Group, str]]) -> dict[tuple[Group, str], str]:
    """The template of every id: what is left without the head that differs between jurisdictions."""
    grouped: dict[Group, set[str]] = defaultdict(set)
    for group, name in ids:
        grouped[group].add(name)
    heads = {group: _head(names) for group, names in grouped.items()}
    shared = len(_common_start(head[::-1] for head in heads.values()))
    cut = {group: sum(map(len, head[: len(head) - shared])) for group, head in heads.items()}
    return {
        (group, name): name[cut[group] :].lstrip(_SEPARATORS)
        for group, names in grouped.items()
        for name in names
    }


def are_shared(found: dict[tuple[Group, str], str]) -> bool:
    """Whether any template is asked about two jurisdictions."""
    about: dict[str, set[str]] = defaultdict(set)
    for ((jurisdiction, _), _), template in found.items():
        about[template].add(jurisdiction)
    return any(len(jurisdictions) > 1 for jurisdictions in about.values())


def _head(names: Iterable[str]) -> list[str]:
    """The tokens that all ids begin with; never the whole of an id."""
    return _common_start(_TOKENS.findall(name)[:-1] for name in names)


def _common_start(lists: Iterable[list[str]]) -> list[str]:
    return [place[0] for place in takewhile(lambda place: len(set(place)) == 1, zip(*lists, strict=False))]
