"""Server-sent events: from the bytes of a stream, cut anywhere, to the data of its events.

As the HTML standard has them (9.2, "Server-sent events"), but that a last event without the blank line
after it counts: some servers end like that.
"""

import codecs
import re

_ENDS = re.compile(r"\r\n|\n|\r")


class EventReader:
    """Reads one stream, once. Raises UnicodeDecodeError for what is no UTF-8, a cut in a character
    included: no answer may hold what stands in for a character that never came.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._rest: list[str] = []
        self._data: list[str] = []
        self._begun = False

    def feed(self, piece: bytes) -> list[str]:
        """The data of the events that this piece completes."""
        text = self._decoder.decode(piece)
        if not self._begun and text:
            self._begun, text = True, text.removeprefix("\ufeff")
        # Not joined to the rest each time: a line may come in thousands of pieces.
        if "\n" not in text and "\r" not in text and not self._is_held:
            self._rest.append(text)
            return []
        text = "".join([*self._rest, text])
        # A carriage return at the end may be half of a line's end.
        held = "\r" if text.endswith("\r") else ""
        *lines, rest = _ENDS.split(text[: len(text) - len(held)])
        self._rest = [rest, held] if held else [rest]
        return self._events(lines)

    def close(self) -> list[str]:
        """The data of the last event, where it was not completed by a blank line."""
        self._decoder.decode(b"", final=True)
        lines = _ENDS.split("".join(self._rest))
        return self._events([*lines, ""])

    @property
    def _is_held(self) -> bool:
        return bool(self._rest) and self._rest[-1] == "\r"

    def _events(self, lines: list[str]) -> list[str]:
        found = []
        for line in lines:
            if not line:
                if data := "\n".join(self._data):
                    found.append(data)
                self._data = []
                continue
            # Without a name before it, it is a comment, which hosts send to keep the connection.
            name, _, value = line.partition(":")
            if name == "data":
                self._data.append(value.removeprefix(" "))
        return found
