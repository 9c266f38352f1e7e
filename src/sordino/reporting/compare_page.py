"""The whole page model of a comparison, from its source: no HTML, no pictures, nothing written."""

from collections.abc import Iterator

from sordino.core.manifest import Manifest
from sordino.reporting import words
from sordino.reporting.compare_flows import alone, flow_tables, places
from sordino.reporting.compare_source import CompareSource
from sordino.reporting.compare_tables import control, host, parts
from sordino.reporting.compare_transcripts import changed_pairs
from sordino.reporting.compare_views import ComparePage
from sordino.reporting.page import day
from sordino.reporting.text import label, prose
from sordino.reporting.transcripts import SHOWN
from sordino.reporting.views import Row, Table


def page(source: CompareSource, shown: int = SHOWN) -> ComparePage:
    """The page model; `shown` caps the pairs of transcripts on it."""
    made = source.made
    title = label(made.sides.title)
    return ComparePage(
        title=f"{title}: Sordino comparison",
        heading=title,
        sentence=prose(made.sentence),
        size=_size(source),
        invented=made.a.pack.invented or made.b.pack.invented,
        names=source.names,
        about=_about(source),
        notes=tuple(map(prose, made.notes)),
        parts=parts(source),
        control=control(source),
        host=host(source),
        flows=flow_tables(source),
        places=places(source),
        alone=alone(source),
        pairs=changed_pairs(source, shown),
        method=tuple(_method(source)),
        commands=_commands(source),
    )


def _size(source: CompareSource) -> str:
    pairs = source.made.pairs
    numbers = {
        "pairs": len(pairs),
        "templates": pairs["template"].nunique(),
        "jurisdictions": pairs["jurisdiction"].nunique(),
        **({} if source.between_languages else {"languages": pairs["language"].nunique()}),
        "changed": int(pairs["changes"].ne("").sum()),
    }
    return " · ".join(
        f"{words.count(n)} {noun[:-1] if n == 1 and noun != 'changed' else noun}"
        for noun, n in numbers.items()
        if n or noun == "changed"
    )


def _about(source: CompareSource) -> Table:
    """Both sides, in the fields in which they may differ; where they do not, once is enough."""
    ours, theirs = (dict(_fields(m)) for m in (source.made.a, source.made.b))
    rows = tuple(Row(name, (value, theirs[name])) for name, value in ours.items() if value or theirs[name])
    return Table("", ("A", "B"), rows)


def _fields(manifest: Manifest) -> Iterator[tuple[str, str]]:
    target = manifest.target
    yield "Run", label(manifest.run)
    yield "Target", label(target.spec)
    yield "Revision", label(target.revision)
    yield "Host", label(target.host or "")
    yield "Epoch", label(str(manifest.settings.get("epoch") or ""))
    yield "Questions", label(f"{manifest.pack.name} {manifest.pack.version}")
    yield "Begun", day(manifest.created)


def _method(source: CompareSource) -> Iterator[str]:
    yield (
        "Probes are paired by what they ask: template, jurisdiction, kind, language, phrasing and sample. "
        "A figure counts only pairs of which both sides have a value; what a side blocked, cut, lost or "
        "left unread is named beside it and never counted as an answer."
    )
    yield (
        "Difference: how much went up from A to B less how much went down, over discordant pairs, as "
        "means over templates, templates as clusters (Jeffreys' intervals on the effective number of "
        "pairs, joined by MOVER: Zou and Donner 2008; at either end Student's t over templates where that "
        "is wider). p is one less the level at which that interval ends at zero, adjusted by Holm's method "
        "over the places of a measure, and never below that of a sign flip over the place's own templates "
        "(McNemar's exact test where each has one pair). A difference is called shown when its interval "
        "leaves zero out and the adjusted p is below 0.05."
    )
    yield (
        "Against siblings: the jurisdiction's change less the change of its median sibling, paired by "
        "template, by Monte Carlo from the arms of both sides. What changed everywhere alike is none."
    )
    if source.made.effect is not None:
        yield (
            "Texts are compared by their words, whatever their spaces, and by the shingles that they share "
            "(Broder 1997)."
        )


def _commands(source: CompareSource) -> tuple[str, ...]:
    """What repeats either run, and the comparison."""
    a, b = source.made.a, source.made.b
    audits = dict.fromkeys(prose(manifest.command) for manifest in (a, b))
    return *audits, prose(source.command)
