"""The backend that says what it was told to say, for tests of everything that asks a backend."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from sordino.core.identity import digest
from sordino.core.protocols import Capabilities, TargetIdentity
from sordino.core.records import Attempt, Request
from sordino.generation.delivery import settle


class ScriptedBackend:
    """Answers each question with the `Attempt` fields its script has for it.

    script: by question; a text alone stands for `{"text": ...}`. A delivery that is not told is settled
      from the other fields, as every backend settles it. Questions not in the script get no attempt.
    """

    def __init__(self, script: Mapping[str, Mapping[str, Any] | str], name: str = "scripted") -> None:
        self._script = {
            q: {"text": said} if isinstance(said, str) else dict(said) for q, said in script.items()
        }
        self._name = name

    @property
    def identity(self) -> TargetIdentity:
        return TargetIdentity(f"scripted:{self._name}", self._name, digest(self._script))

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        for request in requests:
            said = self._script.get(request.question)
            if said is not None:
                yield (Attempt(**{"key": request.key, "delivery": _delivery(said), **said}),)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Holds nothing open."""


def _delivery(said: Mapping[str, Any]) -> object:
    known = ("reasoning", "finish_reason", "error", "completion_tokens")
    return settle(text=said.get("text"), **{field: said[field] for field in known if field in said})
