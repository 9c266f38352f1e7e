"""The files that cleaning a set writes: which they are, that none is lost, and that they appear together.

Under wiring/cleaning.py. Everything is written beside its place and moved there at the end, the set itself
last: where it is, all of it is, and so is what tells how it came about.
"""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sordino.core.errors import ReportError, SpecError
from sordino.reporting import document
from sordino.wiring.cleaning_copy import FORMS


@dataclass(frozen=True, slots=True)
class Places:
    """out: the cleaned set. The others stand beside it and bear its name."""

    out: Path
    removed: Path
    review: Path
    report: Path

    @classmethod
    def beside(cls, out: Path) -> "Places":
        """For OUT.jsonl: OUT.removed.jsonl, OUT.review.csv and OUT.report.html."""
        if out.suffix.lower() not in FORMS:
            raise SpecError(
                f"--out {out}: its name says how it is written, and must end in {', '.join(FORMS)}."
            )
        named = (
            out.with_name(f"{out.stem}.{end}") for end in ("removed.jsonl", "review.csv", "report.html")
        )
        return cls(out, *named)

    def check(self, sources: tuple[Path, ...], marks: Path | None, *, force: bool) -> None:
        """Raise SpecError or ReportError unless all of them may be written."""
        document.check_writable(self.out)
        for place in self.written(marks):
            if any(place.exists() and one.exists() and place.samefile(one) for one in sources):
                raise SpecError(f"--out: {place} is the file that is read. Name another.")
            if place.is_dir():
                raise SpecError(f"--out: {place} is a folder. Name another place.")
            if place.exists() and not force:
                raise SpecError(f"{place} exists. Name another --out, or give --force to replace it.")

    def written(self, marks: Path | None) -> tuple[Path, ...]:
        """In the order in which they are put in place. Where marks are applied, no new ones are asked
        for.
        """
        return (self.removed, *(() if marks else (self.review,)), self.report, self.out)


class Parts:
    """Files on their way to their places."""

    def __init__(self) -> None:
        self._parts: dict[Path, Path] = {}

    def of(self, place: Path) -> Path:
        """Where to write what belongs there."""
        return self._parts.setdefault(place, place.with_name(f".{uuid.uuid4().hex}.part"))

    def settle(self, places: tuple[Path, ...]) -> None:
        """Put all of them in place."""
        for place in places:
            self._parts[place].replace(place)

    def leave(self) -> None:
        """Nothing half-written stays."""
        for part in self._parts.values():
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


@contextlib.contextmanager
def parts() -> Iterator[Parts]:
    """Files that are settled, or gone. Raises ReportError when a place cannot take them."""
    made = Parts()
    try:
        yield made
    except OSError as error:
        named = error.filename or "A file"
        raise ReportError(f"{named} cannot be written ({error.strerror}). Name another --out.") from error
    finally:
        made.leave()
