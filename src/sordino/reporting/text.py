"""Hostile text made visible and harmless, once for HTML, terminal and CSV.

Models, recordings and servers write what they like: terminal escapes, NUL, text that runs backwards,
halves of characters. Nothing is dropped, because what a model said is evidence; everything that would act
instead of being read is shown as a sign. Escaping for HTML is Jinja's affair and comes after this.
"""

import re

from sordino.core.identity import digest

SHOWN_CHARACTERS = 8_000
LABEL_CHARACTERS = 160

# Controls but tab and newline; bidi embeddings, overrides and isolates; lone surrogates; noncharacters;
# and signs with no width that could hide a message (joiners stay: several scripts need them).
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f]"
)
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
# From a root, a home or a drive, with a folder in it; not what follows the host of an address.
_NO_PART = r"\s'\"`<>|*?/\\"
_PATH = re.compile(
    rf"(?<![\w/\\.])(?:(?:file://)?~?/(?!/)|[A-Za-z]:[/\\])(?:[^{_NO_PART}]+[/\\])+[^{_NO_PART}]*"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _sign(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < 0x20:
        return chr(0x2400 + point)
    return "␡" if point == 0x7F else f"⟨U+{point:04X}⟩"


def visible(text: str) -> str:
    """The text with every acting character as a sign: control pictures, or ⟨U+202E⟩. Idempotent.

    >>> visible("\\x1b[31mred\\x00")
    '␛[31mred␀'
    """
    return _ACTING.sub(_sign, text.replace("\r\n", "\n"))


def label(text: str) -> str:
    """A name on one line and of bearable length, for headings, table heads and charts."""
    line = " ".join(visible(text[: LABEL_CHARACTERS * 4]).split())
    return line if len(line) <= LABEL_CHARACTERS else line[: LABEL_CHARACTERS - 1] + "…"


def clip(text: str, limit: int = SHOWN_CHARACTERS) -> tuple[str, int]:
    """The first `limit` characters, and how many were left out."""
    return text[:limit], max(0, len(text) - limit)


def prose(text: str) -> str:
    """Visible running text, cut where nobody reads on; the cut says how much it took."""
    shown, left = clip(text)
    return visible(shown) + (f" … [{left:,} more characters]" if left else "")


def token(value: str | None) -> str:
    """A name as it stands in links and attributes: itself where it is plain, else a digest of it.

    Nothing then needs to be percent-encoded, and no name can leave its attribute. None is "-".
    A name and its visible form have one token.
    """
    if value is None:
        return "-"
    return value if _TOKEN.fullmatch(value) else "x" + digest(visible(value))[:10]


def cell(text: str) -> str:
    """A string for CSV: visible, and no formula to the spreadsheet that opens it (OWASP, CSV injection)."""
    return inert(visible(text))


def inert(text: str) -> str:
    """The text itself, and with an apostrophe before it where a spreadsheet would run it as a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def pathless(text: str) -> str:
    """The text with every absolute path cut to its last name: folders name people and machines.

    >>> pathless("no /home/anna/model.bin at https://host/v1/models")
    'no model.bin at https://host/v1/models'
    """
    return _PATH.sub(lambda path: re.split(r"[/\\]", path[0].rstrip("/\\"))[-1], text)


def link(**parts: str | None) -> str:
    """The fragment that filters the transcripts: t template, j jurisdiction, l language, e state, k kind.

    >>> link(j="XB", l="zh", e=None)
    '#j=XB&l=zh&e=-'
    """
    return "#" + "&".join(f"{name}={token(parts[name])}" for name in "tjlek" if name in parts)
