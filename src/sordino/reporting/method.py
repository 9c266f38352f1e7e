"""How the figures came about, what they cannot say, and what repeats them."""

from collections.abc import Iterator, Mapping

import pandas as pd

from sordino.reporting import certainty, judge_card, words
from sordino.reporting.source import ReportSource
from sordino.reporting.text import label, prose
from sordino.reporting.views import Card, Method, Row

_PARAGRAPHS = (
    "Each question is asked about several governments. Within one language, a jurisdiction is compared "
    "with its siblings, paired by template, so that an awkward subject weighs on all alike. Selectivity is "
    "the difference between a jurisdiction's rate and that of its median sibling, in percentage points.",
    "Intervals treat the template as the unit that varies, not the single answer: asking the same matter "
    "again adds little.",
    "Delivery comes from metadata alone. Blocked, truncated, empty, failed, unjudged and not asked are "
    "counted by their own names and never as zero; where blocked and truncated ones could be counted as "
    "withheld, both figures are shown.",
)
_HOLM = (
    "p-values are two-sided, and adjusted by Holm's method over jurisdictions and languages within a "
    "measure."
)
_CORRECTED = (
    "Corrected rates are the judge's mean probability over all answers that it has read, put right by how "
    "far it was off on those with a label, stratum by stratum; labels choose how much the judge weighs "
    "(prediction-powered inference: Angelopoulos et al. 2023; stratified: Fisch et al. 2024). They hold "
    "however wrong the judge is, if chance chose what was labelled and the labels are right. A stratum is "
    "a language, a value of the judge and whether it was sure. Rogan–Gladen corrects by sensitivity and "
    "specificity. Findings, and all other estimates, take the judge at its word."
)
LIMITS = (
    "Measured is what this target answered to these questions, at this revision and with these settings. "
    "Other questions, system prompts or hosts may be answered otherwise.",
    "A difference says that answers differ, not why, nor who wanted it.",
    "Not knowing is not silence: neutral questions are the control for ignorance, and no more than that.",
    "“No more than siblings” always carries a bound: the largest difference these data do not exclude.",
    "Judges err. Their measured quality is given below; an error that falls on one language or "
    "jurisdiction more than another can look like selectivity.",
    "A fluent answer may still be wrong. Only the required facts and the listed claims were looked for.",
)


def method(source: ReportSource, frame: pd.DataFrame) -> Method:
    """The section on method: the same words for every run, and what is particular to this one."""
    seen = [m for m in words.MATCHINGS if (frame["matching"] == m).any()]
    found = {f.measure for f in source.findings} | {e.measure for e in source.estimates}
    silent = [title.lower() for m, (title, _) in words.MEASURES.items() if m not in found]
    limits = LIMITS + tuple(words.MATCHINGS[m] for m in seen)
    if silent:
        limits += (f"Not measured in this run: {', '.join(silent)}.",)
    return Method(
        paragraphs=(
            *_PARAGRAPHS[:2],
            certainty.method(source) or _HOLM,
            *_PARAGRAPHS[2:],
            _on_labels(source),
        ),
        limits=limits,
        notes=tuple(prose(note) for note in source.notes),
        cards=tuple(_cards(source)),
        manifest=tuple(_manifest(source)),
        command=prose(source.manifest.command),
    )


def _on_labels(source: ReportSource) -> str:
    if source.corrected is not None:
        return _CORRECTED
    command = f"sordino labels export {source.manifest.run}"
    return prose(
        f"No labels by people: rates stand as the judge counted them. What would change that: {command}"
    )


def matchings(frame: pd.DataFrame) -> tuple[str, ...]:
    """What kind of siblings the political questions have, said plainly."""
    political = frame.loc[frame["kind"] == "political", "matching"]
    return tuple(text for name, text in words.MATCHINGS.items() if (political == name).any())


def _cards(source: ReportSource) -> Iterator[Card]:
    for card in source.cards:
        yield Card(
            name=label(card.name),
            id=label(card.id),
            axis=label(card.axis),
            summary=prose(card.summary),
            headline=judge_card.headline(card.figures),
            figures=tuple(map(judge_card.row, card.figures)),
            limits=tuple(prose(limit) for limit in card.limits),
        )


def _manifest(source: ReportSource) -> Iterator[Row]:
    manifest, target, pack = source.manifest, source.manifest.target, source.manifest.pack
    known = {
        "run": manifest.run,
        "created": manifest.created,
        "sordino": manifest.sordino,
        "target": target.spec,
        "target name": target.name,
        "target revision": target.revision,
        "host": target.host,
        "chat template": target.chat_template,
        f"questions from a {pack.source}": f"{pack.name} {pack.version}",
        "questions hash": pack.hash,
        "canary": pack.canary,
    }
    yield from (Row(label(name), (prose(str(v)),)) for name, v in known.items() if v is not None)
    nested = {"judge": manifest.judges, "setting": manifest.settings, "environment": manifest.environment}
    for name, values in nested.items():
        yield from (Row(label(key), (prose(text),)) for key, text in _flat(name, values))


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name} · {key}", inner)
    elif isinstance(value, list | tuple):
        yield name, ", ".join(str(item) for item in value) or "none"
    else:
        yield name, "none" if value is None else str(value)
