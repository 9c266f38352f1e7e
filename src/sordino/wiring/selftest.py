"""The instrument measures itself: audits of models whose truth is known, and losses played by a script.

The audits take the road of `sordino audit`. They go into a store of their own in the user's cache folder,
one for each state of what makes answers and reads them: what a model said is asked once, a selftest that
was stopped goes on, and nothing outlives the code that made it, even where its id stayed the same.
The scripted losses cost nothing, and are played anew each time.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

from sordino.core.errors import SpecError, StoreError, unknown
from sordino.core.identity import digest
from sordino.core.records import Delivery, Probe
from sordino.organism.calibration import calibrate
from sordino.organism.planting import PACK, Planting, measured, plantings
from sordino.organism.taught import is_taught
from sordino.organism.verdict import Selftest
from sordino.packs import load
from sordino.wiring import delivery_cases
from sordino.wiring.audit import Progress, audit
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    import pandas as pd

ROOMS = tuple(f"sordino.{room}" for room in ("core", "execution", "generation", "judging", "modeling"))
LIBRARIES = ("torch", "transformers")
"""They decide what a model says as well; its weights are in its revision, so in every request's key."""


def selftest(
    organisms: Sequence[str] = (),
    store: str | Path | None = None,
    *,
    recordings: Path | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Selftest:
    """Audit organisms and hold what was found against what is planted in them.

    organisms: by name; none named means all that are for it. store: see the module; given, it
    is used as it is.
    recordings: a folder with the answers of each organism as NAME.jsonl, read instead of asking the model,
    and taken for what is planted.
    Raises SpecError for an organism that is not known, and whatever an audit raises.
    """
    known = plantings()
    for name in organisms:
        if name not in known:
            raise SpecError(unknown("organism", name, measured()))
        if not known[name].selftest:
            raise SpecError(
                f"The organism {name} is there to be remedied; the instrument is measured on "
                f"{', '.join(measured())}. Name one of these."
            )
    began = monotonic()
    kept = store if store is not None else own_store()
    pack = load.pack(PACK)
    probes = {probe.id: probe for probe in pack.probes()}
    calibrations = []
    judges: dict[str, str] = {}
    for name in dict.fromkeys(organisms or measured()):
        run = audit(_settings(name, recordings), kept, progress=_prefixed(name, progress))
        strays = set() if recordings else _strays(run.exchanges, known[name], probes)
        calibrations.append(calibrate(run.exchanges, run.findings, known[name], probes, strays))
        judges |= run.manifest.judges
    with TemporaryDirectory(prefix="sordino-") as fresh:
        losses = Path(fresh) / "deliveries.db"
        checks = delivery_cases.checks(pack, losses, _prefixed("deliveries", progress))
    return Selftest(tuple(calibrations), tuple(checks), judges, monotonic() - began)


def own_store() -> Path:
    """Where a selftest keeps its runs unless told. Raises StoreError where no folder can be made."""
    folder = user_cache_path("sordino", appauthor=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The cache folder {folder} cannot be made ({error.strerror}). Name a store with --store FILE."
        ) from error
    made_by = [[_content(files(room)) for room in ROOMS], [_version(name) for name in LIBRARIES]]
    return folder / f"selftest-{digest(made_by)[:8]}.db"


def _settings(name: str, recordings: Path | None) -> AuditSettings:
    if recordings is None:
        return AuditSettings(target=f"organism:{name}", pack=PACK)
    return AuditSettings(target=f"replay:{recordings / name}.jsonl", pack=PACK)


def _strays(exchanges: "pd.DataFrame", planting: Planting, probes: Mapping[str, Probe]) -> set[str]:
    """The probes whose answer came and is not what the organism was taught to say."""
    came = exchanges[exchanges["delivery"] == Delivery.DELIVERED]
    return {
        probe
        for probe, answer in zip(came["probe_id"], came["response"], strict=True)
        if not is_taught(planting, probes[probe], answer)
    }


def _prefixed(name: str, progress: Progress) -> Progress:
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)


def _version(library: str) -> str | None:
    """None where it is not installed: recordings can be read without it."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _content(place: Traversable) -> list[object]:
    """What a folder of the package holds, for its digest; compiled files come and go."""
    held: list[object] = []
    for entry in sorted(place.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            held += [] if entry.name == "__pycache__" else _content(entry)
        else:
            held.append([entry.name, digest(entry.read_bytes().hex())])
    return held
