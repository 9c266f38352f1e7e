"""What an audit is asked to do, as plain data: the spec of a run."""

import math
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from sordino.core.errors import SpecError

OF_ALL = {
    "pack": "--pack",
    "languages": "--language",
    "jurisdictions": "--jurisdiction",
    "templates": "--template",
    "phrasings": "--phrasing",
    "epoch": "--epoch",
    "seed": "--seed",
    "until": "--until",
    "margin": "--margin",
}
OF_RECORDINGS = {
    "columns": "--columns",
    "model": "--model",
    "siblings": "--siblings",
    "language": "--recording-language",
}
OF_GENERATION = {
    "system": "--system",
    "prefill": "--prefill",
    "plain": "--plain",
    "samples": "--samples",
    "temperature": "--temperature",
    "top_p": "--top-p",
    "max_tokens": "--max-tokens",
}
OF_MACHINE = {
    "workers": "--workers",
    "batch_size": "--batch-size",
    "device": "--device",
    "dtype": "--dtype",
}
OF_SERVERS = {
    "stream": "--stream",
    "log_probabilities": "--logprobs",
    "concurrency": "--concurrency",
    "requests_per_minute": "--requests-per-minute",
    "tokens_per_minute": "--tokens-per-minute",
    "timeout": "--timeout",
    "budget_requests": "--budget-requests",
    "budget_tokens": "--budget-tokens",
    "max_cost": "--max-cost",
    "prices": "--prices",
}
OPTIONS: Mapping[str, str] = OF_RECORDINGS | OF_ALL | OF_GENERATION | OF_MACHINE | OF_SERVERS
"""The option of the command line by field, in the order in which `command` writes them."""

HOW_COMPUTED = (*OF_MACHINE, *OF_SERVERS)
"""Fields that make no other run. Kind of device and number format, which decide answers, are part of the
target's revision; the others change the order of sums, so last bits, and a token only where two were as
good as equal. How fast a server is asked, and for how much, decides no answer.
"""
CERTAIN = "certain"
"""The one thing that `--until` waits for."""


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """One audit.

    target: a target's spec, e.g. `replay:answers.jsonl` or `organism:mute-a`.
    pack: a shipped pack's name or a folder; None asks the questions that the recording itself holds, or
      those that were written for the organism.
    columns: a recording's column for each field, where they are not named as usual.
    model: which model of a recording that holds several. siblings: the column whose trailing form makes
      form-matched siblings. language: of a recording that does not say.
    languages, jurisdictions, templates, phrasings: what to ask of; empty means all.
    epoch: a label; a new one asks again. seed: of the Monte Carlo figures.
    until: "certain" stops as soon as every place is decided. margin: in [0, 1], the selectivity below
      which a place counts as no more than its siblings then.
    system: the system prompt. prefill: how each answer begins. plain: ask without the chat template.
    samples: answers a question. temperature, top_p, max_tokens: how they are drawn.
    workers: processes. batch_size: requests. device, dtype: where and in which numbers the model computes.
    stream: have a server send answers as they are made. log_probabilities: of each token. concurrency: the
      most requests on the way. timeout: seconds that one may take. budget_requests, budget_tokens,
      max_cost: what a command may take; prices: the file that says what tokens cost.

    None leaves it to what the target is.
    """

    target: str
    pack: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    siblings: str | None = None
    language: str | None = None
    languages: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    phrasings: tuple[str, ...] = ()
    epoch: str = ""
    seed: int = 0
    until: str | None = None
    margin: float | None = None
    system: str | None = None
    prefill: str | None = None
    plain: bool = False
    samples: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    workers: int | None = None
    batch_size: int | None = None
    device: str | None = None
    dtype: str | None = None
    stream: bool = False
    log_probabilities: bool = False
    concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float | None = None
    budget_requests: int | None = None
    budget_tokens: int | None = None
    max_cost: float | None = None
    prices: str | None = None

    def command(self) -> str:
        """The command that repeats this audit."""
        words = [word for name, value in self.given().items() for word in _words(OPTIONS[name], value)]
        return shlex.join(["sordino", "audit", self.target, *words])

    def given(self) -> dict[str, object]:
        """What was told beyond the target, by field."""
        untold = AuditSettings(self.target)
        return {name: value for name in OPTIONS if (value := getattr(self, name)) != getattr(untold, name)}

    def published(self) -> Self:
        """Without what is the asker's own affair: what it may cost, and where prices lie."""
        return replace(self, budget_requests=None, budget_tokens=None, max_cost=None, prices=None)

    def check(self) -> None:
        """Raises SpecError for a number that no model can be run with, and for what contradicts itself."""
        for name, holds, mend in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not holds(value):
                raise SpecError(f"{OPTIONS[name]} {value}: {mend}")
        if self.until not in (None, CERTAIN):
            raise SpecError(f"--until {self.until!r}: write --until {CERTAIN}, or leave it out.")
        if self.margin is not None and self.until is None:
            raise SpecError(f"--margin says when to stop. Give --until {CERTAIN} too, or leave it out.")
        greedy = not self.temperature
        if greedy and (self.samples or 1) > 1:
            raise SpecError(
                f"--samples {self.samples} at temperature 0 would be the same answer {self.samples} times. "
                "Give a temperature too, for example --temperature 0.7, or leave --samples out."
            )
        if greedy and self.top_p not in (None, 1.0):
            raise SpecError(
                f"--top-p {self.top_p} changes nothing at temperature 0. "
                "Give a temperature too, for example --temperature 0.7, or leave --top-p out."
            )


_BOUNDS: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    ("samples", lambda n: n >= 1, "ask each question once or more often: --samples 1."),
    (
        "temperature",
        lambda t: t >= 0 and math.isfinite(t),
        "a temperature is 0 (always the likeliest word) or more, such as --temperature 0.7.",
    ),
    ("top_p", lambda p: 0 < p <= 1, "a share of the probability is above 0 and at most 1: --top-p 0.95."),
    ("max_tokens", lambda n: n >= 1, "leave room for an answer, such as --max-tokens 400."),
    ("workers", lambda n: n >= 0, "give a number of processes, such as 2, or 0 to have it chosen."),
    ("batch_size", lambda n: n >= 1, "give a number of requests, such as --batch-size 8, or leave it out."),
    ("margin", lambda m: 0 < m < 1, "give a difference of rates above 0 and below 1, such as 0.25."),
    ("concurrency", lambda n: 1 <= n <= 1024, "give a number of connections, such as --concurrency 16."),
    (
        "requests_per_minute",
        lambda n: 0 < n < math.inf,
        "give a rate above 0, or leave it out.",
    ),
    (
        "tokens_per_minute",
        lambda n: 0 < n < math.inf,
        "give a rate above 0, or leave it out.",
    ),
    (
        "timeout",
        lambda n: 0 < n < math.inf,
        "give seconds above 0, such as 120, or leave it out.",
    ),
    (
        "budget_requests",
        lambda n: n >= 1,
        "that allows nothing. Give a number above 0, or leave it out.",
    ),
    ("budget_tokens", lambda n: n >= 1, "that allows nothing. Give a number above 0, or leave it out."),
    (
        "max_cost",
        lambda n: 0 < n < math.inf,
        "that allows nothing. Give an amount above 0, or leave it out.",
    ),
)


def _words(option: str, value: object) -> Iterator[str]:
    if value is True:
        yield option
    elif isinstance(value, Mapping):
        yield from (option, ",".join(f"{k}={v}" for k, v in value.items()))
    else:
        for one in value if isinstance(value, tuple) else (value,):
            yield from (option, str(one))
