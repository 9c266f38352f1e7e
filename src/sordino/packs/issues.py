"""What lint says of a pack."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """An error makes figures wrong or questions unequal; a warning is a doubt to settle."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Issue:
    """file: inside the pack. where: the field, such as `cells.XA.facts.date.patterns.zh`."""

    level: Level
    file: str
    where: str
    message: str


def error(template: str, where: str, message: str) -> Issue:
    """An error in a template's file."""
    return Issue(Level.ERROR, f"templates/{template}.yaml", where, message)


def warning(template: str, where: str, message: str) -> Issue:
    """A warning about a template's file."""
    return Issue(Level.WARNING, f"templates/{template}.yaml", where, message)
