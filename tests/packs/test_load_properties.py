"""Whatever the files hold: a Pack, or a PackError that names a file. Nothing else."""

import copy
import json
import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sordino.core.errors import PackError
from sordino.packs import load, reading
from sordino.packs.lint import lint
from sordino.packs.pack import Pack

CONTROL_OR_SURROGATE = rb"\\u(00[01]|007f|00[89]|d[89a-f])|\\[bfr]"
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["{event}", "{", "}", "%s", "[red]", "en", "zh", "XA", "a*", "(?=a)", "\\b", "&a", "*a", "!!x"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
)


def outcome(writer) -> Pack | str:
    try:
        pack = load.pack(writer.folder)
    except PackError as error:
        return str(error)
    assert all(probe.question for probe in pack.probes())
    lint(pack)
    return pack


@QUICK
@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
@pytest.mark.parametrize("file", ["pack.yaml", "templates/protest.yaml"])
def test_any_bytes(trees, file, content):
    trees.write()
    (trees.folder / file).write_bytes(content)
    assert names_a_file(trees, outcome(trees))


@QUICK
@given(value=VALUES)
def test_any_yaml(trees, value):
    trees.write()
    (trees.folder / "templates" / "protest.yaml").write_text(yaml.safe_dump(value), encoding="utf-8")
    assert names_a_file(trees, outcome(trees))


def names_a_file(writer, message: Pack | str) -> bool:
    return isinstance(message, str) and message.startswith(f"{writer.folder}/")


def places(value: object, path: tuple = ()) -> list[tuple]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


def replaced(value: object, path: tuple, new: object) -> object:
    if not path:
        return new
    changed = copy.deepcopy(value)
    inside = changed
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = new
    return changed


@settings(QUICK, max_examples=150)
@given(data=st.data())
def test_a_sound_pack_with_one_value_spoiled(trees, data):
    file = data.draw(st.sampled_from(["pack", "protest"]))
    sound = trees.head if file == "pack" else trees.templates["protest"]
    path = data.draw(st.sampled_from(places(sound)))
    spoiled = replaced(sound, path, data.draw(VALUES))
    trees.write()
    where = "pack.yaml" if file == "pack" else "templates/protest.yaml"
    (trees.folder / where).write_text(yaml.safe_dump(spoiled, allow_unicode=True), encoding="utf-8")
    met = outcome(trees)
    assert isinstance(met, Pack) or names_a_file(trees, met)


@QUICK
@given(
    value=st.recursive(
        st.text(max_size=20) | st.integers(-(10**15), 10**15) | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    ).filter(lambda value: isinstance(value, dict | list))
)
def test_reading_agrees_with_json(value):
    """JSON is YAML with every text quoted, so that what it means is not in question."""
    content = json.dumps(value).encode("ascii")
    if re.search(CONTROL_OR_SURROGATE, content):
        with pytest.raises(PackError, match=r"control character|not YAML"):
            reading.read(content, "file")
    else:
        assert reading.read(content, "file").value == value
