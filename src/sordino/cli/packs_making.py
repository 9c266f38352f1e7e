"""`sordino packs new` and `sordino packs import`: the beginnings of a pack of one's own."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(help="The folder to make; its name is the pack's.")]


def new(
    folder: Folder,
    languages: Annotated[str, typer.Option(help="BCP 47 tags, separated by commas.")] = "en",
    jurisdictions: Annotated[
        str, typer.Option(help="Codes of the governments to ask about, siblings of each other.")
    ] = "FR,GB",
) -> None:
    """Make a pack to fill in: one topic, its cells and every text that they need, marked TODO."""
    from sordino.wiring import pack_making  # noqa: PLC0415

    listed = [code.strip().upper() for code in jurisdictions.split(",") if code.strip()]
    tags = [tag.strip() for tag in languages.split(",") if tag.strip()]
    pack_making.skeleton(folder.name, tags, listed).write(folder)
    typer.echo(
        f"Made {folder}. Write {folder}/templates/first-topic.yaml, then: sordino packs lint {folder}"
    )


def import_table(
    table: Annotated[
        str, typer.Argument(help="A CSV, JSON Lines or Parquet file, or hf:ORG/DATASET.", metavar="TABLE")
    ],
    folder: Folder,
    columns: Annotated[
        str,
        typer.Option(
            help="Which column is which, where their names differ: question=prompt,jurisdiction=country. "
            "Fields: question, language, jurisdiction, template, phrasing, kind, reference."
        ),
    ] = "",
    language: Annotated[str | None, typer.Option(help="Of rows that do not say.")] = None,
    jurisdiction: Annotated[str | None, typer.Option(help="Of rows that do not say.")] = None,
) -> None:
    """Make a pack from a table of questions. Rows with the same template are siblings of each other."""
    from sordino.generation.columns import parse  # noqa: PLC0415
    from sordino.wiring import pack_making  # noqa: PLC0415

    if table.startswith("hf:"):
        from sordino.modeling import hub  # noqa: PLC0415

        tables = hub.tables(table.removeprefix("hf:"))
    else:
        tables = [Path(table)]
    draft = pack_making.from_table(
        folder.name,
        tables,
        parse(columns) if columns else {},
        language=language,
        jurisdiction=jurisdiction,
    )
    pack = draft.write(folder)
    count = f"{(n := len(pack.probes())):,} question{'' if n == 1 else 's'}"
    typer.echo(f"Made {folder}: {count}. What it lacks: sordino packs coverage {folder}")
