"""The probes of an audit and where they come from: a pack, or the recording that answers them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sordino.core.errors import SpecError, unknown
from sordino.core.identity import digest
from sordino.core.manifest import PackIdentity
from sordino.core.names import read_names
from sordino.core.records import Probe
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    from sordino.generation.recording import Recording


@dataclass(frozen=True)
class Questions:
    """Probes, with the names that a report has for their jurisdictions (by language) and templates.

    notes: what a reader of the report must know of the questions.
    """

    probes: Sequence[Probe]
    pack: PackIdentity
    jurisdictions: dict[str, dict[str, str]] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def of_pack(name: str, settings: AuditSettings) -> Questions:
    """The chosen probes of a pack, by name or folder."""
    from sordino.packs import load  # noqa: PLC0415 - brings pydantic
    from sordino.packs.coverage import unverified  # noqa: PLC0415

    pack = load.pack(name)
    probes = pack.probes(
        languages=settings.languages or None,
        templates=settings.templates or None,
        jurisdictions=settings.jurisdictions or None,
        phrasings=settings.phrasings or None,
    )
    titles = {t.id: t.title.get("en", t.id) for t in pack.templates}
    names = {code: dict(by) for code, by in pack.jurisdictions.items()}
    cells = {(p.template, p.jurisdiction): p.cell for p in probes}
    said = unverified([fact for cell in cells.values() for fact in cell.facts])
    return Questions(probes, pack.identity, names, titles, (said,) if said else ())


def recorded(recording: "Recording", settings: AuditSettings) -> Questions:
    """The chosen questions of those that a recording holds itself."""
    probes = recording.probes()
    for noun, wanted, name in (
        ("language", settings.languages, "language"),
        ("jurisdiction", settings.jurisdictions, "jurisdiction"),
        ("template", settings.templates, "template"),
        ("phrasing", settings.phrasings, "phrasing"),
    ):
        known = {str(value) for probe in probes if (value := getattr(probe, name)) is not None}
        for given in wanted:
            if given not in known:
                names = read_names(noun, known)
                raise SpecError(f"--{noun}: " + unknown(noun, given, known, names=names))
        probes = [p for p in probes if not wanted or str(getattr(p, name)) in wanted]
    # In whatever order: of several models in one file, each has its own.
    content = digest(sorted([p.id, p.question] for p in probes))
    return Questions(probes, PackIdentity(recording.path.stem, "as recorded", content, source="recording"))


def unasked(target: str) -> SpecError:
    """For a target that answers whatever it is asked, when nobody said what to ask."""
    from sordino.packs import load  # noqa: PLC0415

    return SpecError(
        f"{target} answers whatever it is asked. Say what with --pack: a name or a folder. "
        f"There are: {', '.join(load.names())}."
    )
