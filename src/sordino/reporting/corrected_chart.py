"""The judge's counts and the corrected rates as a picture, one panel for the languages and one for each."""

import altair as alt
from markupsafe import Markup

from sordino.auditing.corrected import CorrectedRate, CorrectedRates
from sordino.core.manifest import Manifest
from sordino.reporting import pen
from sordino.reporting.corrected_tables import parts
from sordino.reporting.pen import ACCENT, INK, MUTED

_WIDTH, _ROW_HEIGHT = 190, 22


def rates(corrected: CorrectedRates, manifest: Manifest) -> Markup | None:
    """Hollow: the judge's count. Filled, with a line: corrected, with its interval. None without any.

    In the order of the tables. Where there are not enough labels the judge's count stands alone.
    """
    if not any(rate.is_enough for rate in corrected.rates):
        return None
    named = list(parts(corrected.rates, manifest))
    rows = [_row(rate, panel, name) for panel, some in named for name, rate in some]
    base = alt.Chart().encode(
        # Aside, because a mark at 0% stands on the axis.
        y=alt.Y("name:N", title=None, sort=[str(row["name"]) for row in rows], axis=alt.Axis(offset=6)),
        color=alt.Color("colour:N", scale=None),
    )
    known = base.transform_filter("datum.value !== null")
    layers = alt.layer(
        known.mark_rule(strokeWidth=2.5).encode(x=_percent_axis("low"), x2="high:Q"),
        known.mark_point(filled=True, size=62, opacity=1).encode(x=_percent_axis("value")),
        base.mark_point(filled=False, size=62, opacity=1, strokeWidth=1.5).encode(x=_percent_axis("raw")),
        data={"values": rows},
    ).properties(width=_WIDTH, height=alt.Step(_ROW_HEIGHT))
    facet = alt.Facet("panel:N", title=None, sort=[panel for panel, _ in named])
    return pen.svg(layers.facet(facet=facet, columns=1, spacing=14).resolve_scale(y="independent"))


def _percent_axis(column: str) -> alt.X:
    axis, scale = alt.Axis(tickCount=5, format="d"), alt.Scale(zero=True, nice=True)
    return alt.X(f"{column}:Q", title="withheld, %", axis=axis, scale=scale)


def _row(rate: CorrectedRate, panel: str, name: str) -> dict[str, object]:
    figure = rate.figures.corrected
    return {
        "panel": panel,
        "name": name,
        "raw": _percent(rate.figures.raw.value),
        "value": _percent(figure.value),
        "low": _percent(figure.low),
        "high": _percent(figure.high),
        "colour": ACCENT if rate.is_off else INK if rate.is_enough else MUTED,
    }


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value
