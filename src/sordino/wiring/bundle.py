"""Evidence bundles: a run as one zip file that somebody who trusts nobody can check.

A bundle holds the report, the results as JSON and every exchange, reading, estimate and finding as Parquet,
and a list of their SHA-256 hashes. Checking it needs no store and no network.
"""

import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sordino.auditing.estimates import estimate
from sordino.core.errors import ReportError
from sordino.core.identity import request_key
from sordino.core.records import Message, Sampling
from sordino.reporting import render
from sordino.store.store import Store
from sordino.wiring.run import Run

HASHES = "SHA256SUMS"
EPOCH = (1980, 1, 1, 0, 0, 0)
LARGEST_MEMBER = 4 << 30
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked, whether it held, and on what."""

    what: str
    ok: bool
    detail: str


def write(run: Run, out: Path | None = None) -> tuple[Path, str]:
    """Write the bundle of a run; returns its path and the SHA-256 of its list of hashes."""
    path = out or Path(f"{run.id}.zip")
    render.check_writable(path)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Store.open(run.store, create=False) as store:
            store.export_parquet(run.id, folder)
        run.outcomes.to_parquet(folder / "outcomes.parquet", index=False)
        run.report(folder / "report.html")
        (folder / "results.json").write_text(json.dumps(run.results(), indent=1), encoding="ascii")
        sums = "".join(f"{_sha256(f)}  {f.name}\n" for f in sorted(folder.iterdir()))
        (folder / HASHES).write_text(sums, encoding="utf-8")
        _zip(folder, path)
    return path, hashlib.sha256(sums.encode()).hexdigest()


def check(path: Path) -> list[Check]:
    """Check a bundle. Raises ReportError for a file that is no bundle."""
    if not path.is_file():
        raise ReportError(f"There is no bundle {str(path)!r}. `sordino export` makes one.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            _unzip(path, folder)
            sums = (folder / HASHES).read_text(encoding="utf-8")
        except (zipfile.BadZipFile, OSError, UnicodeDecodeError, EOFError) as error:
            raise ReportError(
                f"{str(path)!r} is no evidence bundle ({error}). `sordino export` makes one."
            ) from None
        checks = [_hashes(folder, sums)]
        for part in (_keys, _figures):
            try:
                checks.append(part(folder))
            except Exception as error:
                checks.append(Check(part.__doc__ or "", False, f"could not be read: {error!r}"[:300]))
        root = hashlib.sha256(sums.encode()).hexdigest()
        return [*checks, Check("list of hashes", True, f"SHA-256 {root}: compare with the published one")]


def _hashes(folder: Path, sums: str) -> Check:
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())}
    held = {f.name: _sha256(f) for f in folder.iterdir() if f.name != HASHES}
    wrong = sorted(n for n in listed.keys() | held.keys() if listed.get(n) != held.get(n))
    detail = f"{len(held)} files" if not wrong else "changed, missing or added: " + ", ".join(wrong)
    return Check("every file has its hash", not wrong, detail)


def _keys(folder: Path) -> Check:
    """every request has the key of its content"""
    manifest = json.loads((folder / "results.json").read_text(encoding="utf-8"))["manifest"]
    frame = pd.read_parquet(folder / "exchanges.parquet")
    asked = frame[frame["key"].notna()]
    wrong = sum(_recomputed(row, manifest["target"]["revision"]) != row["key"] for row in _rows(asked))
    detail = f"{len(asked):,} requests computed again" + (f", {wrong:,} differ" if wrong else "")
    return Check(str(_keys.__doc__), not wrong, detail)


def _figures(folder: Path) -> Check:
    """every figure follows from the outcomes"""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    outcomes = pd.read_parquet(folder / "outcomes.parquet")
    seed = int(results["manifest"]["settings"].get("seed", 0))
    stored = pd.read_parquet(folder / "estimates.parquet")[["value", "low", "high"]].to_numpy(float)
    again = [(e.figure.value, e.figure.low, e.figure.high) for e in estimate(outcomes, seed=seed)]
    computed = np.array(again, dtype=float).reshape(-1, 3)
    same = stored.shape == computed.shape and np.allclose(stored, computed, atol=TOLERANCE, equal_nan=True)
    return Check(str(_figures.__doc__), bool(same), f"{len(again):,} estimates computed again")


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, object]]:
    yield from frame.to_dict(orient="records")  # type: ignore[misc]


def _recomputed(row: dict[str, object], revision: str) -> str:
    request = json.loads(str(row["request_json"]))
    messages = [Message(m["role"], m["content"]) for m in request["messages"]]
    sampling = Sampling(**request["sampling"])
    return request_key(
        messages, revision, sampling, request["prefill"], request["sample"], request["epoch"]
    )


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _zip(folder: Path, path: Path) -> None:
    """One zip file, the same bytes for the same content; whole or not there."""
    partial = path.with_name(path.name + ".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as bundle:
        for file in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(file.name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, file.read_bytes())
    partial.replace(path)


def _unzip(path: Path, folder: Path) -> None:
    """Only plain names are taken, and none larger than a bundle's files can be."""
    with zipfile.ZipFile(path) as bundle:
        for entry in bundle.infolist():
            if Path(entry.filename).name != entry.filename or entry.file_size > LARGEST_MEMBER:
                raise zipfile.BadZipFile(f"holds {entry.filename!r}")
            (folder / entry.filename).write_bytes(bundle.read(entry))
