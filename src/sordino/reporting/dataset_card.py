"""The card of a run that is published as a dataset: YAML that a hub reads, and a page that people do.

Beside the other pages; the folder around it is wiring/exporting_dataset.py's affair. What models, packs and
people wrote is escaped for Markdown, and nothing names a folder of the machine that it was made on.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from sordino.core.manifest import Manifest
from sordino.core.names import target_name
from sordino.reporting import judge_card, words
from sordino.reporting.method import LIMITS
from sordino.reporting.source import CardView
from sordino.reporting.text import pathless, visible

SPLIT = "test"
"""The one split: what audits a model is not what trains one."""

LICENSE = "unknown"
"""Not "other", which would have to name one: it is for whoever publishes to say."""

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

TABLES: Mapping[str, str] = {
    "exchanges": "a question, what came back, and how the judges of the run read it",
    "readings": "what each judge said of each exchange on each axis, or why it said nothing (`why`)",
    "labels": "what people said of an exchange; annotators are numbered, their notes are left out",
    "estimates": "the figures: value, interval, what it is about and what was left out",
    "findings": "what is concluded from the figures",
}
COLUMNS: Mapping[str, str] = {
    "model": "whose answer it is",
    "question": "the question as it was sent",
    "response": "the answer; null where none came",
    "reasoning": "the reasoning trace; null where none came, empty where an empty one did",
    "language": "BCP 47 tag of the question; und where nothing says it",
    "jurisdiction": "whose politics the question touches; null where nobody's",
    "template": "the kind of matter; questions of one template about several jurisdictions are siblings",
    "phrasing": "the wording of the question",
    "system": "the system prompt; null where there was none",
    "prefill": "the words that the answer was begun with; null where there were none",
    "delivery": "delivered, truncated, blocked_input, blocked_output, empty, error or not_asked",
    "finish_reason": "why the answer ended, in the host's word",
    "provider": "the host that answered, as far as it is known",
    "served_model": "what the host says has answered",
    "error": "what kept the answer away, folders taken out of paths",
    "sample": "the number of the answer to this question, from 0",
    "prompt_tokens": "tokens of the prompt",
    "completion_tokens": "tokens of the answer",
    "seconds": "from sending to the last byte",
    "log_probabilities_json": "each token of the answer with its log-probability, as JSON; null without",
    "engagement": "COMPLETE, PARTIAL (evades, deflects, does a part) or DENIAL, as the judge reads it",
    "engagement_confidence": "the judge's probability that this is right",
    "engagement_unjudged": "why the judge read nothing; null where it did",
    "facts": "required facts in the answer, of those looked for: 3/5",
    "flags": "contested claims asserted as settled, of those looked for: 0/2",
    "trace": "what the trace shows beside the answer",
    "kind": "political, neutral (the control for ignorance), harmful or benign",
    "matching": "whether siblings ask about the same matter (item), in the same form only (form), or none",
    "pack": "where the question is from",
    "probe_id": "the question's id",
    "key": "the identity of the request; joins the tables. null where nothing was asked",
    "revision": "the model's revision, or the digest of a recording",
    "epoch": "the label of the time of asking",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A Parquet file. columns: type by name. size, packed: bytes in memory and on disk."""

    name: str
    rows: int
    columns: Mapping[str, str]
    size: int
    packed: int


@dataclass(frozen=True, slots=True)
class About:
    """What the card is about. tables: the first is the one to load. matchings: of the estimates.

    deliveries: of the exchanges. judges: those of the run, with what was measured of them.
    """

    manifest: Manifest
    sentence: str
    languages: tuple[str, ...]
    tables: tuple[Table, ...]
    deliveries: Mapping[str, int]
    matchings: tuple[str, ...]
    judges: tuple[CardView, ...]


def card(about: About) -> str:
    """The whole README.md."""
    front = yaml.safe_dump(_front(about), allow_unicode=True, sort_keys=False, width=100)
    return f"---\n{front}---\n\n" + "\n\n".join(_sections(about)) + "\n"


# -- for the hub ---------------------------------------------------------------------------------------


def _front(about: About) -> dict[str, object]:
    return {
        "pretty_name": _title(about),
        "license": LICENSE,
        **_languages(about.languages),
        "size_categories": [_size(about.tables[0].rows)],
        "task_categories": ["text-generation"],
        "tags": ["sordino", "audit", "evaluation", "censorship", "selectivity"],
        "configs": [_config(table, is_default=not n) for n, table in enumerate(about.tables)],
        "dataset_info": [_info(table) for table in about.tables],
    }


def _title(about: About) -> str:
    pack = about.manifest.pack
    asked = "its recording's questions" if pack.source == "recording" else f"{pack.name} {pack.version}"
    return visible(f"{target_name(about.manifest.target.name)} asked {asked}: a Sordino audit")


def _languages(tags: Sequence[str]) -> dict[str, object]:
    """ISO 639 codes, and whole tags beside them where they say more."""
    known = [tag for tag in tags if re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", tag) and tag != "und"]
    codes = list(dict.fromkeys(tag.partition("-")[0] for tag in known))
    found: dict[str, object] = {"language": codes} if codes else {}
    return found | ({"language_bcp47": known} if set(known) - set(codes) else {})


def _size(rows: int) -> str:
    return next((name for least, name in SIZES if rows < least), "n>1M")


def _config(table: Table, *, is_default: bool) -> dict[str, object]:
    files = [{"split": SPLIT, "path": f"data/{table.name}.parquet"}]
    return {
        "config_name": table.name,
        **({"default": True} if is_default else {}),
        "data_files": files,
    }


def _info(table: Table) -> dict[str, object]:
    return {
        "config_name": table.name,
        "features": [{"name": name, "dtype": kind} for name, kind in table.columns.items()],
        "splits": [{"name": SPLIT, "num_bytes": table.size, "num_examples": table.rows}],
        "download_size": table.packed,
        "dataset_size": table.size,
    }


# -- for people ----------------------------------------------------------------------------------------


def _sections(about: About) -> Iterator[str]:
    manifest = about.manifest
    yield f"# {_escaped(_title(about))}"
    yield f"> {_escaped(about.sentence)}"
    yield "## What is here"
    rows = [[f"`{t.name}`", f"{t.rows:,}", TABLES.get(t.name, "")] for t in about.tables]
    yield _table(("table", "rows", "one row is"), rows)
    counts = ", ".join(f"{n:,} {delivery}" for delivery, n in about.deliveries.items())
    yield f"Of the exchanges: {counts}."
    yield _loading(about.tables[0].name)
    yield "## Columns of `exchanges`"
    known = [[f"`{name}`", kind, COLUMNS.get(name, "")] for name, kind in about.tables[0].columns.items()]
    yield _table(("column", "type", "what it is"), known)
    yield (
        "Missing is null and never zero. Half characters and NUL, which models emit and UTF-8 or databases "
        "refuse, are U+001A and four hexadecimal digits, and so is U+001A itself."
    )
    yield "## How it was made"
    yield f"```\n{_plain(shlex.join(map(_word, shlex.split(manifest.command))))}\n```"
    yield _table(("", ""), [[name, f"`{_plain(value)}`"] for name, value in _made(manifest)])
    yield "## What it can and cannot say"
    yield "\n".join(f"- {line}" for line in _limits(about))
    if about.judges:
        yield "## How good the judges are"
        yield _table(("judge", "reads", "measured"), [_judge(judge) for judge in about.judges])
    yield "## Licence"
    yield _LICENCE
    if manifest.pack.canary:
        yield "## Not for training"
        yield (
            "These questions measure models. Keep them, and their answers, out of training data; this "
            "string marks what holds them:"
        )
        yield f"```\n{_plain(manifest.pack.canary)}\n```"


_LICENCE = (
    "The card says `license: unknown` until whoever publishes this says otherwise. Answers are the model's "
    "output: whether and how they may be passed on is in the model's licence, or in its host's terms. "
    "Questions are the pack's or the recording's, under their licence. Where both allow one licence for "
    "all, write it into the first lines of this file; `license: other` needs a `license_name` and a text."
)


def _loading(name: str) -> str:
    path = f"data/{name}.parquet"
    return (
        f'```python\nimport pandas as pd\n\nexchanges = pd.read_parquet("{path}")\n```\n\n'
        f"`sordino audit replay:{path}` audits it again."
    )


def _made(manifest: Manifest) -> Iterator[tuple[str, str]]:
    target, pack = manifest.target, manifest.pack
    yield "run", manifest.run
    yield "begun", manifest.created
    yield "Sordino", manifest.sordino
    yield "target", _word(target.spec)
    yield "revision", target.revision
    yield f"questions from a {pack.source}", f"{pack.name} {pack.version}, {pack.hash}"
    yield from ((f"judge of {axis}", judge) for axis, judge in manifest.judges.items())


def _judge(judge: CardView) -> list[str]:
    rows = judge_card.headline(judge.figures)
    said = "; ".join(f"{row.name}: {row.cells[0]} (n = {row.cells[1]})" for row in rows)
    return [f"`{_plain(judge.id)}`", judge.axis, _escaped(said or judge.summary)]


def _limits(about: About) -> Iterator[str]:
    yield from LIMITS
    yield from (words.MATCHINGS[name] for name in about.matchings)
    yield (
        "Answers are what a model said: they may be false, offend, or defame. None was checked for truth "
        "beyond the facts and claims that were looked for."
    )
    yield from (_escaped(pathless(note)) for note in about.manifest.notes)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _word(word: str) -> str:
    """A word of a command with the folders taken out of its path, which may have spaces in it."""
    return re.sub(r"^(\w+:)?(?:~|[A-Za-z]:)?[/\\].*[/\\](?=.)", r"\1", word)


def _plain(text: str) -> str:
    """For code: on one line, without what would end it, and without folders."""
    return visible(" ".join(pathless(text).split())).replace("`", "'").replace("|", "¦")


def _escaped(text: str) -> str:
    """For prose: nothing in it is markup."""
    return re.sub(r"([\\`*_\[\]<>|~#&])", r"\\\1", visible(" ".join(text.split())))
