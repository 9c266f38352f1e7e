"""The page model of a comparative report: typed, finished words, as in `views`."""

from dataclasses import dataclass

from sordino.reporting.views import Heat, Row, Table


@dataclass(frozen=True, slots=True)
class RankedPlace:
    """One jurisdiction in one language: who comes where. id: by which its chart is found."""

    id: str
    title: str
    said: str
    table: Table


@dataclass(frozen=True, slots=True)
class RankedMeasure:
    """One measure of one group, by size of effect. rest: places where no two are told apart."""

    title: str
    meaning: str
    is_open: bool
    heats: tuple[Heat, ...]
    places: tuple[RankedPlace, ...]
    rest: tuple[RankedPlace, ...]


@dataclass(frozen=True, slots=True)
class RankedPart:
    """One group. title: empty where there is only one. why: what sets it apart from the first."""

    title: str
    why: tuple[str, ...]
    measures: tuple[RankedMeasure, ...]


@dataclass(frozen=True, slots=True)
class SweepPage:
    """headline: the place with the largest effect. told: all that there is to say besides."""

    title: str
    heading: str
    date: str
    headline: str
    told: tuple[str, ...]
    size: str
    invented: bool
    groups: tuple[RankedPart, ...]
    alone: tuple[Row, ...]
    runs: Table
    delivery: Table
    matchings: tuple[str, ...]
    method: tuple[str, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    judges: tuple[Row, ...]
    command: str
