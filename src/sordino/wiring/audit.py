"""An audit from its settings: finds the target, the probes and the judges, and hands them to auditing."""

import platform
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sordino import __version__
from sordino.auditing import run as auditing
from sordino.auditing.plan import plan
from sordino.core.errors import StoreError
from sordino.core.identity import digest
from sordino.core.manifest import Manifest, Owed, RunStatus
from sordino.reporting import render
from sordino.store.store import Store
from sordino.wiring import judges, targets
from sordino.wiring.run import Run
from sordino.wiring.settings import HOW_COMPUTED, AuditSettings
from sordino.wiring.targets import Target

Progress = Callable[[str, int, int], None]
LIBRARIES = ("numpy", "scipy", "pandas", "google-re2")


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
    target = targets.target(settings)
    owed = plan(
        target.questions.probes,
        target.identity,
        sampling=target.sampling,
        system=target.settings.system,
        samples=target.samples,
        epoch=target.settings.epoch,
        holds=target.holds,
    )
    chosen = judges.judges(owed, target.identity.name, traces=target.traces)
    manifest = _manifest(target, judges.by_axis(chosen), owed)
    with Store.open(store) as opened, target.backend as backend:
        try:
            auditing.run(manifest, owed, backend, chosen, opened, progress, seed=target.settings.seed)
        except KeyboardInterrupt:
            with suppress(StoreError):  # it may not have begun
                opened.set_status(manifest.run, RunStatus.INTERRUPTED)
            raise
    return Run(manifest.run, store)


def _manifest(target: Target, judge_ids: Mapping[str, str], owed: Sequence[Owed]) -> Manifest:
    identity, questions = target.identity, target.questions
    # The order in which --language and its like were given is no difference, nor is what was not given.
    given = {
        k: sorted(set(v)) if isinstance(v, tuple) else v
        for k, v in target.spec.items()
        if k not in ("target", *HOW_COMPUTED) and v not in (None, ())
    }
    content = {
        "target": identity.revision,
        "model": identity.name,
        "pack": questions.pack.hash,
        "judges": judge_ids,
        "settings": given,
        "owed": digest([o.request.key if o.request else o.probe.id for o in owed]),
    }
    slug = re.sub(r"[^a-z0-9]+", "-", identity.name.lower()).strip("-")[:40] or "run"
    return Manifest(
        run=f"{slug}-{digest(content)[:8]}",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        sordino=__version__,
        command=target.settings.command(),
        target=identity,
        pack=questions.pack,
        settings=target.spec,
        judges=judge_ids,
        environment={
            "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}",
            **{name: version(name) for name in (*LIBRARIES, *target.libraries)},
        },
        jurisdictions=questions.jurisdictions,
        templates=questions.templates,
        notes=(*target.notes, *questions.notes),
    )
