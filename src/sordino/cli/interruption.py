"""An interruption of a command that has something of its own to say about what is left."""

INTERRUPTED = 130


class Interrupted(SystemExit):
    """Ends the program as Ctrl-C does; `said` is what the reader should know."""

    def __init__(self, said: str) -> None:
        super().__init__(INTERRUPTED)
        self.said = said
