"""Codes of jurisdictions and languages."""

import pytest

from sordino.generation.codes import jurisdiction_code, language_code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("china", "CN"),
        ("China", "CN"),
        ("us", "US"),
        ("United States", "US"),
        ("russia", "RU"),
        ("eu", "EU"),
        ("CHN", "CN"),
        ("UK", "GB"),
        ("XA", "XA"),
        ("XF", "XF"),
        ("Atlantis", "Atlantis"),
        (" ", None),
        (None, None),
    ],
)
def test_jurisdictions(given, code):
    assert jurisdiction_code(given) == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("en", "en"),
        ("English", "en"),
        ("chinese", "zh"),
        ("zh_CN", "zh-CN"),
        ("Klingonish", "Klingonish"),
        ("", None),
    ],
)
def test_languages(given, code):
    assert language_code(given) == code
