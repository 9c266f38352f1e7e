"""Sordino finds what a language model stays silent about, and proves it.

>>> import sordino
>>> run = sordino.audit("organism:mute-a")         # doctest: +SKIP
>>> print(run.sentence)                            # doctest: +SKIP
>>> run.estimates, run.exchanges                   # data frames; doctest: +SKIP
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sordino.wiring.comparison import Comparison
    from sordino.wiring.run import Run

__version__ = "0.1.0"
__all__ = ["audit", "compare", "open_run"]


def audit(  # noqa: PLR0913 - one keyword a setting, as on the command line
    target: str,
    *,
    pack: str | None = None,
    columns: Mapping[str, str] | None = None,
    model: str | None = None,
    siblings: str | None = None,
    recording_language: str | None = None,
    languages: Iterable[str] = (),
    jurisdictions: Iterable[str] = (),
    templates: Iterable[str] = (),
    phrasings: Iterable[str] = (),
    epoch: str = "",
    seed: int = 0,
    until: str | None = None,
    margin: float | None = None,
    system: str | None = None,
    prefill: str | None = None,
    plain: bool = False,
    samples: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    max_tokens: int | None = None,
    workers: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
    stream: bool = False,
    log_probabilities: bool = False,
    concurrency: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    timeout: float | None = None,
    budget_requests: int | None = None,
    budget_tokens: int | None = None,
    max_cost: float | None = None,
    prices: str | Path | None = None,
    store: str | Path = "sordino.db",
) -> "Run":
    """Audit a target and return the run: `.sentence`, `.findings`, `.estimates`, `.exchanges`, `.report()`.

    The keywords are the options of `sordino audit`. Raises SordinoError subclasses for bad input; what was
    settled before an error or an interruption is in the store, and the same call goes on from there.
    """
    from sordino.wiring.audit import audit as wired  # noqa: PLC0415 - brings pandas
    from sordino.wiring.settings import AuditSettings  # noqa: PLC0415

    settings = AuditSettings(
        target=target,
        pack=pack,
        columns=columns or {},
        model=model,
        siblings=siblings,
        language=recording_language,
        languages=tuple(languages),
        jurisdictions=tuple(jurisdictions),
        templates=tuple(templates),
        phrasings=tuple(phrasings),
        epoch=epoch,
        seed=seed,
        until=until,
        margin=margin,
        system=system,
        prefill=prefill,
        plain=plain,
        samples=samples,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        workers=workers,
        batch_size=batch_size,
        device=device,
        dtype=dtype,
        stream=stream,
        log_probabilities=log_probabilities,
        concurrency=concurrency,
        requests_per_minute=requests_per_minute,
        tokens_per_minute=tokens_per_minute,
        timeout=timeout,
        budget_requests=budget_requests,
        budget_tokens=budget_tokens,
        max_cost=max_cost,
        prices=None if prices is None else str(prices),
    )
    return wired(settings, store)


def open_run(name: str = "latest", store: str | Path = "sordino.db") -> "Run":
    """A run that is in the store, by its id, the beginning of one, or "latest"."""
    from sordino.wiring.run import Run  # noqa: PLC0415 - brings pandas

    return Run.stored(name, store)


def compare(
    a: "str | Run",
    b: "str | Run | None" = None,
    *,
    languages: tuple[str, str] | None = None,
    same_weights: bool = False,
    store: str | Path = "sordino.db",
    store_b: str | Path | None = None,
) -> "Comparison":
    """Compare two runs, or two languages of one: `.sentence`, `.differences`, `.pairs`, `.report()`.

    a, b: ids, beginnings of ids, "latest", or runs; figures are b - a. languages: of a, and of b (or of a
    itself). same_weights: both sides are the same weights, whatever they are called. Raises SordinoError
    subclasses for what cannot be compared.
    """
    from sordino.wiring.comparison import compare as wired  # noqa: PLC0415 - brings pandas

    return wired(a, b, languages=languages, same_weights=same_weights, store=store, store_b=store_b)
