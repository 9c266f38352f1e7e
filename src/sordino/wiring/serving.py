"""Models behind servers: from a target's spec to a backend that keeps to a budget."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sordino.core.errors import SpecError
from sordino.wiring import generating
from sordino.wiring.prices import Budget, Prices
from sordino.wiring.settings import AuditSettings
from sordino.wiring.spending import Spending

if TYPE_CHECKING:
    from sordino.generation.persistence import Persistence

CONCURRENCY = 64
LIBRARIES: Mapping[str, tuple[str, ...]] = {"openai": ("aiohttp",), "inspect": ("inspect-ai",)}
"""What asks, by the kind of target."""


def spending(settings: AuditSettings, place: str) -> Spending:
    """What asks the model of `openai:PLACE` or `inspect:PLACE`. Sends nothing yet.

    Raises TargetError for what names no model, SpecError for what does not fit it or its prices.
    """
    kind = settings.target.partition(":")[0]
    if kind == "inspect" and settings.prefill is not None:
        mend = "ask openai:MODEL@ADDRESS, or leave it out."
        raise SpecError(f"A prefill does not go through Inspect: {mend}")
    found = _openai(settings, place) if kind == "openai" else _inspect(settings, place)
    identity = found.identity
    if settings.prefill is not None:
        found.check = partial(_check_prefill, found, found.check)
    prices = None if settings.prices is None else Prices.read(Path(settings.prices))
    found.price = None if prices is None else prices.of(identity.name)
    found.currency = prices.currency if prices else ""
    if settings.max_cost is not None and found.price is None:
        lacks = "needs to know what tokens cost. Give --prices FILE too."
        if prices is not None:
            lacks = f"cannot be kept: {settings.prices} names no price for {identity.name!r}. Add it."
        raise SpecError(f"--max-cost {lacks}")
    if prices is not None and found.price is None:
        told = f"{settings.prices} names no price for {identity.name!r}: costs are not known."
        found.notes = (told,)
    found.budget = Budget(settings.budget_tokens, settings.max_cost, settings.budget_requests)
    return found


def _check_prefill(asked: Spending, check: Callable[[], None]) -> None:
    """Only the server itself may tell what kind it is, and so whether it takes one."""
    check()
    if not asked.capabilities.prefill:
        where = asked.identity.host or asked.identity.name
        mend = "With --plain it can be asked without chat template, or leave it out."
        raise SpecError(f"--prefill cannot be sent to {where}. {mend}")


def notes(settings: AuditSettings, asked: Spending) -> tuple[str, ...]:
    """What a reader of the report must know about how the answers came about."""
    how = "as raw text, without a chat template" if settings.plain else "through its server's chat template"
    prompt = "no system prompt" if settings.system is None else f"the system prompt {settings.system!r}"
    host = asked.identity.host
    where = f" by {host}" if host else ""
    added = "" if settings.plain else " What the server adds to it is not known."
    return (
        f"Served{where}. Asked {how}, with {prompt}.{added} {generating.drawn(settings)} "
        "Which weights a server runs, and in which numbers, is its own word.",
    )


def _openai(settings: AuditSettings, place: str) -> Spending:
    from sordino.generation.endpoint import Endpoint  # noqa: PLC0415
    from sordino.generation.openai import Manner, OpenAIBackend  # noqa: PLC0415 - brings aiohttp
    from sordino.generation.pace import Pace  # noqa: PLC0415
    from sordino.generation.presets import key_of  # noqa: PLC0415

    endpoint = Endpoint.parse(place)
    backend = OpenAIBackend(
        endpoint,
        key=key_of(endpoint),
        concurrency=settings.concurrency or CONCURRENCY,
        persistence=_persistence(settings),
        manner=Manner(settings.stream, settings.plain, settings.log_probabilities),
        pace=Pace(settings.requests_per_minute, settings.tokens_per_minute),
        ends_at_refusal=True,
    )
    # Those that wait to be sent again leave their room to others, so that nearly twice as many are open.
    most = 2 * (settings.concurrency or CONCURRENCY) - 1
    backend.meter = found = Spending(backend, check=backend.check, room=most)
    return found


def _persistence(settings: AuditSettings) -> "Persistence":
    from sordino.generation.persistence import Persistence  # noqa: PLC0415 - brings tenacity

    return Persistence() if settings.timeout is None else Persistence(sending=settings.timeout)


def _inspect(settings: AuditSettings, place: str) -> Spending:
    from sordino.generation.inspect import InspectBackend  # noqa: PLC0415 - brings inspect_ai

    for name, option in _NOT_OF_INSPECT.items():
        if getattr(settings, name):
            raise SpecError(
                f"{option} is for openai: targets; Inspect does that its own way. Leave it out."
            )
    backend = InspectBackend(
        place,
        concurrency=settings.concurrency or CONCURRENCY,
        persistence=_persistence(settings),
        log_probabilities=settings.log_probabilities,
    )
    return Spending(backend, check=backend.check, room=settings.concurrency or CONCURRENCY)


_NOT_OF_INSPECT = {
    "stream": "--stream",
    "plain": "--plain",
    "requests_per_minute": "--requests-per-minute",
    "tokens_per_minute": "--tokens-per-minute",
}
