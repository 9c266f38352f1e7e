"""The key that opens a server: it comes from the environment alone, and goes into no text."""

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from sordino.core.errors import TargetError

SECRET = 12
"""Characters of the shortest key that is a secret; shorter ones ("EMPTY", "ollama") are words."""


@dataclass(frozen=True, slots=True)
class Key:
    """What opens a server. It is in no text that this class gives."""

    variable: str
    value: str = field(repr=False)

    @classmethod
    def of_environment(cls, *variables: str) -> Self | None:
        """The key in the first of the variables that is set; None where none is, or where it is set to
        nothing. Raises TargetError for what cannot be sent as a key.
        """
        variable = next((name for name in variables if name in os.environ), None)
        value = os.environ[variable].strip() if variable else ""
        if variable is None or not value:
            return None
        if not value.isascii() or not value.isprintable() or " " in value:
            raise TargetError(
                f"{variable} holds what cannot be a key: it must be one word of plain characters. Mend it."
            )
        return cls(variable, value)

    def hidden(self, text: str) -> str:
        """The text without the key in it: some servers repeat what they were sent."""
        return _written(self.value).sub("[key]", text) if self._may_be_in(text) else text

    def _may_be_in(self, text: str) -> bool:
        """Far cheaper than looking for every way to write it, and answers almost always no."""
        if len(self.value) < SECRET:
            return False
        return self.value in text or "\\" in text


@lru_cache
def _written(key: str) -> re.Pattern[str]:
    r"""The key as it stands, and as JSON may write it: "/" as "\/", and any character by its number."""
    # A reply may quote another server's JSON as text: then backslashes are themselves escaped.
    return re.compile("".join(rf"\\{{0,4}}(?:{re.escape(one)}|u(?i:{ord(one):04x}))" for one in key))
