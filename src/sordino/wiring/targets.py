"""Target specs become what an audit needs to know of whatever answers, recording or model alike."""

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sordino.auditing.rounds import margin_of
from sordino.core.errors import SpecError, TargetError, unknown
from sordino.core.protocols import Backend, TargetIdentity
from sordino.core.records import NOT_RECORDED, Request, Sampling
from sordino.organism import shipped
from sordino.organism.planting import PACK
from sordino.wiring import generating, questions
from sordino.wiring.generating import Model
from sordino.wiring.questions import Questions
from sordino.wiring.settings import (
    HOW_COMPUTED,
    OF_GENERATION,
    OF_MACHINE,
    OF_RECORDINGS,
    OF_SERVERS,
    AuditSettings,
)
from sordino.wiring.spending import Spending

FORMS = {
    "replay": "replay:FILE",
    "organism": "organism:NAME",
    "hf": "hf:ORG/NAME, hf:ORG/NAME@REVISION, hf:./FOLDER",
    "openai": "openai:MODEL@http://HOST:PORT/v1",
    "inspect": "inspect:PROVIDER/MODEL",
}
"""How each kind of target is written."""

ORGANISM_TOKENS = 400
MODEL_TOKENS = 1024
SERVED_TOKENS = 4096
"""A model that reasons needs room, and a server is paid for what it says and not for what it may say."""
_HUB = re.compile(r"([\w.-]+(?:/[\w.-]+)?)(?:@(\S+))?")


@dataclass(frozen=True)
class Target:
    """Whatever answers, before it is asked.

    settings: what repeats the audit. spec: the same as plain values, with what was left open filled in
      and without what says nothing to such a target.
    backend: not yet opened. holds: whether a recording has an answer; None for what can be asked anew.
    traces: whether answers may bring reasoning traces. libraries: what computes the answers.
    spending: the backend of a server once more, as what keeps to a budget; None for others.
    """

    settings: AuditSettings
    spec: Mapping[str, object]
    identity: TargetIdentity
    backend: Backend
    questions: Questions
    sampling: Sampling
    samples: int
    notes: tuple[str, ...]
    traces: bool
    holds: Callable[[Request], bool] | None = None
    libraries: tuple[str, ...] = ()
    spending: Spending | None = None


def target(settings: AuditSettings) -> Target:
    """What the settings name. Raises TargetError for what is not known, SpecError for what does not fit."""
    kind, separator, place = settings.target.partition(":")
    if not separator or not place:
        raise TargetError(_no_target(settings.target))
    if kind not in _KINDS:
        raise TargetError(unknown("kind of target", kind, _KINDS))
    return _KINDS[kind](settings, place)


def _no_target(given: str) -> str:
    meant = f" Did you mean organism:{given}?" if given in shipped.names() else ""
    return (
        f"{given!r} is no target: write KIND:PLACE, for example replay:answers.jsonl.{meant} "
        f"Kinds: {'; '.join(FORMS.values())}."
    )


def _replay(settings: AuditSettings, place: str) -> Target:
    from sordino.generation.recording import Recording  # noqa: PLC0415 - brings pyarrow
    from sordino.generation.replay import ReplayBackend  # noqa: PLC0415

    foreign = OF_GENERATION | OF_MACHINE | OF_SERVERS
    _refuse(settings, foreign, "is for targets that generate", "is a recording")
    settings.check()
    recording = Recording.read(
        Path(place),
        columns=settings.columns,
        model=settings.model,
        siblings=settings.siblings,
        language=settings.language,
    )
    backend = ReplayBackend(recording)
    return Target(
        settings=settings,
        spec=_spec(settings, foreign),
        identity=replace(backend.identity, spec=settings.target),
        backend=backend,
        questions=(
            questions.of_pack(settings.pack, settings)
            if settings.pack is not None
            else questions.recorded(recording, settings)
        ),
        sampling=NOT_RECORDED,
        samples=recording.samples,
        notes=tuple(recording.notes),
        traces=recording.has_reasoning,
        holds=backend.holds,
    )


def _organism(settings: AuditSettings, name: str) -> Target:
    return _generating(
        replace(settings, pack=settings.pack or PACK), _organism_model(name), ORGANISM_TOKENS
    )


def _hub(settings: AuditSettings, place: str) -> Target:
    return _generating(settings, _hub_model(place), MODEL_TOKENS)


def _organism_model(name: str) -> Model:
    return Model(f"organism/{name}", str(shipped.folder(name)))


def _hub_model(place: str) -> Model:
    folder = Path(place).expanduser()
    if place.startswith((".", "/", "~")) or folder.exists():
        return Model(folder.resolve().name, place)
    hub = _HUB.fullmatch(place)
    if hub is None:
        raise TargetError(f"{f'hf:{place}'!r} names no model. Write one of: {FORMS['hf']}.")
    return Model(hub[1], hub[1], hub[2], is_hub=True)


def _served(settings: AuditSettings, place: str) -> Target:
    """A model behind a server: what it is asked, and how, with the budget that holds."""
    from sordino.wiring import serving  # noqa: PLC0415

    foreign = OF_RECORDINGS | OF_MACHINE
    _refuse(settings, OF_RECORDINGS, "is for recordings", "generates its answers")
    _refuse(settings, OF_MACHINE, "is for models that run here", "is behind a server")
    filled = generating.filled(settings, SERVED_TOKENS)
    settings.check()
    spending = serving.spending(filled, place)
    if settings.pack is None:
        raise questions.unasked(settings.target)
    return Target(
        settings=settings.published(),
        spec=_spec(filled.published(), foreign),
        identity=replace(spending.identity, spec=settings.target),
        backend=spending,
        questions=questions.of_pack(settings.pack, settings),
        sampling=generating.sampling(filled),
        samples=filled.samples or 1,
        notes=serving.notes(filled, spending),
        traces=True,
        libraries=serving.LIBRARIES[settings.target.partition(":")[0]],
        spending=spending,
    )


_KINDS: Mapping[str, Callable[[AuditSettings, str], Target]] = {
    "replay": _replay,
    "organism": _organism,
    "hf": _hub,
    "openai": _served,
    "inspect": _served,
}


_RUN_HERE: Mapping[str, Callable[[str], Model]] = {"organism": _organism_model, "hf": _hub_model}


def model_run_here(spec: str) -> Model:
    """The model of a spec `organism:…` or `hf:…`, to be asked whatever it may be. Raises TargetError."""
    kind, _, place = spec.partition(":")
    if kind not in _RUN_HERE or not place:
        raise TargetError(_no_target(spec))
    return _RUN_HERE[kind](place)


def _generating(settings: AuditSettings, model: Model, max_tokens: int) -> Target:
    _refuse(settings, OF_RECORDINGS, "is for recordings", "generates its answers")
    _refuse(settings, OF_SERVERS, "is for servers", "runs here")
    settings.check()
    if settings.pack is None:
        raise questions.unasked(settings.target)
    asked = questions.of_pack(settings.pack, settings)
    filled = generating.filled(settings, max_tokens)
    samples = filled.samples or 1
    backend = generating.backend(filled, model, len(asked.probes) * samples)
    identity = backend.identity
    pinned = f"hf:{model.name}@{identity.revision.split(':')[0]}" if model.is_hub else settings.target
    return Target(
        settings=replace(settings, target=pinned),
        spec=_spec(filled, OF_RECORDINGS | OF_SERVERS),
        identity=identity,
        backend=backend,
        questions=asked,
        sampling=generating.sampling(filled),
        samples=samples,
        notes=generating.notes(filled, backend.one),
        traces=True,
        libraries=generating.LIBRARIES,
    )


def _spec(settings: AuditSettings, foreign: Mapping[str, str]) -> Mapping[str, object]:
    told = asdict(settings)
    told["margin"] = margin_of(told)
    return {k: v for k, v in told.items() if k not in foreign and not (k in HOW_COMPUTED and v is None)}


def _refuse(settings: AuditSettings, foreign: Mapping[str, str], what_for: str, but: str) -> None:
    for name in settings.given():
        if name in foreign:
            raise SpecError(f"{foreign[name]} {what_for}, and {settings.target} {but}. Leave it out.")
