"""Where an OpenAI-compatible server is, which of its models is asked, and the key that opens it."""

import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self
from urllib.parse import urlsplit

from sordino.core.errors import TargetError

FORM = "openai:MODEL@http://HOST:PORT/v1"
SECRET = 12
"""Characters of the shortest key that is a secret; shorter ones ("EMPTY", "ollama") are words."""
_PLACE = re.compile(r"(?P<model>.*\S)@(?P<base>https?://\S+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Key:
    """What opens a server. It comes from the environment alone, and is in no text that this class gives."""

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
        return _written(self.value).sub("[key]", text) if len(self.value) >= SECRET else text


@lru_cache
def _written(key: str) -> re.Pattern[str]:
    r"""The key as it stands, and as JSON may write it: "/" as "\/", and any character by its number."""
    # A reply may quote another server's JSON as text: then backslashes are themselves escaped.
    return re.compile("".join(rf"\\{{0,4}}(?:{re.escape(one)}|u(?i:{ord(one):04x}))" for one in key))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model of a server. base: the address up to the version, such as http://localhost:8000/v1."""

    model: str
    base: str

    @classmethod
    def parse(cls, place: str) -> Self:
        """Of MODEL@ADDRESS; the model's name may hold "@", "/" and ":". Raises TargetError."""
        found = _PLACE.fullmatch(place)
        if found is None:
            # Not shown whole: an address may have a password in it.
            given = place.partition("://")[0][:80]
            raise TargetError(
                f"'openai:{given}' names no model of a server. Write {FORM}, for example "
                "openai:qwen2.5:7b@http://localhost:11434/v1."
            )
        return cls(found["model"], _address(found["base"]))

    @property
    def host(self) -> str:
        """The host and, where one is given, the port."""
        return urlsplit(self.base).netloc

    @property
    def completions(self) -> str:
        return f"{self.base}/chat/completions"


def _address(given: str) -> str:
    try:
        parts = urlsplit(given)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        raise TargetError(f"The server's address is malformed. Write {FORM}.") from None
    if not parts.hostname or ".." in parts.hostname:
        raise TargetError(f"The server's address names no host. Write {FORM}.")
    if "@" in parts.netloc:
        raise TargetError(
            "The server's address holds a name or password, which would be stored with the run. Take it "
            "out, and put the key into the environment."
        )
    if parts.query or parts.fragment:
        raise TargetError(f"The server's address has more than a path ('?' or '#'). Write {FORM}.")
    return given.rstrip("/").removesuffix("/chat/completions")
