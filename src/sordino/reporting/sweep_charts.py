"""The order of one place as dots with intervals: selectivity on the left, the rate on the right."""

from typing import TypeAlias

import altair as alt
from markupsafe import Markup

from sordino.comparing.ranking import RankedGroup, Ranking
from sordino.core.records import Contrast
from sordino.reporting import pen
from sordino.reporting.pen import ACCENT, INK, MUTED
from sordino.reporting.sweep_tables import missing, ordered
from sordino.reporting.sweep_words import decides, figure_of
from sordino.reporting.text import label

_Panel: TypeAlias = alt.LayerChart | alt.FacetChart

_PLOT, _ROW = 120, 22
_ROOM = {"left": 12, "right": 8, "top": 4, "bottom": 4}
"""Names are measured in another font than a browser may draw them in."""
_TITLES = {Contrast.SELECTIVITY: "points against siblings", Contrast.RATE: "rate, %"}


def order(ranked: RankedGroup, ranking: Ranking) -> Markup | None:
    """The chart; None where there is nothing to see: nobody selective, no two told apart."""
    if not decides(ranking):
        return None
    shown = [c for c in (Contrast.SELECTIVITY, Contrast.RATE) if c in ranking.orders]
    panels = [_panel(ranked, ranking, contrast, names=not at) for at, contrast in enumerate(shown)]
    return pen.svg(alt.hconcat(*panels, spacing=18).properties(padding=_ROOM))


def _panel(ranked: RankedGroup, ranking: Ranking, contrast: Contrast, *, names: bool) -> _Panel:
    rows = [_row(ranked, ranking, at, contrast) for at in ordered(ranked, ranking)]
    axis = alt.Axis(labelLimit=160) if names else None
    base = alt.Chart({"values": rows}).encode(
        y=alt.Y("model:N", title=None, sort=[str(row["model"]) for row in rows], axis=axis),
        color=alt.Color("colour:N", scale=None),
    )
    zero = alt.datum(0, type="quantitative")
    x = alt.X(
        "low:Q",
        title=_TITLES[contrast],
        axis=alt.Axis(tickCount=3, labelOverlap="greedy", labelSeparation=8),
    )
    known = "datum.value !== null"
    layers = (
        alt.Chart().mark_rule(color=MUTED, strokeWidth=1).encode(x=zero),
        base.transform_filter(known).mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
        base.transform_filter(known).mark_point(filled=True, size=50, opacity=1).encode(x="value:Q"),
        base.transform_filter(f"!({known})")
        .mark_text(align="left", dx=5, fontSize=11)
        .encode(x=zero, text="why:N"),
    )
    panel: _Panel = alt.layer(*layers).properties(width=_PLOT, height=_ROW * len(rows))
    return panel


def _row(ranked: RankedGroup, ranking: Ranking, at: int, contrast: Contrast) -> dict[str, object]:
    standing = ranking.standings[at]
    figure = figure_of(standing, contrast)
    value, low, high = (None, None, None) if figure is None else (figure.value, figure.low, figure.high)
    return {
        "model": label(ranked.group.entries[at].name),
        "value": _hundredfold(value),
        "low": _hundredfold(low),
        "high": _hundredfold(high),
        "why": "" if figure is not None else missing(standing, contrast),
        "colour": MUTED if figure is None else ACCENT if standing.stands else INK,
    }


def _hundredfold(value: float | None) -> float | None:
    return None if value is None else 100 * value
