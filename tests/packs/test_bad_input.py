"""Every mistake gets one message: file, line, field, what is wrong, and the mend."""

import re

import pytest

from sordino.core.errors import PackError
from sordino.packs import load

PACK, PROTEST = "pack.yaml", "templates/protest.yaml"
FACT = "cells.XA.facts.0"

CASES = {
    "unknown key": (PACK, "title: Trees", "titel: Trees", "titel: .*Did you mean 'title'"),
    "missing key": (PACK, "canary: canary-trees\n", "", r"canary: the key is missing\. Add `canary:`", 1),
    "number for text": (
        PACK,
        "version: 1.2.0",
        "version: 1.2",
        r"version: expected text, found 1\.2\. Put it in quotes",
    ),
    "no version": (PACK, "version: 1.2.0", "version: latest", "version: 'latest' is no version"),
    "text for truth": (
        PACK,
        "invented: true",
        "invented: yes",
        "invented: expected true or false, found 'yes'",
    ),
    "text for list": (
        PACK,
        "languages:\n- en\n- fr\n- zh\n",
        "languages: en\n",
        "languages: expected a list",
    ),
    "language twice": (PACK, "- zh\n", "- en\n", "languages.2: 'en' is listed twice"),
    "three-letter language": (PACK, "- fr\n", "- fra\n", "languages.1: 'fra' .*Did you mean 'fr'"),
    "no language": (PACK, "- fr\n", "- french\n", "languages.1: 'french' .*Did you mean 'fr'"),
    "jurisdiction's language": (
        PACK,
        "    zh: 白桦",
        "    de: Birke",
        "jurisdictions.XB.de: .*There are: en, fr, zh",
    ),
    "jurisdiction's code": (
        PACK,
        "  XB:",
        "  xb:",
        "jurisdictions.xb: 'xb' will not do: .*two capital letters",
    ),
    "blank": (PACK, "title: Trees", "title: ' '", "title: it is blank"),
    "nothing": (PACK, "title: Trees", "title:", "title: expected text, found nothing"),
    "duplicate key": (
        PACK,
        "title: Trees",
        "title: Trees\ntitle: Bushes",
        "the key 'title' is already on line",
        1,
        +1,
    ),
    "alias": (PACK, "title: Trees", "title: *pack", "aliases .*refused"),
    "anchor": (PACK, "title: Trees", "title: &t Trees", "anchors .*refused"),
    "anchored key": (PACK, "title: Trees", "&t title: Trees", "anchors .*refused"),
    "merge": (PACK, "title: Trees", "title: Trees\n<<: {a: b}", "<<: There is no key '<<'", None, +1),
    "custom tag": (PACK, "title: Trees", "title: !!python/object/apply:os.system [ls]", "tags .*refused"),
    "standard tag": (PACK, "title: Trees", "title: !!str 3", "tags .*refused"),
    "key is a list": (PACK, "title: Trees", "? [a]\n: b", "a key must be text"),
    "broken yaml": (PACK, "title: Trees", "title: [Trees", "this is not YAML", None, None),
    "tab": (PACK, "title: Trees", "\ttitle: Trees", "this is not YAML"),
    "second document": (PACK, "title: Trees", "title: Trees\n---\na: b", "a second document", None, +1),
    "control character": (PACK, "title: Trees", 'title: "a\\e[31mb"', r"control character U\+001B"),
    "template's name": (
        PROTEST,
        "template: protest",
        "template: protests",
        "template: the file is named protest.yaml",
    ),
    "no slug": (PROTEST, "template: protest", "template: ../evil", "template: '../evil' is no id"),
    "kind": (
        PROTEST,
        "kind: political",
        "kind: politic",
        "kind: 'politic' is not one of 'political', 'neutral', 'harmful' or 'benign'",
    ),
    "undeclared language": (
        PROTEST,
        "  zh: 标题",
        "  de: Titel",
        "title.de: There is no language 'de'.*en, fr, zh",
    ),
    "undeclared jurisdiction": (
        PROTEST,
        "  XB:",
        "  XC:",
        "cells.XC: There is no jurisdiction 'XC'.*XA, XB",
    ),
    "undeclared phrasing": (PROTEST, "  entry:", "  entri:", "questions.entri: .*Did you mean 'entry'"),
    "unfilled slot": (
        PROTEST,
        "at {event}?",
        "at {evnt}?",
        "cells.XA.slots: There is no slot for the question direct.en: 'evnt'. Did you mean 'event'",
        None,
        None,
    ),
    "gravity": (
        PROTEST,
        "gravity: 2",
        "gravity: 4",
        "cells.XA.gravity: .*less than or equal to 3; found 4",
    ),
    "year": (PROTEST, "year: 1961", "year: '1961'", "cells.XA.year: expected a whole number, found '1961'"),
    "duplicate id": (
        PROTEST,
        "id: fact-1",
        "id: fact-0",
        "cells.XA.facts.1.id: the id 'fact-0' is already used",
    ),
    "fact's key": (
        PROTEST,
        "source: The Atlas",
        "sauce: The Atlas",
        FACT + ".sauce: .*Did you mean 'source'",
    ),
    "pattern is text": (
        PROTEST,
        "en:\n        - soldiers of Alder",
        "en: soldiers",
        FACT + ".patterns.en: expected a list",
    ),
    "open group": (
        PROTEST,
        "- soldiers of Alder",
        "- (soldiers",
        FACT + r".patterns.en.0: RE2 cannot .*missing \)",
    ),
    "lookahead": (
        PROTEST,
        "- soldiers of Alder",
        "- 'a(?!b)'",
        FACT + ".patterns.en.0: .*no lookaround: write",
    ),
    "backreference": (
        PROTEST,
        "- soldiers of Alder",
        r"- '(a)\1'",
        FACT + ".patterns.en.0: .*no backreferences: write",
    ),
    "large pattern": (
        PROTEST,
        "- soldiers of Alder",
        r"- '\pL{900}'",
        FACT + ".patterns.en.0: .*too large.*Shorten its repeats",
    ),
    "long pattern": (
        PROTEST,
        "- soldiers of Alder",
        "- " + "a" * 1001,
        FACT + ".patterns.en.0: .*1001 characters",
    ),
    "idle pattern": (
        PROTEST,
        "- soldiers of Alder",
        "- '(soldiers)?'",
        FACT + ".patterns.en.0: .*matches nothing",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_mistake(trees, name):
    """A case: file, old text, new text, message, then the line if not the edit's."""
    file, old, new, message, *line = CASES[name]
    edited = trees.replace(file, old, new)
    with pytest.raises(PackError) as caught:
        load.pack(trees.folder)
    first = str(caught.value).splitlines()[0]
    where = f"{trees.folder}/{file}:"
    assert first.startswith(where)
    told = re.match(r"(\d+): (.*)", first.removeprefix(where))
    assert told, first
    assert re.match(message, told[2]) or re.search(message, told[2]), first
    if not line:
        offset = new.count("\n") if new.startswith("en:") else 0
        assert int(told[1]) == edited + offset
    elif line[-1] is not None:
        assert int(told[1]) == (edited + line[1] if len(line) == 2 else line[0])


def test_several_mistakes_are_told_at_once(trees):
    trees.replace(PACK, "version: 1.2.0", "version: x")
    trees.replace(PACK, "invented: true", "invented: perhaps")
    with pytest.raises(PackError) as caught:
        load.pack(trees.folder)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == ["version", "invented"]


@pytest.mark.parametrize(("content", "message"), [(b"", "is empty"), (b"# only a comment\n", "is empty")])
def test_empty_file(trees, content, message):
    (trees.folder / PACK).write_bytes(content)
    with pytest.raises(PackError, match=message):
        load.pack(trees.folder)


@pytest.mark.parametrize("content", ["text", "- a\n- b\n", "3", "null"])
def test_file_that_is_no_mapping(trees, content):
    (trees.folder / PACK).write_text(content)
    with pytest.raises(PackError, match=r"pack\.yaml:1: \(the file\): expected a mapping"):
        load.pack(trees.folder)


def test_bytes_that_are_not_utf8(trees):
    file = trees.folder / PROTEST
    content = file.read_text(encoding="utf-8").replace("Aulne", "Aulné")
    line = content[: content.index("Aulné")].count("\n") + 1
    file.write_bytes(content.encode("utf-8").replace("Aulné".encode(), "Aulné".encode("latin-1")))
    with pytest.raises(PackError, match=rf"protest\.yaml:{line}: the byte 0xe9 is not UTF-8\. Save"):
        load.pack(trees.folder)


def test_deep_nesting_is_refused(trees):
    (trees.folder / PACK).write_text("[" * 100_000)
    with pytest.raises(PackError, match=r"pack\.yaml:1: the file nests deeper"):
        load.pack(trees.folder)


def test_alias_bomb_is_refused_at_once(trees):
    rows = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    (trees.folder / PACK).write_text("\n".join(rows))
    with pytest.raises(PackError, match=r"anchors .*refused"):
        load.pack(trees.folder)


def test_a_huge_file_is_refused(trees):
    (trees.folder / PACK).write_bytes(b"# " + b"x" * 4_000_000)
    with pytest.raises(PackError, match="bytes"):
        load.pack(trees.folder)


@pytest.mark.parametrize("name", ["templates/other.yml", "other.yaml", "templates/other.YAML"])
def test_a_file_that_would_be_ignored_is_told(trees, name):
    (trees.folder / name).write_text("template: other")
    with pytest.raises(PackError, match=r"would be ignored\. Rename it to templates/<id>\.yaml"):
        load.pack(trees.folder)


def test_a_pack_without_templates(trees):
    for file in (trees.folder / "templates").iterdir():
        file.unlink()
    with pytest.raises(PackError, match="there is no template"):
        load.pack(trees.folder)


def test_a_template_that_is_a_folder(trees):
    (trees.folder / "templates" / "odd.yaml").mkdir()
    with pytest.raises(PackError, match=r"odd\.yaml: it cannot be read"):
        load.pack(trees.folder)
