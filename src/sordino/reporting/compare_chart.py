"""Differences as pictures: both rates joined by a line, and beside them b minus a with its interval."""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from sordino.comparing.differences import Change
from sordino.core.records import Contrast, Figure, Measure
from sordino.reporting import pen, words
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.compare_tables import of
from sordino.reporting.pen import ACCENT, INK, MUTED

_WIDTH, _ROW_HEIGHT = 250, 24


def charts(source: CompareSource, measure: Measure) -> tuple[Markup, Markup] | None:
    """The rates and the differences, one panel a language; None where nothing could be estimated."""
    changes = of(source, measure, Contrast.CHANGE)
    if not any(c.estimate.figure.value is not None for c in changes):
        return None
    rows = [_row(source, c) for c in changes]
    return pen.svg(_faceted(_rates(rows), rows)), pen.svg(_faceted(_gaps(rows), rows))


def _base(rows: Sequence[dict[str, object]]) -> alt.Chart:
    names = list(dict.fromkeys(str(row["place"]) for row in rows))
    return alt.Chart().encode(
        y=alt.Y("place:N", title=None, sort=names, axis=alt.Axis(offset=6)),
        color=alt.Color("colour:N", scale=None),
    )


def _rates(rows: Sequence[dict[str, object]]) -> list[alt.Chart]:
    base = _base(rows)
    axis = alt.Axis(tickCount=5, format="d")

    def x(column: str) -> alt.X:
        return alt.X(f"{column}:Q", title="rate, %", axis=axis, scale=alt.Scale(domain=[0, 100]))

    return [
        base.transform_filter("datum.a !== null").mark_rule(strokeWidth=2).encode(x=x("a"), x2="b:Q"),
        base.mark_point(filled=False, size=58, opacity=1, strokeWidth=1.6).encode(x=x("a")),
        base.mark_point(filled=True, size=62, opacity=1).encode(x=x("b")),
    ]


def _gaps(rows: Sequence[dict[str, object]]) -> list[alt.Chart]:
    base = _base(rows)
    known = base.transform_filter("datum.value !== null")
    zero = alt.datum(0, type="quantitative")
    low = alt.X("low:Q", title="B minus A, points", axis=alt.Axis(tickCount=5))
    return [
        alt.Chart().mark_rule(color=MUTED, strokeWidth=1).encode(x=zero),
        known.mark_rule(strokeWidth=2.5).encode(x=low, x2="high:Q"),
        known.mark_point(filled=True, size=62, opacity=1).encode(x="value:Q"),
        base.transform_filter("datum.value === null")
        .mark_text(text="no estimate", align="left", dx=5, fontSize=11)
        .encode(x=zero),
    ]


def _faceted(layers: Sequence[alt.Chart], rows: Sequence[dict[str, object]]) -> alt.FacetChart:
    panels = list(dict.fromkeys(str(row["panel"]) for row in rows))
    layered = alt.layer(*layers, data={"values": rows})
    sized = layered.properties(width=_WIDTH, height=alt.Step(_ROW_HEIGHT))
    facet = alt.Facet("panel:N", title=None, sort=panels)
    faceted = sized.facet(facet=facet, columns=1, spacing=14)
    own_rows: alt.FacetChart = faceted.resolve_scale(y="independent")
    return own_rows


def _row(source: CompareSource, change: Change) -> dict[str, object]:
    e = change.estimate
    return {
        "place": words.jurisdiction(source.manifest, e.jurisdiction),
        "panel": " " if source.between_languages else words.language(e.language),
        "a": _value(change.a),
        "b": _value(change.b),
        "value": _value(e.figure),
        "low": _hundred(e.figure.low),
        "high": _hundred(e.figure.high),
        "colour": ACCENT if change.is_shown else INK,
    }


def _value(figure: Figure | None) -> float | None:
    return None if figure is None else _hundred(figure.value)


def _hundred(value: float | None) -> float | None:
    return None if value is None else 100 * value
