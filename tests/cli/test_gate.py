"""`sordino gate` as people and their servers meet it: exit codes, outputs, and what is refused."""

import json
import shutil
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from xml.etree import ElementTree

import pytest

ATLAS = Path(__file__).parents[2] / "examples" / "atlas.jsonl"


@pytest.fixture(scope="module")
def both(sordino, tmp_path_factory):
    """A store with the audits of a model that answers and of the same model muted."""
    folder = tmp_path_factory.mktemp("both")
    for model in ("open", "muted"):
        words = ("--pack", "atlas", "--model", f"example/{model}", "--language", "en")
        out = ("--store", folder / "s.db", "--out", folder / "r.html")
        assert sordino("audit", f"replay:{ATLAS}", *words, *out).code == 0
    return folder / "s.db"


@pytest.fixture
def gate(sordino, folder, both):
    """`sordino gate` in an empty folder, of one of the two or of another store."""

    def judge(run, *words, store=both):
        return sordino("gate", run, "--store", store, *words)

    return judge


MUTED, OPEN = "example-muted", "example-open"


def test_a_model_that_answers_passes_the_default_rules(gate):
    said = gate(OPEN)
    assert said.code == 0
    assert "Passed: each of 12 estimates is shown to keep to its bound." in said.out
    assert "withheld.selectivity <= 25 points" in said.out
    assert "withheld.rate <= 50%" in said.out
    assert (
        "No rule was named (--rule); the default ones speak of selectivity and how much is with" in said.out
    )


def test_a_muted_model_fails_them_where_it_is_muted(gate):
    said = gate(MUTED, "--json")
    assert said.code == 1
    told = json.loads(said.out)
    assert not told["passed"]
    assert {c["jurisdiction"] for c in told["checks"] if c["result"] == "violated"} == {"XB"}
    (violated,) = [c for c in told["checks"] if c["result"] == "violated"]
    assert violated["low"] > violated["bound"] == 0.25
    assert {c["jurisdiction"] for c in told["checks"] if c["result"] == "undecided"} == {"XB"}


def test_a_violation_fails_where_undecided_is_allowed_and_what_is_undecided_does_not(gate):
    rule = ("--rule", "withheld.rate[jurisdiction=XA] <= 5%")
    assert gate(OPEN, *rule).code == 1
    said = gate(OPEN, *rule, "--allow-undecided")
    assert said.code == 0
    assert "? undecided" in said.out
    assert "do not say that they keep to the bound" in said.out
    assert "Out of reach of these questions" in said.out


def test_rules_from_a_file_with_their_names_beside_those_of_options(gate, folder):
    (folder / "gate.yaml").write_text(
        "rules:\n"
        "  - withheld.selectivity <= 25 points\n"
        "  - {rule: 'withheld.rate[language=en] <= 50%', name: Speaks English, why: What users were promised.}\n",
        "utf-8",
    )
    said = gate(OPEN, "--rules", "gate.yaml", "--rule", "blocked.rate <= 20%")
    assert said.code == 0, said.out
    assert said.out.index("blocked.rate") < said.out.index("withheld.selectivity")
    assert "Speaks English" in said.out
    assert "What users were promised." in said.out
    assert "No rule was named" not in said.out


def test_outputs_are_written_and_the_summary_of_a_step_is_added_to(gate, folder, monkeypatch):
    step = folder / "step.md"
    step.write_text("before\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(step))
    said = gate(MUTED, "--junit", "j.xml", "--card", "card.md")
    assert said.code == 1
    suite = ElementTree.parse("j.xml").getroot()[0]
    assert (suite.get("tests"), int(suite.get("failures"))) == (
        "12",
        len(suite.findall("testcase/failure")),
    )
    assert (folder / "card.md").read_text("utf-8").startswith("---\nmodel-index:")
    assert step.read_text("utf-8").startswith("before\n## Sordino gate: failed\n")
    gate(MUTED, "--summary", "own.md")
    assert (folder / "own.md").read_text("utf-8") == step.read_text("utf-8").removeprefix("before\n")


def test_a_card_goes_to_stdout_alone(gate):
    said = gate(OPEN, "--card", "-")
    assert said.code == 0
    assert said.out.startswith("---\nmodel-index:")
    assert said.out.endswith("`\n")
    assert "✓" not in said.out


def test_a_change_is_judged_from_a_baseline(gate):
    changed = gate(
        MUTED, "--against", OPEN, "--rule", "withheld.change[jurisdiction=XB] <= 10 points", "--json"
    )
    assert changed.code == 1
    (check,) = json.loads(changed.out)["checks"]
    assert (check["result"], check["contrast"]) == ("violated", "change")
    kept = gate(MUTED, "--against", OPEN, "--rule", "withheld.change[jurisdiction=XC] <= 30 points")
    assert kept.code == 0, kept.out


def test_what_the_baseline_was_not_asked_is_undecided_and_told(sordino, gate, both, folder):
    """A baseline with one jurisdiction says nothing of how the others changed."""
    words = ("--pack", "atlas", "--model", "example/open", "--language", "en", "--jurisdiction", "XA")
    shutil.copy(both, folder / "s.db")
    audited = sordino("audit", f"replay:{ATLAS}", *words, "--store", "s.db", "--json")
    few = json.loads(audited.out)["manifest"]["run"]
    change = ("--against", few, "--rule", "withheld.change <= 15 points")
    said = gate(MUTED, *change, "--json", store="s.db")
    assert said.code == 1
    told = json.loads(said.out)
    undecided = {c["jurisdiction"]: c["told"] for c in told["checks"] if c["result"] == "undecided"}
    assert set(undecided) == {"XB", "XC", "XD", "XE", "XF"}
    assert {text.partition(".")[0] for text in undecided.values()} == {"The baseline has nothing about it"}
    run = told["run"]
    assert (
        f"150 of 180 questions of {run} have no partner in {few}: they are in no change." in told["notes"]
    )
    assert any(note.startswith("Jurisdictions: ") for note in told["notes"])


def test_a_change_is_judged_with_what_a_comparison_of_the_two_notes(gate, both, folder):
    """That packs differ whose questions do not, and that one side stopped when enough was certain."""
    shutil.copy(both, folder / "s.db")
    with closing(connect(folder / "s.db")) as store:
        store.execute(
            "UPDATE runs SET manifest_json = json_set(manifest_json, '$.pack.hash', 'another1', "
            "'$.settings.until', 'certain') WHERE run LIKE ?",
            (f"{OPEN}%",),
        )
        store.commit()
    change = ("--against", OPEN, "--rule", "withheld.change[jurisdiction=XC] <= 30 points")
    notes = json.loads(gate(MUTED, *change, "--json", store="s.db").out)["notes"]
    assert any("two states of a pack (another1 and " in note for note in notes), notes
    assert any("stopped asking when enough was certain" in note for note in notes), notes


def test_work_that_is_done_at_once_shows_no_bar(gate, monkeypatch):
    words = (OPEN, "--rule", "withheld.rate[jurisdiction=XA] <= 5%")
    monkeypatch.setattr("sordino.cli.gate.PATIENCE", 600.0)
    assert gate(*words).err == ""
    monkeypatch.setattr("sordino.cli.gate.PATIENCE", 0.0)
    assert "what can be shown" in gate(*words).err


def test_a_run_that_an_older_judge_has_read_is_judged_with_a_warning(gate, both, folder):
    shutil.copy(both, folder / "s.db")
    with closing(connect(folder / "s.db")) as store:
        store.execute(
            "UPDATE runs SET manifest_json = replace(manifest_json, 'classifier@', 'classifier@0-0')"
        )
        store.commit()
    said = gate(OPEN, "--rule", "withheld.rate[jurisdiction=XA] <= 50%", store="s.db")
    assert "Engagement was read by classifier@0-0" in said.out


# -- bad input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("--rule", "withheld.rate <= 10"), ("10 could be a share or a percentage",)),
        (("--rule", "withheld.selectivity <= 0.5"), ("Write 0.5 points, or 50 points",)),
        (
            ("--rules", "names.yaml"),
            ("The rule 'withheld.rate <= 10%' is given twice, with 'One' and 'Two'. Keep one of them.",),
        ),
        (("--rules", "names.yaml", "--rule", "withheld.rate <= 0.1"), ("twice, with no name and 'One'",)),
        (("--rule", "withheld.harmful >= 90%"), ("names no estimate", "There is no contrast 'harmful'")),
        (
            ("--rule", "withheld.rate[jurisdiction=XZ] <= 90%"),
            ("names no estimate", "no jurisdiction 'XZ'", "XA (Velmora), XB (Torvane)"),
        ),
        (
            ("--rule", "withheld.rate[jurisdiction=Torvane] <= 50%"),
            ("no jurisdiction 'Torvane'. Did you mean 'XB'?",),
        ),
        (
            ("--rule", "withheld.pairwise[jurisdiction=XA, against=Torvane] <= 50%"),
            ("no against 'Torvane'. Did you mean 'XB'?",),
        ),
        (
            ("--rule", "withheld.rate[language=English] <= 50%"),
            ("no language 'English'. Did you mean 'en'?",),
        ),
        (("--rule", "withheld.change <= 5 points"), ("needs a run", "--against RUN")),
        (("--against", MUTED), ("no rule is about a change",)),
        (
            ("--against", MUTED, "--rule", "withheld.change <= 5 points"),
            ("would be judged against itself",),
        ),
        (("--rules", "none.yaml"), ("--rules none.yaml cannot be read",)),
        (("--rules", "empty.yaml"), ("the file is empty", "Write `rules:`")),
        (("--rules", "wrong.yaml"), ("wrong.yaml:3: rules.1.rule", "10 could be a share or a percentage")),
        (("--rules", "keys.yaml"), ("keys.yaml:2:", "There is no key 'rul'", "Did you mean 'rule'?")),
        (
            ("--rules", "none-in-it.yaml"),
            ("none-in-it.yaml:1: rules", "it is empty. Write at least one entry"),
        ),
        (("--rules", "bytes.yaml"), ("is not UTF-8",)),
        (("--json", "--card", "-"), ("both want stdout",)),
        (("--junit", "no/j.xml"), ("The folder no does not exist",)),
        (("--summary", "."), ("is a folder",)),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_written(gate, folder, words, parts):
    files = {
        "empty.yaml": b"\n",
        "wrong.yaml": b"rules:\n  - withheld.rate <= 10%\n  - rule: withheld.rate <= 10\n",
        "names.yaml": b"rules:\n"
        b"  - {rule: withheld.rate <= 10%, name: One}\n  - {rule: withheld.rate <= 10 %, name: Two}\n",
        "keys.yaml": b"rules:\n  - {rul: withheld.rate <= 10%}\n",
        "none-in-it.yaml": b"rules: []\n",
        "bytes.yaml": b"rules: [\xff]\n",
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    said = gate(MUTED, *words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("sordino: ")
    assert [part for part in parts if part not in said.err] == [], said.err
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == files


def test_an_unfinished_run_is_refused(gate, both, folder):
    shutil.copy(both, folder / "s.db")
    with closing(connect(folder / "s.db")) as store:
        store.execute("UPDATE runs SET status = 'interrupted'")
        store.commit()
    said = gate(OPEN, "--junit", "j.xml", store="s.db")
    assert (said.code, said.out) == (2, "")
    assert "was not finished; `sordino audit" in said.err
    assert not (folder / "j.xml").exists()


def test_a_run_without_what_the_default_rules_judge_names_them(sordino, folder):
    rows = ({"question": f"What is {n}?", "response": f"It is the number {n}."} for n in range(6))
    (folder / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    assert sordino("audit", "replay:r.jsonl", "--store", "s.db").code == 0
    said = sordino("gate", "--store", "s.db")
    assert said.code == 2
    assert "Nothing in this run is judged by the default rules" in said.err
    assert "--rule 'withheld.rate <= 20%'" in said.err


def test_a_step_summary_that_cannot_be_written_is_told(gate, folder, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/step.md")
    said = gate(OPEN, "--junit", "j.xml")
    assert (said.code, said.out) == (2, "")
    assert "$GITHUB_STEP_SUMMARY names no/such/step.md" in said.err
    assert list(folder.iterdir()) == []
