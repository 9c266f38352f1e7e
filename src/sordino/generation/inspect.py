"""The backend that asks whatever Inspect AI can ask: `inspect:PROVIDER/MODEL`.

Sits beside the other backends; Inspect is imported when a model is first made. It is the door to providers
that speak no OpenAI dialect. It costs speed: Inspect polls, and keeps a record of every call.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from contextvars import Context
from dataclasses import replace
from functools import cached_property
from itertools import islice
from os import environ
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from sordino.core.errors import TargetError
from sordino.core.identity import digest, seed_of
from sordino.core.protocols import Capabilities, TargetIdentity
from sordino.core.records import Attempt, Delivery, Request
from sordino.generation import inspect_output
from sordino.generation.complaints import line
from sordino.generation.key import Key
from sordino.generation.persistence import Failures, Persistence

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelCall

CONCURRENCY = 16
_HOPELESS = {401: "does not take the key", 404: "does not know the model"}
"""Statuses that every other request would get too."""


class InspectBackend:
    """A model as Inspect AI asks it.

    model: PROVIDER/MODEL, as `inspect_ai.model.get_model` takes it. concurrency: requests on the way at
    once. persistence: how often and how long a request is sent; the waits between are Inspect's own.
    log_probabilities: ask for those of the answer's tokens, where the provider has them.

    Inspect's cache is never used. Every method but the constructor raises TargetError where Inspect is not
    installed or cannot make the model, which is before anything is asked.
    """

    def __init__(
        self,
        model: str,
        *,
        concurrency: int = CONCURRENCY,
        persistence: Persistence | None = None,
        log_probabilities: bool = False,
    ) -> None:
        self._spec, self._concurrency = model, concurrency
        self._persistence = persistence or Persistence()
        self._log_probabilities = log_probabilities
        self._held = ExitStack()

    @property
    def identity(self) -> TargetIdentity:
        """`revision` is a digest of spec and address: no server says which weights it has."""
        host = self._host
        return TargetIdentity(
            f"inspect:{self._spec}",
            self._model.api.service_model_name(),
            digest([self._spec, host, urlsplit(self._address).path])[:16],
            host=host,
        )

    @property
    def capabilities(self) -> Capabilities:
        """No prefill: Inspect lets a last message of the model's through to all, and few go on from it."""
        return Capabilities(log_probabilities=self._log_probabilities)

    def check(self) -> None:
        """Has Inspect make the model, without asking it. Raises TargetError with Inspect's reason."""
        _ = self._model

    def generate(self, requests: Iterable[Request]) -> Iterator[Sequence[Attempt]]:
        """One attempt for each request, as they complete. Requests are taken only when there is room to
        send them, in the thread that asks. Left early, it breaks off what is on the way.

        Raises TargetError where the provider refuses the key, does not know the model, or is gone.
        """
        failures = Failures(self._persistence.total)
        done: SimpleQueue[Future[Attempt]] = SimpleQueue()
        waiting, flying = iter(requests), set[Future[Attempt]]()
        try:
            while True:
                for request in islice(waiting, self._concurrency - len(flying)):
                    # A context of its own: an evaluation that may run around us is none of this model's.
                    future = Context().run(self._portal.start_task_soon, self._attempt, request)
                    flying.add(future)
                    future.add_done_callback(done.put)
                if not flying:
                    return
                finished = [done.get()]
                while not done.empty():
                    finished.append(done.get_nowait())
                flying.difference_update(finished)
                came = [future.result() for future in finished]
                yield came
                if why := failures.note(came, self._concurrency):
                    raise TargetError(f"{self._host or self._spec} is given up: {why}")
        finally:
            for future in flying:
                future.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Breaks off what is on the way, and closes the model."""
        self._held.close()
        for opened in ("_portal", "_model"):
            self.__dict__.pop(opened, None)

    # -- Inspect's model, and the thread that it runs in ------------------------------------------------

    @cached_property
    def _model(self) -> "Model":
        try:
            from inspect_ai.model import GenerateConfig, get_model  # noqa: PLC0415 - a second, and an extra
        except ImportError:
            raise TargetError(
                f"inspect:{self._spec} is asked with Inspect AI, which is not installed: "
                "pip install 'sordino[inspect]'"
            ) from None
        config = GenerateConfig(
            max_connections=self._concurrency,
            max_retries=self._persistence.tries - 1,
            timeout=_seconds(self._persistence.total),
            attempt_timeout=_seconds(self._persistence.sending),
            logprobs=self._log_probabilities or None,
        )
        try:
            model = get_model(self._spec, config=config, memoize=False)
        except Exception as error:  # each provider has its own
            raise TargetError(
                f"Inspect cannot make the model {self._spec!r}: {_plain(error).rstrip('.')}. Write "
                "inspect:PROVIDER/MODEL with a provider of Inspect's whose package and key are here: "
                "https://inspect.aisi.org.uk/providers.html"
            ) from None
        _unshare(model.api)
        return model

    @cached_property
    def _portal(self) -> "BlockingPortal":
        from anyio.from_thread import start_blocking_portal  # noqa: PLC0415

        model = self._model
        portal = self._held.enter_context(start_blocking_portal(name="sordino-inspect"))
        self._held.enter_context(portal.wrap_async_context_manager(model))
        return portal

    async def _attempt(self, request: Request) -> Attempt:
        from inspect_ai.log import transcript  # noqa: PLC0415

        if request.prefill is not None:
            return Attempt(
                request.key,
                Delivery.ERROR,
                error="a prefill cannot be sent through Inspect",
                route=self._host,
            )
        # Inspect notes its calls in the transcript of the context, which this task has for itself.
        notes = transcript()
        try:
            output = await self._model.generate(_messages(request), config=_config(request), cache=False)
            found = inspect_output.attempt(request.key, output, _last_call(notes.events), self._hide)
        except Exception as error:
            self._give_up(error)
            found = inspect_output.failure(
                request.key,
                error,
                _last_call(notes.events),
                self._hide,
                question=request.question,
                model=self._spec.rpartition("/")[2],
            )
        return replace(found, route=found.route or self._host)

    def _give_up(self, error: Exception) -> None:
        """Raises TargetError for what no other request would fare better with."""
        why = _HOPELESS.get(inspect_output.status_of(error) or 0)
        if why is not None:
            said = inspect_output.failure("", error, hide=self._hide).error
            raise TargetError(f"{self._host or self._spec} {why}: {said}") from None

    def _hide(self, text: str) -> str:
        """Without the keys: some servers repeat what they were sent."""
        for key in self._keys:
            text = key.hidden(text)
        return text

    @cached_property
    def _keys(self) -> list[Key]:
        api = self._model.api
        named = {name: environ.get(name) for name in api.api_key_vars}
        return [Key(name, value) for name, value in {**named, "": api.api_key}.items() if value]

    @property
    def _address(self) -> str:
        return self._model.api.base_url or ""

    @property
    def _host(self) -> str | None:
        """Host and port, without a name or password that the address may hold."""
        return urlsplit(self._address).netloc.rpartition("@")[2] or None


def _messages(request: Request) -> "list[ChatMessage]":
    from inspect_ai.model import (  # noqa: PLC0415
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageUser,
    )

    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return [kinds[message.role](content=message.content) for message in request.messages]


def _config(request: Request) -> "GenerateConfig":
    from inspect_ai.model import GenerateConfig  # noqa: PLC0415

    sampling = request.sampling
    is_drawn = bool(sampling.temperature)
    return GenerateConfig(
        temperature=sampling.temperature,
        # Where the likeliest token is taken it says nothing, and some hosts refuse the two together.
        top_p=sampling.top_p if is_drawn else None,
        max_tokens=sampling.max_tokens,
        seed=seed_of(request.key) % (1 << 31) if is_drawn else None,
    )


def _last_call(events: Sequence[Any]) -> "ModelCall | None":
    return next((event.call for event in reversed(events) if event.event == "model"), None)


def _unshare(api: Any) -> None:
    """Inspect holds one semaphore for a key and model in the whole process, sized and bound to the event
    loop by whoever came first. This model's loop is its own.
    """
    key = f"{api.connection_key()}:{uuid4().hex}"
    api.connection_key = lambda: key


def _seconds(given: float) -> int:
    return max(1, round(given))


def _plain(error: Exception) -> str:
    """What Inspect said; it writes some of its messages in Rich's markup."""
    from rich.errors import MarkupError  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    said = str(getattr(error, "message", None) or error) or repr(error)
    with suppress(MarkupError):
        said = Text.from_markup(said).plain
    return line(said)
