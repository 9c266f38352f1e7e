"""A pack's coverage as a picture: templates down, jurisdictions across."""

from typing import TYPE_CHECKING

from sordino.reporting.text import visible

if TYPE_CHECKING:
    from sordino.packs.coverage import Coverage
    from sordino.packs.pack import Pack

_GRAVITY = ("#f4e3d3", "#e0a47a", "#a63c06")
_LACKING = "#ffffff"


def picture(pack: "Pack", coverage: "Coverage", form: str) -> bytes:
    """Each cell's facts and flags ("5 + 1"), coloured by gravity; white where it is incomplete.

    form: "png", "svg" or "pdf".
    """
    import altair as alt  # noqa: PLC0415 - a second
    import vl_convert  # noqa: PLC0415

    titles = {template.id: template.title.get("en", template.id) for template in pack.templates}
    names = {code: by.get("en", code) for code, by in pack.jurisdictions.items()}
    rows = [
        {
            "template": visible(titles[cell.template]),
            "jurisdiction": visible(names[cell.jurisdiction]),
            "gravity": str(cell.gravity or "not told") if cell.complete else "incomplete",
            "text": f"{cell.facts} + {cell.flags}" if cell.complete else "incomplete",
            "dark": cell.gravity == len(_GRAVITY) and cell.complete,
        }
        for cell in coverage.cells
    ]
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("jurisdiction:N", sort=None, axis=alt.Axis(orient="top", labelAngle=0, title=None)),
        y=alt.Y("template:N", sort=None, axis=alt.Axis(title=None, labelLimit=260)),
    )
    scale = alt.Scale(
        domain=["1", "2", "3", "not told", "incomplete"], range=[*_GRAVITY, "#eeeeee", _LACKING]
    )
    squares = base.mark_rect(stroke="#ffffff").encode(
        color=alt.Color("gravity:N", scale=scale, legend=alt.Legend(title="gravity", orient="bottom"))
    )
    ink = alt.condition("datum.dark", alt.value("#ffffff"), alt.value("#1b1b1b"))
    text = base.mark_text(fontSize=11).encode(text="text:N", color=ink)
    told = (
        f"{coverage.complete:,} of {coverage.owed:,} cells complete in {', '.join(pack.languages)}",
        f"{coverage.facts:,} facts, {coverage.sourced:,} with a source, {coverage.verified:,} read again",
    )
    title = alt.TitleParams(
        f"{visible(pack.identity.title)}: facts + flags of each cell",
        subtitle="; ".join(told),
        anchor="start",
        offset=14,
    )
    chart = (squares + text).properties(width=alt.Step(88), height=alt.Step(26), title=title)
    spec = chart.configure_view(strokeWidth=0).configure(padding=18, font="sans-serif").to_json()
    match form:
        case "svg":
            return str(vl_convert.vegalite_to_svg(spec)).encode()
        case "pdf":
            return bytes(vl_convert.vegalite_to_pdf(spec))
        case _:
            return bytes(vl_convert.vegalite_to_png(spec, scale=1.5))
