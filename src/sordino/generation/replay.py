"""The backend that answers from a recording. What the recording does not hold was never asked."""

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from sordino.core.protocols import Capabilities, TargetIdentity
from sordino.core.records import Attempt, Request
from sordino.generation.recording import Recording


class ReplayBackend:
    """Matches requests to recorded answers by the text of the question and the sample."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def identity(self) -> TargetIdentity:
        return self._recording.identity

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(generates=False)

    def holds(self, request: Request) -> bool:
        """Whether there is an answer; planning marks what there is none for as not asked."""
        return self._recording.answer(request) is not None

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """One attempt for each request that is held, in their order; nothing for the others."""
        for request in requests:
            answer = self._recording.answer(request)
            if answer is not None:
                yield (answer.attempt(request.key),)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A recording holds nothing open."""
