"""Writing a report: one HTML file that needs no network, and the same findings as JSON and CSV.

A report appears whole or not at all, and a place that cannot take it is found out before an audit starts.
"""

import base64
import contextlib
import hashlib
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sordino.core.errors import ReportError
from sordino.core.records import Estimate, Figure, Measure
from sordino.reporting.charts import forest
from sordino.reporting.page import page
from sordino.reporting.source import ReportSource
from sordino.reporting.text import cell
from sordino.reporting.transcripts import SHOWN

_TEMPLATES = Path(__file__).parent / "templates"


def html(source: ReportSource, shown: int = SHOWN) -> str:
    """The report as one HTML document; `shown` caps its transcripts."""
    model = page(source, shown)
    charts = {c.id: forest(source, Measure(c.id)) for c in model.comparisons}
    style = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    script = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        page=model,
        charts=charts,
        # Our own two files, inlined as they stand; the policy below allows them by hash and nothing else.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        policy=_policy(style, script),
    )


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write(source: ReportSource, path: Path, shown: int = SHOWN) -> Path:
    """Write the report to `path`, replacing what was there only once all of it is written.

    Raises ReportError when the place cannot take it.
    """
    _replace(path, html(source, shown))
    return path


def check_writable(path: Path) -> None:
    """Raise ReportError unless a report can be written to `path`. Leaves nothing behind."""
    if path.is_dir():
        raise ReportError(f"{path} is a folder. Name a file in it, such as {path / 'report.html'}.")
    if not path.parent.is_dir():
        raise ReportError(f"The folder {path.parent} does not exist. Make it, or name another place.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> ReportError:
    return ReportError(f"{path} cannot be written ({error.strerror}). Name a place that can be.")


def _replace(path: Path, text: str) -> None:
    check_writable(path)
    # Beside the goal, so that the replacement is one step of the file system.
    beside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def to_json(source: ReportSource) -> dict[str, object]:
    """Manifest, sentence, findings, estimates, judges' cards and notes as plain JSON values.

    What could not be estimated is null. Strings are as recorded: whoever shows them makes them safe.
    """
    return {
        "manifest": _plain(source.manifest),
        "sentence": source.sentence,
        "findings": [_plain(finding) for finding in source.findings],
        "estimates": [_plain(estimate) for estimate in source.estimates],
        "judges": [_plain(card) for card in source.cards],
        "notes": list(source.notes),
    }


def _plain(value: object) -> object:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and value != value:  # noqa: PLR0124  not a number: JSON has no word for it
        return None
    return str(value) if isinstance(value, str) else value


def csv(source: ReportSource) -> str:
    """The estimates, one a row, with the figure's fields as columns; unknown is left empty.

    `excluded` reads "blocked_input=3; truncated=1".
    """
    columns = [f.name for f in fields(Estimate) if f.name not in ("figure", "excluded")]
    columns += [f.name for f in fields(Figure)] + ["excluded"]
    rows = [_csv_row(estimate) for estimate in source.estimates]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")


def _csv_row(estimate: Estimate) -> dict[str, object]:
    figure = {f.name: getattr(estimate.figure, f.name) for f in fields(Figure)}
    row = {f.name: getattr(estimate, f.name) for f in fields(Estimate)} | figure
    row["excluded"] = "; ".join(f"{why}={n}" for why, n in sorted(estimate.excluded.items()))
    return {name: cell(str(value)) if isinstance(value, str) else value for name, value in row.items()}
