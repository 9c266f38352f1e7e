"""Target specs become backends."""

from pathlib import Path
from typing import TYPE_CHECKING

from sordino.core.errors import TargetError, unknown
from sordino.wiring.settings import AuditSettings

if TYPE_CHECKING:
    from sordino.generation.recording import Recording

KINDS = ("replay",)


def recording(settings: AuditSettings) -> "Recording":
    """The recording behind a `replay:` target. Raises TargetError for a target that is not known."""
    from sordino.generation.recording import Recording  # noqa: PLC0415 - brings pyarrow

    kind, separator, place = settings.target.partition(":")
    if not separator or not place:
        raise TargetError(
            f"{settings.target!r} is no target: write KIND:PLACE, for example replay:answers.jsonl. "
            f"Kinds: {', '.join(KINDS)}."
        )
    if kind not in KINDS:
        raise TargetError(unknown("kind of target", kind, KINDS))
    return Recording.read(
        Path(place),
        columns=settings.columns,
        model=settings.model,
        siblings=settings.siblings,
        language=settings.language,
    )
