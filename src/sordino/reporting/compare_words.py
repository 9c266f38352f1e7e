"""How a comparison's changes are called: the one place that turns their names into words."""

from sordino.reporting import words

CHANGES = {
    "more_withheld": "withholds more",
    "less_withheld": "withholds less",
    "delivery": "delivery changed",
    "unread": "read by a judge on one side only",
    "facts_lost": "facts lost",
    "facts_gained": "facts gained",
    "flags_gained": "state line gained",
    "flags_lost": "state line lost",
    "reasoning": "reasoning reads differently",
}

PARTED = {
    "template": "on a template that the other side lacks",
    "jurisdiction": "about a jurisdiction that the other side was not asked about there",
    "kind": "of a kind that the other side lacks",
    "language": "in a language that the other side was not asked in",
    "phrasing": "in a phrasing that the other side was not asked in",
    "sample": "of answers beyond the number that the other side gave",
}
"""Rows without a partner, by the column on which the sides part (see `comparing.align.unpaired`)."""


def change(a: str, b: str) -> str:
    """One state to another, "answered → declined"; where nothing moved, that state alone."""
    return words.STATES[a] if a == b else f"{words.STATES[a]} → {words.STATES[b]}"
