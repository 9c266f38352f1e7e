"""Evidence bundles: a run as one zip file that somebody who trusts nobody can check.

A bundle holds the report, the results as JSON and every exchange, reading, label, estimate and finding as
Parquet, and a list of their SHA-256 hashes. Checking it needs no store and no network.
"""

import hashlib
import json
import math
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from sordino.auditing import sampling
from sordino.auditing.findings import conclude
from sordino.auditing.rounds import figures
from sordino.auditing.sentence import sentence
from sordino.core.errors import ReportError
from sordino.core.identity import request_key
from sordino.core.manifest import Manifest
from sordino.core.names import target_name
from sordino.core.records import Axis, Label, Message, Sampling
from sordino.judging.human import VALUES
from sordino.judging.human import by_key as by_exchange
from sordino.reporting import corrected_data, render
from sordino.store import codec
from sordino.store.outcomes import STRING
from sordino.store.store import Store
from sordino.store.text import escape, unescape
from sordino.wiring.correcting import of_labels
from sordino.wiring.run import Run

HASHES = "SHA256SUMS"
LABELS = "labels.parquet"
"""There where people labelled anything."""
OUTCOME_OF = {
    "engagement": ("engagement",),
    "facts": ("facts_hit", "facts_all"),
    "flags": ("flags_hit", "flags_all"),
    "reasoning": ("reasoning",),
}
"""Which columns of outcomes hold the value of which axis."""
EPOCH = (1980, 1, 1, 0, 0, 0)
LARGEST = 4 << 30
"""Bytes that a bundle may hold, unpacked."""
MOST = 50
"""Files that a bundle may hold."""
TOLERANCE = 1e-9
FIGURES = (
    *("measure", "contrast", "jurisdiction", "language", "against", "blocks", "matching"),
    *("value", "low", "high", "level", "p", "p_adjusted", "n", "clusters", "method"),
)
CONCLUSIONS = ("measure", "jurisdiction", "language", "verdict", "why", "bound")
UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, UnicodeDecodeError),
    *(NotImplementedError, RuntimeError),  # a compression that Python does not know; a password
)


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
        _texts(run.outcomes, escape).to_parquet(folder / "outcomes.parquet", index=False)
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
        except UNREADABLE as error:
            raise ReportError(
                f"{str(path)!r} is no evidence bundle, or a damaged one ({error}). "
                "`sordino export` makes one."
            ) from None
        checks = [_hashes(folder, sums)]
        labels = (_labels,) if (folder / LABELS).exists() else ()
        for part in (_keys, _outcomes, _figures, *labels):
            try:
                checks.append(part(folder))
            except FileNotFoundError as error:
                checks.append(
                    Check(
                        part.__doc__ or "", False, f"there is no {Path(error.filename or str(error)).name}"
                    )
                )
            except Exception as error:
                checks.append(Check(part.__doc__ or "", False, f"could not be read: {error!r}"[:300]))
        root = hashlib.sha256(sums.encode()).hexdigest()
        return [*checks, Check("list of hashes", True, f"SHA-256 {root}: compare with the published one")]


def _hashes(folder: Path, sums: str) -> Check:
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in sums.splitlines())}
    held = {f.name: _sha256(f) for f in folder.iterdir() if f.name != HASHES}
    wrong = sorted(n for n in listed.keys() | held.keys() if listed.get(n) != held.get(n))
    detail = (
        f"{len(held)} files; of report.html nothing else is checked"
        if not wrong
        else "changed, missing or added: " + ", ".join(wrong)
    )
    return Check("every file has its hash", not wrong, detail)


def _keys(folder: Path) -> Check:
    """every request has the key of its content"""
    frame = _texts(pd.read_parquet(folder / "exchanges.parquet"), unescape)
    asked = frame[frame["key"].notna()].astype(object)
    rows = asked.where(asked.notna(), None).to_dict(orient="records")
    wrong = sum(_recomputed(row) != row["key"] for row in rows)
    detail = f"{len(asked):,} requests computed again" + (f", {wrong:,} differ" if wrong else "")
    return Check(str(_keys.__doc__), not wrong, detail)


def _outcomes(folder: Path) -> Check:
    """every outcome follows from its exchange and its readings"""
    judges = json.loads((folder / "results.json").read_text(encoding="utf-8"))["manifest"]["judges"]
    columns = [column for axis in OUTCOME_OF.values() for column in axis]
    outcomes = _table(folder / "outcomes.parquet", ("key", "delivery", *columns))
    exchanges = _table(folder / "exchanges.parquet", ("key", "delivery"))
    read = {
        (row["key"], row["axis"]): row["value"]
        for row in _table(folder / "readings.parquet", ("key", "axis", "judge", "value"))
        if judges.get(row["axis"]) == row["judge"]
    }
    wrong = abs(len(outcomes) - len(exchanges)) + sum(
        (o["key"], o["delivery"]) != (e["key"], e["delivery"])
        or any(_value(o, axis) != read.get((o["key"], axis)) for axis in OUTCOME_OF)
        for o, e in zip(outcomes, exchanges, strict=False)
    )
    detail = f"{len(outcomes):,} outcomes compared" + (f", {wrong:,} differ" if wrong else "")
    return Check(str(_outcomes.__doc__), not wrong, detail)


def _value(outcome: Mapping[str, Any], axis: str) -> str | None:
    """What a reading on this axis must have said for this outcome; None where there was none."""
    parts = [outcome[column] for column in OUTCOME_OF[axis]]
    return (
        None if parts[0] is None else "/".join(str(p) if isinstance(p, str) else str(int(p)) for p in parts)
    )


def _figures(folder: Path) -> Check:
    """every figure, every finding and the sentence follow from the outcomes"""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    outcomes = _texts(pd.read_parquet(folder / "outcomes.parquet"), unescape)
    manifest = codec.manifest_from_json(json.dumps(results["manifest"]))
    computed = figures(manifest, outcomes, seed=int(str(manifest.settings.get("seed") or 0)))
    concluded = conclude(computed)
    told = sentence(target_name(manifest.target.name), concluded, computed, manifest.jurisdictions)
    labels = _held_labels(folder)
    elsewhere = {label.run for label in labels} - {None, manifest.run}
    by_labels = results.get("corrected") if elsewhere else _corrected(labels, outcomes, manifest)
    estimates, findings = [asdict(e) for e in computed], [asdict(f) for f in concluded]
    differ = [
        name
        for name, stored, again in (
            ("results.json", results["estimates"], estimates),
            ("results.json", results["findings"], findings),
            ("the sentence of results.json", [results["sentence"]], [told]),
            ("estimates.parquet", _table(folder / "estimates.parquet", FIGURES), map(_flat, estimates)),
            ("findings.parquet", _table(folder / "findings.parquet", CONCLUSIONS), findings),
            ("the corrected rates of results.json", [results.get("corrected")], [by_labels]),
        )
        if not _alike(stored, list(again))
    ]
    detail = f"{len(estimates):,} estimates and {len(findings):,} findings computed again"
    detail += ", and corrected rates" if labels and not elsewhere else ""
    detail += "; corrected rates are not checked, for labels were drawn for other runs" if elsewhere else ""
    detail += f"; something else is in {', '.join(dict.fromkeys(differ))}" if differ else ""
    return Check(str(_figures.__doc__), not differ, detail)


def _held_labels(folder: Path) -> list[Label]:
    if not (folder / LABELS).exists():
        return []
    rows = _table(folder / LABELS, [f.name for f in fields(Label)])
    return [Label(**{**row, "axis": Axis(row["axis"])}) for row in rows]


def _corrected(labels: Sequence[Label], outcomes: pd.DataFrame, manifest: Manifest) -> object:
    """The rates that labels drawn for this run correct, as JSON; None where there are none."""
    by_key = by_exchange(labels, Axis.ENGAGEMENT)
    if not by_key or Axis.ENGAGEMENT.value not in manifest.judges:
        return None
    strata = sampling.frame(outcomes).set_index("key")["stratum"]
    found = corrected_data.as_json(of_labels(by_key, strata, manifest, outcomes), manifest)
    return json.loads(json.dumps(found))


def _labels(folder: Path) -> Check:
    """every label is a known value, on a delivered answer, one by each person"""
    delivered = {
        row["key"]
        for row in _table(folder / "exchanges.parquet", ("key", "delivery"))
        if row["delivery"] == "delivered"
    }
    labels = _table(folder / LABELS, ("key", "axis", "annotator", "value"))
    places = Counter((row["key"], row["axis"], row["annotator"]) for row in labels)
    wrong = len(labels) - len(places)
    wrong += sum(
        row["key"] not in delivered or row["value"] not in VALUES.get(Axis(row["axis"]), (row["value"],))
        for row in labels
    )
    detail = f"{len(labels):,} labels" + (f", {wrong:,} wrong" if wrong else "")
    return Check(str(_labels.__doc__), not wrong, detail)


def _alike(stored: object, computed: object) -> bool:
    """Equal, as far as what is stored says something; numbers to within rounding, NaN as null."""
    if isinstance(stored, Mapping) and isinstance(computed, Mapping):
        return all(name in computed and _alike(stored[name], computed[name]) for name in stored)
    if isinstance(stored, list) and isinstance(computed, list):
        return len(stored) == len(computed) and all(map(_alike, stored, computed))
    first, second = (None if isinstance(x, float) and math.isnan(x) else x for x in (stored, computed))
    if isinstance(first, int | float) and isinstance(second, int | float):
        return math.isclose(first, second, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return first == second


def _flat(estimate: dict[str, Any]) -> dict[str, Any]:
    return {**estimate, **estimate["figure"]}


def _table(file: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    frame = _texts(pd.read_parquet(file, columns=list(columns)), unescape).astype(object)
    rows = frame.where(frame.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _texts(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """With every text changed: Parquet holds no lone surrogates, so they go in escaped."""
    changed = {
        str(name): pd.array([change(x) if isinstance(x, str) else None for x in column], dtype=STRING)
        for name, column in frame.items()
        if pd.api.types.is_string_dtype(column)
    }
    return frame.assign(**changed)


def _recomputed(row: Mapping[Hashable, Any]) -> str:
    messages = [Message(role, content) for role, content in json.loads(row["messages"])]
    sampling = Sampling(**json.loads(row["sampling_json"]))
    return request_key(messages, row["target"], sampling, row["prefill"], int(row["sample"]), row["epoch"])


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _zip(folder: Path, path: Path) -> None:
    """One zip file, the same bytes for the same content; whole or not there."""
    partial = path.with_name(path.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as bundle:
            for file in sorted(folder.iterdir()):
                entry = zipfile.ZipInfo(file.name, EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                with file.open("rb") as source, bundle.open(entry, "w", force_zip64=True) as goal:
                    shutil.copyfileobj(source, goal)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ReportError(f"{path} cannot be written ({error.strerror}). Name another place.") from error


def _unzip(path: Path, folder: Path) -> None:
    """Only plain names are taken, each once, and no more than a bundle can hold."""
    with zipfile.ZipFile(path) as bundle:
        entries = bundle.infolist()
        if len(entries) > MOST:
            raise zipfile.BadZipFile(f"it holds more than {MOST} files")
        names = Counter(entry.filename for entry in entries)
        for name, times in names.items():
            if Path(name).name != name or name == ".." or times > 1:
                raise zipfile.BadZipFile(f"it holds {name!r}, or holds it twice")
        if HASHES not in names:
            raise zipfile.BadZipFile(f"it holds no {HASHES}")
        if sum(entry.file_size for entry in entries) > LARGEST:
            raise zipfile.BadZipFile(f"it holds more than {LARGEST >> 30} GiB")
        for entry in entries:
            with bundle.open(entry) as source, (folder / entry.filename).open("wb") as goal:
                shutil.copyfileobj(source, goal)
