"""Forest plots of selectivity, as SVG for the report, and as PNG for where no page can go."""

import textwrap
from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from sordino.core.records import Contrast, Estimate, Measure, Verdict
from sordino.reporting import pen, words
from sordino.reporting.comparisons import COUNTED, EXCLUDED, of
from sordino.reporting.corrected import sentence
from sordino.reporting.pen import ACCENT, INK, MUTED
from sordino.reporting.source import ReportSource
from sordino.reporting.text import prose

_PLOT_WIDTH, _WIDE_PLOT = 280, 480
_ROW_HEIGHT = 26


def forest(source: ReportSource, measure: Measure) -> Markup | None:
    """Selectivity with intervals, one panel a language; None where nothing was estimated.

    Filled: blocked and truncated left out. Hollow, below it: counted as withheld, where that differs.
    """
    chart = _chart(source, measure, _PLOT_WIDTH)
    if chart is None:
        return None
    return pen.svg(chart)


def summary_png(source: ReportSource, measure: Measure = Measure.WITHHELD, scale: float = 2.0) -> bytes:
    """The sentence over the forest plot, as PNG on white. Without an estimate, the sentence alone."""
    # An empty panel keeps the picture drawable where there is nothing to plot.
    blank = alt.Chart({"values": []}).mark_point().properties(width=_WIDE_PLOT, height=1)
    chart = _chart(source, measure, _WIDE_PLOT) or blank
    title = {
        "text": textwrap.wrap(prose(sentence(source)), 70) or [""],
        "anchor": "start", "frame": "bounds", "color": INK, "fontSize": 17, "fontWeight": 600,
        "lineHeight": 23, "offset": 18,
    }  # fmt: skip
    return pen.picture(chart.to_dict() | {"title": title, "padding": 24}, "png", scale)


def _chart(source: ReportSource, measure: Measure, width: int) -> alt.FacetChart | None:
    estimates = of(source, measure, Contrast.SELECTIVITY)
    if not any(e.figure.value is not None for e in estimates):
        return None
    rows = _rows(source, estimates)
    names = list(dict.fromkeys(str(row["jurisdiction"]) for row in rows))
    languages = list(dict.fromkeys(str(row["language"]) for row in rows))
    base = alt.Chart().encode(
        y=alt.Y("jurisdiction:N", title=None, sort=names, scale=alt.Scale(paddingInner=0.2)),
        yOffset=alt.YOffset("way:N", sort=[EXCLUDED, COUNTED], scale=alt.Scale(paddingOuter=0.45)),
        color=alt.Color("colour:N", scale=None),
    )
    title = f"{words.MEASURES[measure][0]}: points against the median sibling"
    plain, known = f"datum.way === '{EXCLUDED}'", "datum.value !== null"
    zero = alt.datum(0, type="quantitative")
    interval = base.mark_rule().encode(
        x=alt.X("low:Q", title=title, axis=alt.Axis(tickCount=5)),
        x2="high:Q",
        strokeWidth=alt.when(plain).then(alt.value(2.5)).otherwise(alt.value(1)),
    )
    settled = base.transform_filter(f"{plain} && {known}").mark_point(filled=True, size=62, opacity=1)
    counted = base.transform_filter(f"!({plain}) && {known}").mark_point(size=34, opacity=1)
    absent = base.transform_filter(f"{plain} && !({known})")
    layers = alt.layer(
        alt.Chart().mark_rule(color=MUTED, strokeWidth=1).encode(x=zero),
        interval,
        settled.encode(x="value:Q"),
        counted.encode(x="value:Q"),
        absent.mark_text(text="no estimate", align="left", dx=5, fontSize=11).encode(x=zero),
        data={"values": rows},
    ).properties(width=width, height=_ROW_HEIGHT * len(names))
    facet = alt.Facet("language:N", title=None, sort=languages)
    faceted: alt.FacetChart = layers.facet(facet=facet, columns=1, spacing=14)
    return faceted


def _rows(source: ReportSource, estimates: Sequence[Estimate]) -> list[dict[str, object]]:
    selective = {
        (f.measure, f.jurisdiction, f.language) for f in source.findings if f.verdict is Verdict.SELECTIVE
    }
    plain = {(e.jurisdiction, e.language): e.figure.value for e in estimates if e.blocks == EXCLUDED}
    rows: list[dict[str, object]] = []
    for e in estimates:
        if e.blocks == COUNTED and plain.get((e.jurisdiction, e.language)) == e.figure.value:
            continue
        found = (e.measure, e.jurisdiction, e.language) in selective
        rows.append(
            {
                "jurisdiction": words.jurisdiction(source.manifest, e.jurisdiction),
                "language": words.language(e.language),
                "way": e.blocks,
                "value": _points(e.figure.value),
                "low": _points(e.figure.low),
                "high": _points(e.figure.high),
                "colour": ACCENT if found else INK if e.blocks == EXCLUDED else MUTED,
            }
        )
    return rows


def _points(value: float | None) -> float | None:
    return None if value is None else 100 * value
