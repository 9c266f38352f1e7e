"""What tokens cost, from a file that the user writes, and a budget that asking keeps to.

currency: EUR
models:
  gpt-4o-mini: {input: 0.14, output: 0.55}   # for a million tokens
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sordino.core.errors import PackError, SpecError
from sordino.core.names import target_name
from sordino.packs import errors, reading

T = TypeVar("T")
MILLION = 1_000_000
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """Of a million tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    input: _Amount
    output: _Amount

    def of(self, tokens: "Tokens") -> float:
        """What these tokens cost."""
        return (tokens.prompt * self.input + tokens.completion * self.output) / MILLION


class Prices(BaseModel):
    """By model, with or without its organisation."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    currency: Annotated[str, Field(min_length=1, max_length=12)]
    models: Mapping[str, Price]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises SpecError, which names the file, the line and the mend."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SpecError(f"--prices {path} cannot be read: {error.strerror}.") from error
        if not content.strip():
            raise SpecError(f"{path}: the file is empty. Write `currency:` and `models:`.")
        try:
            document = reading.read(content, str(path))
        except PackError as error:
            raise SpecError(str(error)) from error
        try:
            return cls.model_validate(document.value)
        except ValidationError as error:
            raise SpecError(str(errors.from_validation(error, document))) from error

    def of(self, model: str) -> Price | None:
        """None where the file has none."""
        return self.models.get(model) or self.models.get(target_name(model))


@dataclass(frozen=True, slots=True)
class Tokens:
    """Into a model and out of it."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.prompt + other.prompt, self.completion + other.completion)

    @property
    def all(self) -> int:
        return self.prompt + self.completion


NOTHING = Tokens()


class Budget:
    """What a command may still spend. tokens, cost, requests: None sets no bound. Any thread may use it.

    What is on the way is reserved at the most that it may take, so that the bound holds although answers
    come later than questions go out. Whoever sends a request again reserves for that too.
    """

    def __init__(
        self, tokens: int | None = None, cost: float | None = None, requests: int | None = None
    ) -> None:
        self.tokens, self.cost, self.requests = tokens, cost, requests
        self._lock = Lock()
        self._taken = _Taken()
        self._reserved: dict[str, _Taken] = {}
        self._due = _Taken()
        self.is_spent = False

    @property
    def is_bound(self) -> bool:
        """Whether there is any bound."""
        return (self.tokens, self.cost, self.requests) != (None, None, None)

    def spend(self, tokens: Tokens, price: Price | None, requests: int = 1) -> None:
        """What requests really took."""
        with self._lock:
            self._taken += _Taken.of(tokens, price, requests)

    def settle(self, key: str, tokens: Tokens, price: Price | None) -> None:
        """What a request really took, instead of what was reserved for it; nothing where nothing was."""
        with self._lock:
            if self._free(key):
                self._taken += _Taken.of(tokens, price)

    def reserve(self, key: str, tokens: Tokens, price: Price | None) -> bool:
        """Whether a request that may take so much fits; if so, that much is held back for it."""
        wanted = _Taken.of(tokens, price)
        with self._lock:
            whole = self._taken + self._due + wanted
            pairs = (
                (whole.tokens, self.tokens),
                (whole.cost, self.cost),
                (whole.requests, self.requests),
            )
            if tokens.all and any(most is not None and taken > most for taken, most in pairs):
                self.is_spent = True
                return False
            self._reserved[key] = wanted
            self._due += wanted
        return True

    @property
    def rest(self) -> tuple[float | None, float | None, int | None]:
        """The tokens, money and requests that are neither taken nor on the way; None without a bound."""
        with self._lock:
            taken = self._taken + self._due
        return (
            None if self.tokens is None else self.tokens - taken.tokens,
            None if self.cost is None else self.cost - taken.cost,
            None if self.requests is None else self.requests - taken.requests,
        )

    def holds(self, key: str) -> bool:
        """Whether something is reserved under a key."""
        with self._lock:
            return key in self._reserved

    def within(self, wanted: Iterable[tuple[str, Tokens, T]], price: Price | None) -> Iterator[T]:
        """The wanted things, each with its key and the most tokens that it may take, while they fit."""
        for key, tokens, thing in wanted:
            if not self.reserve(key, tokens, price):
                return
            yield thing

    def release(self, key: str) -> None:
        """What was reserved under a key is on the way no more."""
        with self._lock:
            self._free(key)

    def _free(self, key: str) -> bool:
        held = self._reserved.pop(key, None)
        if held is None:
            return False
        self._due -= held
        if not self._reserved:
            self._due = _Taken()  # sums of fractions drift
        return True


@dataclass(frozen=True, slots=True)
class _Taken:
    tokens: int = 0
    cost: float = 0.0
    requests: int = 0

    @classmethod
    def of(cls, tokens: Tokens, price: Price | None, requests: int = 1) -> Self:
        return cls(tokens.all, price.of(tokens) if price else 0.0, requests)

    def __add__(self, other: "_Taken") -> "_Taken":
        return _Taken(self.tokens + other.tokens, self.cost + other.cost, self.requests + other.requests)

    def __sub__(self, other: "_Taken") -> "_Taken":
        return _Taken(self.tokens - other.tokens, self.cost - other.cost, self.requests - other.requests)
