"""The phrases by which the facts, flags and reasoning judges read sentences; data in phrases.yaml."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from sordino.core import patterns


@cache
def phrases(name: str) -> Mapping[str, tuple[str, ...]]:
    """The patterns of one list, by language."""
    return {language: tuple(listed) for language, listed in _lists()[name].items()}


@cache
def _lists() -> Mapping[str, Mapping[str, list[str]]]:
    text = files("sordino.judging").joinpath("phrases.yaml").read_text(encoding="utf-8")
    lists: Mapping[str, Mapping[str, list[str]]] = yaml.safe_load(text)
    return lists


@cache
def matcher(name: str, language: str | None = None) -> patterns.Matcher:
    """One list in one language, or in all of them; a language without a list matches nothing."""
    lists = phrases(name)
    chosen = [lists.get(language, ())] if language else lists.values()
    return patterns.compile(p for listed in chosen for p in listed)
