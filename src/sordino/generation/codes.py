"""Codes for what recordings call jurisdictions and languages in many ways (china, CHN, Chinese, zh_CN)."""

from functools import cache


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
