"""An audit from its settings: finds the target, the probes and the judges, and hands them to auditing."""

import platform
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sordino import __version__
from sordino.auditing import run as auditing
from sordino.auditing.plan import plan
from sordino.auditing.rounds import Rounds, margin_of
from sordino.auditing.run import LONGEST_UNSTORED
from sordino.core.errors import SordinoError, StoreError
from sordino.core.identity import digest
from sordino.core.manifest import Manifest, Owed, RunStatus
from sordino.core.protocols import Judge
from sordino.core.records import Request
from sordino.reporting import document
from sordino.store.store import Store
from sordino.wiring import judges, targets
from sordino.wiring.cost import Cost
from sordino.wiring.run import Run
from sordino.wiring.settings import HOW_COMPUTED, AuditSettings
from sordino.wiring.spending import Spending
from sordino.wiring.targets import Target

Progress = Callable[[str, int, int], None]
LIBRARIES = ("numpy", "scipy", "pandas", "google-re2")


def audit(
    settings: AuditSettings,
    store: str | Path,
    *,
    progress: Progress = lambda _stage, _done, _total: None,
    out: Path | None = None,
    agree: Callable[[Cost], None] = lambda _: None,
    spent: Callable[[Spending], None] = lambda _: None,
) -> Run:
    """Carry out an audit, or the rest of it.

    out: where a report will be written; that it can be is checked before anything is asked.
    agree: told what asking a server will take at the most, before anything is sent; raises to decline.
    spent: told of a server what it took, and what the budget left unasked.
    """
    if out is not None:
        document.check_writable(out)
    return carry_out(prepare(settings), store, progress=progress, agree=agree, spent=spent)


@dataclass(frozen=True)
class Prepared:
    """An audit of which everything is known but the answers."""

    target: Target
    owed: Sequence[Owed]
    judges: Sequence[Judge]
    manifest: Manifest


def prepare(settings: AuditSettings) -> Prepared:
    """Looks everything up, and asks and loads nothing. Raises what is wrong with the settings."""
    target = targets.target(settings)
    owed = plan(
        target.questions.probes,
        target.identity,
        sampling=target.sampling,
        system=target.settings.system,
        prefill=target.settings.prefill,
        samples=target.samples,
        epoch=target.settings.epoch,
        holds=target.holds,
    )
    chosen = judges.judges(owed, target.identity.name, traces=target.traces)
    return Prepared(target, owed, chosen, _manifest(target, judges.by_axis(chosen), owed))


def carry_out(
    prepared: Prepared,
    store: str | Path,
    *,
    progress: Progress = lambda _stage, _done, _total: None,
    agree: Callable[[Cost], None] = lambda _: None,
    spent: Callable[[Spending], None] = lambda _: None,
) -> Run:
    """As `audit`."""
    target, owed, chosen, manifest = prepared.target, prepared.owed, prepared.judges, prepared.manifest
    with Store.open(store) as opened, target.backend as backend:
        if target.spending and (due := _due(owed, opened)):
            target.spending.begin()  # before anybody is asked about money, or a run is begun
            agree(target.spending.expected(due))
        try:
            auditing.run(
                manifest,
                owed,
                backend,
                chosen,
                opened,
                progress,
                seed=target.settings.seed,
                # What a budget has paid for must not be lost with the process.
                unstored=0.0 if target.spending and target.spending.budget.is_bound else LONGEST_UNSTORED,
            )
        except (KeyboardInterrupt, SordinoError):
            with suppress(StoreError):  # it may not have begun
                opened.set_status(manifest.run, RunStatus.INTERRUPTED)
            raise
        finally:
            if target.spending and (target.spending.spent.sendings or target.spending.left):
                spent(target.spending)
    return Run(manifest.run, store)


def _due(owed: Sequence[Owed], store: Store) -> list[Request]:
    wanted = {o.request.key: o.request for o in owed if o.request}
    settled = store.settled(wanted)
    return [request for key, request in wanted.items() if key not in settled]


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
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
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
        notes=(*target.notes, *questions.notes, *_rounds(target, owed)),
    )


def _rounds(target: Target, owed: Sequence[Owed]) -> tuple[str, ...]:
    """What there is to say of asking until enough is certain. Raises SpecError where that cannot be."""
    margin, pack = margin_of(target.spec), target.questions.pack.hash
    if margin is None:
        return ()
    return Rounds.of(owed, margin=margin, pack=pack, seed=target.settings.seed).notes
