"""An audit from its settings: finds the target, the probes and the judges, and hands them to auditing."""

import platform
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from sordino import __version__
from sordino.auditing import run as auditing
from sordino.auditing.plan import plan
from sordino.core.errors import SpecError, StoreError, unknown
from sordino.core.identity import digest
from sordino.core.manifest import Manifest, Owed, PackIdentity, RunStatus
from sordino.core.records import NOT_RECORDED, Probe
from sordino.generation.replay import ReplayBackend
from sordino.reporting import render
from sordino.store.store import Store
from sordino.wiring import judges, targets
from sordino.wiring.run import Run
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    from sordino.generation.recording import Recording

Progress = Callable[[str, int, int], None]
LIBRARIES = ("numpy", "scipy", "pandas", "google-re2")


@dataclass(frozen=True)
class Questions:
    """The probes of an audit and where they come from."""

    probes: Sequence[Probe]
    pack: PackIdentity
    jurisdictions: dict[str, dict[str, str]]
    templates: dict[str, str]


def audit(
    settings: AuditSettings,
    store: str | Path,
    *,
    progress: Progress = lambda _stage, _done, _total: None,
    out: Path | None = None,
) -> Run:
    """Carry out an audit, or the rest of it.

    out: where a report will be written; that it can be is checked before anything is asked.
    """
    if out is not None:
        render.check_writable(out)
    recording = targets.recording(settings)
    questions = _questions(settings, recording)
    with ReplayBackend(recording) as backend:
        owed = plan(
            questions.probes,
            backend.identity,
            sampling=NOT_RECORDED,
            samples=recording.samples,
            epoch=settings.epoch,
            holds=backend.holds,
        )
        chosen = judges.judges(owed, backend.identity.name, traces=recording.has_reasoning)
        manifest = _manifest(settings, questions, recording, judges.by_axis(chosen), owed)
        with Store.open(store) as opened:
            try:
                auditing.run(manifest, owed, backend, chosen, opened, progress, seed=settings.seed)
            except KeyboardInterrupt:
                with suppress(StoreError):  # it may not have begun
                    opened.set_status(manifest.run, RunStatus.INTERRUPTED)
                raise
    return Run(manifest.run, store)


def _questions(settings: AuditSettings, recording: "Recording") -> Questions:
    if settings.pack is None:
        return _own_questions(settings, recording)
    from sordino.packs import load  # noqa: PLC0415 - brings pydantic

    pack = load.pack(settings.pack)
    probes = pack.probes(
        languages=settings.languages or None,
        templates=settings.templates or None,
        jurisdictions=settings.jurisdictions or None,
    )
    titles = {t.id: t.title.get("en", t.id) for t in pack.templates}
    names = {code: dict(by) for code, by in pack.jurisdictions.items()}
    return Questions(probes, pack.identity, names, titles)


def _own_questions(settings: AuditSettings, recording: "Recording") -> Questions:
    probes = recording.probes()
    for noun, wanted, field in (
        ("language", settings.languages, "language"),
        ("jurisdiction", settings.jurisdictions, "jurisdiction"),
        ("template", settings.templates, "template"),
    ):
        known = {str(value) for probe in probes if (value := getattr(probe, field)) is not None}
        for given in wanted:
            if given not in known:
                raise SpecError(f"--{noun}: " + unknown(noun, given, known))
        probes = [p for p in probes if not wanted or str(getattr(p, field)) in wanted]
    content = digest([[p.id, p.question] for p in probes])
    pack = PackIdentity(recording.path.stem, "as recorded", content, source="recording")
    return Questions(probes, pack, {}, {})


def _manifest(
    settings: AuditSettings,
    questions: Questions,
    recording: "Recording",
    judge_ids: Mapping[str, str],
    owed: Sequence[Owed],
) -> Manifest:
    # The order in which --language and its like were given is no difference, nor is what was not given.
    given = {
        k: sorted(set(v)) if isinstance(v, tuple) else v
        for k, v in asdict(settings).items()
        if k != "target" and v not in (None, ())
    }
    content = {
        "target": recording.identity.revision,
        "model": recording.identity.name,
        "pack": questions.pack.hash,
        "judges": judge_ids,
        "settings": given,
        "owed": digest([o.request.key if o.request else o.probe.id for o in owed]),
    }
    slug = re.sub(r"[^a-z0-9]+", "-", recording.identity.name.lower()).strip("-")[:40] or "run"
    return Manifest(
        run=f"{slug}-{digest(content)[:8]}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sordino=__version__,
        command=settings.command(),
        target=replace(recording.identity, spec=settings.target),
        pack=questions.pack,
        settings=asdict(settings),
        judges=judge_ids,
        environment={
            "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}",
            **{name: version(name) for name in LIBRARIES},
        },
        jurisdictions=questions.jurisdictions,
        templates=questions.templates,
        notes=tuple(recording.notes),
    )
