"""Codes for what recordings call jurisdictions and languages in many ways (china, CHN, Chinese, zh_CN)."""

import difflib
import re
from functools import cache

NEAR = 0.8
"""How alike a name must be to one that is known to be taken for a slip of it."""

_OWN_PLACE = re.compile(r"AA|Q[M-Z]|X[A-Z]|ZZ")  # ISO 3166-1 leaves these to whoever needs codes
_OWN_LANGUAGE = re.compile(r"q[a-t][a-z]|x|i")  # ISO 639-2 and BCP 47 do the same


def jurisdiction_code(given: str | None) -> str | None:
    """An upper-case code in the manner of ISO 3166 (`CN`, `EU`), by code or English name.

    Names that Unicode's CLDR does not know are kept as given; None where nothing is given.
    """
    name = (given or "").strip()
    if not name:
        return None
    return _territories().get(name.casefold()) or _alias(name.upper()) or name


def language_code(given: str | None) -> str | None:
    """A BCP 47 tag, by tag or English name; others as given, None where nothing is given."""
    name = (given or "").strip()
    return (_languages().get(name.casefold()) or name.replace("_", "-")) if name else None


def is_listed_jurisdiction(code: str) -> bool:
    """Whether CLDR has it, or the place that it is a part of (US-TX), or it is left for own use."""
    head = code.partition("-")[0]
    return head.casefold() in _territories() or bool(_OWN_PLACE.fullmatch(head))


def is_listed_language(tag: str) -> bool:
    """Whether CLDR has the language that a tag begins with, or it is left for own use."""
    head = tag.partition("-")[0].casefold()
    return head in _languages().values() or bool(_OWN_LANGUAGE.fullmatch(head))


def nearest_jurisdiction(name: str) -> str | None:
    """The code of the place whose English name this is the beginning or a slip of, if any."""
    return _nearest(name, _territories())


def nearest_language(name: str) -> str | None:
    """The tag of the language whose English name this is the beginning or a slip of, if any."""
    return _nearest(name, _languages())


def _nearest(name: str, known: dict[str, str]) -> str | None:
    given = name.casefold()
    longer = [other for other in known if other.startswith(f"{given} ")]  # Hong Kong SAR China
    near = longer or difflib.get_close_matches(given, known, n=1, cutoff=NEAR)
    return known[near[0]] if near else None


@cache
def _territories() -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415 - 60 ms that `sordino --help` does not need

    codes = {code: name for code, name in Locale("en").territories.items() if len(code) == 2}
    return {name.casefold(): code for code, name in codes.items()} | {
        code.casefold(): code for code in codes
    }


@cache
def _languages() -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415

    return {name.casefold(): code.replace("_", "-") for code, name in Locale("en").languages.items()}


def _alias(code: str) -> str | None:
    """Three-letter and former codes, where they stand for one territory only."""
    from babel.core import get_global  # noqa: PLC0415

    stands_for = get_global("territory_aliases").get(code, [])
    return stands_for[0] if len(stands_for) == 1 else None
