"""Asks a server once what it has, before anything else: wrong addresses, keys and names show here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import aiohttp

from sordino.core.errors import TargetError, unknown
from sordino.generation.complaints import complaint, parsed, plain
from sordino.generation.endpoint import Endpoint
from sordino.generation.key import Key
from sordino.generation.persistence import AgainError
from sordino.generation.presets import Preset, preset_of, preset_of_owner
from sordino.generation.redirects import redirected
from sordino.generation.refusals import locked
from sordino.generation.sending import cause, content_of

PATIENCE = 30.0
"""Seconds in which a list must come. A server that is slow with it may still answer."""
_REFUSED = (401, 403)
_SIGNS = {ord("\n"): "␊", ord("\r"): "␍"}
"""A message has one line, and a name with another in it could forge the next."""
_MOST = 1_000
"""Models of a list that are named in a message."""


@dataclass(frozen=True, slots=True)
class _Listed:
    id: str
    owner: str


async def check(session: aiohttp.ClientSession, endpoint: Endpoint, key: Key | None) -> tuple[Preset, bool]:
    """The kind of server that is there, as it shows itself, and whether it has a list of models.

    Raises TargetError for a host that cannot be reached or redirects elsewhere, a key that is not taken, a
    page of HTML, and a model that the server says it lacks. A server that has no list, or none that can be
    read, passes.
    """
    preset, hide = preset_of(endpoint), key.hidden if key else plain
    address = f"{endpoint.base}/models"
    try:
        async with session.get(
            address, allow_redirects=False, timeout=aiohttp.ClientTimeout(PATIENCE)
        ) as response:
            status, content = response.status, await content_of(response)
            place = redirected(address, status, response.headers.get("Location"), hide)
    except aiohttp.ClientConnectorError as error:
        raise _unreachable(endpoint, cause(error)) from None
    except aiohttp.ConnectionTimeoutError:
        raise _unreachable(endpoint, "it does not answer") from None
    except (TimeoutError, aiohttp.ClientError, AgainError):
        return preset, False
    # Some only want the slash after their list.
    if place and place != endpoint.base:
        raise TargetError(f"{endpoint.base} redirects to {place} (HTTP {status}); give that address.")
    if status in _REFUSED:
        told = complaint(content, hide)
        raise locked(endpoint, key, f"HTTP {status}: {told}" if told else f"HTTP {status}")
    if status != 200:
        return preset, False
    if content.lstrip()[:1] == b"<":
        raise TargetError(
            f"{endpoint.base} answers with a page of HTML. Give the server's address up to its version, "
            "such as http://localhost:8000/v1."
        )
    found = _found(endpoint, preset, _listed(parsed(content)))
    shown = preset_of_owner(found.owner) if found else None
    # What runs behind a usual port is a guess, and what signs its models is not.
    return (preset if preset.hosts or shown is None else shown), True


def _found(endpoint: Endpoint, preset: Preset, listed: list[_Listed]) -> _Listed | None:
    of_name = {_plain(one.id): one for one in listed}
    names = [endpoint.model]
    if preset.router:
        # Behind a ":" a router takes how it is to choose the host: "org/model:fastest".
        names.append(endpoint.model.partition(":")[0])
    found = next((of_name[_plain(name)] for name in names if _plain(name) in of_name), None)
    if listed and not found and preset.lists_all:
        ids = [one.id[:100].translate(_SIGNS) for one in listed[:_MOST]]
        mend = f"That is what {endpoint.host} lists."
        raise TargetError(unknown("model", endpoint.model, ids, mend))
    return found


def _listed(body: object) -> list[_Listed]:
    entries = body.get("data") if isinstance(body, Mapping) else body
    return list(_models(entries)) if isinstance(entries, list) else []


def _models(entries: Iterable[object]) -> Iterable[_Listed]:
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(name := entry.get("id"), str):
            owner = entry.get("owned_by")
            yield _Listed(name, owner if isinstance(owner, str) else "")


def _plain(name: str) -> str:
    """Ollama has "model:latest" for "model", Gemini "models/model"."""
    return name.removeprefix("models/").removesuffix(":latest")


def _unreachable(endpoint: Endpoint, why: str) -> TargetError:
    return TargetError(
        f"No connection to {endpoint.host} ({why}). Is the server running, and is this its address? "
        f"Given was {endpoint.base}."
    )
