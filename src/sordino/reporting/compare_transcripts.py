"""The changed pairs side by side: a capped choice, the largest changes first, with all marks in place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from sordino.reporting import words
from sordino.reporting.compare_flows import flow_token
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.compare_views import Pair, Pairs
from sordino.reporting.compare_words import CHANGES, change
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label, token, visible
from sordino.reporting.transcripts import SHOWN, Anchors, attempt_of, options, transcript
from sordino.reporting.views import Found, Option, Transcript

_SHARED = ("template", "jurisdiction", "kind", "phrasing", "sample")
_SIDED = ("key", "question", "state", "delivery", "route", "error", "engagement_why")
_STRATUM = ["template", "jurisdiction", "language", "changes"]
_UNLIKE = {
    ("found", "missing"): "missing, unlike A",
    ("missing", "found"): "found, unlike A",
    ("not asserted", "asserted"): "asserted, unlike A",
    ("asserted", "not asserted"): "not asserted, unlike A",
}
"""What b's marks are called where a's are otherwise."""


def changed_pairs(source: CompareSource, shown: int = SHOWN) -> Pairs:
    """The section of changed pairs. Texts and readings are fetched only for what is shown."""
    frame = _prepared(source)
    chosen = _chosen(frame, shown)
    sides = [_Side(source, side, chosen) for side in "ab"]
    anchors = Anchors(set())
    built = []
    for row in chosen.to_dict("records"):
        at = {str(name): value for name, value in row.items()}
        built.append(_pair(source, at, [side.transcript(at) for side in sides], anchors))
    showing = f"Showing {words.count(len(built))} of {words.count(len(frame))} pairs that changed"
    left = len(frame) - len(built)
    return Pairs(
        shown=tuple(built),
        showing=f"{showing}, the largest changes first"
        + (f"; {words.count(left)} more are in the store" if left else ""),
        templates=options(frame["template"], lambda t: label(source.titles.get(t, t))),
        jurisdictions=options(frame["jurisdiction"], lambda j: words.jurisdiction(source.manifest, j)),
        languages=options(frame["language"], words.language),
        changes=tuple(_changes(frame)),
        kinds=options(frame["kind"], words.kind),
        counts=_counts(frame),
    )


def _prepared(source: CompareSource) -> pd.DataFrame:
    """The changed pairs with plain names, as prepared outcomes have them; between languages, b's."""
    pairs = source.made.pairs
    frame = pairs[pairs["changes"].ne("")].reset_index(drop=True).copy()
    if "language" not in frame:
        frame["language"] = frame["language_b"]
    for name in ("template", "jurisdiction", "language", "kind"):
        names = frame[name].astype(object)
        frame[name] = names.where(names.notna(), "").map(visible)
    flow = [flow_token(a, b) for a, b in zip(frame["state_a"], frame["state_b"], strict=True)]
    return frame.assign(filter=[f"{c} {f}" for c, f in zip(frame["changes"], flow, strict=True)])


def _chosen(frame: pd.DataFrame, shown: int) -> pd.DataFrame:
    """The largest changes; of equal ones, every place and kind of change gives one before any gives two."""
    turn = frame.groupby(_STRATUM, dropna=False).cumcount()
    ordered = frame.assign(turn=turn, position=range(len(frame)))
    ordered = ordered.sort_values(["size", "turn", "position"], ascending=[False, True, True])
    return ordered.head(shown)


def _changes(frame: pd.DataFrame) -> Iterator[Option]:
    held = {name for told in frame["changes"] for name in str(told).split()}
    yield from (Option(name, said) for name, said in CHANGES.items() if name in held)
    moved = frame[frame["state_a"].ne(frame["state_b"])]
    for a, b in sorted(set(zip(moved["state_a"], moved["state_b"], strict=True))):
        yield Option(flow_token(a, b), change(a, b))


def _counts(frame: pd.DataFrame) -> tuple[tuple[str, str, str, str, str, int], ...]:
    sizes = frame.groupby(["template", "jurisdiction", "language", "kind", "filter"], sort=True).size()
    return tuple(
        (token(t), token(j or None), token(lang), token(k), e, int(n))
        for (t, j, lang, k, e), n in zip(sizes.index, sizes, strict=True)
    )


class _Side:
    """One side's texts and readings, of the chosen pairs alone."""

    def __init__(self, source: CompareSource, side: str, chosen: pd.DataFrame) -> None:
        self._side = side
        self._source: ReportSource = source.a if side == "a" else source.b
        keys = [str(key) for key in chosen[f"key_{side}"]]
        self._exchanges, self._readings = self._source.exchanges(keys), self._source.readings(keys)

    def transcript(self, pair: Mapping[str, object]) -> Transcript:
        sided = f"language_{self._side}"
        row = {name: pair[name] for name in _SHARED} | {"language": pair.get(sided, pair["language"])}
        row |= {name: pair[f"{name}_{self._side}"] for name in _SIDED}
        key = str(row["key"])
        attempt = attempt_of(row, self._exchanges.get(key))
        return transcript(self._source, row, attempt, self._readings.get(key, ()))


_SAID_BY_STATES = ("more_withheld", "less_withheld", "delivery", "unread")


def _pair(
    source: CompareSource, row: Mapping[str, object], both: Sequence[Transcript], anchors: Anchors
) -> Pair:
    a, b = both
    template, code, lang = str(row["template"]), str(row["jurisdiction"]) or None, str(row["language"])
    told = str(row["changes"]).split()
    also = [CHANGES[name] for name in told if name not in _SAID_BY_STATES]
    same = row["question_a"] == row["question_b"]
    kind = str(row["kind"])
    return Pair(
        anchors=anchors.first(row),
        filters={
            "t": token(template),
            "j": token(code),
            "l": token(lang),
            "k": token(kind),
            "e": str(row["filter"]),
        },
        template=label(source.titles.get(template, template)),
        jurisdiction=words.jurisdiction(source.manifest, code),
        language="" if source.between_languages else words.language(lang),
        kind=words.kind(kind) if kind != "political" else "",
        change=change(str(row["state_a"]), str(row["state_b"])),
        tone="more" if "more_withheld" in told else "less" if "less_withheld" in told else "",
        also=", ".join(also),
        question=a.question if same else "",
        question_left=a.question_left if same else "",
        a=a,
        b=replace(b, facts=_beside(a.facts, b.facts), flags=_beside(a.flags, b.flags)),
    )


def _beside(a: tuple[Found, ...], b: tuple[Found, ...]) -> tuple[Found, ...]:
    """b's facts or flags, each that a had otherwise said so. By id: two states of a pack may differ."""
    was = {one.id: one.verdict for one in a}
    return tuple(
        replace(now, verdict=_UNLIKE.get((was.get(now.id, ""), now.verdict), now.verdict)) for now in b
    )
