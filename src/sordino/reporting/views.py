"""The page models: what a report says, as typed, finished words. Shared by static file and web app.

Every string is ready to be read (visible, named, rounded); escaping is left to whoever renders. Links are
fragments such as "#t=protest-crackdown&j=XB&l=zh", which filter the transcripts of the same page.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a filter: the token in links, and what a reader sees."""

    token: str
    name: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a plain table: a heading, maybe a link, and cells."""

    name: str
    cells: tuple[str, ...]
    href: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


# -- findings ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerdictCell:
    """A verdict in words. tone: "selective", "bounded", "unclear" or "missing"."""

    words: str
    detail: str
    why: str
    tone: str
    href: str


@dataclass(frozen=True, slots=True)
class VerdictRow:
    name: str
    cells: tuple[VerdictCell, ...]


@dataclass(frozen=True, slots=True)
class VerdictTable:
    """One measure's verdicts, jurisdictions x languages; `summary` counts them."""

    measure: str
    meaning: str
    languages: tuple[str, ...]
    rows: tuple[VerdictRow, ...]
    summary: str
    is_open: bool


# -- comparisons ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure: selectivity by language, then each against each, then between languages.

    id: the measure, by which its chart is found.
    """

    id: str
    measure: str
    meaning: str
    selectivity: tuple[Table, ...]
    pairwise: tuple[Table, ...]
    gaps: tuple[Table, ...]


# -- judged and corrected ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Corrected:
    """Rates as judged and as labels correct them: languages first, then jurisdictions by language.

    scope: what the intervals are about. words: where they exclude the judge's count. counts: what is in
    no figure.
    """

    intro: str
    scope: str
    tables: tuple[Table, ...]
    differences: tuple[Table, ...]
    words: tuple[str, ...]
    counts: tuple[str, ...]


# -- heatmap -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Template x jurisdiction in one language. look: "h0" … "h10", or the state that took all of it."""

    text: str
    note: str
    title: str
    look: str
    href: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    name: str
    href: str
    cells: tuple[HeatCell, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    language: str
    columns: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Heatmap:
    measure: str
    meaning: str
    languages: tuple[Heat, ...]


# -- transcripts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of an answer; `mark` is "", "fact" or "flag", and `of` says which."""

    text: str
    mark: str = ""
    of: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A fact or flag, and what was made of it ("found", "missing", "asserted", "not asserted")."""

    id: str
    text: str
    verdict: str
    tone: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """One exchange. `filters` are data attributes; `anchors` the links whose first exchange this is."""

    key: str
    anchors: tuple[str, ...]
    filters: Mapping[str, str]
    template: str
    jurisdiction: str
    language: str
    kind: str
    state: str
    tone: str
    question: str
    question_left: str
    answer: tuple[Span, ...]
    answer_left: str
    no_answer: str
    reasoning: str
    reasoning_left: str
    facts: tuple[Found, ...]
    flags: tuple[Found, ...]
    details: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Transcripts:
    """A cap of the run's exchanges. `counts` gives the whole run's by token of (t, j, l, k, e)."""

    shown: tuple[Transcript, ...]
    showing: str
    rest: str
    templates: tuple[Option, ...]
    jurisdictions: tuple[Option, ...]
    languages: tuple[Option, ...]
    states: tuple[Option, ...]
    kinds: tuple[Option, ...]
    counts: tuple[tuple[str, str, str, str, str, int], ...]


# -- the page ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Card:
    """A judge's card in short: `headline` are those of its figures that nobody should miss."""

    name: str
    id: str
    axis: str
    summary: str
    headline: tuple[Row, ...]
    figures: tuple[Row, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    paragraphs: tuple[str, ...]
    limits: tuple[str, ...]
    notes: tuple[str, ...]
    cards: tuple[Card, ...]
    manifest: tuple[Row, ...]
    command: str


@dataclass(frozen=True, slots=True)
class Page:
    title: str
    target: str
    revision: str
    date: str
    size: str
    asked: str
    invented: bool
    sentence: str
    doubt: str
    matchings: tuple[str, ...]
    verdicts: tuple[VerdictTable, ...]
    corrected: Corrected | None
    comparisons: tuple[Comparison, ...]
    heatmaps: tuple[Heatmap, ...]
    delivery: Table
    routes: Table | None
    route_warning: str
    reasoning: tuple[Table, ...]
    control: tuple[Table, ...]
    safety: Table | None
    compares: bool
    transcripts: Transcripts
    method: Method
