"""Patterns of packs, matched in answers: the one thing that packs and judges both do to a text.

It sits in core because neither room may import the other. The engine is RE2, whose time is linear in the
text: no pattern, and no answer, can stall a run.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import re2

from sordino.core.errors import PackError

if TYPE_CHECKING:
    from re2 import _Regexp

LONGEST = 1000
"""Characters of one pattern. Longer ones are lists in disguise: write several patterns."""

LARGEST = 1 << 20
"""Bytes that RE2 may use for one pattern: some 10,000 steps, which its slow path pays for every letter."""

# What models write for the same character. One for one, so that offsets stay those of the answer.
_TYPOGRAPHY = {
    ord(variant): plain
    for plain, variants in {"'": "‘’ʼ＇", '"': "“”„＂", " ": "\u00a0\u2007\u202f\u3000"}.items()
    for variant in variants
}
_WIDE = {ord("０") + i: chr(ord("0") + i) for i in range(10)}
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
_HYPHENS = "\u2010\u2011"
_IN_PATTERN = {**_TYPOGRAPHY, **_WIDE, **dict.fromkeys(map(ord, _HYPHENS), r"\-")}
_IN_TEXT = {**_TYPOGRAPHY, **_WIDE, **_SURROGATES, **dict.fromkeys(map(ord, _HYPHENS), "-")}

_HINTS = (
    (r"\(\?<?[=!]", "RE2 has no lookaround: write what stands around the words into the pattern"),
    (r"\\[1-9]|\(\?P=", "RE2 has no backreferences: write the repeated words out"),
    (r"\(\?>|[*+?}]\+", "RE2 has no atomic groups or possessive repeats: drop them, RE2 never backtracks"),
    (r"\\u", r"RE2 knows no \u: write the character itself, or \x{4E00}"),
    (r"\\Z", r"RE2 writes the end of the text as \z"),
)
_QUOTES = re.compile(r"(?<!\\)(?:\\\\)*\\Q")
_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_CLASS_OR_ESCAPE = re.compile(r"\\.|\[\^?\]?[^\]]*\]", re.DOTALL)
_INNERMOST_GROUP = re.compile(r"\([^()]*\)")
_OBLIGATORY = re.compile(r"\w(?![*?])")


class Matcher:
    """Several patterns of which any one suffices."""

    def __init__(self, regex: "_Regexp | None") -> None:
        self._regex = regex

    def first(self, text: str) -> tuple[int, int] | None:
        """The leftmost match as character offsets into `text`, or None.

        Letter case, curly or straight quotes, kinds of space and hyphen, and full-width digits make no
        difference.
        """
        if self._regex is None:
            return None
        match = self._regex.search(_read(text))
        return (match.start(), match.end()) if match else None


@lru_cache(maxsize=256)
def _read(text: str) -> str:
    """The text as patterns see it: of one answer and its sentences, for one fact and flag after another."""
    return text.translate(_IN_TEXT)


def compile(patterns: Iterable[str]) -> Matcher:  # noqa: A001 - the verb of `re` and `re2`
    """A matcher of the patterns (RE2 syntax). Raises PackError for one that RE2 cannot compile."""
    return _compiled(tuple(patterns))


def problem(pattern: str) -> str | None:
    """What is wrong with a pattern and how to mend it, or None."""
    if not pattern.strip():
        return "an empty pattern matches every answer. Write the words to look for."
    if _QUOTES.search(pattern):
        return r"\Q quotes whatever follows, other patterns too. Write \ before each special character."
    if len(pattern) > LONGEST:
        return f"the pattern has {len(pattern)} characters; write several of at most {LONGEST}."
    try:
        re2.Set.SearchSet(_options()).Add(pattern.translate(_IN_PATTERN))
    except (re2.error, UnicodeEncodeError):
        return _refusal(pattern)
    return _refusal(pattern) if _may_be_large(pattern) or _may_match_nothing(pattern) else None


@lru_cache(maxsize=8192)
def _compiled(patterns: tuple[str, ...]) -> Matcher:
    for pattern in patterns:
        if wrong := problem(pattern):
            raise PackError(f"Pattern {pattern[:80]!r}: {wrong}")
    joined = "|".join(f"(?:{pattern.translate(_IN_PATTERN)})" for pattern in patterns)
    try:
        return Matcher(re2.compile(joined, _options()) if patterns else None)
    except re2.error:
        raise PackError(
            f"Patterns beginning with {patterns[0][:80]!r} are too large together. Use fewer."
        ) from None


def _refusal(pattern: str) -> str | None:
    """`problem`, asked of the whole compiler: slower, and it knows why and how large."""
    try:
        regex = re2.compile(pattern.translate(_IN_PATTERN), _options(LARGEST))
    except UnicodeEncodeError:
        return "the pattern holds half a character (a lone surrogate). Write the whole character."
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace") if error.args else "unknown"
        hints = (mend for sign, mend in _HINTS if re.search(sign, pattern))
        hint = "Shorten its repeats" if "too large" in why else next(hints, "")
        return f"RE2 cannot compile it ({why}). " + (f"{hint}." if hint else "Mend its syntax.")
    if any(match.end() == match.start() for match in regex.finditer("a b")):
        return "the pattern matches nothing at all, so every answer. Make a part of it obligatory."
    return None


def _may_be_large(pattern: str) -> bool:
    """Only repeats of groups, of Unicode classes, or of great number can make a short pattern large."""
    repeats = [int(most or least) for least, most in _REPEAT.findall(pattern)]
    return bool(repeats) and (sum(repeats) > 300 or "){" in pattern or r"\p" in pattern or r"\P" in pattern)


def _may_match_nothing(pattern: str) -> bool:
    """False for a pattern with an obligatory letter outside every group, class and alternative."""
    bare = _REPEAT.sub("*", _CLASS_OR_ESCAPE.sub("", pattern))
    while (outer := _INNERMOST_GROUP.sub("", bare)) != bare:
        bare = outer
    return "|" in bare or not _OBLIGATORY.search(bare)


@lru_cache
def _options(memory: int = 64 << 20) -> "re2.Options":
    options = re2.Options()
    options.case_sensitive = False
    options.never_capture = True
    options.log_errors = False
    options.max_mem = memory
    return options
