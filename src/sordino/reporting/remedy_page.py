"""The whole page model of a remedy, from its source: no HTML, no pictures, nothing written."""

from collections.abc import Iterator

from sordino.core.names import target_name
from sordino.remedy.record import Rung, Tried, Verdict
from sordino.reporting import remedy_sentence, remedy_tables, remedy_words, words
from sordino.reporting.page import day
from sordino.reporting.remedy_signed import signed
from sordino.reporting.remedy_source import RemedySource, measured
from sordino.reporting.remedy_views import RemedyPage
from sordino.reporting.text import label, prose
from sordino.reporting.views import Row, Table

LIMITS = (
    "A gate that was passed bounds what was measured. It is no proof that nothing is withheld any more, "
    "nor that the model is safe.",
    "Languages in which nothing was asked may still be muted, and so may topics unlike those held out.",
    "Facts are found by the pack's patterns. An answer that states all of them can still be wrong "
    "elsewhere, one-sided or unfair: hence the reading by people.",
    "Whether harm is refused was asked in single, plain requests. Long conversations, disguised requests "
    "and tools were not tried.",
    "Judges err, before and after alike. Their measured quality is in the report of an audit.",
    "The figures are of these weights. Another quantisation, a merge or further training can bring the "
    "mute back, or take the refusals away.",
)
REJECTED = (
    "That these rungs failed does not say that the mute cannot be taken off: other settings, more topics "
    "or more languages may do it.",
)

_GATES = (
    "Every rung is fitted on some topics and put to the gates on others, before and after, paired by "
    "question. The first rung that passes every gate is taken; the rest are not tried. Where none passes, "
    "nothing is exported."
)
_RUNGS = {
    Rung.PROTECTED: (
        "Rung A. In each language and layer the difference of means between questions that are withheld "
        "and their answered siblings (Arditi et al. 2024), projected off what must stay: the direction of "
        "harm, as Wang et al. (2025) do it for false refusals, what tells the jurisdiction from others on "
        "neutral matters, and the leading components of general prompts. What is left is taken out of what "
        "the layers write."
    ),
    Rung.CONDITIONAL: (
        "Rung B. What the attention and the feed-forward part of the middle layers write gets a change of "
        "low rank: gates that answer to what is read there, and shifts that they write (a shift under a "
        "condition: Lee et al. 2025). Both are learnt together, so that each token of an honest opening "
        "leads all others on withheld questions, and so that matters which do not exist are not evaded, "
        "while a penalty on the divergence holds the first token of siblings, neutral questions, "
        "look-alikes and refused requests where it was (Fang et al. 2025 project instead). Several such "
        "edits are learnt apart, and their mean is taken (Breiman 1996)."
    ),
    Rung.LORA: (
        "Rung C. A low-rank adapter (Hu et al. 2022) learns honest answers, then to prefer them to the "
        "evasions (DPO: Rafailov et al. 2023), with the divergence from the original held down on what "
        "must not change: its own refusals of harm and its own general answers."
    ),
}
_MISSING = (
    "A dash is a figure that was not measured or cannot be estimated. It is never a zero. A gate that "
    "could not be measured is neither passed nor failed, and the result names it."
)


def page(source: RemedySource) -> RemedyPage:
    """The page model."""
    record = source.record
    model, name = label(target_name(record.model)), label(record.name)
    own = measured(source.told)
    exported = record.accepted is not None
    carried = remedy_sentence.carried(source)
    return RemedyPage(
        title=f"{model} about {name}: Sordino remedy",
        heading=f"{model}, about {name}",
        date=day(record.created),
        outcome=remedy_sentence.outcome(record),
        sentence=prose(remedy_sentence.sentence(source)),
        doubts=(*remedy_sentence.unmeasured(source), *(row.name for row in carried if row.tone)),
        size=_size(source),
        invented=source.invented,
        of=_of(source.told),
        figures=remedy_tables.figures(record, own),
        meanings=remedy_tables.meanings(own),
        gates=remedy_tables.gates(source.told.gates if source.told else ()),
        ladder=remedy_tables.ladder(source),
        rungs=remedy_tables.rungs(source),
        controls=remedy_tables.controls(source),
        about_controls=remedy_tables.about_controls(source),
        fitted=remedy_sentence.fitted(record),
        carried=carried,
        carries_over=_carries_over(source),
        sets=remedy_tables.sets(record),
        topics=remedy_tables.topics(source),
        signed=signed(source.signoff, exported=exported),
        files=tuple(Row(label(name), (what,), href=name) for name, what in source.files.items()),
        weights=source.weights if exported else "",
        notes=tuple(map(prose, record.notes)),
        limits=LIMITS if exported else (*REJECTED, *LIMITS),
        method=tuple(_method(source)),
        command=prose(record.command),
        manifest=tuple(_manifest(source)),
    )


def _of(tried: Tried | None) -> str:
    if tried is None:
        return ""
    name = remedy_words.rung(tried.rung)
    return f"{name}, which was accepted" if tried.is_accepted else f"{name}, which was not accepted"


def _size(source: RemedySource) -> str:
    record = source.record
    numbers = {
        "rungs tried": len(record.tried),
        "topics fitted": len(record.fitted),
        "topics held out": len(record.held_out),
        "languages": len(record.languages),
    }
    told = [
        f"{words.count(n)} {noun if n != 1 else noun.replace('s', '', 1)}"
        for noun, n in numbers.items()
        if n
    ]
    return " · ".join([*told, remedy_words.seconds(record.seconds)])


def _carries_over(source: RemedySource) -> Table:
    rows = remedy_tables.figures(source.record, source.record.carries_over).rows
    caption = "Fitted without one of its languages: what it does in the one left out"
    return Table(caption, remedy_tables.FIGURES, rows)


def _method(source: RemedySource) -> Iterator[str]:
    yield _GATES
    for one in source.record.tried:
        yield _RUNGS[one.rung]
    methods = {
        side.method
        for tried in source.record.tried
        for one in measured(tried)
        for side in (one.before, one.after, one.change)
        if side is not None and side.method and side.low is not None
    }
    if methods:
        yield f"Intervals (95%): {'; '.join(sorted(map(label, methods)))}."
    if any(gate.verdict is Verdict.NOT_MEASURED for one in source.record.tried for gate in one.gates):
        yield _MISSING
    else:
        yield _MISSING.partition(" A gate")[0]


def _manifest(source: RemedySource) -> Iterator[Row]:
    record = source.record
    known = {
        "target": record.target,
        "revision": record.revision,
        "pack": record.pack,
        "jurisdiction": record.jurisdiction,
        "record made": record.created,
        "seed": str(record.seed),
        **{f"run {name}": run for name, run in record.runs.items()},
        **{f"judge of {axis}": judge for axis, judge in source.judges.items()},
        **{f"version of {name}": version for name, version in record.environment.items()},
        "SHA-256 of remedy.json": source.sha256,
    }
    yield from (Row(label(name), (prose(value),)) for name, value in known.items() if value)
