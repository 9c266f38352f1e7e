"""What a model is run with: its settings filled in, its backend, and what a report says about both."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sordino.core.protocols import Backend, Capabilities, TargetIdentity
from sordino.core.records import Attempt, Request, Sampling
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    from sordino.generation.transformers import TransformersBackend

LIBRARIES = ("torch", "transformers")
SMALL_JOB = 200
"""Requests of a whole audit; with fewer, one process is through before workers have repaid their start."""


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
    )


def sampling(settings: AuditSettings) -> Sampling:
    """How each answer is drawn."""
    return Sampling(settings.temperature, settings.top_p, settings.max_tokens)


class Several:
    """What asks the model, in one process or several: which is settled, and its weights fetched for that,
    when there is something to ask.

    one: the model in this process, to be described by. workers: how many processes, found when called.
    """

    def __init__(self, one: "TransformersBackend", workers: Callable[[], int]) -> None:
        self.one = one
        self._workers = workers
        self._held = ExitStack()

    @property
    def identity(self) -> TargetIdentity:
        return self.one.identity

    @property
    def capabilities(self) -> Capabilities:
        return self.one.capabilities

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """Raises what the model's backend raises, and what its processes do."""
        if due := list(requests):
            yield from self._opened.generate(due)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__dict__.pop("_opened", None)
        self._held.close()

    @cached_property
    def _opened(self) -> Backend:
        return self._held.enter_context(_processes(self.one, self._workers()))


def backend(settings: AuditSettings, model: Model, questions: int) -> Several:
    """What asks the model. questions: requests of the whole audit, whatever is left of it."""
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
    # The number decides last bits of answers: it must not depend on what is left of an audit.
    return Several(one, lambda: settings.workers or (1 if questions < SMALL_JOB else _fitting(one)))


def notes(settings: AuditSettings, one: "TransformersBackend") -> tuple[str, ...]:
    """What a reader of the report must know about how the answers came about."""
    template = "without a chat template" if settings.plain else "in the model's chat template"
    return (
        f"Asked {template}, with {_prompt(settings, one)}. {drawn(settings)} "
        f"Computed in {one.dtype} on {one.device}.",
    )


def drawn(settings: AuditSettings) -> str:
    """How answers come about, in a sentence or two."""
    how = (
        f"{settings.samples} a question, drawn at temperature {settings.temperature:g} and top-p "
        f"{settings.top_p:g}"
        if settings.temperature
        else "the likeliest token at each step (greedy)"
    )
    begun = "" if settings.prefill is None else f" Each was made to begin with {settings.prefill!r}."
    return f"Answers: {how}, at most {settings.max_tokens} tokens.{begun}"


def _prompt(settings: AuditSettings, one: "TransformersBackend") -> str:
    if settings.system is not None:
        return f"the system prompt {settings.system!r}"
    own = None if settings.plain else one.own_system_prompt
    if own is None:
        return "no system prompt"
    return f"no system prompt given; its chat template writes: {own!r}"


def _processes(one: "TransformersBackend", workers: int) -> Backend:
    """One process has all cores; several have one each, and their shares of the memory."""
    from sordino.execution.local import Processes  # noqa: PLC0415

    if workers == 1:
        return Processes(lambda: one, one.batches, one.identity, one.capabilities, 1)
    opens = one.again(threads=1, workers=workers)
    return Processes(opens, opens().batches, one.identity, one.capabilities, workers)


def _fitting(one: "TransformersBackend") -> int:
    """One process on an accelerator. On a CPU as many as it has cores, if so many copies of the model leave
    half of the memory to the answers.
    """
    from sordino.execution.job_processes import cores  # noqa: PLC0415
    from sordino.modeling import hardware  # noqa: PLC0415 - brings torch

    if one.device != "cpu" or cores() == 1:
        return 1
    return max(1, min(cores(), hardware.memory_of(one.device) // 2 // max(one.weights_bytes, 1)))
