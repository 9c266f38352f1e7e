"""What LLM judges ruled, kept so that nothing is paid for twice: across runs, stores and files.

A small SQLite file of its own rather than a table of the store, because `judge read` has no store, one
answer stands in many stores, and a ruling that was paid for is kept the moment it comes. It holds digests
and rulings, and no text that anybody wrote. A store's readings stay the record; this file may be deleted.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sordino.core.errors import JudgeError
from sordino.judging.rubric import RULES

_TABLE = (
    "CREATE TABLE IF NOT EXISTS rulings (key TEXT PRIMARY KEY, rule TEXT NOT NULL, confidence REAL, "
    "start INTEGER, stop INTEGER)"
)
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A ruling with its quote found. start, stop: where it stands in the answer; None without a quote."""

    rule: str
    confidence: float | None = None
    start: int | None = None
    stop: int | None = None


class RulingCache:
    """Rulings by the digest of what decides them. Its methods raise JudgeError for a file that is none."""

    def __init__(self, path: Path | None = None) -> None:
        """path: None keeps rulings in memory, for the judge's own life."""
        self._path = path
        with self._told():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._held = sqlite3.connect(path or ":memory:", timeout=PATIENCE, isolation_level=None)
            if path is not None:
                self._held.execute("PRAGMA journal_mode=WAL")
                self._held.execute("PRAGMA synchronous=NORMAL")
            self._held.execute(_TABLE)

    def get(self, key: str) -> Kept | None:
        """What was ruled, or None."""
        with self._told():
            row = self._held.execute(
                "SELECT rule, confidence, start, stop FROM rulings WHERE key = ?", (key,)
            ).fetchone()
        return Kept(*row) if row is not None and row[0] in RULES else None

    def put(self, key: str, kept: Kept) -> None:
        """Keep a ruling, durably; the first stays."""
        row = (key, kept.rule, kept.confidence, kept.start, kept.stop)
        with self._told():
            self._held.execute("INSERT OR IGNORE INTO rulings VALUES (?, ?, ?, ?, ?)", row)

    def close(self) -> None:
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise JudgeError(
                f"The cache of rulings {self._path} cannot be used: {error}. Delete that file, or name "
                "another folder in XDG_CACHE_HOME; `judge ask` can do without it (--no-cache)."
            ) from error
