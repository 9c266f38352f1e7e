"""Refusals that every other request would get too: of a key, an address, a model, for want of money.

They stop the asking at once, and each says what it is about; what may pass is counted in `persistence`.
"""

import re
from collections.abc import Iterable

from sordino.core.errors import TargetError
from sordino.core.records import Attempt, Delivery
from sordino.generation.endpoint import Endpoint
from sordino.generation.key import Key
from sordino.generation.presets import key_variables

FEW = 3
"""Refusals in a row that are enough where something was answered before: no single question's affair."""
REDIRECTS = "redirects to "
_STATUS = re.compile(r"HTTP (\d{3})\b(?:: )?")
_KEY, _FORBIDDEN, _MONEY, _NOWHERE = 401, 403, 402, (404, 405)
_MENDS = (
    ("HTTP 429", "Ask it more slowly, with a smaller --concurrency."),
    ("HTTP 200 without JSON", "Check its address up to the version."),
    ("HTTP 5", "The server itself fails: see what it logs, or try later."),
    ("no connection", "Check that the server runs."),
    ("no reply", "Give it more time (--timeout), or less at once (--concurrency)."),
    ("connection broken", "Check that the server runs, and bears so much at once (--concurrency)."),
)


class Refusals:
    """Those in a row since the last answer."""

    def __init__(self) -> None:
        self._in_a_row, self._is_answered = 0, False

    def note(self, attempts: Iterable[Attempt]) -> Attempt | None:
        """The refusal after which nothing more is to be sent, or None."""
        for attempt in attempts:
            if attempt.delivery is not Delivery.ERROR:
                self._in_a_row, self._is_answered = 0, True
            elif self._is_of_all(status := status_of(attempt)):
                self._in_a_row += 1
                # A firewall forbids single questions too, with a status that is most often about the key.
                few = FEW if self._is_answered or status == _FORBIDDEN else 1
                if self._in_a_row >= few:
                    return attempt
        return None

    def _is_of_all(self, status: int) -> bool:
        if status == _FORBIDDEN:
            return not self._is_answered
        return status in (_KEY, _MONEY, *_NOWHERE) or 300 <= status < 400


def status_of(attempt: Attempt) -> int:
    """The HTTP status that an attempt failed with; 0 where it has none."""
    found = _STATUS.match(attempt.error or "")
    return int(found[1]) if found else 0


def refused(endpoint: Endpoint, key: Key | None, refusal: Attempt, *, has_list: bool) -> TargetError:
    """What a refusal is about, and what to do. has_list: whether the server lists models there."""
    status, error = status_of(refusal), (refusal.error or "").rstrip(".")
    said = _STATUS.sub("", error, count=1)
    if status in (_KEY, _FORBIDDEN):
        return locked(endpoint, key, error)
    host, base, model = endpoint.host, endpoint.base, endpoint.model
    if status == _MONEY:
        whose = f"the key in {key.variable}" if key else "whoever asks without a key"
        told = f"{host} wants money: {whose} has no credit left ({error}). Add some."
    elif status not in _NOWHERE:
        is_told = said.startswith(REDIRECTS)
        told = f"{base} {said}; give that address." if is_told else f"{base} answers {error}."
    elif has_list or "model" in said.casefold():
        told = f"{host} does not chat with the model {model!r} ({error}). Check its name."
    else:
        told = (
            f"{host} has nothing at {base}, and no list of models either ({error}). Is the address right "
            f"up to its version, such as …/v1? If it is, the server does not know the model {model!r}."
        )
    return TargetError(f"{told} What was answered is stored, and the same command goes on.")


def locked(endpoint: Endpoint, key: Key | None, error: str) -> TargetError:
    """For a key that is not taken, or is missing. error: how the server said so."""
    variables = " or ".join(key_variables(endpoint))
    what = f"does not take the key in {key.variable}" if key else "wants a key, and none is set"
    return TargetError(f"{endpoint.host} {what} ({error}). Set {variables} to one that it takes.")


def mend(error: str) -> str:
    """What to do about failures that may pass, but do not."""
    default = "What it says of it is what to mend."
    return next((todo for begin, todo in _MENDS if error.startswith(begin)), default)
