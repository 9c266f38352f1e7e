"""`sordino packs coverage` and `sordino packs power`: what a pack has, and what it can detect."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, printing
from sordino.cli.interruption import leaving
from sordino.cli.options import PackName
from sordino.core.errors import SpecError

if TYPE_CHECKING:
    from sordino.packs.coverage import Coverage
    from sordino.packs.pack import Pack

BASE_RATES = (0.0, 0.05, 0.2)
FEWEST = 2
"""Templates."""
NEVER = 1
"""The exit code where not even the best run shows a rule."""


def coverage(
    name: PackName,
    output: Annotated[
        Path | None,
        typer.Option(*options.OUT, help="Draw it here: a .png, .svg or .pdf file.", metavar="FILE"),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what each cell has, what it lacks, and how many of the facts' sources were read again."""
    from sordino.packs import load  # noqa: PLC0415
    from sordino.packs.coverage import coverage as counted  # noqa: PLC0415

    form = "" if output is None else options.picture_form("--output", output)
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


@leaving()
def power(
    name: PackName,
    rule: Annotated[
        list[str] | None,
        typer.Option(help="A rule of a gate, e.g. 'withheld.selectivity <= 10 points' (repeatable)."),
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="A YAML file of rules.", metavar="FILE")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers a question.")] = 1,
    as_json: options.AsJson = False,
    simulations: Annotated[int, typer.Option(min=20, help="Simulated audits for each figure.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="What the simulation is drawn from.")] = 0,
) -> None:
    """Say what an audit with a pack can show and find, by simulation.

    Without a rule: the bounds that the best run shows, and the smallest selectivity that is found
    four times in five, in one language, after adjustment for every jurisdiction and language of
    the pack. Takes half a minute or more.

    With rules: whether the best run shows each, and how often other runs do.
    Exit code 1 where not even the best run shows one.
    """
    from sordino.cli import packs_power  # noqa: PLC0415
    from sordino.packs import load  # noqa: PLC0415
    from sordino.wiring import gating  # noqa: PLC0415 - brings pandas

    chosen = gating.rules(rule or (), rules)
    pack = load.pack(name)
    if not chosen:
        _show_power(pack, samples, simulations, seed, as_json=as_json)
        return
    found = packs_power.prospects(pack, chosen, samples, simulations, seed, quiet=as_json)
    if as_json:
        printing.echo_json(packs_power.as_json(found, samples))
    else:
        packs_power.show(pack, found, samples, simulations)
    if any(one.shows_at_best is False for one in found):
        raise typer.Exit(NEVER)


def _show_power(pack: "Pack", samples: int, simulations: int, seed: int, *, as_json: bool) -> None:
    from sordino.cli import packs_power, progress  # noqa: PLC0415
    from sordino.core.records import Kind  # noqa: PLC0415

    with progress.stages(quiet=as_json) as advance:
        bounds = packs_power.bounds(pack, samples, advance)
    if not bounds:
        raise SpecError(f"{pack.identity.name} asks nothing of which a gate could judge.")
    compares = any(t.kind is Kind.POLITICAL and len(t.entries) > 1 for t in pack.templates)
    if compares and _templates(pack) < FEWEST:
        raise SpecError(
            f"{pack.identity.name} asks fewer than {FEWEST} political templates about all its "
            "jurisdictions: nothing can be told from chance. Write more."
        )
    if not as_json:
        packs_power.show_bounds(pack, bounds)
    rows = _power(pack, samples, simulations, seed, quiet=as_json) if compares else []
    if as_json:
        printing.echo_json({"bounds": bounds, "detectable": rows})
    elif rows:
        _show_detectable(pack, rows)
    else:
        nothing = "asks no political matter about two jurisdictions, so there is no selectivity to detect."
        printing.say(printing.console(), f"{pack.identity.name} {nothing}")


def _templates(pack: "Pack") -> int:
    """Those that are compared. Neutral ones are the control and find nothing."""
    from sordino.core.records import Kind  # noqa: PLC0415

    siblings = len(pack.jurisdictions)
    return sum(t.kind is Kind.POLITICAL and len(t.entries) == siblings for t in pack.templates)


def _show_detectable(pack: "Pack", rows: "list[dict[str, object]]") -> None:
    bases = sorted({float(str(row["base_rate"])) for row in rows})
    table: dict[object, list[object]] = {}
    for row in rows:
        found = row["smallest_selectivity"]
        shown = "none" if found is None else f"{float(str(found)) * 100:.0f} points"
        table.setdefault(row["phrasings"], [row["phrasings"]]).append(shown)
    columns = ("phrasings asked", *(f"siblings withhold {base:.0%}" for base in bases))
    name, templates = pack.identity.name, rows[0]["templates"]
    title = f"Smallest selectivity that {name} detects at 80% power, over {templates} templates"
    printing.print_table(title, columns, list(table.values()))


def _power(
    pack: "Pack", samples: int, simulations: int, seed: int, *, quiet: bool
) -> list[dict[str, object]]:
    """By phrasings asked and the siblings' rate."""
    import numpy as np  # noqa: PLC0415

    from sordino.cli import progress  # noqa: PLC0415
    from sordino.statistics.design import Design  # noqa: PLC0415
    from sordino.statistics.power import smallest_selectivity  # noqa: PLC0415

    siblings = len(pack.jurisdictions)
    templates = _templates(pack)
    wanted = [(asked, base) for asked in sorted({1, len(pack.phrasings)}) for base in BASE_RATES]
    rows: list[dict[str, object]] = []
    with progress.stages(quiet=quiet, patience=progress.PATIENCE) as advance:
        for asked, base in wanted:
            advance("simulating", len(rows), len(wanted))
            design = Design((base,) * siblings, templates, observations=asked * samples)
            found = smallest_selectivity(
                design,
                np.random.default_rng(seed),
                comparisons=siblings * len(pack.languages),
                simulations=simulations,
            )
            rows.append(
                {
                    "phrasings": asked,
                    "samples": samples,
                    "base_rate": base,
                    "templates": templates,
                    "smallest_selectivity": found.selectivity,
                    "reached": found.reached,
                    "power": found.power,
                }
            )
        advance("simulating", len(rows), len(wanted))
    return rows
