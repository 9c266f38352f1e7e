"""The seams between the rooms. Whoever has these methods fits; nobody needs to inherit."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeAlias, TypeVar

from sordino.core.jobs import Event, Job
from sordino.core.records import Attempt, Axis, Exchange, Probe, Reading, Request, Unjudged


@dataclass(frozen=True, slots=True)
class TargetIdentity:
    """Which model answered, as exactly as is known.

    revision: a commit, a hash of the weights, or the hash of a recording; part of every request's key.
    """

    spec: str
    name: str
    revision: str
    host: str | None = None
    chat_template: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    prefill: bool = False
    log_probabilities: bool = False
    hidden_states: bool = False
    streaming: bool = False
    generates: bool = True
    """False for a recording: what it does not hold was not asked and never will be."""


class Backend(Protocol):
    """Turns requests into attempts, streamed out as they complete, in any order.

    `generate` yields those that completed together: they are stored together or not at all, so that a
    backend that computes in batches finds the same batches again when it goes on after a stop.
    """

    @property
    def identity(self) -> TargetIdentity: ...
    @property
    def capabilities(self) -> Capabilities: ...
    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


Item: TypeAlias = tuple[Probe | None, Exchange]


class Judge(Protocol):
    """Reads exchanges on one axis. One bad item is one Unjudged, not a failed batch."""

    @property
    def id(self) -> str:
        """Name, version and content hash: changes whenever a reading could."""
        ...

    @property
    def axis(self) -> Axis: ...
    def read(self, items: Sequence[Item]) -> list[Reading | Unjudged]:
        """One result for each item, in order."""
        ...


Result = TypeVar("Result")


class Executor(Protocol):
    """Does jobs in processes somewhere; whoever has jobs cannot tell where.

    `run` yields what happens until every job is done or has failed: one Done or Failed for each. A job
    whose process died is Lost and tried again. Closing the generator stops what is under way, in order.
    """

    @property
    def machines(self) -> int:
        """On how many machines jobs may run, this one or others."""
        ...

    def run(self, jobs: Sequence[Job[Result]]) -> Generator[Event[Result], None, None]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
