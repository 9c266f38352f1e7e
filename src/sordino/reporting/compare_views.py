"""The page model of a comparison: finished words, as in `views`. Side a stands left, side b right."""

from collections.abc import Mapping
from dataclasses import dataclass

from sordino.reporting.views import Option, Table, Transcript


@dataclass(frozen=True, slots=True)
class ChangePart:
    """One measure. id: by which its charts are found. rest: tables that few look at.

    is_open: whether any difference is shown, or it is the measure that everybody looks for.
    """

    id: str
    measure: str
    meaning: str
    summary: str
    is_open: bool
    tables: tuple[Table, ...]
    rest: tuple[Table, ...]


@dataclass(frozen=True, slots=True)
class FlowCell:
    """Pairs that went from one state to another. look: "h0" … "h10", as many as the commonest move's "h10",
    or "same".
    """

    text: str
    title: str
    look: str
    href: str


@dataclass(frozen=True, slots=True)
class FlowTable:
    """States of a down, states of b across."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[FlowCell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One probe on both sides. change: "answered → declined"; also: what else changed.

    question: of both, or "" where the sides were asked in different words; each then shows its own.
    """

    anchors: tuple[str, ...]
    filters: Mapping[str, str]
    template: str
    jurisdiction: str
    language: str
    kind: str
    change: str
    tone: str
    also: str
    question: str
    question_left: str
    a: Transcript
    b: Transcript


@dataclass(frozen=True, slots=True)
class Pairs:
    """A cap of the changed pairs. `counts` gives all of them by token of (t, j, l, k, e)."""

    shown: tuple[Pair, ...]
    showing: str
    templates: tuple[Option, ...]
    jurisdictions: tuple[Option, ...]
    languages: tuple[Option, ...]
    changes: tuple[Option, ...]
    kinds: tuple[Option, ...]
    counts: tuple[tuple[str, str, str, str, str, int], ...]


@dataclass(frozen=True, slots=True)
class HostView:
    """The host effect. words: on the answers' texts, with a caveat."""

    table: Table
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparePage:
    """names: of the sides. alone: what only one side was asked.

    commands: what makes it again.
    """

    title: str
    heading: str
    sentence: str
    size: str
    invented: bool
    names: tuple[str, str]
    about: Table
    notes: tuple[str, ...]
    parts: tuple[ChangePart, ...]
    control: tuple[Table, ...]
    host: HostView | None
    flows: tuple[FlowTable, ...]
    places: Table
    alone: tuple[str, ...]
    pairs: Pairs
    method: tuple[str, ...]
    commands: tuple[str, ...]
