"""An interruption of a command that has something of its own to say about what is left."""

from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130
NOTHING = "Nothing was written; the same command begins anew."


class Interrupted(SystemExit):
    """Ends the program as Ctrl-C does; `said` is what the reader should know."""

    def __init__(self, said: str) -> None:
        super().__init__(INTERRUPTED)
        self.said = said


@contextmanager
def leaving(said: str = NOTHING) -> Iterator[None]:
    """Around what settles nothing, or as the decorator of a whole command: says what is left of it."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(said) from None
