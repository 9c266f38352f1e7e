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
    from sordino.wiring.run import Run

__version__ = "0.1.0"
__all__ = ["audit", "open_run"]


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
    epoch: str = "",
    seed: int = 0,
    system: str | None = None,
    plain: bool = False,
    samples: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    max_tokens: int | None = None,
    workers: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
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
        epoch=epoch,
        seed=seed,
        system=system,
        plain=plain,
        samples=samples,
        temperature=temperature,
        top_p=top_p,
        max_tokens=max_tokens,
        workers=workers,
        batch_size=batch_size,
        device=device,
        dtype=dtype,
    )
    return wired(settings, store)


def open_run(name: str = "latest", store: str | Path = "sordino.db") -> "Run":
    """A run that is in the store, by its id, the beginning of one, or "latest"."""
    from sordino.wiring.run import Run  # noqa: PLC0415 - brings pandas

    return Run.stored(name, store)
