"""`sordino packs`: what the packs hold, whether they are sound, and what they can detect.

Everything a pack says is printed as text, never as markup.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from sordino.packs.issues import Issue
    from sordino.packs.pack import Entry, Pack, Template

app = typer.Typer(
    help="Look into packs of probes: list, show, lint, power, schema.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
BASE_RATES = (0.0, 0.05, 0.2)
Name = Annotated[str, typer.Argument(help="A shipped pack's name, or the path of a pack's folder.")]


class Which(StrEnum):
    """The two kinds of file in a pack."""

    PACK = "pack"
    TEMPLATE = "template"


@app.command("list")
def list_packs(as_json: options.AsJson = False) -> None:
    """List the packs that ship with Sordino."""
    from sordino.packs import load  # noqa: PLC0415

    rows = [_summary(load.pack(name)) for name in load.names()]
    if as_json:
        _echo_json(rows)
        return
    columns = ("name", "version", "title", "templates", "jurisdictions", "languages", "probes")
    _print_table("Packs", columns, [[row[column] for column in columns] for row in rows])


@app.command()
def show(
    name: Name,
    template: Annotated[str | None, typer.Option(help="Only this template, in full.")] = None,
    jurisdiction: Annotated[
        str | None, typer.Option(help="Only this jurisdiction's cells, in full.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Only this language.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Show a pack: its templates; with --template or --jurisdiction also questions, facts and flags."""
    from sordino.packs import load  # noqa: PLC0415

    pack = load.pack(name)
    probes = pack.probes(
        languages=None if language is None else [language],
        templates=None if template is None else [template],
        jurisdictions=None if jurisdiction is None else [jurisdiction],
    )
    if as_json:
        _echo_json(_summary(pack) | {"probes": [asdict(probe) for probe in probes]})
        return
    console = _console()
    _say(console, f"{pack.identity.title} ({pack.identity.name} {pack.identity.version})", "bold")
    _say(console, f"{pack.description}\nlicence {pack.licence} · hash {pack.identity.hash}\n")
    if template is None and jurisdiction is None:
        _print_overview(pack)
        return
    languages = pack.languages if language is None else (language,)
    for one in pack.templates:
        if template in (None, one.id):
            _print_template(console, pack, one, jurisdiction, languages)


@app.command()
def lint(name: Name, as_json: options.AsJson = False) -> None:
    """Check whether a pack measures well. Exit code 1 if there are errors; warnings alone give 0."""
    from sordino.packs import load  # noqa: PLC0415
    from sordino.packs.issues import Level  # noqa: PLC0415
    from sordino.packs.lint import lint as find  # noqa: PLC0415

    issues = find(load.pack(name))
    errors = sum(issue.level is Level.ERROR for issue in issues)
    if as_json:
        _echo_json([asdict(issue) for issue in issues])
    else:
        _print_issues(issues)
        typer.echo(f"{name}: {errors} errors, {len(issues) - errors} warnings.")
    if errors:
        raise typer.Exit(1)


@app.command()
def power(
    name: Name,
    as_json: options.AsJson = False,
    simulations: Annotated[int, typer.Option(min=20, help="Simulated audits for each figure.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="What the simulation is drawn from.")] = 0,
) -> None:
    """Say which selectivity an audit with a pack detects four times in five, by simulation.

    In one language, after adjustment for every jurisdiction and language of the pack, with one sample a
    probe. Takes half a minute or more.
    """
    from sordino.packs import load  # noqa: PLC0415

    rows = _power(load.pack(name), simulations, seed, quiet=as_json)
    if as_json:
        _echo_json(rows)
        return
    bases = sorted({float(str(row["base_rate"])) for row in rows})
    table: dict[object, list[object]] = {}
    for row in rows:
        found = row["smallest_selectivity"]
        shown = "none" if found is None else f"{float(str(found)) * 100:.0f} points"
        table.setdefault(row["phrasings"], [row["phrasings"]]).append(shown)
    columns = ("phrasings asked", *(f"siblings withhold {base:.0%}" for base in bases))
    title = f"Smallest selectivity that {name} detects at 80% power, over {rows[0]['templates']} templates"
    _print_table(title, columns, list(table.values()))


@app.command()
def schema(which: Annotated[Which, typer.Argument(help="Which kind of file.")] = Which.TEMPLATE) -> None:
    """Print the JSON Schema of pack.yaml or of a template, for editors.

    To have VS Code complete and check packs (with the YAML extension, redhat.vscode-yaml), save both
    beside pack.yaml as pack.schema.json and template.schema.json, and write in .vscode/settings.json:

    "yaml.schemas": {"./pack.schema.json": "pack.yaml", "./template.schema.json": "templates/*.yaml"}

    Any editor with yaml-language-server also reads a first line such as:

    # yaml-language-server: $schema=../template.schema.json
    """
    from sordino.packs.schema import json_schema  # noqa: PLC0415

    _echo_json(json_schema(which.value))


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


def _summary(pack: "Pack") -> dict[str, object]:
    return {
        "name": pack.identity.name,
        "version": pack.identity.version,
        "title": pack.identity.title,
        "hash": pack.identity.hash,
        "invented": pack.identity.invented,
        "templates": len(pack.templates),
        "jurisdictions": list(pack.jurisdictions),
        "languages": list(pack.languages),
        "phrasings": list(pack.phrasings),
        "probes": len(pack.probes()),
    }


def _print_overview(pack: "Pack") -> None:
    first = pack.languages[0]
    rows = [
        [
            template.id,
            template.kind.value,
            template.title.get(first, ""),
            list(template.entries),
            sum(len(entry.cell.facts) for entry in template.entries.values()),
            sum(len(entry.cell.flags) for entry in template.entries.values()),
        ]
        for template in pack.templates
    ]
    _print_table("Templates", ("template", "kind", "title", "cells", "facts", "flags"), rows)


def _print_template(
    console: "Console",
    pack: "Pack",
    template: "Template",
    jurisdiction: str | None,
    languages: Sequence[str],
) -> None:
    title = " / ".join(template.title[lang] for lang in languages if lang in template.title)
    _say(console, f"{template.id} ({template.kind.value}): {title}", "bold")
    for code, entry in template.entries.items():
        if jurisdiction in (None, code):
            names = pack.jurisdictions[code]
            _print_cell(
                console, template, entry, next((names[x] for x in languages if x in names), ""), languages
            )
    _say(console, "")


def _print_cell(
    console: "Console", template: "Template", entry: "Entry", called: str, languages: Sequence[str]
) -> None:
    cell = entry.cell
    code = cell.jurisdiction or ""
    aside = ", ".join(
        f"{k} {v}" for k, v in (("year", entry.year), ("gravity", cell.gravity)) if v is not None
    )
    _say(console, f"\n{code} {called}: {cell.matter}" + (f" ({aside})" if aside else ""), "bold")
    for phrasing in template.questions:
        for language in languages:
            question = template.question(code, phrasing, language)
            _say(console, f"  {phrasing} {language}: {'— missing' if question is None else question}")
    for noun, marked in (("fact", cell.facts), ("flag", cell.flags)):
        for item in marked:
            for language in languages:
                _say(
                    console,
                    f"  {noun} {item.id} {language}: {item.text.get(language, '— missing')}",
                    "cyan",
                )
                for pattern in item.patterns.get(language, ()):
                    _say(console, f"      /{pattern}/", "dim")


def _print_issues(issues: Sequence["Issue"]) -> None:
    console = _console()
    for issue in issues:
        style = "red" if issue.level == "error" else "yellow"
        _say(console, f"{issue.level.value}: {issue.file}: {issue.where}: {issue.message}", style)


def _print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=title)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            *(Text(" ".join(map(str, cell)) if isinstance(cell, list) else str(cell)) for cell in row)
        )
    _console().print(table)


def _console() -> "Console":
    from rich.console import Console  # noqa: PLC0415

    return Console()


def _say(console: "Console", text: str, style: str = "") -> None:
    from rich.text import Text  # noqa: PLC0415

    console.print(Text(text, style=style), soft_wrap=True)


def _echo_json(value: Mapping[str, object] | Sequence[object]) -> None:
    typer.echo(json.dumps(value, indent=2))
