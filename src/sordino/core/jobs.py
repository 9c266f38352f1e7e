"""Jobs for processes of their own, and what is heard of them: the words between a sweep and an executor."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, Self, TypeAlias, TypeVar

Result = TypeVar("Result")
Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with a stage's name, what is done and what there is."""


@dataclass(frozen=True, slots=True)
class Job(Generic[Result]):
    """Work that can be begun again after any death and goes on from there.

    name: no other job has it. work: pickles, as does what it returns. computes: whether a model runs in it,
    which needs cores or an accelerator of its own; other jobs wait for servers and files. again: what is
    done instead after so many deaths; None means the same.
    """

    name: str
    work: Callable[[Progress], Result]
    computes: bool = False
    again: Callable[[int, Progress], Result] | None = None

    def after(self, deaths: int) -> Self:
        """The job as it is tried again."""
        return self if self.again is None else replace(self, work=partial(self.again, deaths))


@dataclass(frozen=True, slots=True)
class Began:
    """A process took the job. host: the machine's name."""

    job: str
    process: int
    host: str


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far a stage of the job is."""

    job: str
    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The process died under the job, which will be tried again. why: a sentence."""

    job: str
    why: str


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """The job is through."""

    job: str
    result: Result


@dataclass(frozen=True, slots=True)
class Failed:
    """The job will not be tried again. error: the whole message. trace: where it was a bug."""

    job: str
    error: str
    trace: str | None = None


Event: TypeAlias = Began | Progressed | Lost | Done[Result] | Failed
