"""`sordino packs coverage` and `sordino packs power`: what a pack has, and what it can detect."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.options import PackName
from sordino.core.errors import SpecError

if TYPE_CHECKING:
    from sordino.packs.coverage import Coverage
    from sordino.packs.pack import Pack

BASE_RATES = (0.0, 0.05, 0.2)
PICTURES = ("png", "svg", "pdf")


def coverage(
    name: PackName,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Draw it here: a .png, .svg or .pdf file.", metavar="FILE"),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what each cell has, what it lacks, and how many of the facts' sources were read again."""
    from sordino.packs import load  # noqa: PLC0415
    from sordino.packs.coverage import coverage as counted  # noqa: PLC0415

    form = "" if output is None else output.suffix.lower().removeprefix(".")
    if output is not None and form not in PICTURES:
        raise SpecError(f"--output {output}: the name must end in .png, .svg or .pdf.")
    pack = load.pack(name)
    found = counted(pack)
    if as_json:
        printing.echo_json(asdict(found) | {"complete": found.complete})
    else:
        _show(pack, found)
    if output is not None and not found.cells:
        raise SpecError(f"{name} has no cells that could be drawn. Leave out --output.")
    if output is not None:
        from sordino.reporting.coverage import picture  # noqa: PLC0415

        output.write_bytes(picture(pack, found, form))
        typer.echo(f"Drawn: {output}", err=as_json)


def _show(pack: "Pack", found: "Coverage") -> None:
    console = printing.console()
    for what, number in found.requests.items():
        printing.say(console, f"{number:,} requests: {what}.")
    if not found.owed:
        return
    cells = {(cell.template, cell.jurisdiction): cell for cell in found.cells}
    rows = []
    for template in (template for template in pack.templates if not template.requests):
        shown = []
        for code in pack.jurisdictions:
            cell = cells.get((template.id, code))
            gravity = "" if cell is None or cell.gravity is None else f" g{cell.gravity}"
            shown.append("missing" if cell is None else f"{cell.facts}+{cell.flags}{gravity}")
        rows.append([template.id, *shown])
    title = f"{pack.identity.name}: facts + flags, and gravity (g)"
    printing.print_table(title, ("template", *pack.jurisdictions), rows)
    for cell in found.cells:
        if cell.lacks:
            printing.say(
                console, f"{cell.template} {cell.jurisdiction} lacks {', '.join(cell.lacks)}.", "yellow"
            )
    own = ", ".join(f"{code} {' '.join(tags) or 'none'}" for code, tags in found.own_languages.items())
    printing.say(
        console, f"{found.complete:,} of {found.owed:,} cells complete in {', '.join(pack.languages)}."
    )
    printing.say(
        console,
        f"{found.facts:,} facts: {found.sourced:,} with a source, {found.verified:,} of these read again.",
    )
    printing.say(console, f"Official languages asked in: {own}.")


def power(
    name: PackName,
    as_json: options.AsJson = False,
    simulations: Annotated[int, typer.Option(min=20, help="Simulated audits for each figure.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="What the simulation is drawn from.")] = 0,
) -> None:
    """Say which selectivity an audit with a pack detects four times in five, by simulation.

    In one language, after adjustment for every jurisdiction and language of the pack, with one sample a
    probe. Takes half a minute or more.
    """
    from sordino.core.records import Kind  # noqa: PLC0415
    from sordino.packs import load  # noqa: PLC0415

    pack = load.pack(name)
    if not any(t.kind is Kind.POLITICAL and len(t.entries) > 1 for t in pack.templates):
        raise SpecError(
            f"{name} asks no political matter about two jurisdictions: there is nothing to detect."
        )
    rows = _power(pack, simulations, seed, quiet=as_json)
    if as_json:
        printing.echo_json(rows)
        return
    bases = sorted({float(str(row["base_rate"])) for row in rows})
    table: dict[object, list[object]] = {}
    for row in rows:
        found = row["smallest_selectivity"]
        shown = "none" if found is None else f"{float(str(found)) * 100:.0f} points"
        table.setdefault(row["phrasings"], [row["phrasings"]]).append(shown)
    columns = ("phrasings asked", *(f"siblings withhold {base:.0%}" for base in bases))
    title = f"Smallest selectivity that {name} detects at 80% power, over {rows[0]['templates']} templates"
    printing.print_table(title, columns, list(table.values()))


def _power(pack: "Pack", simulations: int, seed: int, *, quiet: bool) -> list[dict[str, object]]:
    """By phrasings asked and the siblings' rate. Neutral templates are the control and find nothing."""
    import numpy as np  # noqa: PLC0415

    from sordino.cli import progress  # noqa: PLC0415
    from sordino.core.records import Kind  # noqa: PLC0415
    from sordino.statistics.design import Design  # noqa: PLC0415
    from sordino.statistics.power import smallest_selectivity  # noqa: PLC0415

    siblings = len(pack.jurisdictions)
    templates = sum(t.kind is Kind.POLITICAL and len(t.entries) == siblings for t in pack.templates)
    wanted = [(asked, base) for asked in sorted({1, len(pack.phrasings)}) for base in BASE_RATES]
    rows: list[dict[str, object]] = []
    with progress.stages(quiet=quiet) as advance:
        for asked, base in wanted:
            advance("simulating", len(rows), len(wanted))
            design = Design((base,) * siblings, templates, observations=asked)
            found = smallest_selectivity(
                design,
                np.random.default_rng(seed),
                comparisons=siblings * len(pack.languages),
                simulations=simulations,
            )
            rows.append(
                {
                    "phrasings": asked,
                    "base_rate": base,
                    "templates": templates,
                    "smallest_selectivity": found.selectivity,
                    "reached": found.reached,
                    "power": found.power,
                }
            )
        advance("simulating", len(rows), len(wanted))
    return rows
