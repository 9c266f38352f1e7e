"""Any text a model can emit, in any database: a column type that escapes what databases refuse.

PostgreSQL refuses NUL, UTF-8 has no lone surrogates, and models emit both. Such a code unit is stored as
U+001A (SUBSTITUTE) and four hexadecimal digits, and U+001A itself likewise, so that nothing is ambiguous.
All other text is stored as it is and reads well in any SQL client.
"""

import re

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

LEAD = "\x1a"
_REFUSED = re.compile(r"[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile(r"\x1a([0-9a-f]{4})")


def escape(text: str) -> str:
    """The text without NUL and lone surrogates; `unescape` gives it back exactly."""
    if "\0" not in text and LEAD not in text and _encodes(text):
        return text
    return _REFUSED.sub(lambda match: f"{LEAD}{ord(match[0]):04x}", text)


def unescape(stored: str) -> str:
    """What `escape` was given."""
    if LEAD not in stored:
        return stored
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), stored)


def _encodes(text: str) -> bool:
    # Ten times as fast as looking for surrogates with a regular expression.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Verbatim(TypeDecorator[str]):
    """A text column that gives back exactly what it was given."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else escape(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else unescape(value)
