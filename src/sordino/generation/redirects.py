"""Where a server sends on whoever asks it. It is told and not followed: the key would follow."""

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from sordino.generation.complaints import line, plain

_CALLS = ("/chat/completions", "/completions", "/models")


def redirected(
    asked: str, status: int, location: str | None, hide: Callable[[str], str] = plain
) -> str | None:
    """The address up to its version that a reply names: scheme, host and path, no more, since the rest may
    be secret. None where the reply is no redirect, or names none.
    """
    if not 300 <= status < 400 or not location:
        return None
    try:
        parts = urlsplit(urljoin(asked, location))
    except ValueError:
        return None
    path = parts.path.rstrip("/")
    for call in _CALLS:
        path = path.removesuffix(call)
    return line(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}", hide)
