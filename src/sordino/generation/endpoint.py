"""Where an OpenAI-compatible server is, and which of its models is asked."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from sordino.core.errors import TargetError, unknown
from sordino.generation.presets import PRESETS

FORM = "openai:MODEL@http://HOST:PORT/v1"
_PLACE = re.compile(r"(?P<model>.*\S)@(?P<base>https?://\S+)", re.DOTALL)
_NAMED = re.compile(r"(?P<model>.*\S)@(?P<preset>[\w.-]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A model of a server. base: the address up to the version, such as http://localhost:8000/v1."""

    model: str
    base: str

    @classmethod
    def parse(cls, place: str) -> Self:
        """Of MODEL@ADDRESS or MODEL@PRESET; the name may hold "@", "/" and ":". Raises TargetError."""
        if found := _PLACE.fullmatch(place):
            return cls(found["model"], _address(found["base"]))
        if (named := _NAMED.fullmatch(place)) is None:
            # Not shown whole: an address may have a password in it.
            given = place.partition("://")[0][:80]
            raise TargetError(
                f"'openai:{given}' names no model of a server. Write {FORM}, for example "
                "openai:qwen2.5:7b@http://localhost:11434/v1 or openai:qwen2.5:7b@ollama."
            )
        if named["preset"] not in PRESETS:
            mend = f"Write one of them behind the last '@', or an address: {FORM}."
            raise TargetError(unknown("known server", named["preset"], PRESETS, mend))
        return cls(named["model"], PRESETS[named["preset"]].base)

    @property
    def host(self) -> str:
        """The host and, where one is given, the port."""
        return urlsplit(self.base).netloc


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
    # Who copies an address out of a manual copies the path of the call along.
    return re.sub(r"(?:/chat)?/completions\Z", "", given.rstrip("/"))
