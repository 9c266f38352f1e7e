"""What a model is run with: its settings filled in, its backend, and what a report says about both."""

import os
from dataclasses import dataclass, replace

from sordino.core.protocols import Backend, TargetIdentity
from sordino.core.records import Sampling
from sordino.wiring.settings import AuditSettings

LIBRARIES = ("torch", "transformers")


@dataclass(frozen=True, slots=True)
class Model:
    """A model's name in reports, and where it comes from: a folder, or a Hub id at a revision."""

    name: str
    source: str
    revision: str | None = None
    is_hub: bool = False


def filled(settings: AuditSettings, max_tokens: int) -> AuditSettings:
    """The settings of a target that generates: greedy and once, unless told otherwise."""
    return replace(
        settings,
        samples=1 if settings.samples is None else settings.samples,
        temperature=0.0 if settings.temperature is None else settings.temperature,
        top_p=1.0 if settings.top_p is None else settings.top_p,
        max_tokens=max_tokens if settings.max_tokens is None else settings.max_tokens,
        device=settings.device or "auto",
        dtype=settings.dtype or "auto",
    )


def sampling(settings: AuditSettings) -> Sampling:
    """How each answer is drawn."""
    return Sampling(settings.temperature, settings.top_p, settings.max_tokens)


def backend(settings: AuditSettings, model: Model) -> Backend:
    """What asks the model, in one process or several; it loads nothing before there is something to ask."""
    from sordino.execution.local import Processes  # noqa: PLC0415
    from sordino.generation.transformers import TransformersBackend  # noqa: PLC0415

    one = TransformersBackend(
        settings.target,
        model.name,
        model.source,
        revision=model.revision,
        plain=settings.plain,
        device=settings.device or "auto",
        dtype=settings.dtype or "auto",
        batch_size=settings.batch_size,
    )
    identity = one.identity
    workers = settings.workers or _fitting(model, _dtype(identity), _device(settings))
    return Processes(
        # Several processes have a core each; one that is alone has all.
        one.again(threads=1),
        one.batches,
        identity,
        one.capabilities,
        workers,
        open_here=one.again(),
    )


def notes(settings: AuditSettings, identity: TargetIdentity) -> tuple[str, ...]:
    """What a reader of the report must know about how the answers came about."""
    template = "without a chat template" if settings.plain else "in the model's chat template"
    prompt = "no system prompt" if settings.system is None else f"the system prompt {settings.system!r}"
    drawn = (
        f"{settings.samples} a question, drawn at temperature {settings.temperature:g} and top-p "
        f"{settings.top_p:g}"
        if settings.temperature
        else "the likeliest token at each step (greedy)"
    )
    return (
        f"Asked {template}, with {prompt}. Answers: {drawn}, at most {settings.max_tokens} tokens. "
        f"Computed in {_dtype(identity)} on {_device(settings)}.",
    )


def _device(settings: AuditSettings) -> str:
    from sordino.modeling import hardware  # noqa: PLC0415 - brings torch

    return hardware.device_of(settings.device or "auto")


def _dtype(identity: TargetIdentity) -> str:
    return identity.revision.split(":")[1]


def _fitting(model: Model, dtype: str, device: str) -> int:
    """One process on an accelerator. On a CPU as many as it has cores, if so many copies of the model leave
    half of the memory to the answers.
    """
    from sordino.modeling import footprint, hardware  # noqa: PLC0415
    from sordino.modeling.locate import locate  # noqa: PLC0415

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if device != "cpu" or cores == 1:
        return 1
    weights = footprint.of_weights(locate(model.source, model.revision), dtype)
    return max(1, min(cores, hardware.memory_of(device) // 2 // max(weights, 1)))
