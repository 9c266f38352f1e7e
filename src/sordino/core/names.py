"""Names people read for the codes that records carry."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TypeAlias

Places: TypeAlias = Mapping[str, Mapping[str, str]]
"""What a pack calls its jurisdictions, by code and language."""

# CLDR names these for its tests ("Pseudo-Bidi") or for nothing; packs use them for invented places.
_NO_PLACE = ("XA", "XB", "ZZ")


@cache
def _names(kind: str) -> Mapping[str, str]:
    from babel import Locale  # noqa: PLC0415 - 60 ms that `sordino --help` does not need

    return dict(getattr(Locale("en"), kind))


def jurisdiction_name(code: str, given: Places) -> str:
    """The pack's own English name, else the name of the territory with that code, else the code."""
    own = given.get(code, {})
    known = code if code in _NO_PLACE else _names("territories").get(code, code)
    return own.get("en") or next(iter(own.values()), None) or known


def language_name(code: str) -> str:
    """The English name of a language code; an unknown code is its own name."""
    return (
        "an unstated language" if code == "und" else _names("languages").get(code.replace("-", "_"), code)
    )


def read_names(noun: str, codes: Iterable[str], given: Places | None = None) -> dict[str, str]:
    """What people read for each code of a "jurisdiction" or a "language"; nothing for another noun."""
    if noun == "jurisdiction":
        return {code: jurisdiction_name(code, given or {}) for code in codes}
    return {code: language_name(code) for code in codes} if noun == "language" else {}


def target_name(name: str) -> str:
    """A model's name without the organisation before it: "deepseek/deepseek-r1" is "deepseek-r1"."""
    return name.rsplit("/", 1)[-1] or name
