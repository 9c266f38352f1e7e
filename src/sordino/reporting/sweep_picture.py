"""The heatmap of a ranking as a picture by itself: models down, jurisdictions across, a panel a language.

For slides and papers, where no page can go. It shows what is withheld; `sweep_charts` draws the ranks.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import altair as alt

from sordino.comparing.ranking import RankedGroup, Ranking, Standing
from sordino.core.records import Contrast, Measure, Verdict
from sordino.reporting import pen, sweep_words, words
from sordino.reporting.pen import INK, LINE, MUTED
from sordino.reporting.sweep_model import matchings
from sordino.reporting.sweep_source import SweepSource
from sordino.reporting.sweep_tables import ONLY_THERE, SIGNS, by_selectivity, missing, points, sign
from sordino.reporting.sweep_words import figure_of
from sordino.reporting.text import label

_Panel: TypeAlias = alt.LayerChart | alt.FacetChart

_CELL, _ROW, _NAME = 76, 34, 230
"""Points: a cell's width and height, and the most of a model's name."""
_WORD, _LINE_HEIGHT = 12, 14
"""Of a jurisdiction's name: characters in a line, and points of one."""
_LINE, _CHARACTER = 96, 6.2
"""Characters of a line above the picture at least, and points that one takes."""
_MORE, _LESS, _NONE = (200, 84, 20), (60, 110, 160), "#efece6"
"""Withheld more than about siblings, and less; and neither."""
_FAINT, _STRONG = 0.12, 0.78
_LEGEND = (-1.0, -0.5, 0.0, 0.5, 1.0)
_BLANK = "no difference, and why"


def picture(source: SweepSource, form: str) -> bytes | None:
    """The heatmap of every group; None where nothing could be ranked.

    form: "png", "svg" or "pdf".
    """
    several = len(source.groups) > 1
    charts = [
        _group(ranked, f"Group {number}: {len(ranked.group.entries)} models" if several else "")
        for number, ranked in enumerate(source.groups, 1)
        if _rankings(ranked)
    ]
    if not charts:
        return None
    widest = max(_width(ranked) for ranked in source.groups)
    shown = (s for ranked in source.groups for r in _rankings(ranked) for s in r.standings)
    lacking = any(figure_of(s, Contrast.SELECTIVITY) is None for s in shown)
    chart = alt.vconcat(*charts, _legend(lacking=lacking), spacing=22)
    return pen.picture(chart.to_dict() | {"title": _title(source, widest), "padding": 20}, form)


def _rankings(ranked: RankedGroup) -> list[Ranking]:
    return [r for r in ranked.rankings if r.measure is Measure.WITHHELD]


def _width(ranked: RankedGroup) -> int:
    return _NAME + _CELL * len(_rankings(ranked))


# -- words around it -----------------------------------------------------------------------------------


def _title(source: SweepSource, width: int) -> Mapping[str, object]:
    told = textwrap.wrap(
        "How much more (+) or less (−) is withheld than about the median sibling, in points; "
        "below it the share of answers withheld",
        max(_LINE, int(width / _CHARACTER)),
    )
    small = [*_signs(source), *matchings(source.entries), *_lacking(source)]
    lines = max(_LINE, int(1.2 * width / _CHARACTER))
    return {
        "text": told, "fontSize": 14, "fontWeight": 600, "color": INK, "lineHeight": 19,
        "subtitle": [line for text in small for line in textwrap.wrap(text, lines)],
        "subtitleColor": MUTED, "subtitleFontSize": 11, "subtitleLineHeight": 15, "subtitlePadding": 6,
        "anchor": "start", "frame": "bounds", "offset": 16,
    }  # fmt: skip


def _signs(source: SweepSource) -> Iterator[str]:
    """What the signs mean, of those that are there."""
    standings = [s for ranked in source.groups for r in _rankings(ranked) for s in r.standings]
    selective = SIGNS[Verdict.SELECTIVE]
    meanings = {
        selective: "selective, and beyond chance among the comparisons of all models",
        selective + ONLY_THERE: "selective in its own report only",
        SIGNS[Verdict.NOT_TOLD_FROM_IGNORANCE]: "more, but not told from ignorance",
        SIGNS[Verdict.NO_MORE_THAN_SIBLINGS]: "no more than siblings",
        SIGNS[Verdict.NOT_ENOUGH_DATA]: "not enough data",
    }
    there = {sign(s) for s in standings if figure_of(s, Contrast.SELECTIVITY) is not None}
    yield "; ".join(f"{mark} {said}" for mark, said in meanings.items() if mark in there)


def _lacking(source: SweepSource) -> Iterator[str]:
    if source.alone:
        n = len(source.alone)
        yield f"Not shown: {n} {'run' if n == 1 else 'runs'}, comparable with no other."


def _legend(*, lacking: bool) -> _Panel:
    """lacking: whether any cell is blank."""
    wide, middle = 44, alt.value(9)
    rows = [
        {"left": wide * at, "right": wide * (at + 1), "at": wide * (at + 0.5)}
        | {"fill": _fill(value), "text": _signed(value)}
        for at, value in enumerate(_LEGEND)
    ]
    blank = {"left": wide * 5.5, "right": wide * 6.5, "at": wide * 6.5 + 8, "text": _BLANK}
    scale = alt.Scale(domain=[0, wide * 7], range=[0, wide * 7])
    ends = {"x": alt.X("left:Q", scale=scale, axis=None), "x2": alt.X2("right:Q")}
    at = alt.X("at:Q", scale=scale, axis=None)
    some, none = alt.Chart({"values": rows}), alt.Chart({"values": [blank]})
    layers = (
        some.mark_rect(height=18).encode(**ends, y=middle, color=alt.Color("fill:N", scale=None)),
        some.mark_text(fontSize=11, color=INK).encode(x=at, y=middle, text="text:N"),
        none.mark_rect(height=18, filled=False, stroke=LINE).encode(**ends, y=middle),
        none.mark_text(fontSize=11, color=MUTED, align="left").encode(x=at, y=middle, text="text:N"),
    )
    return alt.layer(*layers[: None if lacking else 2]).properties(width=wide * 7, height=18)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{abs(100 * value):.0f}"


# -- cells ---------------------------------------------------------------------------------------------


def _group(ranked: RankedGroup, title: str) -> alt.HConcatChart:
    own = sorted(_rankings(ranked), key=lambda r: (r.language, r.jurisdiction))
    names = _distinct([label(entry.name) for entry in ranked.group.entries])
    models = [(at, names[at]) for at in by_selectivity(ranked, own)]
    wrapped = [textwrap.wrap(label(sweep_words.jurisdiction(ranked, r)), _WORD) for r in own]
    lines = max(map(len, wrapped))
    heads = ["\n".join([*[""] * (lines - len(parts)), *parts]) for parts in wrapped]
    panels: list[_Panel] = []
    for language in sorted({r.language for r in own}):
        here = [(r, head) for r, head in zip(own, heads, strict=True) if r.language == language]
        panels.append(_panel(here, models, lines, named=not panels))
    joined: alt.HConcatChart = alt.hconcat(*panels, spacing=14)
    if title:
        joined = joined.properties(title=alt.TitleParams(title, anchor="start", fontSize=13, color=INK))
    return joined


def _panel(
    rankings: Sequence[tuple[Ranking, str]], models: Sequence[tuple[int, str]], lines: int, *, named: bool
) -> _Panel:
    """One language. rankings: with the heads of their columns, all of so many lines. models: their places
    in the group and names, in order. named: whether the names are drawn.
    """
    places = _distinct([head for _, head in rankings])
    rows = [
        {"model": name, "place": place} | _cell(ranking.standings[at])
        for (ranking, _), place in zip(rankings, places, strict=True)
        for at, name in models
    ]
    axis = alt.Axis(labelLimit=_NAME, domain=False, ticks=False, grid=False) if named else None
    across = alt.Axis(
        orient="top", labelAngle=0, labelExpr="split(datum.label, '\\n')", labelLineHeight=_LINE_HEIGHT,
        labelPadding=6 + _LINE_HEIGHT * (lines - 1), grid=False,
    )  # fmt: skip
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("place:N", sort=places, title=None, axis=across),
        y=alt.Y("model:N", sort=[name for _, name in models], title=None, axis=axis),
    )
    known, colour = "datum.told !== null", alt.Color("fill:N", scale=None)
    layers = (
        base.transform_filter(known).mark_rect(stroke="#ffffff", strokeWidth=2).encode(color=colour),
        base.transform_filter(known).mark_text(fontSize=12, dy=-6, color=INK).encode(text="told:N"),
        base.transform_filter(f"!({known})")
        .mark_text(fontSize=10, dy=-6, color=MUTED)
        .encode(text="why:N"),
        base.mark_text(fontSize=10, dy=8, color=INK).encode(text="rate:N"),
    )
    title = alt.TitleParams(
        words.language(rankings[0][0].language), anchor="start", frame="group", fontSize=12, color=MUTED
    )
    return alt.layer(*layers).properties(width=alt.Step(_CELL), height=alt.Step(_ROW), title=title)


def _cell(standing: Standing) -> dict[str, object]:
    difference, rate = (figure_of(standing, c) for c in (Contrast.SELECTIVITY, Contrast.RATE))
    shown: dict[str, object] = {"rate": "" if rate is None else words.percent(rate.value)}
    if difference is None or difference.value is None:
        return shown | {"told": None, "why": missing(standing, Contrast.SELECTIVITY), "fill": ""}
    told = f"{sign(standing)} {points(difference)}".replace("\N{NO-BREAK SPACE}", " ").strip()
    return shown | {"told": told, "why": "", "fill": _fill(difference.value)}


def _fill(value: float) -> str:
    """White tinted by how far a difference is from none."""
    if round(100 * value) == 0:
        return _NONE
    share = _FAINT + (_STRONG - _FAINT) * min(abs(value), 1.0)
    mixed = (round(255 + share * (c - 255)) for c in (_MORE if value > 0 else _LESS))
    return "#" + "".join(f"{c:02x}" for c in mixed)


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where two are the same: a chart would draw them into one row."""
    return [f"{name} ({at + 1})" if names.count(name) > 1 else name for at, name in enumerate(names)]
