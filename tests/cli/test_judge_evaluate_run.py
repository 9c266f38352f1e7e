"""`sordino judge evaluate --run`: a judge against what people said of a stored run's answers."""

import csv
import json
import shutil

import pytest

from sordino.wiring.run import Run


@pytest.fixture
def labelled(sordino, small, folder):
    """A run of which 30 answers are labelled: all as the judge reads them, but for three."""
    shutil.copy(small.store, folder / "s.db")
    said = Run.stored("latest", folder / "s.db").outcomes.set_index("key")["engagement"]
    assert (
        sordino("labels", "export", "latest", "--n", "30", "--output", "l.csv", "--store", "s.db").code == 0
    )
    with (folder / "l.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        other = "DENIAL" if said[row["key"]] == "COMPLETE" else "COMPLETE"
        row["label"] = other if number < 3 else said[row["key"]]
    with (folder / "l.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    done = sordino("labels", "import", "latest", "l.csv", "--annotator", "anna", "--store", "s.db")
    assert done.code == 0, done.err
    return len(rows)


def test_the_figures_are_those_of_the_labels_in_the_store(sordino, labelled):
    found = json.loads(sordino("judge", "evaluate", "--run", "latest", "--store", "s.db", "--json").out)
    assert found["overall"]["n"] == labelled
    assert found["overall"]["accuracy"]["value"] == pytest.approx(1 - 3 / labelled)
    assert set(found["groups"]) == {"language", "jurisdiction", "kind"}
    page = sordino("judge", "evaluate", "--run", "latest", "--store", "s.db", "--out", "page.html")
    assert page.code == 0
    assert "labels rates" in page.out


def test_without_labels_or_with_two_sources_it_says_what_to_do(sordino, small, labelled, folder):
    none = sordino("judge", "evaluate", "--run", "latest", "--store", small.store)
    assert (none.code, "labels export" in none.err) == (2, True)
    for words in ((), ("l.csv", "--run", "latest"), ("--run", "latest", "--label", "x")):
        said = sordino("judge", "evaluate", *words, "--store", "s.db")
        assert said.code == 2
        assert "--run" in said.err
