"""The card of a remedied model: metadata as the Hugging Face Hub takes it, and a page to read.

`README.md` of the folder that a remedy writes. Where nothing was exported it says so and has no metadata,
for then there is no model to publish. Whatever models, packs and people wrote is escaped for Markdown.
"""

import re
from collections.abc import Iterator, Sequence

import yaml

from sordino.core.errors import ReportError
from sordino.core.names import target_name
from sordino.reporting import remedy_page
from sordino.reporting.markdown import code, line, text
from sordino.reporting.remedy_sentence import ACCEPTED
from sordino.reporting.remedy_source import RemedySource
from sordino.reporting.remedy_views import RemedyPage, Signed
from sordino.reporting.text import pathless
from sordino.reporting.views import Row, Table

LICENSE, LICENSE_NAME = "other", "see-the-base-model"
"""It is the base model's, and not ours to name."""

BEGIN, END = "<!-- sordino: sign-off -->", "<!-- sordino: end of sign-off -->"
"""Between these `sordino remedy sign` writes what people said, and changes nothing else."""

_LICENCE = (
    "The licence is that of the base model: see the base model. Whoever publishes this writes its name "
    "into the first lines of this file."
)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def card(source: RemedySource) -> str:
    """The whole README.md."""
    page = remedy_page.page(source)
    body = "\n\n".join(_exported(source, page) if page.outcome == ACCEPTED else _nothing(page))
    return (_front(source) if page.outcome == ACCEPTED else "") + body + "\n"


def with_signoff(readme: str, signed: Signed) -> str:
    """The README with what people said in place of what stood there. ReportError without a place."""
    # As whole lines: what others wrote can hold the same words, but only within a line.
    start, end = readme.find(f"\n{BEGIN}\n"), readme.find(f"\n{END}\n")
    if start < 0 or end < start:
        raise ReportError(
            f"README.md has no place for the sign-off. Put these two lines where it should stand: {BEGIN} "
            f"and {END}"
        )
    return readme[: start + 1] + block(signed) + readme[end + 1 + len(END) :]


def block(signed: Signed) -> str:
    """What people said, between the two marks."""
    said = [text(one) for one in signed.lines]
    if signed.doubted is not None:
        said += [f"{text(signed.doubted.caption)}:", _table(signed.doubted, "Pair")]
    return "\n\n".join([BEGIN, *said, END])


# -- for the hub ---------------------------------------------------------------------------------------


def _front(source: RemedySource) -> str:
    record = source.record
    languages = [code_ for code_ in record.languages if _LANGUAGE.fullmatch(code_) and code_ != "und"]
    base = {"base_model": line(source.base)} if source.base else {}
    relation = {"base_model_relation": "adapter" if source.is_adapter else "finetune"} if base else {}
    told = {
        **base,
        **relation,
        "library_name": "peft" if source.is_adapter else "transformers",
        "pipeline_tag": "text-generation",
        "license": LICENSE,
        "license_name": LICENSE_NAME,
        "language": list(dict.fromkeys(tag.partition("-")[0] for tag in languages)),
        "tags": ["sordino", "remedy"],
    }
    head = yaml.safe_dump(
        {k: v for k, v in told.items() if v}, allow_unicode=True, sort_keys=False, width=1000
    )
    return f"---\n{head}---\n\n"


# -- for people ----------------------------------------------------------------------------------------


def _exported(source: RemedySource, page: RemedyPage) -> Iterator[str]:
    yield f"# {text(page.heading)}"
    yield f"> {text(page.sentence)}"
    for doubt in page.doubts:
        yield f"**{text(doubt)}**"
    yield _what(source)
    if page.invented:
        yield "The jurisdictions are invented."
    yield "## Before and after"
    yield f"{text(page.of)}. Held-out topics, which no fitting saw; paired by question; 95% intervals."
    yield _table(page.figures)
    yield "\n".join(f"- {text(row.name)}: {text(row.cells[0])}" for row in page.meanings)
    yield from _stood(page)
    yield "## Read by people"
    yield block(page.signed)
    yield from _limits(page)
    yield from _made(page)
    yield "## Licence"
    yield _LICENCE


def _what(source: RemedySource) -> str:
    name = code(target_name(source.record.model))
    base = f"the base model {code(source.base)}" if source.base else name
    kind = "A LoRA adapter for" if source.is_adapter else "The weights of"
    about = text(source.record.name)
    return (
        f"{kind} {base}, revision {code(source.record.revision)}, edited to take the mute off about "
        f"{about}; nothing else was meant to change."
    )


def _nothing(page: RemedyPage) -> Iterator[str]:
    """Of a remedy that exported nothing."""
    yield f"# {text(page.heading)}: no model here"
    yield f"> {text(page.sentence)}"
    if page.figures.rows:
        yield "## What was measured"
        yield f"{text(page.of)}."
        yield _table(page.figures)
    yield from _stood(page)
    yield from _limits(page)
    yield from _made(page)


def _stood(page: RemedyPage) -> Iterator[str]:
    """The ladder, the gates and the controls: all that the figures stand on."""
    if page.rungs:
        yield "## The ladder"
        yield _table(page.ladder, "rung")
    if page.gates.rows:
        yield "## Gates"
        yield f"{text(page.of)}. A gate that could not be measured is neither passed nor failed."
        yield _table(page.gates, "gate")
    if page.controls.rows:
        yield "## Beside controls"
        yield _table(page.controls)
        yield "\n".join(f"- {text(row.name)}: {text(row.cells[0])}" for row in page.about_controls)
    if page.fitted:
        yield "## What it was fitted on, and where it carries over"
        yield text(page.fitted)
        if page.carried:
            yield "\n".join(f"- {text(row.name)}" for row in page.carried)
        if page.carries_over.rows:
            yield _table(page.carries_over)
        yield "\n".join(f"- {text(row.name)}: {text(row.cells[0])}" for row in page.topics)


def _limits(page: RemedyPage) -> Iterator[str]:
    yield "## Limits"
    yield "\n".join(f"- {text(pathless(one))}" for one in (*page.limits, *page.notes))


def _made(page: RemedyPage) -> Iterator[str]:
    yield "## How it was made"
    yield from (text(one) for one in page.method)
    yield code(pathless(page.command))
    rows = tuple(Row(row.name, tuple(pathless(cell) for cell in row.cells)) for row in page.manifest)
    yield _table(Table("", ("",), rows), code_cells=True)
    if page.files:
        yield "\n".join(f"- {code(row.name)}: {text(row.cells[0])}" for row in page.files)


def _table(table: Table, first: str = "", *, code_cells: bool = False) -> str:
    shown = [
        [text(row.name), *(_cell(cell, code_cells=code_cells) for cell in row.cells)] for row in table.rows
    ]
    return "\n".join(_lines([first, *map(text, table.head)], shown))


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + " --- |" * len(head)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _cell(cell: str, *, code_cells: bool) -> str:
    return code(cell, in_table=True) if code_cells else text(cell)
