"""The folder that a remedy wrote: its record and runs are read, its card and pages are written anew.

`sordino remedy` calls `write` when all is decided, and so does who signs off on it: pages are made of what
lies in the folder and of nothing else.
"""

import hashlib
import re
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sordino.core.errors import ReportError, SpecError
from sordino.core.manifest import Manifest
from sordino.remedy import record as records
from sordino.remedy import signoff as signoffs
from sordino.remedy import sums
from sordino.remedy.record import Record
from sordino.remedy.signoff import SignOff
from sordino.wiring.run import Run

if TYPE_CHECKING:
    from rich.console import Console

    from sordino.reporting.remedy_source import RemedySource

RECORD, STORE, CARD, PAGE, COMPARISON = (
    "remedy.json",
    "remedy.db",
    "README.md",
    "report.html",
    "compare.html",
)
BEFORE, AFTER = "before", "after"
FILES = {
    PAGE: "the report of this remedy",
    COMPARISON: "every changed answer, before and after, side by side",
    CARD: "the model card",
    RECORD: "all figures, for machines",
    STORE: "the audits before and after, with every exchange",
    signoffs.FILE: "what people said of the answers",
}
OF_REJECTED = FILES | {
    CARD: "what was tried, and what stopped it; there is no model, and so no model card",
    STORE: "the audits, with every exchange",
}
ADAPTER, MODEL = "adapter_config.json", "config.json"

_HUB = re.compile(r"hf:([\w.-]+/[\w.-]+)(?:@\S+)?")


class RemedyFolder:
    """A folder with a `remedy.json` in it. Everything is read when it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Raises SpecError for a folder that no remedy wrote."""
        folder = Path(path)
        if not (folder / RECORD).is_file():
            raise SpecError(f"{folder} holds no {RECORD}. Give the folder that `sordino remedy` wrote.")
        return cls(folder)

    @cached_property
    def record(self) -> Record:
        """What was tried. Raises ReportError where the file is not as it was written."""
        try:
            return records.from_json((self.path / RECORD).read_text("utf-8"))
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ReportError(
                f"{self.path / RECORD} is not as `sordino remedy` wrote it ({error}). Make it again: a "
                "remedy of the same target and seed is the same."
            ) from None

    @property
    def signoff(self) -> SignOff:
        """What people said; empty where nobody did. Raises LabelError for a file that is not as written."""
        path = self.path / signoffs.FILE
        return signoffs.from_json(path.read_text("utf-8")) if path.is_file() else SignOff()

    def run(self, name: str) -> Run:
        """The audit "before" or "after". Raises SpecError where the remedy has none."""
        if name not in self.record.runs:
            raise SpecError(
                f"{self.path}: no rung was accepted, so nothing was exported and there is no run {name!r}."
            )
        return Run.stored(self.record.runs[name], self.path / STORE)

    @property
    def source(self) -> "RemedySource":
        """What its pages are made from."""
        from sordino.reporting.remedy_source import RemedySource  # noqa: PLC0415 - brings numpy

        manifest = self._manifest
        weights, is_adapter = self._weights()
        hub = _HUB.fullmatch(self.record.target)
        return RemedySource(
            record=self.record,
            signoff=self.signoff,
            titles={} if manifest is None else manifest.templates,
            judges={} if manifest is None else manifest.judges,
            invented=manifest is not None and manifest.pack.invented,
            sha256=hashlib.sha256((self.path / RECORD).read_bytes()).hexdigest(),
            files=dict(self._files(weights, is_adapter=is_adapter)),
            weights=weights,
            is_adapter=is_adapter,
            base="" if hub is None or Path(hub[1]).exists() else hub[1],
        )

    @cached_property
    def _manifest(self) -> Manifest | None:
        return self.run(BEFORE).manifest if BEFORE in self.record.runs else None

    def _weights(self) -> tuple[str, bool]:
        """Where the model lies in the folder, and whether it is an adapter; empty where there is none."""
        for name in (ADAPTER, MODEL):
            found = min(self.path.rglob(name), key=lambda path: len(path.parts), default=None)
            if found is not None:
                return found.parent.relative_to(self.path).as_posix(), name == ADAPTER
        return "", False

    def _files(self, weights: str, *, is_adapter: bool) -> Iterator[tuple[str, str]]:
        # Those that `write` is about to write belong to it.
        written = {PAGE, CARD} | ({COMPARISON} if AFTER in self.record.runs else set())
        if weights:
            what = "the adapter" if is_adapter else "the model"
            files = sorted(path.name for path in self.path.glob("*.safetensors"))
            many = f", the first of {len(files)} files" if len(files) > 1 else ""
            yield files[0] if files else f"{weights}/", what + many
        told = FILES if self.record.accepted is not None else OF_REJECTED
        for name, what in told.items():
            if name in written or (self.path / name).is_file():
                yield name, what

    # -- written -----------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write the card, the report and, where a rung was accepted, the comparison.

        Raises ReportError when the place cannot take them.
        """
        from sordino.reporting import document, remedy_card  # noqa: PLC0415

        for name in (CARD, PAGE, COMPARISON):
            document.check_writable(self.path / name)
        if AFTER in self.record.runs:
            self._compare()
        self.write_page()
        document.replace(self.path / CARD, remedy_card.card(self.source))

    def renew_sums(self, names: Collection[str]) -> None:
        """Tell the folder's sums what these files hold now, or a push would say that they differ.

        The sums of all others stay, so that nothing else can be changed by the way.
        """
        from sordino.reporting import document  # noqa: PLC0415

        path = self.path / sums.NAME
        if not path.is_file():
            return
        lines = path.read_text("utf-8").splitlines()
        kept = [line for line in lines if line.partition("  ")[2] not in names]
        kept += [f"{hashlib.sha256((self.path / name).read_bytes()).hexdigest()}  {name}" for name in names]
        document.replace(path, "".join(f"{line}\n" for line in sorted(kept, key=lambda line: line[64:])))

    def write_page(self) -> None:
        """Write the report alone."""
        from sordino.reporting import remedy_render  # noqa: PLC0415 - brings Altair

        remedy_render.write(self.source, self.path / PAGE)

    def _compare(self) -> None:
        from sordino.wiring import comparison  # noqa: PLC0415 - brings pandas

        before, after = self.run(BEFORE), self.run(AFTER)
        made = comparison.compare(before, after, store=self.path / STORE)
        made.report(self.path / COMPARISON)

    def show(self, console: "Console") -> None:
        """Print what came of it, for people."""
        from sordino.reporting import remedy_terminal  # noqa: PLC0415

        remedy_terminal.show(self.source, console, str(self.path))

    def results(self) -> dict[str, object]:
        """All of it as plain JSON values."""
        from sordino.reporting import remedy_data  # noqa: PLC0415

        return remedy_data.to_json(self.source)
