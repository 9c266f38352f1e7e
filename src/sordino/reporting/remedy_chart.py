"""A remedy as a picture: before and after joined by a line, intervals as bands, controls as other marks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import altair as alt
from markupsafe import Markup

from sordino.core.records import Figure
from sordino.remedy.record import Control, Measured
from sordino.reporting import pen, remedy_words
from sordino.reporting.pen import ACCENT, INK, MUTED
from sordino.reporting.remedy_source import RemedySource, measured
from sordino.reporting.remedy_tables import ORIGINAL, outcome_of
from sordino.reporting.text import label

DRAWN = (
    "muted",
    "withheld",
    "omission",
    "facts_restored",
    "refused",
    "look_alikes_refused",
    "siblings_withheld",
    "siblings_omission",
    "muted_where_open",
    "position",
)
"""What is drawn, in this order: rates between 0 and 100%. Skills and divergences are in the table alone."""

_WIDTH, _ROW_HEIGHT, _BAND = 330, 26, 9
_CROSS = "M-1,-1L1,1M-1,1L1,-1"
_SHAPES = ((_CROSS, "×"), ("triangle-up", "△"), ("diamond", "◇"), ("square", "□"), ("triangle-down", "▽"))


@dataclass(frozen=True, slots=True)
class Picture:
    """The chart, and what its marks for controls are: sign and name."""

    chart: Markup
    controls: tuple[tuple[str, str], ...]


def picture(source: RemedySource) -> Picture | None:
    """The figures of the remedy, a panel each, groups down; None where there is nothing to draw."""
    rows = list(_rows(source))
    if not rows:
        return None
    controls = list(_controls(source.record.controls, rows, source))
    used = dict.fromkeys(str(row["control"]) for row in controls)
    shapes = dict(zip(used, _SHAPES, strict=False))
    marks = [
        row | {"shape": shapes[str(row["control"])][0]} for row in controls if row["control"] in shapes
    ]
    drawn = pen.svg(_faceted(rows, marks))
    return Picture(drawn, tuple((sign, name) for name, (_, sign) in shapes.items()))


def _rows(source: RemedySource) -> Iterator[dict[str, object]]:
    """One row a figure, in the order of `DRAWN`."""
    found = measured(source.told)
    for name in DRAWN:
        for one in found:
            values = _hundred(one.before, "before") | _hundred(one.after, "after")
            if one.what == name and any(value is not None for value in values.values()):
                yield _place(one, source) | values


def _place(one: Measured, source: RemedySource) -> dict[str, object]:
    return {
        "panel": remedy_words.what(one.what),
        "group": remedy_words.group(one.group, source.record.languages),
    }


def _hundred(figure: Figure | None, side: str) -> dict[str, object]:
    numbers = (None,) * 3 if figure is None else (figure.value, figure.low, figure.high)
    names = (side, f"{side}_low", f"{side}_high")
    return {n: None if value is None else 100 * value for n, value in zip(names, numbers, strict=True)}


def _controls(
    controls: Sequence[Control], rows: Sequence[dict[str, object]], source: RemedySource
) -> Iterator[dict[str, object]]:
    """Of the original there is a mark already: before."""
    places = {(row["panel"], row["group"]) for row in rows}
    for control in controls:
        for one in control.measured if control.name != ORIGINAL else ():
            place, side = _place(one, source), outcome_of(one)
            if (place["panel"], place["group"]) in places and side is not None and side.value is not None:
                yield place | {"control": label(control.name), "value": 100 * side.value}


def _faceted(rows: Sequence[dict[str, object]], marks: Sequence[dict[str, object]]) -> alt.FacetChart:
    panels = list(dict.fromkeys(str(row["panel"]) for row in rows))
    layers = alt.layer(*_layers(rows, bool(marks)), data={"values": [*rows, *marks]})
    sized = layers.properties(width=_WIDTH, height=alt.Step(_ROW_HEIGHT))
    faceted = sized.facet(facet=alt.Facet("panel:N", title=None, sort=panels), columns=1, spacing=14)
    own_rows: alt.FacetChart = faceted.resolve_scale(y="independent")
    return own_rows


def _layers(rows: Sequence[dict[str, object]], controlled: bool) -> Iterator[alt.Chart]:
    names = list(dict.fromkeys(str(row["group"]) for row in rows))
    base = alt.Chart().encode(y=alt.Y("group:N", title=None, sort=names, axis=alt.Axis(offset=6)))
    for side, colour in (("before", INK), ("after", ACCENT)):
        yield (
            base.transform_filter(f"isValid(datum.{side}_low)")
            .mark_rule(color=colour, strokeWidth=_BAND, opacity=0.22)
            .encode(x=_x(f"{side}_low"), x2=f"{side}_high:Q")
        )
    yield (
        base.transform_filter("isValid(datum.before) && isValid(datum.after)")
        .mark_rule(color=MUTED, strokeWidth=1.5)
        .encode(x=_x("before"), x2="after:Q")
    )
    if controlled:
        yield (
            base.transform_filter("isValid(datum.value)")
            .mark_point(filled=False, size=52, opacity=1, strokeWidth=1.4, color=MUTED)
            .encode(x=_x("value"), shape=alt.Shape("shape:N", scale=None))
        )
    yield (
        _points(base, "before")
        .mark_point(filled=False, size=62, opacity=1, strokeWidth=1.7, color=INK)
        .encode(x=_x("before"))
    )
    yield (
        _points(base, "after")
        .mark_point(filled=True, size=66, opacity=1, color=ACCENT)
        .encode(x=_x("after"))
    )


def _points(base: alt.Chart, side: str) -> alt.Chart:
    return base.transform_filter(f"isValid(datum.{side})")


def _x(column: str) -> alt.X:
    scale, axis = alt.Scale(domain=[0, 100], nice=False), alt.Axis(tickCount=5, format="d")
    return alt.X(f"{column}:Q", title="%", scale=scale, axis=axis)
