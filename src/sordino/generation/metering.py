"""Who watches over what is sent, where that costs: asked before, told of what came to nothing.

An attempt may take several sendings, which only the backend sees; a budget outside it sees only attempts.
"""

from typing import Protocol

from sordino.core.records import Request


class SpentError(Exception):
    """Nothing more may be sent."""


class Meter(Protocol):
    """Called in the thread of the connections."""

    def may_send(self, request: Request) -> bool:
        """Asked before every sending of a request, the first as well."""
        ...

    def broke(self, request: Request, came: str | None = None, *, begun: bool = False) -> None:
        """A sending ended without an attempt. begun: whether the server may have begun an answer.
        came: what of that came; None where nobody could see.
        """
        ...


class Unmetered:
    """Lets everything through."""

    def may_send(self, request: Request) -> bool:
        return True

    def broke(self, request: Request, came: str | None = None, *, begun: bool = False) -> None:
        """Nobody counts."""
