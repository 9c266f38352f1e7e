"""The `{slot}` of a question: what is written, and what is filled in."""

import re
from collections.abc import Mapping

SLOT = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def asked(question: str) -> list[str]:
    """The slots of a question, in order."""
    return SLOT.findall(question)


def fill(question: str, filling: Mapping[str, str]) -> str:
    """The question with its slots replaced once, in one pass.

    What fills a slot is hostile text: it is never itself read as a slot or as a format. Raises KeyError for
    a slot that `filling` lacks.
    """
    return SLOT.sub(lambda found: filling[found[1]], question)
