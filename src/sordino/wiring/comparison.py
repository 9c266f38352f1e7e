"""A comparison from the names of its runs: finds them, compares them, and hands them to reporting."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sordino.comparing import comparison
from sordino.comparing.comparison import Side
from sordino.core.errors import SpecError
from sordino.core.records import Estimate
from sordino.reporting import document
from sordino.store.store import Store
from sordino.wiring.run import TRANSCRIPTS, Run

if TYPE_CHECKING:
    import pandas as pd

    from sordino.reporting.compare_source import CompareSource

Progress = Callable[[str, int, int], None]


def _quiet(_stage: str, _done: int, _total: int) -> None:
    """No progress."""


@dataclass(frozen=True)
class Comparison:
    """b against a: two runs, or two languages of one. Compared when it is first asked for anything.

    languages: of a and of b, to compare languages. same_weights: both sides are the same weights, whatever
    they are called.
    """

    a: Run
    b: Run
    languages: tuple[str, str] | None = None
    same_weights: bool = False
    progress: Progress = field(default=_quiet, repr=False)

    @cached_property
    def made(self) -> comparison.Comparison:
        """All figures. Raises SpecError for what cannot be compared, StoreError for an unfinished run."""
        with self._opened() as (ours, theirs):
            for run, store in ((self.a, ours), (self.b, theirs)):
                run.check_finished(store)
            return comparison.compare(
                Side(self.a.manifest, self.a.outcomes, ours.exchanges),
                Side(self.b.manifest, self.b.outcomes, theirs.exchanges),
                languages=self.languages,
                same_weights=self.same_weights,
                progress=self.progress,
            )

    @property
    def sentence(self) -> str:
        """What differs, in a sentence or two."""
        return self.made.sentence

    @property
    def estimates(self) -> list[Estimate]:
        """The differences b - a as estimates, as a gate takes them."""
        return [change.estimate for change in self.made.changes]

    @property
    def differences(self) -> "pd.DataFrame":
        """One row a difference: what it is about, both rates, b - a with its interval, what is left out."""
        from sordino.reporting import compare_data  # noqa: PLC0415 - brings pandas

        return compare_data.frame(self.made)

    @property
    def pairs(self) -> "pd.DataFrame":
        """One row a probe that both owe, with the outcomes of either, `changes` and their `size`."""
        return self.made.pairs

    def report(self, out: str | Path | None = None, *, transcripts: int = TRANSCRIPTS) -> Path:
        """Write the page, one HTML file, and return where."""
        from sordino.reporting import compare_render  # noqa: PLC0415 - brings Altair

        path = Path(out) if out is not None else self.default_path
        document.check_writable(path)
        with self._source() as source:
            self.progress("writing the page", 0, 1)
            written = compare_render.write(source, path, transcripts)
        self.progress("writing the page", 1, 1)
        return written

    @property
    def default_path(self) -> Path:
        """Where the page goes unless told."""
        if self.languages is None:
            return Path(f"compare-{self.a.id}-{self.b.id}.html")
        runs = self.a.id if self.a.id == self.b.id else f"{self.a.id}-{self.b.id}"
        return Path(f"compare-{runs}-{'-'.join(self.languages)}.html")

    def results(self) -> dict[str, object]:
        """All of it as plain JSON values."""
        from sordino.reporting import compare_data  # noqa: PLC0415 - brings pandas

        return compare_data.to_json(self.made)

    def show(self, *, as_json: bool = False, as_csv: bool = False) -> None:
        """Print the comparison on stdout: for people, as JSON, or its differences as CSV."""
        from rich.console import Console  # noqa: PLC0415

        from sordino.reporting import compare_data, compare_terminal  # noqa: PLC0415

        if as_json:
            json.dump(self.results(), sys.stdout, indent=2, ensure_ascii=True)
            sys.stdout.write("\n")
        elif as_csv:
            sys.stdout.write(compare_data.csv(self.made))
        else:
            with self._source() as source:
                compare_terminal.show(source, Console())

    @property
    def command(self) -> str:
        """What makes it again, where the stores are at hand."""
        words = ["sordino", "compare", self.a.id]
        words += [self.b.id] if self.b.id != self.a.id else []
        words += ["--languages", *self.languages] if self.languages else []
        words += ["--same-weights"] if self.same_weights else []
        return shlex.join(words)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Store, Store]]:
        with (
            Store.open(self.a.store, create=False) as ours,
            Store.open(self.b.store, create=False) as theirs,
        ):
            yield ours, theirs

    @contextmanager
    def _source(self) -> "Iterator[CompareSource]":
        from sordino.reporting.compare_source import CompareSource  # noqa: PLC0415

        made = self.made
        with self._opened() as (ours, theirs):
            yield CompareSource(made, self.a.source(ours), self.b.source(theirs), self.command)


def compare(
    a: str | Run,
    b: str | Run | None = None,
    *,
    languages: tuple[str, str] | None = None,
    same_weights: bool = False,
    store: str | Path,
    store_b: str | Path | None = None,
    progress: Progress = _quiet,
) -> Comparison:
    """Compare two runs, or two languages of one.

    a, b: ids, beginnings of ids, "latest", or runs. b is looked for in store_b, or where a is.
    Raises SpecError and StoreError for what cannot be compared.
    """
    if b is None and languages is None:
        raise SpecError(
            "Compare with what? Name a second run (`sordino runs` lists them), or two languages of this "
            "one: --languages en zh."
        )
    first = a if isinstance(a, Run) else Run.stored(a, store)
    second = first if b is None else b if isinstance(b, Run) else Run.stored(b, store_b or store)
    return Comparison(first, second, languages, same_weights, progress)
