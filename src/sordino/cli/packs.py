"""`sordino packs`: what the packs hold, whether they are sound, and what they can detect.

Everything a pack says is printed as text, never as markup.
"""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sordino.cli import options, packs_making, packs_measures, printing
from sordino.cli.options import PackName

if TYPE_CHECKING:
    from rich.console import Console

    from sordino.packs.issues import Issue
    from sordino.packs.pack import Entry, Pack, Template

app = typer.Typer(
    help="Packs of probes: look into them, check them, make your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command()(packs_measures.coverage)
app.command()(packs_measures.power)
app.command("new")(packs_making.new)
app.command("import")(packs_making.import_table)


class Which(StrEnum):
    """The kinds of file in a pack, and in one that extends another."""

    PACK = "pack"
    TEMPLATE = "template"
    EXTENSION = "extension"
    EXTENSION_TEMPLATE = "extension-template"


@app.command("list")
def list_packs(as_json: options.AsJson = False) -> None:
    """List the packs that ship with Sordino."""
    from sordino.packs import load  # noqa: PLC0415

    rows = [_summary(load.pack(name)) for name in load.names()]
    if as_json:
        printing.echo_json(rows)
        return
    columns = ("name", "title", "jurisdictions", "languages", "probes")
    printing.print_table("Packs", columns, [[row[column] for column in columns] for row in rows])


@app.command()
def show(
    name: PackName,
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
        printing.echo_json(_summary(pack) | {"probes": [asdict(probe) for probe in probes]})
        return
    console = printing.console()
    printing.say(console, f"{pack.identity.title} ({pack.identity.name} {pack.identity.version})", "bold")
    printing.say(console, f"{pack.description}\nlicence {pack.licence} · hash {pack.identity.hash}")
    if pack.extends:
        printing.say(console, f"extends {pack.extends.name} {pack.extends.version}")
    printing.say(console, "")
    if template is None and jurisdiction is None:
        _print_overview(pack)
        return
    languages = pack.languages if language is None else (language,)
    for one in pack.templates:
        if template in (None, one.id):
            _print_template(console, pack, one, jurisdiction, languages)


@app.command()
def lint(name: PackName, as_json: options.AsJson = False) -> None:
    """Check whether a pack measures well. Exit code 1 if there are errors; warnings alone give 0."""
    from sordino.judging.flags import asserted  # noqa: PLC0415
    from sordino.packs import load  # noqa: PLC0415
    from sordino.packs.issues import Level  # noqa: PLC0415
    from sordino.packs.lint import lint as find  # noqa: PLC0415

    issues = find(load.pack(name), lambda flag, language, text: asserted(flag, language, text).hit)
    errors = sum(issue.level is Level.ERROR for issue in issues)
    if as_json:
        printing.echo_json([asdict(issue) for issue in issues])
    else:
        _print_issues(issues)
        typer.echo(f"{name}: {errors} errors, {len(issues) - errors} warnings.")
    if errors:
        raise typer.Exit(1)


@app.command()
def schema(which: Annotated[Which, typer.Argument(help="Which kind of file.")] = Which.TEMPLATE) -> None:
    """Print the JSON Schema of pack.yaml or of a template, for editors.

    extension and extension-template are the same two of a pack that extends another.

    To have VS Code complete and check packs (with the YAML extension, redhat.vscode-yaml), save both
    beside pack.yaml as pack.schema.json and template.schema.json, and write in .vscode/settings.json:

    "yaml.schemas": {"./pack.schema.json": "pack.yaml", "./template.schema.json": "templates/*.yaml"}

    Any editor with yaml-language-server also reads a first line such as:

    # yaml-language-server: $schema=../template.schema.json
    """
    from sordino.packs.schema import json_schema  # noqa: PLC0415

    printing.echo_json(json_schema(which.value))


def _summary(pack: "Pack") -> dict[str, object]:
    return {
        "name": pack.identity.name,
        "version": pack.identity.version,
        "title": pack.identity.title,
        "hash": pack.identity.hash,
        "invented": pack.identity.invented,
        "extends": pack.extends and pack.extends.name,
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
            len(template.requests),
        ]
        for template in pack.templates
    ]
    columns = ("template", "kind", "title", "cells", "facts", "flags", "requests")
    printing.print_table("Templates", columns, rows)


def _print_template(
    console: "Console",
    pack: "Pack",
    template: "Template",
    jurisdiction: str | None,
    languages: Sequence[str],
) -> None:
    title = " / ".join(template.title[lang] for lang in languages if lang in template.title)
    printing.say(console, f"{template.id} ({template.kind.value}): {title}", "bold")
    for code, entry in template.entries.items():
        if jurisdiction in (None, code):
            names = pack.jurisdictions[code]
            _print_cell(
                console, template, entry, next((names[x] for x in languages if x in names), ""), languages
            )
    for request in template.requests if jurisdiction is None else ():
        for language in languages:
            asked = request.text.get(language, "— missing")
            printing.say(console, f"  {request.part} {request.id} {language}: {asked}")
    printing.say(console, "")


def _print_cell(
    console: "Console", template: "Template", entry: "Entry", called: str, languages: Sequence[str]
) -> None:
    from sordino.core.records import Fact  # noqa: PLC0415

    cell = entry.cell
    code = cell.jurisdiction or ""
    aside = ", ".join(
        f"{k} {v}" for k, v in (("year", entry.year), ("gravity", cell.gravity)) if v is not None
    )
    printing.say(console, f"\n{code} {called}: {cell.matter}" + (f" ({aside})" if aside else ""), "bold")
    for phrasing in template.questions:
        for language in languages:
            question = template.question(code, phrasing, language)
            printing.say(
                console, f"  {phrasing} {language}: {'— missing' if question is None else question}"
            )
    if entry.contested:
        printing.say(console, f"  contested: {entry.contested}")
    for noun, marked in (("fact", cell.facts), ("flag", cell.flags)):
        for item in marked:
            for language in languages:
                printing.say(
                    console,
                    f"  {noun} {item.id} {language}: {item.text.get(language, '— missing')}",
                    "cyan",
                )
                for pattern in item.patterns.get(language, ()):
                    printing.say(console, f"      /{pattern}/", "dim")
            if isinstance(item, Fact) and item.source:
                read = {True: f", read at {item.address}", False: ", not read again", None: ""}
                printing.say(console, f"      source: {item.source}{read[item.verified]}")


def _print_issues(issues: Sequence["Issue"]) -> None:
    console = printing.console()
    for issue in issues:
        style = "red" if issue.level == "error" else "yellow"
        printing.say(console, f"{issue.level.value}: {issue.file}: {issue.where}: {issue.message}", style)
