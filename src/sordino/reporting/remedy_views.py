"""What the page, the card and the terminal say of a remedy, as typed, finished words.

Every string is ready to be read; escaping is left to whoever renders. The three take the same tables, so no
figure can read otherwise in one of them.
"""

from dataclasses import dataclass

from sordino.reporting.views import Row, Table


@dataclass(frozen=True, slots=True)
class RungView:
    """One rung that was tried. gates, figures: None where they are those of the remedy, and shown there."""

    title: str
    came: str
    gates: Table | None
    figures: Table | None
    details: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """What people said of the answers. doubted: the answers marked "no", as they were marked."""

    lines: tuple[str, ...]
    doubted: Table | None


@dataclass(frozen=True, slots=True)
class RemedyPage:
    """A remedy from its sentence to what repeats it. Empty parts are not shown.

    doubts: gates that could not be measured, with why, and languages to which it does not carry over.
    of: whose figures `figures`, `gates` and `controls` show. meanings: what each figure counts. carried:
    what is known of each language, with the tone "fails" where it does not carry over. weights: where the
    exported model lies; empty where nothing was exported.
    """

    title: str
    heading: str
    date: str
    outcome: str
    sentence: str
    doubts: tuple[str, ...]
    size: str
    invented: bool
    of: str
    figures: Table
    meanings: tuple[Row, ...]
    gates: Table
    ladder: Table
    rungs: tuple[RungView, ...]
    controls: Table
    about_controls: tuple[Row, ...]
    fitted: str
    carried: tuple[Row, ...]
    carries_over: Table
    sets: Table
    topics: tuple[Row, ...]
    signed: Signed
    files: tuple[Row, ...]
    weights: str
    notes: tuple[str, ...]
    limits: tuple[str, ...]
    method: tuple[str, ...]
    command: str
    manifest: tuple[Row, ...]
