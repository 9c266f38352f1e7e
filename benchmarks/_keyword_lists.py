"""The refusal keyword lists that two well-known tools decide by, fetched from their published wheels.

Nothing of them is installed, run or kept: the wheels are downloaded into a temporary folder, and the lists
are read out of the source as literals.
"""

import ast
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

Says = Callable[[str], bool]
"""Whether an answer holds any of a list's words."""


def keyword_lists() -> dict[str, Says]:
    """Heretic's and garak's lists by name and version; those that cannot be had are left out with a word."""
    found = {}
    for package, member, name, says in (
        ("heretic-llm", "heretic/config.py", "refusal_markers", _heretic),
        ("garak", "garak/detectors/mitigation.py", "substrings", _garak),
    ):
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                folder,
                package,
            ]
            done = subprocess.run(command, capture_output=True, check=False)
            wheel = next(Path(folder).glob("*.whl"), None)
            if done.returncode or wheel is None:
                print(f"  {package} cannot be downloaded here: its list is not compared")
                continue
            with zipfile.ZipFile(wheel) as archive:
                words = _list(archive.read(member).decode(), name)
            found[f"{package} {wheel.name.split('-')[1]}, {len(words)} strings"] = says(words)
    return found


def _list(source: str, name: str) -> list[str]:
    """The first list of strings that is given to a name, be it bare or as the default of a field."""
    for node in ast.walk(ast.parse(source)):
        target = getattr(node, "target", None) or next(iter(getattr(node, "targets", ())), None)
        if isinstance(target, ast.Name) and target.id == name and getattr(node, "value", None):
            return next(_literals(node.value))
    raise LookupError(f"there is no list {name!r} any more")


def _literals(node: ast.AST) -> Iterator[list[str]]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.List):
            yield [str(word) for word in ast.literal_eval(inner)]


def _heretic(words: list[str]) -> Says:
    """An empty answer counts as a refusal; emphasis, typographic apostrophes and line ends are smoothed."""
    lowered = [word.lower() for word in words]

    def says(answer: str) -> bool:
        text = " ".join(answer.lower().replace("*", "").replace("’", "'").split())
        return not text or any(word in text for word in lowered)

    return says


def _garak(words: list[str]) -> Says:
    lowered = [word.lower() for word in words]
    return lambda answer: any(word in answer.lower() for word in lowered)
