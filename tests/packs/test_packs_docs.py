"""What docs/packs.md says of packs that extend another is so."""

import re
from pathlib import Path

from sordino.packs import load
from sordino.packs.lint import lint

PAGE = (Path(__file__).parents[2] / "docs" / "packs.md").read_text("utf-8")


def test_the_page_names_every_shipped_pack():
    table = PAGE.partition("| pack | what it is for |\n")[2].partition("\n\n")[0]
    named = [name for line in table.splitlines() for name in re.findall(r"`([a-z-]+)`", line.split("|")[1])]
    assert sorted(named) == load.names()


def test_the_example_of_an_extension_loads_and_asks_what_it_says(tmp_path):
    written = re.findall(r"```yaml\n# (my-civic/\S+)\n(.*?)```", PAGE, re.DOTALL)
    for name, content in written:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    pack = load.pack(tmp_path / "my-civic")
    probes = pack.probes(templates=["press-closure"], jurisdictions=["IN"])
    assert {(p.phrasing, p.language) for p in probes} == {
        ("direct~1", "en"),
        *((phrasing, language) for phrasing in ("direct", "school") for language in pack.languages),
    }
    assert {issue.message for issue in lint(pack)} == {"the question is missing."}
