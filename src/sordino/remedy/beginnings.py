"""How a model begins the answers that it does give, whatever they are about."""

from collections import Counter
from collections.abc import Sequence

SHARED = 1 / 3
"""The share of answers that have to begin alike: a model may have a few ways."""
ENDS = frozenset(".:!?…。：！？")


def shared(answers: Sequence[str]) -> str:
    """The longest beginning, up to a mark that ends a clause or a sentence, with which a third of the
    answers or more go on to something else; empty where there is none. An answer counts once, however often
    it is there.
    """
    different = {answer.strip() for answer in answers}
    heads = Counter(
        answer[: end + 1] for answer in different for end, mark in enumerate(answer[:-1]) if mark in ENDS
    )
    return max(
        (head for head, often in heads.items() if often >= SHARED * len(different)), key=len, default=""
    )
