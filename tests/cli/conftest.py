"""The command line as people meet it: what it says, where, and how it ends."""

import contextlib
import io
import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from runpy import run_path

import pytest

from sordino.cli.main import main
from sordino.packs import load

ATLAS = Path(__file__).parents[2] / "examples" / "atlas.jsonl"
SMALL = ("protest-crackdown", "leader-satire", "harvest-festival")
PACK = ("--pack", "atlas", "--language", "en", *(w for t in SMALL for w in ("--template", t)))


@dataclass(frozen=True)
class Said:
    """One command: its exit code and what it wrote."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@dataclass(frozen=True)
class Audited:
    """A store that holds one run, the report beside it, and the command that made both."""

    folder: Path
    words: tuple[str, ...]
    said: Said

    @property
    def store(self) -> Path:
        return self.folder / "s.db"

    @property
    def report(self) -> Path:
        return self.folder / "report.html"


@pytest.fixture(scope="session")
def sordino() -> Command:
    """Runs `sordino WORD...` in this process, on streams as strict as a terminal in UTF-8."""

    def run(*words: object, cwd: Path | None = None, columns: int = 200) -> Said:
        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]
        with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
            patch.setattr(sys, "argv", ["sordino", *map(str, words)])
            patch.setenv("COLUMNS", str(columns))
            patch.delenv("SORDINO_STORE", raising=False)
            stack.enter_context(contextlib.redirect_stdout(streams[0]))
            stack.enter_context(contextlib.redirect_stderr(streams[1]))
            if cwd is not None:
                stack.enter_context(contextlib.chdir(cwd))
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(bool(end.code))
        out, err = (stream.buffer.getvalue().decode() for stream in streams)
        return Said(code, out, err)

    return run


@pytest.fixture(scope="session")
def audited(sordino: Command, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Audited]:
    """Audits something in a folder of its own."""

    def audit(*words: object) -> Audited:
        folder = tmp_path_factory.mktemp("audited")
        command = ("audit", *map(str, words), "--store", str(folder / "s.db"))
        command += ("--out", str(folder / "report.html"))
        return Audited(folder, command, sordino(*command))

    return audit


@pytest.fixture(scope="session")
def muted(audited: Callable[..., Audited]) -> Audited:
    """The demonstration: all of the atlas, with --json."""
    return audited(f"replay:{ATLAS}", "--pack", "atlas", "--model", "example/muted", "--json")


@pytest.fixture(scope="session")
def opened(audited: Callable[..., Audited]) -> Audited:
    """Its counterpart, for people."""
    return audited(f"replay:{ATLAS}", "--pack", "atlas", "--model", "example/open")


@pytest.fixture(scope="session")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three templates of the atlas in English, as the muted model answers them: 36 rows."""
    questions = {p.question for p in load.pack("atlas").probes(templates=SMALL, languages=["en"])}
    path = tmp_path_factory.mktemp("recording") / "small.jsonl"
    rows = [json.loads(line) for line in ATLAS.read_text("utf-8").splitlines()]
    kept = [r for r in rows if r["question"] in questions and r["model"] == "example/muted"]
    path.write_text("".join(json.dumps(r) + "\n" for r in kept), "utf-8")
    return path


@pytest.fixture(scope="session")
def small(audited: Callable[..., Audited], recording: Path) -> Audited:
    """An audit that takes a second."""
    return audited(f"replay:{recording}", *PACK)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model's folder: it says "Yes." when greedy, and "No." nearly as often when it is drawn from."""
    pytest.importorskip("transformers")
    build = run_path(str(Path(__file__).parents[1] / "tiny_model.py"))
    logits = (
        build["chain"]("Y", "e", "s", ".") | build["chain"]("N", "o", ".") | {"\n": {"Y": 1.0, "N": 0.9}}
    )
    folder: Path = build["known_model"](tmp_path_factory.mktemp("models") / "tiny", logits, context=2048)
    return folder


@pytest.fixture(scope="session")
def rows() -> Callable[[Path, str], list[tuple[object, ...]]]:
    """What a query finds in an SQLite file."""

    def query(store: Path, statement: str) -> list[tuple[object, ...]]:
        with contextlib.closing(sqlite3.connect(store)) as connection:
            return connection.execute(statement).fetchall()

    return query


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder to run in. Nothing but what a test put there may be in it when bad input was refused."""
    with contextlib.chdir(tmp_path):
        yield tmp_path
