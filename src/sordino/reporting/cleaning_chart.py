"""The rows that left an instruction set, as bars: jurisdictions down, languages across, parted by
reason.
"""

from collections.abc import Sequence

import altair as alt
from markupsafe import Markup

from sordino.reporting import pen
from sordino.reporting.pen import ACCENT, INK, LINE, MUTED

_ROW, _WIDTH, _COLUMNS = 22, 190, 3
_COLOURS = (ACCENT, INK, MUTED, LINE)
"""Of the reasons in their order; what comes after the third shares the last."""

Bar = tuple[str, str, str, int]
"""A jurisdiction, a language, a reason and how many rows."""


def removed(bars: Sequence[Bar], reasons: Sequence[str]) -> Markup | None:
    """The chart; None where no row went. Names and reasons must have gone through `text.label`."""
    if not bars:
        return None
    places, languages = list(dict.fromkeys(b[0] for b in bars)), list(dict.fromkeys(b[1] for b in bars))
    colours = [_COLOURS[min(at, len(_COLOURS) - 1)] for at in range(len(reasons))]
    rows = [
        {"place": place, "language": language, "reason": reason, "rows": n, "order": reasons.index(reason)}
        for place, language, reason, n in bars
    ]
    chart = (
        alt.Chart({"values": rows})
        .mark_bar()
        .encode(
            x=alt.X("rows:Q", title="rows that go", axis=alt.Axis(tickCount=3, format="~s")),
            y=alt.Y("place:N", title=None, sort=places, scale=alt.Scale(paddingInner=0.3)),
            color=alt.Color(
                "reason:N",
                scale=alt.Scale(domain=list(reasons), range=colours),
                legend=alt.Legend(
                    title=None, orient="top", labelColor=INK, labelFontSize=12, symbolType="square"
                ),
            ),
            order=alt.Order("order:Q"),
        )
        .properties(width=_WIDTH, height=_ROW * len(places))
        .facet(alt.Facet("language:N", title=None, sort=languages), columns=_COLUMNS, spacing=18)
    )
    return pen.svg(chart)
