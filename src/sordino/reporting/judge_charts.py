"""Charts of a judge's quality: its bars by group, its calibration curve, and its accuracy at coverage."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import altair as alt
from markupsafe import Markup

from sordino.core.records import Figure
from sordino.reporting import pen
from sordino.reporting.judge_views import Bar, JudgePage, Point
from sordino.reporting.pen import ACCENT, INK, LINE, MUTED

_Panel: TypeAlias = alt.LayerChart | alt.FacetChart

_SIDE = 300
_BARS = 210
_ROW = 24
_ROOM = {"left": 16, "right": 8, "top": 4, "bottom": 4}
_TICKS = [-1, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1]


def charts(page: JudgePage) -> dict[str, Markup]:
    """By name: "calibration", "coverage", and "part-N" for each part; what cannot be drawn is absent."""
    drawn: dict[str, alt.TopLevelMixin] = {}
    if page.calibration:
        drawn["calibration"] = _calibration(page.calibration)
    if page.coverage:
        drawn["coverage"] = _coverage(page.coverage)
    drawn |= {f"part-{at}": _bars(part.bars) for at, part in enumerate(page.parts) if part.bars}
    return {name: pen.svg(chart) for name, chart in drawn.items()}


def _calibration(points: Sequence[Point]) -> alt.TopLevelMixin:
    """What the judge said against how often it was right; on the line it is as sure as it should be."""
    low = min([0.5, *(p.x for p in points), *(_low(p.right) for p in points)])
    scale = alt.Scale(domain=[int(low * 10) / 10, 1], nice=False)
    ends = [{"x": scale["domain"][0], "y": scale["domain"][0]}, {"x": 1, "y": 1}]
    line = alt.Chart(_data(ends)).mark_line(color=MUTED, strokeDash=[4, 4], strokeWidth=1)
    base = alt.Chart(_data([_point(p) for p in points]))
    x = alt.X("x:Q", scale=scale, title="confidence stated", axis=alt.Axis(format="%", tickCount=5))
    rule = base.mark_rule(color=INK, strokeWidth=1.5).encode(x=x, y=_right(scale, "low"), y2="high:Q")
    dots = base.mark_point(filled=True, opacity=1, color=ACCENT).encode(
        x=x,
        y=_right(scale, "value"),
        size=alt.Size("n:Q", scale=alt.Scale(type="sqrt", range=[30, 400]), legend=None),
    )
    aim = line.encode(x="x:Q", y=alt.Y("y:Q", scale=scale))
    return _sized(aim, rule, dots)


def _coverage(points: Sequence[Point]) -> alt.TopLevelMixin:
    """How often it is right on the most confident answers."""
    low = min((p.right.value for p in points if p.right.value is not None), default=0.0)
    scale = alt.Scale(domain=[max(int(low * 20 - 0.5) / 20, 0), 1], nice=False)
    base = alt.Chart(_data([_point(p) for p in points]))
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[0.45, 1.02], nice=False),
        title="most confident share of the answers",
        axis=alt.Axis(format="%", values=[0.5, 0.6, 0.7, 0.8, 0.9, 1]),
    )
    line = base.mark_line(color=ACCENT, strokeWidth=2).encode(x=x, y=_right(scale, "value"))
    dots = base.mark_point(filled=True, opacity=1, size=60, color=ACCENT).encode(
        x=x, y=_right(scale, "value")
    )
    # The whole, what is mostly taken, and the surest half: five more numbers would lie on each other.
    named = alt.FieldOneOfPredicate(field="x", oneOf=[0.5, 0.8, 1.0])
    said = (
        base.transform_filter(named)
        .mark_text(dy=14, dx=-16, fontSize=11, color=INK)
        .encode(x=x, y=_right(scale, "value"), text=alt.Text("value:Q", format=".1%"))
    )
    return _sized(line, dots, said)


def _sized(*layers: alt.Chart) -> alt.TopLevelMixin:
    whole: alt.TopLevelMixin = alt.layer(*layers).properties(width=_SIDE, height=_SIDE * 3 // 4)
    return whole


def _data(rows: Sequence[Mapping[str, object]]) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _right(scale: alt.Scale, name: str) -> alt.Y:
    return alt.Y(f"{name}:Q", scale=scale, title="read as labelled", axis=alt.Axis(format="%", tickCount=5))


def _bars(bars: Sequence[Bar]) -> alt.TopLevelMixin:
    """Accuracy and kappa side by side, a row for each group, with intervals."""
    accuracy = [(bar.name, bar.accuracy) for bar in bars]
    kappa = [(bar.name, bar.kappa) for bar in bars]
    panels = _panel("accuracy", accuracy, names=True), _panel("kappa", kappa, names=False)
    # Names are measured in another font than a browser may draw them in.
    whole: alt.TopLevelMixin = alt.hconcat(*panels, spacing=26).properties(padding=_ROOM)
    return whole


def _panel(title: str, groups: Sequence[tuple[str, Figure]], *, names: bool) -> _Panel:
    rows = [{"group": name, **_spread(figure)} for name, figure in groups]
    low = min(0.0, *(_low(figure) for _, figure in groups))
    scale = alt.Scale(domain=[math.floor(round(low, 2) * 5) / 5, 1], nice=False)
    axis = alt.Axis() if names else None
    order = [name for name, _ in groups]
    base = alt.Chart(_data(rows)).encode(
        y=alt.Y("group:N", title=None, sort=order, axis=axis, scale=alt.Scale(paddingInner=0.35))
    )
    value = alt.X("value:Q", scale=scale, title=None, axis=alt.Axis(values=_TICKS, format=".1f"))
    known = "datum.value !== null"
    layers = (
        base.transform_filter(known).mark_bar(color=LINE).encode(x=value, x2=alt.datum(0)),
        base.transform_filter(f"{known} && datum.low !== null")
        .mark_rule(color=INK, strokeWidth=1.5)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q"),
        base.transform_filter(known)
        .mark_tick(color=ACCENT, thickness=3, size=_ROW * 0.6)
        .encode(x=alt.X("value:Q", scale=scale)),
        base.transform_filter(f"!({known})")
        .mark_text(text="none", align="left", dx=4, fontSize=11, color=MUTED)
        .encode(x=alt.datum(0, type="quantitative")),
    )
    heading = alt.TitleParams(title, anchor="start", color=INK, fontSize=13, fontWeight=600)
    size = {"width": _BARS, "height": _ROW * len(groups)}
    panel: _Panel = alt.layer(*layers, title=heading).properties(**size)
    return panel


def _point(point: Point) -> dict[str, object]:
    return {"x": point.x, "n": point.right.n, **_spread(point.right)}


def _spread(figure: Figure) -> dict[str, object]:
    return {"value": figure.value, "low": figure.low, "high": figure.high}


def _low(figure: Figure) -> float:
    found = figure.value if figure.low is None else figure.low
    return 1.0 if found is None else found
