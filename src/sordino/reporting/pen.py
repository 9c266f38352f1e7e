"""The four colours that every chart is drawn in, and how one becomes SVG without a script, or a picture.

Altair draws in sentinel colours, which become CSS variables of the page, so that the dark theme and print
need no second picture; where there is no page they are printed.
"""

import json
from collections.abc import Mapping

import altair as alt
import vl_convert
from markupsafe import Markup

INK, MUTED, ACCENT, LINE = "#010101", "#020202", "#030303", "#040404"
PRINTED = {INK: "#1b1b1b", MUTED: "#5f5f5f", ACCENT: "#a63c06", LINE: "#dcd8d0"}
"""The colours where there is no page to take them from."""

_VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", ACCENT: "var(--accent)", LINE: "var(--line)"}


def svg(chart: alt.TopLevelMixin) -> Markup:
    """The chart as inline SVG. Every name in it must have gone through `text.label`."""
    drawn = vl_convert.vegalite_to_svg(chart.to_dict() | {"config": config("transparent")})
    for sentinel, variable in _VARIABLES.items():
        drawn = drawn.replace(f'"{sentinel}"', f'"{variable}"')
    # Markup of our own making: the writer of the SVG escapes the names.
    return Markup(drawn)  # noqa: S704


def picture(spec: Mapping[str, object], form: str, scale: float = 2.0) -> bytes:
    """A chart on white, as a file by itself. Every name in it must have gone through `text.label`.

    spec: the chart as a dictionary. form: "png" (`scale` pixels a point), "svg" or "pdf".
    """
    told = json.dumps({**spec, "config": config("#ffffff")})
    for sentinel, colour in PRINTED.items():
        told = told.replace(f'"{sentinel}"', f'"{colour}"')
    match form:
        case "svg":
            return str(vl_convert.vegalite_to_svg(told)).encode()
        case "pdf":
            return bytes(vl_convert.vegalite_to_pdf(told))
        case _:
            return bytes(vl_convert.vegalite_to_png(told, scale=scale))


def config(background: str) -> dict[str, object]:
    """What all charts have in common."""
    return {
        "background": background,
        "aria": False,
        "font": "Helvetica, Arial, sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": INK, "titleColor": MUTED, "gridColor": LINE, "domain": False, "ticks": False,
            "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": 400, "labelLimit": 150,
            "labelPadding": 6,
        },
        "header": {
            "labelColor": INK, "labelFontSize": 13, "labelFontWeight": 600, "labelAnchor": "start",
            "title": None,
        },
    }  # fmt: skip
