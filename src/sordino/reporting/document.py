"""An HTML page that needs no network, and its writing.

Under every page that Sordino writes, and under pictures. A file appears whole or not at all, and a place
that cannot take it is found out before the work for it starts.
"""

import base64
import contextlib
import hashlib
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sordino.core.errors import ReportError

_TEMPLATES = Path(__file__).parent / "templates"


def html(template: str, styles: Sequence[str], script: str | None = None, **values: object) -> str:
    """The page as one document. Everything in `values` is escaped, but for what is markup of our making."""
    style = "".join(_own(name) for name in styles)
    code = "" if script is None else _own(script)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(
        # Our own files, inlined as they stand; the policy below allows them by hash and nothing else.
        style=Markup(style),  # noqa: S704
        script=Markup(code),  # noqa: S704
        policy=_policy(style, code),
        **values,
    )


def _own(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    scripts = f" script-src '{_hash(script)}';" if script else ""
    return f"default-src 'none'; style-src '{_hash(style)}';{scripts} base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


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


def replace(path: Path, content: str | bytes) -> None:
    """Write it to `path`, replacing what was there only once all of it is written. Text is in UTF-8."""
    check_writable(path)
    # Beside the goal, so that the replacement is one step of the file system.
    beside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        beside.write_bytes(content.encode() if isinstance(content, str) else content)
        beside.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:  # also when interrupted; once it is the goal there is nothing beside it
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> ReportError:
    return ReportError(f"{path} cannot be written ({error.strerror}). Name a place that can be.")
